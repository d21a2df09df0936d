// SPDX-License-Identifier: MIT
// Parses the manifest (its own head documents the lines).
#include "root.h"

#include <errno.h>
#include <server.h>
#include <string.h>

struct server servers[SERVERS];
unsigned server_count;

struct server *server_find(const char *name)
{
    for (unsigned i = 0; i < server_count; i++)
        if (strcmp(servers[i].name, name) == 0)
            return &servers[i];
    return NULL;
}

// Cuts the next word out of the line. -> NULL at its end
static char *next_word(char **line)
{
    while (**line == ' ' || **line == '\t')
        (*line)++;
    if (**line == '\0')
        return NULL;
    char *word = *line;
    while (**line != '\0' && **line != ' ' && **line != '\t')
        (*line)++;
    if (**line != '\0')
        *(*line)++ = '\0';
    return word;
}

static struct give *add_give(struct server *server, enum give_kind kind, const char *name)
{
    if (server->give_count == SERVER_GIVES || !name)
        return NULL;
    struct give *give = &server->gives[server->give_count++];
    *give = (struct give){ .kind = kind };
    strlcpy(give->name, name, sizeof(give->name));
    return give;
}

// SERVER, or NAME=SERVER: the handle's name then says another server than it reaches.
static struct give *add_send(struct server *server, char *word)
{
    char *other = strchr(word, '=');
    if (other)
        *other++ = '\0';
    struct give *give = add_give(server, GIVE_SEND, word);
    if (give)
        strlcpy(give->path, other ? other : word, sizeof(give->path));
    return give;
}

static unsigned number(const char *word) { return word ? (unsigned)strtoul(word, NULL, 10) : 0; }

static struct server *add_server(const char *name)
{
    if (server_count == SERVERS || !name)
        return NULL;
    struct server *server = &servers[server_count++];
    strlcpy(server->name, name, sizeof(server->name));
    return server;
}

// The words that give something by name. -> false: not one of them, or malformed
static bool read_give(struct server *server, const char *key, char *rest)
{
    char *name = next_word(&rest);
    struct give *give = NULL;
    if (strcmp(key, "send") == 0) {
        for (; name; name = next_word(&rest))
            if (!(give = add_send(server, name)))
                return false;
    } else if (strcmp(key, "file") == 0) {
        char *path = next_word(&rest);
        give = path ? add_give(server, GIVE_FILE, name) : NULL;
        if (give)
            strlcpy(give->path, path, sizeof(give->path));
    } else if (strcmp(key, "quota") == 0) {
        give = add_give(server, GIVE_QUOTA, name);
        if (give)
            give->amount = number(next_word(&rest));
    } else if (strcmp(key, "heap") == 0) {
        give = add_give(server, GIVE_HEAP, "heap");
        if (give)
            give->amount = number(name);
    } else if (strcmp(key, "device") == 0) {
        give = add_give(server, GIVE_DEVICE, name);
    } else if (strcmp(key, "archive") == 0) {
        give = add_give(server, GIVE_ARCHIVE, "archive");
    } else if (strcmp(key, "system") == 0) {
        give = add_give(server, GIVE_SYSTEM, "system");
    }
    return give != NULL;
}

static bool read_line(struct server **server, char *line)
{
    char *key = next_word(&line);
    if (!key || key[0] == '#')
        return true;
    if (strcmp(key, "server") == 0)
        return (*server = add_server(next_word(&line))) != NULL;
    if (!*server)
        return false;
    if (strcmp(key, "priority") == 0)
        (*server)->priority = number(next_word(&line));
    else if (strcmp(key, "frames") == 0)
        (*server)->percent = number(next_word(&line));
    else if (strcmp(key, "restart") == 0)
        (*server)->restart = strcmp(next_word(&line) ?: "", "always") == 0;
    else
        return read_give(*server, key, line);
    return true;
}

int manifest_read(const char *text, size_t size)
{
    struct server *server = NULL;
    char line[160];
    for (size_t at = 0, number_of = 1; at < size; number_of++) {
        size_t length = 0;
        while (at + length < size && text[at + length] != '\n')
            length++;
        size_t kept = length < sizeof(line) ? length : sizeof(line) - 1;
        memcpy(line, text + at, kept);
        line[kept] = '\0';
        if (!read_line(&server, line)) {
            print("manifest: line %u is not understood\n", (unsigned)number_of);
            return -EINVAL;
        }
        at += length + 1;
    }
    return 0;
}

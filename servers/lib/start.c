// SPDX-License-Identifier: MIT
// Start of a native program: finds the message page and the start page, then runs main(). The first task is
// started by the kernel with argument 0 and fixed handles (enum root_handle), every other one by root.
#include <assert.h>
#include <heap.h>
#include <printf.h>
#include <server.h>
#include <string.h>

const struct start_page *start_page;
handle_t self_space, self_task, self_quota, self_port;

static const struct start_page *first_start_page(void)
{
    static struct start_page page; // not initialised: the image of each server would carry it
    page.message_page = ROOT_MESSAGE_PAGE;
    page.handles[page.handle_count++] = (struct start_handle){ "space", ROOT_SPACE, 0 };
    page.handles[page.handle_count++] = (struct start_handle){ "task", ROOT_TASK, 0 };
    page.handles[page.handle_count++] = (struct start_handle){ "quota", ROOT_QUOTA, 0 };
    return &page;
}

_Noreturn void server_start(unsigned long argument);

_Noreturn void server_start(unsigned long argument)
{
    start_page = argument ? (const struct start_page *)argument : first_start_page();
    message_page = (struct message_page *)start_page->message_page;
    self_space = start_handle("space");
    self_task = start_handle("task");
    self_quota = start_handle("quota");
    self_port = start_handle("port");
    int status = main();
    print("main returned %d\n", status);
    for (;;)
        task_destroy(self_task);
}

handle_t start_handle(const char *name)
{
    for (uint32_t i = 0; i < start_page->handle_count; i++)
        if (strcmp(start_page->handles[i].name, name) == 0)
            return start_page->handles[i].handle;
    return 0;
}

uint64_t start_value(const char *name)
{
    for (uint32_t i = 0; i < start_page->handle_count; i++)
        if (strcmp(start_page->handles[i].name, name) == 0)
            return start_page->handles[i].value;
    return 0;
}

const char *command_line_word(const char *name, char *to, size_t size)
{
    size_t length = strlen(name);
    const char *word = start_page->command_line;
    while (*word != '\0') {
        while (*word == ' ')
            word++;
        const char *end = word;
        while (*end != '\0' && *end != ' ')
            end++;
        bool matches = strncmp(word, name, length) == 0;
        if (matches && (word + length == end || word[length] == '=')) {
            const char *value = word + length == end ? end : word + length + 1;
            size_t value_length = (size_t)(end - value) < size ? (size_t)(end - value) : size - 1;
            memcpy(to, value, value_length);
            to[value_length] = '\0';
            return to;
        }
        word = end;
    }
    return NULL;
}

void print(const char *format, ...)
{
    char line[256];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (length >= (int)sizeof(line))
        length = sizeof(line) - 1;
    log_write(line, (size_t)length);
}

// What assert() of servers calls. The trap tells the owner (root), which decides what follows.
_Noreturn void panic(const char *format, ...)
{
    char line[256];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    print("server failed: %s\n", line);
    __builtin_trap();
}

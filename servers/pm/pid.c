// SPDX-License-Identifier: MIT
// The table of process identifiers: numbers go up and start again at 300, as Linux's do.
#include "pid.h"

#include "state.h"

#include <errno.h>
#include <heap.h>

#define PID_RESERVED 300

static struct pid *pid_of(const struct rbtree_node *node)
{
    return node ? container_of(node, struct pid, node) : NULL;
}

struct pid *pid_next(long number)
{
    struct pid *best = NULL;
    const struct rbtree_node *node = pm->pids.root;
    while (node) {
        struct pid *pid = pid_of(node);
        if (pid->number >= number)
            best = pid;
        if (pid->number == number)
            break;
        node = pid->number > number ? node->left : node->right;
    }
    return best;
}

struct pid *pid_find(long number)
{
    struct pid *pid = pid_next(number);
    return pid && pid->number == number ? pid : NULL;
}

static void insert(struct pid *pid)
{
    struct rbtree_node **place = &pm->pids.root, *parent = NULL;
    while (*place) {
        parent = *place;
        place = pid->number < pid_of(parent)->number ? &parent->left : &parent->right;
    }
    rbtree_insert(&pm->pids, parent, place, &pid->node);
}

static int32_t free_number(void)
{
    int32_t number = pm->last_pid;
    for (int tries = 0; tries < PID_MAX; tries++) {
        number = number + 1 < PID_MAX ? number + 1 : PID_RESERVED;
        if (!pid_find(number))
            return number;
    }
    return 0;
}

struct pid *pid_alloc(int *error)
{
    int32_t number = free_number();
    *error = -EAGAIN;
    if (number == 0)
        return NULL;
    *error = -ENOMEM;
    struct pid *pid = heap_alloc(sizeof *pid);
    if (!pid)
        return NULL;
    pm->last_serial = pm->last_serial < INT32_MAX ? pm->last_serial + 1 : 1;
    *pid = (struct pid){ .number = number, .references = 1, .serial = pm->last_serial };
    list_init(&pid->group);
    list_init(&pid->session);
    insert(pid);
    pm->last_pid = number;
    return pid;
}

struct pid *pid_get(struct pid *pid)
{
    pid->references++;
    return pid;
}

void pid_put(struct pid *pid)
{
    if (!pid || --pid->references > 0)
        return;
    rbtree_remove(&pm->pids, &pid->node);
    heap_free(pid);
}

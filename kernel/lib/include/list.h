// SPDX-License-Identifier: MIT
// Doubly linked circular list with the link inside the element. Used by kernel and servers.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *previous;
};

#define container_of(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))

static inline void list_init(struct list *list) { list->next = list->previous = list; }

static inline bool list_empty(const struct list *list) { return list->next == list; }

static inline void list_insert(struct list *before, struct list *item)
{
    item->next = before;
    item->previous = before->previous;
    before->previous->next = item;
    before->previous = item;
}

// Appends item to the list whose head is `head`.
static inline void list_append(struct list *head, struct list *item) { list_insert(head, item); }

static inline void list_prepend(struct list *head, struct list *item) { list_insert(head->next, item); }

// Takes item out of its list; it is then an empty list of its own, so removing twice is harmless.
static inline void list_remove(struct list *item)
{
    item->previous->next = item->next;
    item->next->previous = item->previous;
    list_init(item);
}

#define list_first(head, type, member) container_of((head)->next, type, member)

#define list_for_each(item, head, type, member)                                                              \
    for (type *item = list_first(head, type, member); &item->member != (head);                               \
         item = list_first(&item->member, type, member))

#define list_for_each_safe(item, head, type, member)                                                         \
    for (type *item = list_first(head, type, member),                                                        \
              *item##_next = list_first(&item->member, type, member);                                        \
         &item->member != (head); item = item##_next, item##_next = list_first(&item->member, type, member))

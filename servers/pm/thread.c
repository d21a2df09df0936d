// SPDX-License-Identifier: MIT
// Threads' labels and lifetime. A label is slot and generation, so one that outlived its thread is found out.
#include "thread.h"

#include "state.h"

#include <errno.h>
#include <heap.h>

#define SLOT_BITS 20
#define SLOT_MASK ((1u << SLOT_BITS) - 1)
#define FIRST_SLOTS 64

static bool grow(void)
{
    uint32_t count = pm->slot_count ? pm->slot_count * 2 : FIRST_SLOTS;
    if (count > SLOT_MASK)
        return false;
    struct thread_slot *slots = heap_resize(pm->slots, count * sizeof *slots);
    if (!slots)
        return false;
    for (uint32_t i = count; i-- > pm->slot_count;) {
        slots[i] = (struct thread_slot){ .next_free = pm->first_free };
        pm->first_free = i + 1;
    }
    pm->slots = slots;
    pm->slot_count = count;
    return true;
}

struct thread *thread_create(int *error)
{
    *error = -EAGAIN;
    if (pm->thread_count >= THREADS_MAX)
        return NULL;
    *error = -ENOMEM;
    if (pm->first_free == 0 && !grow())
        return NULL;
    struct thread *thread = heap_alloc(sizeof *thread);
    if (!thread)
        return NULL;
    uint32_t index = pm->first_free - 1;
    struct thread_slot *slot = &pm->slots[index];
    pm->first_free = slot->next_free;
    slot->thread = thread;
    thread->label = index | slot->generation << SLOT_BITS;
    thread->state = THREAD_NEW;
    list_init(&thread->in_process);
    list_init(&thread->in_returns);
    list_init(&thread->in_exits);
    pending_init(&thread->pending);
    pm->thread_count++;
    return thread;
}

void thread_free(struct thread *thread)
{
    uint32_t index = thread->label & SLOT_MASK;
    struct thread_slot *slot = &pm->slots[index];
    slot->thread = NULL;
    slot->generation = (slot->generation + 1) & (0xffffffffu >> SLOT_BITS);
    slot->next_free = pm->first_free;
    pm->first_free = index + 1;
    list_remove(&thread->in_process);
    list_remove(&thread->in_returns);
    list_remove(&thread->in_exits);
    pm->thread_count--;
    heap_free(thread);
}

struct thread *thread_of_label(unsigned long label)
{
    uint32_t index = label & SLOT_MASK;
    if (index >= pm->slot_count)
        return NULL;
    struct thread *thread = pm->slots[index].thread;
    return thread && thread->label == label ? thread : NULL;
}

void thread_count_time(struct thread *thread)
{
    if (thread->task && task_info(thread->task) >= 0)
        thread_note_time(thread);
}

void thread_note_time(struct thread *thread)
{
    thread->user_time = message_page->result[0];
    thread->system_time = message_page->result[1];
    thread->switches = message_page->result[2];
}

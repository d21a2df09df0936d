// SPDX-License-Identifier: MIT
// Threads' labels and lifetime. A label is slot and generation, so one that outlived its thread is found out.
#include "thread.h"

#include "state.h"

#include <errno.h>
#include <heap.h>

#define LABEL_MASK 0xfffffffful

struct thread *thread_create(int *error)
{
    *error = -EAGAIN;
    if (pm->threads.used >= THREADS_MAX)
        return NULL;
    *error = -ENOMEM;
    if (!slots_reserve(&pm->threads))
        return NULL;
    struct thread *thread = heap_alloc(sizeof *thread);
    if (!thread)
        return NULL;
    thread->label = (uint32_t)slots_add(&pm->threads, thread, LABEL_MASK);
    thread->state = THREAD_NEW;
    list_init(&thread->in_process);
    list_init(&thread->in_returns);
    list_init(&thread->in_exits);
    pending_init(&thread->pending);
    return thread;
}

void thread_free(struct thread *thread)
{
    list_remove(&thread->in_process);
    list_remove(&thread->in_returns);
    list_remove(&thread->in_exits);
    slots_remove(&pm->threads, thread->label);
    heap_free(thread);
}

struct thread *thread_of_label(unsigned long label)
{
    return slots_find(&pm->threads, THREAD_INDEX_BITS, label);
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

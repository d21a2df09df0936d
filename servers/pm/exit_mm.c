// SPDX-License-Identifier: MIT
// Robust futexes, clear_child_tid and vfork's completion (set_robust_list(2), set_tid_address(2), vfork(2)).
#include "exit_mm.h"

#include "futex.h"
#include "mm.h"
#include "process.h"
#include "thread.h"

#include <linux/futex.h>

// The owner died: the word keeps only its waiters bit, and one of them is woken.
static void owner_died(struct thread *thread, unsigned long address)
{
    uint32_t word;
    if ((address & 3) || mm_read(thread->mm, &word, address, sizeof word) < 0)
        return;
    uint32_t tid = (uint32_t)thread->pid->number;
    while ((word & FUTEX_TID_MASK) == tid) {
        uint32_t dead = (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
        message_page->target.token = 0;
        message_page->target.space = thread->mm->space;
        if (KCALL3(compare_exchange, address, word, dead) < 0)
            return;
        uint32_t found = (uint32_t)message_page->result[0];
        if (found == word) {
            if (word & FUTEX_WAITERS)
                futex_wake_address(thread->mm, address, 1);
            return;
        }
        word = found;
    }
}

void exit_robust_list(struct thread *thread)
{
    unsigned long head_address = thread->robust_list;
    struct robust_list_head head;
    thread->robust_list = 0;
    if (!head_address || mm_read(thread->mm, &head, head_address, sizeof head) < 0)
        return;
    unsigned long entry = head.next & ~1ul, pending = head.pending & ~1ul;
    for (int left = ROBUST_LIST_LIMIT; entry != head_address && left > 0; left--) {
        unsigned long next;
        bool readable = mm_read(thread->mm, &next, entry, sizeof next) == 0;
        if (entry != pending)
            owner_died(thread, entry + (unsigned long)head.futex_offset);
        if (!readable)
            return;
        entry = next & ~1ul;
    }
    if (pending)
        owner_died(thread, pending + (unsigned long)head.futex_offset);
}

void clear_child_tid(struct thread *thread)
{
    unsigned long address = thread->clear_child_tid;
    thread->clear_child_tid = 0;
    if (!address || thread->mm->users <= 1)
        return;
    uint32_t zero = 0;
    if (mm_write(thread->mm, address, &zero, sizeof zero) == 0)
        futex_wake_address(thread->mm, address, 1);
}

void vfork_done(struct thread *thread)
{
    struct thread *parent = thread->vfork_parent;
    thread->vfork_parent = NULL;
    if (!parent || parent->state != THREAD_PARKED || parent->park.kind != PARK_VFORK)
        return;
    thread_unpark(parent);
    thread_return_later(parent, thread->pid->number);
}

void exit_mm(struct thread *thread)
{
    struct mm *mm = thread->mm;
    if (!mm)
        return;
    if (mm->peak_pages > thread->process->dead.peak_pages)
        thread->process->dead.peak_pages = mm->peak_pages;
    exit_robust_list(thread);
    clear_child_tid(thread);
    vfork_done(thread);
    thread->mm = NULL;
    mm_put(mm);
}

// SPDX-License-Identifier: MIT
// The kernel's calls for servers: typed wrappers around the one call stub. Every function returns what the
// call returns (abi/call.h): >= 0 or a negative error number.
#pragma once

#include <abi/call.h>
#include <abi/message.h>
#include <abi/object.h>
#include <arch/types.h>
#include <stdbool.h>

// The stub, arch/<arch>/user/call.S. Four register arguments, the rest goes through the message page.
long kernel_call(unsigned long a0, unsigned long a1, unsigned long a2, unsigned long a3,
                 unsigned long number);

// The task's message page, found by start-up code from its start argument.
extern struct message_page *message_page;

#define KCALL0(name) kernel_call(0, 0, 0, 0, CALL_##name)
#define KCALL1(name, a) kernel_call((unsigned long)(a), 0, 0, 0, CALL_##name)
#define KCALL2(name, a, b) kernel_call((unsigned long)(a), (unsigned long)(b), 0, 0, CALL_##name)
#define KCALL3(name, a, b, c)                                                                                \
    kernel_call((unsigned long)(a), (unsigned long)(b), (unsigned long)(c), 0, CALL_##name)
#define KCALL4(name, a, b, c, d)                                                                             \
    kernel_call((unsigned long)(a), (unsigned long)(b), (unsigned long)(c), (unsigned long)(d), CALL_##name)

// --- messages
static inline long receive(handle_t port, uint64_t deadline)
{
    message_page->wide[0] = deadline;
    return KCALL1(receive, port);
}
static inline long reply(void) { return KCALL0(reply); }
static inline long notify(handle_t port, unsigned long bits) { return KCALL2(notify, port, bits); }
static inline long begin(handle_t call, handle_t port, handle_t reply_port, unsigned long cookie)
{
    return KCALL4(begin, call, port, reply_port, cookie);
}
static inline long cancel(handle_t call) { return KCALL1(cancel, call); }
static inline long forward(token_t token, handle_t port, unsigned slot)
{
    message_page->target.token = token;
    return KCALL2(forward, port, slot);
}
static inline long commit(token_t token)
{
    message_page->target.token = token;
    return KCALL0(commit);
}

// --- answering an open call
void reply_value(token_t token, long value); // the trap or native call returns value
void reply_frame(token_t token);             // the caller goes on with its frame as it is
void reply_divert(token_t token, unsigned long reason, long value);
void reply_consume(void); // the last of these: clears a pending task_interrupt, whose work has just been done
void reply_flush(void);   // sends it now; else it leaves together with the server's next receive
bool reply_waits(void);   // is there one that has not left? (Who asks first and then answers needs no flush.)
void reply_message(token_t token, const struct message *message); // value, args and handles (native calls)

// What an answer to a trap can take along, in the same kernel call. If that does not fit into the caller's memory as it is
// now, the loop handles the message once more, and reply_takes() is false: the handler then writes it by itself. So
// this is for calls that change nothing, or nothing before a second time would do the same.
bool reply_takes(token_t token); // may the answer to this call take data along?
void *reply_buffer(void);        // for MESSAGE_DATA bytes; nothing waits there
void reply_data(unsigned long address,
                size_t length); // the last answer takes them along to the caller's address
void reply_state(
    size_t fpu); // the last reply_frame is with page.frame and so many bytes of page.fpu (task_read_state)
// What its route brought along with a trap, if it is the message in hand and that was at hand; else NULL.
const void *trap_carried(token_t token, size_t length);

// --- the memory of an open call's caller (token), or of a space (token 0)
long copy_in(token_t token, handle_t space, void *local, unsigned long remote, size_t length);
long copy_out(token_t token, handle_t space, const void *local, unsigned long remote, size_t length);
long copy_object(token_t token, handle_t memory, uint64_t offset, unsigned long remote, size_t length,
                 bool to_object);
// Brings in what a short copy did not find there. -> 0, -EFAULT, or -ENOMEM: there is no frame for it
long copy_prepare(token_t token, handle_t space, unsigned long remote, size_t length, unsigned access);
// All of it. -> 0 or as copy_prepare
long copy_in_all(token_t token, handle_t space, void *local, unsigned long remote, size_t length);
long copy_out_all(token_t token, handle_t space, const void *local, unsigned long remote, size_t length);

// --- handles, ports
static inline long handle_close(handle_t h) { return KCALL1(handle_close, h); }
static inline long handle_duplicate(handle_t h, unsigned rights)
{
    return KCALL2(handle_duplicate, h, rights);
}
static inline long port_create(handle_t quota) { return KCALL1(port_create, quota); }
static inline long port_badge(handle_t port, unsigned long badge, unsigned rights, bool report)
{
    return KCALL4(port_badge, port, badge, rights, report);
}
static inline long port_revoke(handle_t port, unsigned long badge)
{
    return KCALL2(port_revoke, port, badge);
}
static inline long call_create(handle_t quota) { return KCALL1(call_create, quota); }

// --- spaces
static inline long space_create(handle_t quota) { return KCALL1(space_create, quota); }
static inline long space_clone(handle_t space, handle_t quota) { return KCALL2(space_clone, space, quota); }
// flags: PROT_*_BIT | MAP_*_BIT. -> address, or an error (IS_ERROR)
static inline long space_map(handle_t space, unsigned long address, unsigned long length, unsigned flags,
                             handle_t memory, uint64_t offset, unsigned long tag, unsigned long limit)
{
    message_page->wide[0] = memory;
    message_page->wide[1] = offset;
    message_page->wide[2] = tag;
    message_page->wide[3] = limit;
    return KCALL4(space_map, space, address, length, flags);
}
static inline long space_unmap(handle_t space, unsigned long address, unsigned long length)
{
    return KCALL3(space_unmap, space, address, length);
}
static inline long space_protect(handle_t space, unsigned long address, unsigned long length, unsigned prot)
{
    return KCALL4(space_protect, space, address, length, prot);
}
static inline long space_move(handle_t space, unsigned long from, unsigned long length, unsigned long to,
                              unsigned long to_length)
{
    message_page->wide[0] = to_length;
    return KCALL4(space_move, space, from, length, to);
}
static inline long space_limit(handle_t space, unsigned long address, unsigned long limit)
{
    return KCALL3(space_limit, space, address, limit);
}
static inline long space_discard(handle_t space, unsigned long address, unsigned long length)
{
    return KCALL3(space_discard, space, address, length);
}
struct region_info {
    unsigned long start, end;
    unsigned flags; // PROT_*_BIT | MAP_*_BIT
    unsigned long tag;
    uint64_t memory; // identity, 0: anonymous
    uint64_t offset;
    uint64_t resident; // pages
};
long space_query(handle_t space, unsigned long address, struct region_info *info); // 0, -ENOENT

// --- memory objects
static inline long memory_create(handle_t quota, uint64_t size, unsigned flags, handle_t pager)
{
    message_page->wide[0] = size;
    return KCALL3(memory_create, quota, flags, pager);
}
static inline long memory_physical(handle_t system, uint64_t physical, size_t length, unsigned flags)
{
    message_page->wide[0] = physical;
    return KCALL3(memory_physical, system, length, flags);
}
static inline long memory_read(handle_t memory, uint64_t offset, void *to, size_t length)
{
    message_page->wide[0] = offset;
    return KCALL3(memory_read, memory, to, length);
}
static inline long memory_write(handle_t memory, uint64_t offset, const void *from, size_t length)
{
    message_page->wide[0] = offset;
    return KCALL3(memory_write, memory, from, length);
}
static inline long memory_resize(handle_t memory, uint64_t size)
{
    message_page->wide[0] = size;
    return KCALL1(memory_resize, memory);
}
static inline long memory_info(handle_t memory) { return KCALL1(memory_info, memory); }
static inline long memory_evict(handle_t memory, uint64_t offset, uint64_t length)
{
    message_page->wide[0] = offset;
    message_page->wide[1] = length;
    return KCALL1(memory_evict, memory);
}
static inline long memory_next(handle_t memory, uint64_t offset)
{
    message_page->wide[0] = offset;
    return KCALL1(memory_next, memory);
}

// --- tasks
struct task_start {
    unsigned long entry, stack, argument;
    unsigned long message_page; // address in the task's space; 0: a routed task, which has none
};
long task_create(handle_t space, handle_t quota, handle_t owner, unsigned long label,
                 const struct task_start *start);
struct task_words { // of a cloned task
    unsigned long labels[TASK_LABELS];
    long constants[TASK_CONSTANTS];
    struct lent *lent[TASK_LENT];
};
long task_clone(handle_t task, handle_t space, handle_t quota, unsigned flags, unsigned long stack,
                unsigned long tls, const struct task_words *words);
static inline long task_start(handle_t task) { return KCALL1(task_start, task); }
static inline long task_interrupt(handle_t task) { return KCALL1(task_interrupt, task); }
static inline long task_destroy(handle_t task) { return KCALL1(task_destroy, task); }
// Closes its handle too, and that of its space, if one is given.
static inline long task_destroy_close(handle_t task, handle_t space)
{
    return KCALL3(task_destroy, task, 1, space);
}
static inline long task_reset(handle_t task, handle_t space, unsigned long entry, unsigned long stack,
                              unsigned long landing)
{
    message_page->wide[0] = entry;
    message_page->wide[1] = stack;
    message_page->wide[2] = landing;
    return KCALL2(task_reset, task, space);
}
static inline long task_read_frame(handle_t task, struct user_frame *frame)
{
    return KCALL2(task_read_frame, task, frame);
}
static inline long task_write_frame(handle_t task, const struct user_frame *frame)
{
    return KCALL2(task_write_frame, task, frame);
}
// To page.frame and page.fpu, which an answer that waits may need. -> bytes of the latter
static inline long task_read_state(handle_t task)
{
    reply_flush();
    return KCALL1(task_read_state, task);
}
static inline long task_read_fpu(handle_t task, void *to, size_t length)
{
    return KCALL3(task_read_fpu, task, to, length);
}
static inline long task_write_fpu(handle_t task, const void *from, size_t length)
{
    return KCALL3(task_write_fpu, task, from, length);
}
static inline long task_set_tls(handle_t task, unsigned index, unsigned long word0, unsigned long word1)
{
    return KCALL4(task_set_tls, task, index, word0, word1);
}
static inline long task_set_routes(handle_t task, handle_t routes)
{
    return KCALL2(task_set_routes, task, routes);
}
static inline long task_set_label(handle_t task, unsigned slot, unsigned long value)
{
    return KCALL3(task_set_label, task, slot, value);
}
static inline long task_set_constant(handle_t task, unsigned index, long value)
{
    return KCALL3(task_set_constant, task, index, value);
}
static inline long task_lend(handle_t task, unsigned slot, struct lent *lent)
{
    return KCALL3(task_lend, task, slot, lent);
}
static inline long task_set_schedule(handle_t task, unsigned class, unsigned value)
{
    return KCALL3(task_set_schedule, task, class, value);
}
static inline long task_info(handle_t task) { return KCALL1(task_info, task); }
static inline long routes_create(handle_t quota, unsigned long highest)
{
    return KCALL2(routes_create, quota, highest);
}
static inline long routes_set(handle_t routes, unsigned long number, handle_t port, unsigned slot)
{
    return KCALL4(routes_set, routes, number, port, slot);
}
static inline long routes_constant(handle_t routes, unsigned long number, unsigned index)
{
    return KCALL3(routes_constant, routes, number, index);
}
static inline long routes_carry(handle_t routes, unsigned long number, unsigned argument, size_t length)
{
    return KCALL4(routes_carry, routes, number, argument, length);
}
struct exchange { // see routes_exchange
    uint64_t length;
    union {
        uint64_t records;
        uint64_t word; // EXCHANGE_WORD
    };
    uint64_t words;
    union {
        uint64_t least;
        uint64_t constant; // EXCHANGE_WORD
    };
    uint64_t allowed[EXCHANGE_WORDS];
};
static inline long routes_exchange(handle_t routes, unsigned long number, unsigned slot,
                                   enum exchange_kind kind, const struct exchange *exchange)
{
    __builtin_memcpy(message_page->wide, exchange, sizeof *exchange);
    return KCALL4(routes_exchange, routes, number, slot, kind);
}
static inline long routes_clock(handle_t routes, unsigned long number, unsigned monotonic, unsigned wall)
{
    return KCALL4(routes_clock, routes, number, monotonic, wall);
}
static inline long routes_yield(handle_t routes, unsigned long number)
{
    return KCALL2(routes_yield, routes, number);
}

// --- machine
uint64_t clock_monotonic(void); // ns since boot
uint64_t clock_realtime(void);  // ns since 1970
static inline long log_write(const char *text, size_t length) { return KCALL2(log_write, text, length); }
static inline long irq_bind(handle_t irq, handle_t port, unsigned long bits)
{
    return KCALL3(irq_bind, irq, port, bits);
}
static inline long irq_ack(handle_t irq) { return KCALL1(irq_ack, irq); }

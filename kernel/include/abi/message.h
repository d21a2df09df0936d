// SPDX-License-Identifier: MIT
// What kernel and servers both see of a message: the page through which a native task exchanges messages
// and wide arguments with the kernel. The kernel writes `in` and `result`, the task writes the rest.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MESSAGE_WORDS 6
#define MESSAGE_HANDLES 4
#define MESSAGE_DATA 1600u    // bytes that a reply can take along
#define MESSAGE_CARRIED 1152u // bytes that a trap can
#define NO_DEADLINE UINT64_MAX

typedef uint32_t handle_t; // index into the space's handle table; 0 names nothing
typedef uint64_t token_t;  // call slot (low 32 bits) and generation (high 32 bits) of one call; 0 is none

enum message_kind {
    MESSAGE_NONE,
    MESSAGE_CALL, // native call: number, args, handles, windows; label is the sender's badge
    MESSAGE_TRAP, // routed trap of a task: number, args; label is the task's label for this destination
    MESSAGE_FAULT, // exception: number is enum fault_kind, args {address, pc, access, arch trap, arch error code}
    MESSAGE_DIVERT, // task handed to its owner: number is the reason, args {value}
    MESSAGE_PAGE,   // to a pager: label is the badge, args {first page, page count, access}
    MESSAGE_CANCEL, // token's caller wants the call ended: answer early or soon (the call is still open)
    MESSAGE_ENDED,  // token's caller died: the call is gone, nothing may be answered
    MESSAGE_REPLY,  // an asynchronous call was answered: label is the cookie, value and args are the reply
    MESSAGE_NOTIFY, // number holds the notification bits or-ed together since the last receive
    MESSAGE_BADGE_GONE, // no send handle with badge `label` is left
};

enum fault_kind {
    FAULT_PAGE,       // no region maps the address
    FAULT_PROTECTION, // a region maps it, without this right
    FAULT_BUS,        // beyond the end of the memory object, or its pager failed
    FAULT_MEMORY,     // the quota or the machine is out of frames; a FRAME reply retries
    FAULT_ILLEGAL,    // illegal instruction
    FAULT_BREAKPOINT,
    FAULT_STEP, // single step or hardware debug trap
    FAULT_DIVIDE,
    FAULT_OVERFLOW,
    FAULT_FPU, // arch error code holds the FPU's status
    FAULT_ALIGNMENT,
    FAULT_GENERAL, // privileged instruction, bad segment: what Linux reports as SIGSEGV with SI_KERNEL
};

enum fault_access { ACCESS_READ = 1, ACCESS_WRITE = 2, ACCESS_EXECUTE = 4 };

// Why a task was handed to its owner. The kernel raises those below DIVERT_SERVER; larger reasons are a
// server's, opaque to the kernel.
enum divert_reason {
    DIVERT_INTERRUPT = 0, // task_interrupt(), met outside any call or after an answered one
    DIVERT_NOT_BEGUN = 1, // task_interrupt() took the call back from the queue before anybody saw it
    DIVERT_FAILED = 2,    // the server died after marking the call committed
    DIVERT_ENTER = 3,     // traced: before route lookup; args {number}
    DIVERT_EXIT = 4,      // traced: after the reply; args {value}
    DIVERT_SERVER = 16,
};

enum reply_kind {
    REPLY_VALUE,  // the trap returns `value` (a native call also gets args and handles)
    REPLY_FRAME,  // the caller continues with its frame as it is (sigreturn, exec, fault handled)
    REPLY_DIVERT, // the caller is handed to its owner: reason in `number`, `value` as args[0]
};

// A range of the caller's memory lent to the receiver while the call is open.
struct window {
    unsigned long base;
    unsigned long length;
};

struct message {
    uint32_t kind;  // in: enum message_kind; out of a reply: enum reply_kind
    uint32_t flags; // in: MESSAGE_*; out of a reply: REPLY_CONSUME
    token_t token;  // in: the open call; out of a reply: the call answered
    unsigned long label;
    unsigned long number;
    unsigned long args[MESSAGE_WORDS];
    long value; // a reply's result; in of a trap whose route carries: bytes in page.carried
    handle_t handles[MESSAGE_HANDLES]; // 0 where none; received ones belong to the receiver
    struct window readable;            // native calls: what the receiver may read
    struct window writable;            // native calls: what the receiver may write
};

#define MESSAGE_CANCELLED                                                                                    \
    1u // in: the call was cancelled before it was received (a requeued call of a dead server)

// Flags of a reply that lets a routed task go on (VALUE or FRAME).
#define REPLY_CONSUME                                                                                        \
    1u // by the owner: forget a task_interrupt that is not diverted yet; its work was just done
#define REPLY_DATA                                                                                           \
    2u // page.data goes to its memory first: args {address, bytes}. If not all can: EFAULT, and the call is still open
#define REPLY_STATE                                                                                          \
    4u // by the owner, FRAME: it goes on with page.frame and, if args[2] is not 0, as many bytes of page.fpu

// Whom a copy, fault_in or compare-exchange means: the caller of an open call or, if space is not 0, a space.
struct copy_target {
    token_t token;
    handle_t space;
    uint32_t unused;
};

struct message_page {
    struct message in;
    struct message out;
    struct copy_target target;
    uint64_t wide[16];  // 64-bit and further arguments, as each call documents
    uint64_t result[8]; // further results
    uint64_t frame[40]; // struct user_frame, of task_read_state and REPLY_STATE
    uint64_t fpu[64];   // FPU state, likewise
    uint64_t data[MESSAGE_DATA / 8];
    uint64_t carried[MESSAGE_CARRIED / 8]; // what a trap's route brought along
};

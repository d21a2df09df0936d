// SPDX-License-Identifier: MIT
// The kernel's calls: name and number, once. Each has up to four register arguments; wider ones stand in the
// message page. A call returns a value >= 0 or a negative error number (errno of Linux). `h` is a handle.
#pragma once

// clang-format off
#define KERNEL_CALLS(X) \
    /* messages */ \
    X(receive, 0)         /* (port, deadline in wide[0]) -> 0, ETIMEDOUT; message in page.in */ \
    X(reply, 1)           /* () answers out.token with out.{kind,flags,number,value,args,handles}; ESRCH: dead token;
                             EFAULT: not all of REPLY_DATA could be stored, the call is still open */ \
    X(reply_receive, 2)   /* (port, deadline in wide[0]) reply (a dead token is ignored), then receive; not after
                             EFAULT of the reply */ \
    X(call, 3)            /* (port) out.{number,args,handles,windows}; waits; reply in page.in; -> in.value */ \
    X(begin, 4)           /* (call, port, reply port, cookie) asynchronous; EBUSY while the call is under way */ \
    X(cancel, 5)          /* (call) asks the receiver of an asynchronous call to end it */ \
    X(notify, 6)          /* (port, bits) */ \
    X(forward, 7)         /* (port, label slot) passes open trap target.token on */ \
    X(commit, 8)          /* () marks call target.token committed */ \
    /* the memory of target.token's caller (within its windows) or of target.space */ \
    X(copy_in, 16)        /* (local, remote, length) -> bytes copied, EFAULT if none */ \
    X(copy_out, 17)       /* (local, remote, length) -> bytes copied, EFAULT if none */ \
    X(copy_object, 18)    /* (memory, remote, length, 0 object->caller | 1 caller->object), offset wide[0] -> bytes;
                             if none EFAULT, ENOMEM: no page for the object */ \
    X(fault_in, 19)       /* (remote, length, access, cookie), reply port wide[0]: 0 present; EINPROGRESS: a
                             MESSAGE_REPLY with the cookie follows; EFAULT, ENOMEM */ \
    X(compare_exchange, 20) /* (remote, expected, desired) 32 bits -> 0, word found in result[0]; EFAULT */ \
    X(resolve, 21)        /* (remote, access) -> 0; result[0] identity of object or space, result[1] offset or
                             address, result[2] 1 if shared; faults the page in for access if not 0 */ \
    /* handles and ports */ \
    X(handle_close, 32)   /* (h) */ \
    X(handle_duplicate, 33) /* (h, rights mask) -> h with rights & mask */ \
    X(port_create, 34)    /* (quota) -> h with all rights */ \
    X(port_badge, 35)     /* (port, badge, rights, 1 = report MESSAGE_BADGE_GONE) -> send h; needs RIGHT_RECEIVE */ \
    X(port_revoke, 36)    /* (port, badge) handles with the badge become dead (EPIPE) */ \
    X(call_create, 37)    /* (quota) -> h: a pre-paid slot for begin */ \
    X(handle_info, 38)    /* (h) -> type; result[0] rights, result[1] badge, result[2] object identity */ \
    /* spaces */ \
    X(space_create, 48)   /* (quota) -> h */ \
    X(space_clone, 49)    /* (space, quota) -> h: regions and pages as fork copies them */ \
    X(space_map, 50)      /* (space, address, length, prot | MAP_*) wide {memory h, offset, tag, limit} -> address */ \
    X(space_unmap, 51)    /* (space, address, length) */ \
    X(space_protect, 52)  /* (space, address, length, prot); ENOMEM if not all mapped, EACCES if not allowed */ \
    X(space_query, 53)    /* (space, address) first region ending above address -> 0, ENOENT; result {start, end,
                             prot | MAP_*, tag, memory identity, offset, resident pages, limit} */ \
    X(space_move, 54)     /* (space, old, old length, new address) wide {new length}; moves pages; old is unmapped;
                             the new range must be free, or grow the old one
                             where it is (new address = old); -> new address */ \
    X(space_discard, 55)  /* (space, address, length) drops private pages, detaches shared ones (MADV_DONTNEED) */ \
    X(space_usage, 56)    /* (space) -> 0; result {mapped pages, resident pages, page-table frames} */ \
    X(space_add_ioports, 57) /* (space, ioports) EOPNOTSUPP where there are none */ \
    X(space_handles, 58)  /* (space) -> number of handles in its table */ \
    X(space_give, 59)     /* (space, h, rights mask) -> index in that space's table (root starting a server) */ \
    X(space_limit, 60)    /* (space, address, lowest start) how far the grows-down region at address may grow */ \
    /* memory objects */ \
    X(memory_create, 64)  /* (quota, flags, pager port or 0) wide {size in bytes} -> h */ \
    X(memory_physical, 65) /* (system, length, flags) wide {physical address} -> h */ \
    X(memory_read, 66)    /* (memory, local, length) wide {offset} -> bytes */ \
    X(memory_write, 67)   /* (memory, local, length) wide {offset} -> bytes, ENOMEM if none for lack of memory */ \
    X(memory_resize, 68)  /* (memory) wide {size}: pages beyond are freed and unmapped everywhere */ \
    X(memory_supply, 69)  /* (memory, local or 0 for zeroes, length) wide {offset}: pager's pages; then it answers
                             the MESSAGE_PAGE call: value >= 0 tries again, an error number is a bus error */ \
    X(memory_info, 70)    /* (memory) -> 0; result {size, resident pages, identity, mapping regions,
                             physical address of LOW and physical memory, else 0; those of the regions that are shared
                             and may be written} */ \
    X(memory_evict, 71)   /* (memory) wide {offset, length}: drop pages, unmap them everywhere */ \
    X(memory_next, 72)    /* (memory) wide {offset} -> 0; result {offset of the first resident page that ends behind it},
                             -ENOENT: none */ \
    /* tasks */ \
    X(task_create, 80)    /* (space, quota, owner port or 0, owner label) native task; wide {entry, stack, argument,
                             address of its message page, 0 for a routed task without one} -> h, not started */ \
    X(task_clone, 81)     /* (task, space, quota, flags) wide {stack or 0, tls or 0, 4 labels, 8 constants,
                             2 addresses as of task_lend, which may be not at hand};
                             copies frame (return value 0), FPU state, routes, owner, schedule -> h, not started but
                             with CLONE_START; result[0]: with CLONE_SPACE the child's space */ \
    X(task_lend, 85)      /* (task, i, address) in the caller's memory, of a struct lent for its exchange routes. The
                             page stays as long as the task; address 0: nothing any more. EFAULT: not at hand */ \
    X(task_start, 82)     /* (task) */ \
    X(task_interrupt, 83) /* (task) diverts it to its owner at its next boundary to user mode */ \
    X(task_destroy, 84)   /* (task, 1: closes the handle too, another handle to close or 0) -> 0; result {user ns,
                             system ns, switches, resident pages of its space} */ \
    X(task_read_frame, 86)  /* (task, struct user_frame *) */ \
    X(task_write_frame, 87) /* (task, const struct user_frame *) privileged bits are sanitised */ \
    X(task_read_fpu, 88)  /* (task, buffer, length) -> bytes */ \
    X(task_write_fpu, 89) /* (task, buffer, length; 0 resets) */ \
    X(task_set_tls, 90)   /* (task, index, word0, word1) i386: GDT slot 0-2; riscv64: index 0, word0 is tp */ \
    X(task_set_routes, 91) /* (task, routes) */ \
    X(task_set_label, 92) /* (task, slot, value) */ \
    X(task_set_constant, 93) /* (task, index, value) what a constant route answers */ \
    X(task_set_schedule, 94) /* (task, SCHEDULE_*, priority or weight) */ \
    X(task_set_trace, 95) /* (task, TRACE_* flags) */ \
    X(task_info, 96)      /* (task) -> state; result {user ns, system ns, switches, trap number, space identity} */ \
    X(task_set_owner, 97) /* (task, port, label) */ \
    X(task_suspend, 98)   /* (task) off its CPU at once, for servers being taken down */ \
    X(task_get_tls, 99)   /* (task, index) -> 0; result {word0, word1} */ \
    X(task_read_state, 101) /* (task) its registers to page.frame, its FPU state to page.fpu -> bytes of the latter */ \
    X(task_reset, 100)    /* (task, space) wide {entry, stack, landing}, while it is held by its owner (in an open call
                             of it) or not started: there it starts with the registers of a new task, fresh FPU
                             state and no thread-local storage; landing: where i386's sysenter goes on, or 0 */ \
    /* trap routes */ \
    X(routes_create, 112) /* (quota, highest trap number) -> h */ \
    X(routes_set, 113)    /* (routes, number, port or 0, label slot) */ \
    X(routes_constant, 114) /* (routes, number, index) answered by the kernel from the task's constants */ \
    X(routes_yield, 115) /* (routes, number) answered 0 by the kernel after letting equals run */ \
    X(routes_clock, 117)  /* (routes, number, monotonic, wall) of a number with a port: if the first argument is below 16
                             and its bit is in one of the two, the kernel answers 0 and stores that clock at the second
                             argument, as 64-bit seconds and nanoseconds. What it cannot store goes to the port */ \
    X(routes_exchange, 118) /* (routes, number, i, EXCHANGE_*) wide {length, records, words of a record, least, allowed
                             bits of each word}, for EXCHANGE_WORD {length, which word, 0, constant}, of a number with
                             a port: the kernel answers from what is lent to the task as i if the last argument is
                             length, else and whenever it cannot, the port */ \
    X(routes_carry, 116) /* (routes, number, i, length) of a number with a port: its message brings along the memory
                             at argument i, or at the stack pointer if i is 6 (MESSAGE_WORDS): page.carried; in.value
                             says how much of it: all or, unless it is at hand, 0. length 0: nothing any more */ \
    /* machine */ \
    X(quota_create, 128)  /* (parent, frames, tasks, reserve) -> h; reserve 1: its frames may come from what is kept
                             back for those who deal with a shortage, if the parent's may */ \
    X(quota_info, 129)    /* (quota) -> 0; result {frame limit, frames used, task limit, tasks, kernel bytes, objects} */ \
    X(quota_set, 130)     /* (quota, frames, tasks) needs RIGHT_WRITE, which who only spends it should not have */ \
    X(irq_create, 131)    /* (system, line) -> h */ \
    X(irq_bind, 132)      /* (irq, port, bits): notify on interrupt; the line stays masked until irq_ack */ \
    X(irq_ack, 133)       /* (irq) */ \
    X(ioports_create, 134) /* (system, first, count) -> h; EOPNOTSUPP where there are none */ \
    X(clock_get, 135)     /* () -> 0; result {monotonic ns, wall clock offset ns} */ \
    X(clock_set, 136)     /* (system) wide {wall clock offset ns} */ \
    X(log_write, 137)     /* (local, length) */ \
    X(log_read, 138)      /* (system, local, length) wide {position} -> bytes; result {next position} */ \
    X(system_info, 139)   /* (system, 0) -> 0; result {total frames, free frames, tasks, handles, idle ns, kernel
                             bytes, objects, switches}; (system, 1) -> 0; result {frames that quotas pay for, ports,
                             spaces, memory objects, asynchronous calls, routes, quotas, irqs} */ \
    X(system_power, 140)  /* (system, enum power_action, status) does not return */ \
    X(yield, 141)         /* () */ \
    X(clock_scale, 142)   /* () -> 0; result {start, multiplier, shift}: monotonic ns = (count - start) * multiplier
                             >> shift of the counter that user mode reads; EOPNOTSUPP where it cannot */ \
    X(system_fail, 143)   /* (system, n) the n-th allocation of a frame or kernel object from now on fails, 0: none
                             -> how many were left of the n before */
// clang-format on

enum kernel_call {
#define X(name, number) CALL_##name = number,
    KERNEL_CALLS(X)
#undef X
        CALL_LIMIT = 144,
};

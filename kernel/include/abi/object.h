// SPDX-License-Identifier: MIT
// Rights, protections and flags that kernel calls take, and what root finds in its space when it starts.
#pragma once

#include <abi/message.h>

enum handle_type {
    HANDLE_NONE,
    HANDLE_PORT,
    HANDLE_SPACE,
    HANDLE_MEMORY,
    HANDLE_TASK,
    HANDLE_CALL,
    HANDLE_ROUTES,
    HANDLE_QUOTA,
    HANDLE_IRQ,
    HANDLE_IOPORTS,
    HANDLE_SYSTEM,
    HANDLE_TYPES,
};

#define RIGHT_SEND 1u      // port: call, begin, notify, forward
#define RIGHT_RECEIVE 2u   // port: receive, mint badges, revoke
#define RIGHT_READ 4u      // memory, space: read or map readable
#define RIGHT_WRITE 8u     // memory, space: write or map writable
#define RIGHT_EXECUTE 16u  // memory: map executable
#define RIGHT_CONTROL 32u  // change the object itself (map, destroy, resize, set)
#define RIGHT_TRANSFER 64u // may travel in a message
#define RIGHT_ALL 127u

#define PROT_READ_BIT 1u
#define PROT_WRITE_BIT 2u
#define PROT_EXECUTE_BIT 4u
#define PROT_MASK 7u
#define MAP_SHARED_BIT 0x10u    // stores reach the memory object (without object: refused, make one)
#define MAP_FIXED_BIT 0x20u     // at exactly this address, replacing what is there
#define MAP_NOREPLACE_BIT 0x40u // with FIXED: EEXIST if anything is there
#define MAP_GROWSDOWN_BIT 0x80u // a stack: faults below start extend it, down to wide[3] (limit)
#define MAP_POPULATE_BIT 0x100u // bring present pages in now
#define MAP_MAYWRITE_BIT 0x200u // space_protect may add write later (always so for private)
#define MAP_BELOW_BIT 0x400u    // without FIXED: the highest free range ending at or below `address`
#define MAP_DEVICE_BIT 0x800u   // reported by space_query for physical memory

#define MEMORY_UNCACHED 1u
#define MEMORY_LOW 2u // frames of the direct map, contiguous from the first page on (DMA); allocated at once

// task_clone flags
#define CLONE_STACK 1u // wide[0] is the new stack pointer
#define CLONE_TLS                                                                                            \
    2u // wide[1] is the tls: i386 address ignored here (use task_set_tls), riscv64 the tp register
#define CLONE_SPACE 4u // the space is cloned for the child, whose handle is result[0]; else it is shared
#define CLONE_START 8u // the child is started

#define TASK_LABELS 4    // slot 0 is the owner's
#define TASK_CONSTANTS 8 // values a constant route can answer
#define TASK_LENT 2      // blocks of a server's records that exchange routes can name

// The head of a block of records that a server lends to a task (task_lend); they follow it. Both may change them, the
// kernel only while the task runs. What of it crosses the end of its page the kernel leaves to the server.
struct lent {
    uint64_t closed;  // bit i: record i is only the server's to read and change
    uint64_t changed; // bit i: the kernel has changed record i
};

#define EXCHANGE_WORDS 5 // of a record, at most

// What a call f(what, address of a new record or 0, address for the old one or 0, length) does with a lent record,
// or f(word, length).
enum exchange_kind {
    EXCHANGE_RECORD, // record what - 1 becomes the new one, if its first word is not below `least` and no word has
                     // bits that are not allowed
    EXCHANGE_SET, // record 0 is a set: what 0 adds the new one, 1 takes it away, 2 puts it in its place; bits
                  // that are not allowed never get in
    EXCHANGE_WORD, // a word is kept; length 0: there is no such argument; the result is one of the task's constants,
                   // or 0 if there is none of that number
};

enum schedule_class {
    SCHEDULE_FAIR,  // by virtual time; argument: weight, 1024 is nice 0
    SCHEDULE_FIXED, // argument: priority 1..63, above every fair task; first in, first out
    SCHEDULE_ROUND, // fixed with a time slice
    SCHEDULE_IDLE,  // runs when nobody else wants to
};

#define TRACE_CALLS 1u // divert before route lookup and after each reply
#define TRACE_STEP 2u  // single step (where the machine has it)

enum power_action { POWER_OFF, POWER_RESTART };

// Handles that the first task (root) holds at its start.
enum root_handle {
    ROOT_SPACE = 1,
    ROOT_TASK = 2,
    ROOT_QUOTA = 3,   // every frame of the machine that the kernel itself does not hold
    ROOT_SYSTEM = 4,  // may name interrupts, physical memory, I/O ports, power
    ROOT_ARCHIVE = 5, // memory object: the initial archive
    ROOT_BOOT = 6,    // memory object: struct boot_page
    ROOT_DEVICES = 7, // memory object: flattened device tree (length 0 bytes where there is none)
};

#define ROOT_MESSAGE_PAGE 0x10000ul // where the kernel maps the first task's message page

// First page of ROOT_BOOT.
struct boot_page {
    uint64_t archive_bytes;
    uint64_t devices_bytes;
    uint64_t memory_bytes;
    uint64_t clock_frequency; // Hz of the counter behind the clock
    uint64_t timer_frequency;
    uint8_t entropy[64];
    uint32_t entropy_bytes; // how many of them are worth anything
    uint32_t irq_lines;
    char cpu_model[64];
    char command_line[2048];
};

// SPDX-License-Identifier: MIT
// The whole boundary between the generic kernel and an architecture. Types with fixed names come from
// <arch/types.h> (struct user_frame, struct arch_task, struct arch_space, struct arch_cpu, page constants).
#pragma once

#include <abi/object.h>
#include <arch/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arch_space;
struct clock_scale;
struct task;
struct space;
struct cpu;

// --- boot -------------------------------------------------------------------------------------------------

#define BOOT_MEMORY_RANGES 32

struct boot_range {
    uint64_t start; // physical bytes
    uint64_t end;
};

// Filled by the architecture's boot code, then kernel_main() is called on the boot CPU with the direct map,
// traps and early console working and interrupts off.
struct boot_info {
    struct boot_range memory[BOOT_MEMORY_RANGES]; // usable RAM
    unsigned memory_count;
    struct boot_range reserved[BOOT_MEMORY_RANGES]; // kernel image, archive, device tree, firmware
    unsigned reserved_count;
    struct boot_range archive; // initial archive, empty if there is none
    struct boot_range devices; // flattened device tree, empty if there is none
    const char *command_line;
    const char *cpu_model;
};
_Noreturn void kernel_main(struct boot_info *info);

// The end of kernel_main: leaves through cpu->current for the first time; the boot stack becomes the CPU's.
_Noreturn void arch_leave(void);

// Second half of the architecture's start, once frames and kernel objects can be allocated.
void arch_init(void);

// --- traps: called by the architecture's entry code ---------------------------------------------------------
// Entry stores the user registers in current task's arch.frame, moves to the CPU's kernel stack and calls one
// of these; on return it leaves through cpu->current (which may be another task by then).

void trap_call(struct task *task); // sysenter, int 0x80, ecall; does what trap_leave does, too
// The same in parts, for an entry that saves what C functions preserve only if the kernel has no answer itself.
struct route;
void trap_native(struct task *task);                            // of a task without routes
const struct route *trap_answer(struct task *task);             // NULL: answered, the task goes on; else for
void trap_routed(struct task *task, const struct route *route); // this
void trap_page_fault(struct task *task, unsigned long address, unsigned access); // user page fault
void trap_exception(struct task *task, unsigned kind, unsigned long address, unsigned long trap,
                    unsigned long error);
void trap_irq(unsigned line); // a device interrupt: already masked and acknowledged at the controller
void trap_timer(void);        // the one-shot timer fired
void trap_leave(void); // last thing before every other exit to user mode or a kernel thread: picks the next
                       // task if needed, delivers diverts; afterwards cpu->current is who runs

// --- frame of a user task -------------------------------------------------------------------------------------

// On the path of every call, so inline: <arch/frame.h>, which task.h includes.
static inline unsigned long arch_call_number(const struct task *task); // trap number as made (orig_eax, a7)
static inline unsigned long arch_call_arg(const struct task *task, unsigned i); // i < 6; native calls: i < 4
static inline unsigned long arch_trap_arg(const struct task *task, unsigned i); // the same of a routed task
static inline void arch_set_result(struct task *task, long value); // what the trap or kernel call returns
static inline void arch_set_call_number(struct task *task, unsigned long number);
static inline unsigned long arch_user_pc(const struct task *task);
static inline unsigned long arch_user_stack(const struct task *task); // its pointer
void arch_frame_read(const struct task *task, struct user_frame *frame);
void arch_frame_write(struct task *task, const struct user_frame *frame); // privileged bits sanitised

// --- tasks ------------------------------------------------------------------------------------------------------

// First frame of a native task: starts at entry with the stack pointer and one argument (eax, a0).
void arch_task_init(struct task *task, unsigned long entry, unsigned long stack, unsigned long argument);
// copy_thread: the child gets the parent's frame with result 0, a new stack and TLS if flags (CLONE_*) say
// so, the parent's live FPU state, and starts in ret_from_fork.
int copy_thread(struct task *child, struct task *parent, unsigned flags, unsigned long stack,
                unsigned long tls);
// The same for a kernel-mode task: fn(argument) on its own kernel stack, then task_exit_kernel().
void copy_thread_kernel(struct task *child, void (*fn)(void *), void *argument, void *stack_top);
void arch_task_release(struct task *task); // exit_thread: drops per-arch resources
// CPU state; page table only if the space differs. On the path of every call: <arch/frame.h>.
static inline void arch_switch(struct task *previous, struct task *next);
void arch_kernel_yield(void); // a kernel thread gives up the CPU (returns later)
long arch_fpu_read(struct task *task, void *buffer,
                   size_t length); // -> bytes; Linux's fxsave / d-state layout
long arch_fpu_write(struct task *task, const void *buffer, size_t length); // length 0: initial state
long arch_tls_set(struct task *task, unsigned index, unsigned long word0, unsigned long word1);
long arch_tls_get(struct task *task, unsigned index, unsigned long words[2]);
void arch_set_single_step(struct task *task, bool on);
// Where a task of a personality goes on after the machine's quick trap instruction if that does not tell (i386's sysenter);
// 0: nowhere. task_clone copies it, arch_task_init clears it.
void arch_set_landing(struct task *task, unsigned long address);

// --- page tables (entries are uint64_t on every architecture; levels 2 (root), 1, 0 of 512 entries) -------------
// <arch/types.h>: PAGE_SIZE 4096, USER_END, PAGE_TABLE_ROOT_ENTRIES (user part of the root table),
// and the inline encoders pte_leaf(frame address, PROT bits, flags), pte_table(frame address), pte_present(),
// pte_frame(), pte_writable(), pte_dirty(), pte_accessed(), pte_protect() (clears write), PTE_SOFT_* bits.

int arch_space_init(struct space *space); // allocates the root with the kernel's half in place
void arch_space_release(struct space *space);
// User entries of the root table, directly addressable. On the path of every walk, so inline: <arch/space.h>
static inline uint64_t *arch_space_root(struct arch_space *space);
void arch_tlb_flush(struct space *space, unsigned long start, unsigned long end); // on every CPU that uses it
void arch_space_changed_root(struct space *space); // i386 PAE: root entries are cached by the CPU
long arch_space_add_ioports(struct space *space, unsigned first, unsigned count);

// Window slots: reach any frame from kernel mode. Direct-mapped frames cost nothing. At most 2 open at once.
void *arch_window_open(uint64_t physical, unsigned slot);
void arch_window_close(unsigned slot);
void *arch_direct(uint64_t physical);       // address in the direct map; only for physical < DIRECT_LIMIT
uint64_t arch_physical(const void *direct); // the reverse
void *arch_map_device(uint64_t physical, size_t length); // kernel's own devices, at boot only

// Blocks, mostly pages: memmove and memset to 0 as fast as the CPU can. Shorter ones are better not brought here.
#define BLOCK_MIN 512u // bytes
void arch_copy(void *to, const void *from, size_t length);
void arch_clear(void *to, size_t length);

// --- interrupts, time, the rest -----------------------------------------------------------------------------------

unsigned arch_irq_lines(void);
void arch_irq_mask(unsigned line);
void arch_irq_unmask(unsigned line);
bool arch_irq_reserved(unsigned line);    // the timer's own and lines that do not exist
uint64_t arch_clock(void);                // monotonic ns
static inline uint64_t arch_cycles(void); // raw counter behind arch_clock(), for accounting; in <arch/cpu.h>
uint64_t arch_cycles_to_ns(uint64_t cycles);
uint64_t arch_wall_clock(void); // ns since 1970 from the RTC; read once at boot
uint64_t arch_clock_frequency(void);
bool arch_clock_scale(struct clock_scale *scale); // false: user mode cannot read the counter
void arch_timer_set(uint64_t deadline);           // one-shot at monotonic ns, NO_DEADLINE turns it off
void arch_wait(void); // idle: enable interrupts, halt, return with them disabled again
size_t arch_entropy(void *buffer, size_t length); // bytes of real entropy; 0 if there is none
void arch_putc(char c);                           // early and panic console, polled
_Noreturn void arch_power(unsigned action, int status);
unsigned arch_backtrace(unsigned long *pc, unsigned count, unsigned long frame_pointer); // -> how many
void arch_direct_protect(void); // W^X over kernel image and direct map, after boot

// This CPU. `struct cpu` is generic (cpu.h) and embeds struct arch_cpu.
static inline struct cpu *this_cpu(void); // defined in <arch/cpu.h>

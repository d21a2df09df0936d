// SPDX-License-Identifier: MIT
// Kernel tests of what only i386 has: FXSAVE state, segments, I/O ports, the flags a program may set, and sysenter
// used by those who should not.

#include "../../../tests/kernel/test.h"
#include <string.h>

#define TRAP_ASK 1l  // -> a word
#define TRAP_TELL 2l // two words
#define TRAPS 2

#define TLS_SELECTOR 0x33
#define USER_DATA 0x7b
#define COM1 0x3f8
#define FXSAVE_SIZE 512
#define FXSAVE_MXCSR 24
#define FXSAVE_XMM3 208

struct routed {
    struct child child;
    handle_t port, routes;
};

static bool routed_start(struct routed *routed, void (*fn)(void), handle_t port)
{
    routed->port = port ? port : new_port();
    long routes = routes_create(ROOT_QUOTA, TRAPS);
    routed->routes = (handle_t)routes;
    if (routes < 0)
        return false;
    for (long number = 1; number <= TRAPS; number++)
        routes_set(routed->routes, (unsigned long)number, routed->port, 0);
    return child_create_routed(&routed->child, fn, routed->port, routed->routes) == 0 &&
           child_start(&routed->child) == 0;
}

static void routed_end(struct routed *routed)
{
    child_destroy(&routed->child);
    handle_close(routed->routes);
}

static long ask(void) { return trap6(TRAP_ASK, 0, 0, 0, 0, 0, 0); }
static void tell(long a, long b) { trap6(TRAP_TELL, a, b, 0, 0, 0, 0); }

static _Noreturn void stop(void)
{
    for (;;)
        tell(-1, -1);
}

// --- FPU and SSE

struct fpu_words {
    uint32_t sse[4];
    int32_t x87;
};

static void fpu_load(const struct fpu_words *words)
{
    __asm__ volatile("movups %0, %%xmm3\n\tfildl %1" ::"m"(words->sse), "m"(words->x87));
}

static void fpu_store(struct fpu_words *words)
{
    __asm__ volatile("movups %%xmm3, %0\n\tfistpl %1" : "=m"(words->sse), "=m"(words->x87));
}

static void fpu_child(void)
{
    for (;;) {
        uint32_t seed = (uint32_t)ask();
        struct fpu_words loaded = { { seed, seed + 1, seed + 2, seed + 3 }, (int32_t)seed }, stored;
        fpu_load(&loaded);
        ask();
        fpu_store(&stored);
        tell(memcmp(&loaded, &stored, sizeof stored) == 0, 0);
    }
}

static void fpu_state_is_each_tasks_own(void)
{
    handle_t port = new_port();
    struct routed routed[3];
    for (unsigned i = 0; i < 3; i++)
        CHECK(routed_start(&routed[i], fpu_child, port));
    for (unsigned told = 0, asked = 0; told < 30;) {
        CHECK_EQUAL(next_message(port), MESSAGE_TRAP);
        if (message_page->in.number == TRAP_TELL) {
            CHECK_EQUAL(message_page->in.args[0], 1);
            told++;
        }
        CHECK_EQUAL(answer_value((long)++asked * 1000), 0);
    }
    for (unsigned i = 0; i < 3; i++)
        routed_end(&routed[i]);
    handle_close(port);
}

static void fpu_keeper(void)
{
    struct fpu_words words = { { 1, 2, 3, 4 }, 5 };
    fpu_load(&words);
    ask();
    fpu_store(&words);
    tell((long)words.sse[0], words.x87);
    stop();
}

static void fpu_state_can_be_read_and_written(void)
{
    struct routed routed;
    uint8_t state[FXSAVE_SIZE];
    uint32_t words[4];
    CHECK(routed_start(&routed, fpu_keeper, 0));
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    CHECK_EQUAL(task_read_fpu(routed.child.task, state, sizeof state), FXSAVE_SIZE);
    memcpy(words, state + FXSAVE_XMM3, sizeof words);
    CHECK_EQUAL(words[3], 4);
    words[0] = 0x5150;
    memcpy(state + FXSAVE_XMM3, words, sizeof words);
    memset(state + FXSAVE_MXCSR, 0xff, 4); // with bits that no CPU has
    CHECK_EQUAL(task_write_fpu(routed.child.task, state, 100), -EINVAL);
    CHECK_EQUAL(task_write_fpu(routed.child.task, state, sizeof state), FXSAVE_SIZE);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], 0x5150);
    CHECK_EQUAL(message_page->in.args[1], 5);
    routed_end(&routed);
    handle_close(routed.port);
}

static void fpu_state_is_copied_by_task_clone(void)
{
    struct routed routed;
    static const unsigned long labels[TASK_LABELS];
    CHECK(routed_start(&routed, fpu_keeper, 0));
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    token_t token = message_page->in.token;
    long space = space_clone(routed.child.space, ROOT_QUOTA);
    long task = task_clone(routed.child.task, (handle_t)space, ROOT_QUOTA, 0, 0, 0, labels);
    CHECK(space > 0 && task > 0);
    CHECK_EQUAL(task_start((handle_t)task), 0);
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP); // the child's
    CHECK_EQUAL(message_page->in.args[0], 1);
    CHECK_EQUAL(message_page->in.args[1], 5);
    message_page->in.token = token;
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], 1);
    CHECK_EQUAL(message_page->in.args[1], 5);
    task_destroy((handle_t)task);
    handle_close((handle_t)task);
    handle_close((handle_t)space);
    routed_end(&routed);
    handle_close(routed.port);
}

// --- segments

static unsigned long tls_word = 0x11223344;

static void tls_child(void)
{
    unsigned long word;
    __asm__ volatile("movl %1, %%gs\n\tmovl %%gs:0, %0" : "=r"(word) : "r"(TLS_SELECTOR));
    tell((long)word, 0); // meanwhile the descriptor may go
    __asm__ volatile("movl %%gs, %0" : "=r"(word));
    tell((long)(word & 0xffff), 0);
    stop();
}

static void set_descriptor(uint32_t base, unsigned long words[2])
{
    words[0] = base << 16 | 0xffff;
    words[1] = (base & 0xff000000) | 0x00cff200 | (base >> 16 & 0xff); // data, 4 GiB, DPL 3
}

static bool tls_start(struct routed *routed)
{
    unsigned long words[2];
    set_descriptor((uint32_t)&tls_word, words);
    routed->port = new_port();
    long routes = routes_create(ROOT_QUOTA, TRAPS);
    routed->routes = (handle_t)routes;
    routes_set(routed->routes, TRAP_TELL, routed->port, 0);
    return child_create_routed(&routed->child, tls_child, routed->port, routed->routes) == 0 &&
           task_set_tls(routed->child.task, 0, words[0], words[1]) == 0 && child_start(&routed->child) == 0;
}

static void tls_descriptor_works(void)
{
    struct routed routed;
    CHECK(tls_start(&routed));
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], tls_word);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], TLS_SELECTOR);
    routed_end(&routed);
    handle_close(routed.port);
}

static void stale_selector_becomes_null(void)
{
    struct routed routed;
    CHECK(tls_start(&routed));
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    CHECK_EQUAL(task_set_tls(routed.child.task, 0, 0, 0), 0);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], 0);
    routed_end(&routed);
    handle_close(routed.port);
}

static void only_data_segments_of_user_mode(void)
{
    struct routed routed;
    CHECK(tls_start(&routed));
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    handle_t task = routed.child.task;
    CHECK_EQUAL(task_set_tls(task, 0, 0xffff, 0x00cffa00), -EINVAL); // code
    CHECK_EQUAL(task_set_tls(task, 0, 0xffff, 0x00cf9200), -EINVAL); // DPL 0
    CHECK_EQUAL(task_set_tls(task, 0, 0xffff, 0x00008900), -EINVAL); // a task-state segment
    CHECK_EQUAL(task_set_tls(task, 3, 0, 0), -EINVAL);
    routed_end(&routed);
    handle_close(routed.port);
}

static void null_segments(void)
{
    long number = TRAP_TELL;
    __asm__ volatile("movl %1, %%ds\n\tmovl %1, %%es\n\tint $0x80\n\tmovl %2, %%ds\n\tmovl %2, %%es"
                     : "+a"(number)
                     : "r"(0), "r"(USER_DATA), "b"(21), "c"(0)
                     : "memory");
    number = TRAP_TELL;
    __asm__ volatile("movl %1, %%ds\n\tmovl %1, %%es\n\tmovl %%esp, %%ecx\n\tmovl $1f, %%edx\n\tsysenter\n1:"
                     : "+a"(number)
                     : "r"(0), "b"(22)
                     : "ecx", "edx", "memory");
    tell(23, 0);
    stop();
}

// The kernel does not rely on a program's segments, nor does sysenter do harm where int 0x80 is meant.
static void kernel_has_segments_of_its_own(void)
{
    struct routed routed;
    CHECK(routed_start(&routed, null_segments, 0));
    for (unsigned long word = 21; word <= 23; word++) {
        CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
        CHECK_EQUAL(message_page->in.args[0], word);
        CHECK_EQUAL(answer_value(0), 0);
    }
    routed_end(&routed);
    handle_close(routed.port);
}

static void odd_flags(void)
{
    unsigned long flags;
    long number = TRAP_TELL;
    // direction, nested task, alignment check
    __asm__ volatile(
        "pushfl\n\torl $0x44400, (%%esp)\n\tpopfl\n\tint $0x80\n\tpushfl\n\tpopl %0\n\tpushl $2\n\tpopfl"
        : "=c"(flags), "+a"(number)
        : "b"(0)
        : "memory");
    tell((long)flags, 0);
    number = TRAP_TELL; // and a trace flag that sysenter meets
    __asm__ volatile(
        "movl %%esp, %%ecx\n\tmovl $1f, %%edx\n\tpushfl\n\torl $0x4100, (%%esp)\n\tpopfl\n\tsysenter\n1:"
        : "+a"(number)
        : "b"(5)
        : "ecx", "edx", "memory");
    stop();
}

// A frame keeps the program's flags, and the kernel runs with none of them.
static void kernel_has_flags_of_its_own(void)
{
    struct routed routed;
    CHECK(routed_start(&routed, odd_flags, 0));
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0] & 0x40400, 0x40400);
    CHECK_EQUAL(answer_value(0), 0);
    // The step that popfl began ends at sysenter's first instruction or in user mode; either is fine.
    while (next_message(routed.port) == MESSAGE_FAULT) {
        CHECK_EQUAL(message_page->in.number, FAULT_STEP);
        CHECK_EQUAL(answer_frame(), 0);
    }
    CHECK_EQUAL(message_page->in.kind, MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], 5);
    routed_end(&routed);
    handle_close(routed.port);
}

// --- privileges

static uint8_t port_read(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "d"(port));
    return value;
}

static void port_child(void)
{
    tell(port_read(COM1 + 5), 0);
    stop();
}

static void io_ports_need_a_grant(void)
{
    struct routed routed;
    CHECK(routed_start(&routed, port_child, 0));
    CHECK_EQUAL(next_message(routed.port), MESSAGE_FAULT);
    CHECK_EQUAL(message_page->in.number, FAULT_GENERAL);
    long ports = KCALL3(ioports_create, ROOT_SYSTEM, COM1, 8);
    CHECK(ports > 0);
    CHECK_EQUAL(KCALL2(space_add_ioports, routed.child.space, ports), 0);
    CHECK_EQUAL(answer_frame(), 0);
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP); // it has read the port
    handle_close((handle_t)ports);
    routed_end(&routed);
    handle_close(routed.port);
}

static void halt_child(void)
{
    __asm__ volatile("hlt");
    stop();
}

static void breakpoint_child(void)
{
    __asm__ volatile("int3");
    stop();
}

static void divide_child(void)
{
    __asm__ volatile("divl %0" ::"r"(0), "a"(1), "d"(0));
    stop();
}

static void exceptions_have_their_kinds(void)
{
    static const struct {
        void (*fn)(void);
        unsigned kind;
    } cases[] = { { halt_child, FAULT_GENERAL },
                  { breakpoint_child, FAULT_BREAKPOINT },
                  { divide_child, FAULT_DIVIDE } };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct routed routed;
        CHECK(routed_start(&routed, cases[i].fn, 0));
        CHECK_EQUAL(next_message(routed.port), MESSAGE_FAULT);
        CHECK_EQUAL(message_page->in.number, cases[i].kind);
        routed_end(&routed);
        handle_close(routed.port);
    }
}

const struct test arch_tests[] = {
    { "i386/fpu_state_is_each_tasks_own", fpu_state_is_each_tasks_own },
    { "i386/fpu_state_can_be_read_and_written", fpu_state_can_be_read_and_written },
    { "i386/fpu_state_is_copied_by_task_clone", fpu_state_is_copied_by_task_clone },
    { "i386/tls_descriptor_works", tls_descriptor_works },
    { "i386/stale_selector_becomes_null", stale_selector_becomes_null },
    { "i386/only_data_segments_of_user_mode", only_data_segments_of_user_mode },
    { "i386/kernel_has_segments_of_its_own", kernel_has_segments_of_its_own },
    { "i386/kernel_has_flags_of_its_own", kernel_has_flags_of_its_own },
    { "i386/io_ports_need_a_grant", io_ports_need_a_grant },
    { "i386/exceptions_have_their_kinds", exceptions_have_their_kinds },
    { NULL, NULL },
};

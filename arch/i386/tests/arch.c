// SPDX-License-Identifier: MIT
// Kernel tests of what only i386 has: FXSAVE state, segments, I/O ports, the flags a program may set, and sysenter
// used by those who should not.

#include "../../../tests/kernel/test.h"
#include <string.h>

#define TLS_SELECTOR 0x33
#define USER_DATA 0x7b
#define COM1 0x3f8
#define FXSAVE_SIZE 512
#define FXSAVE_MXCSR 24
#define FXSAVE_XMM3 208

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
    struct speaker speaker[3];
    for (unsigned i = 0; i < 3; i++)
        CHECK(speaker_start(&speaker[i], fpu_child, port));
    for (unsigned told = 0, asked = 0; told < 30;) {
        CHECK_EQUAL(next_message(port), MESSAGE_TRAP);
        if (message_page->in.number == TRAP_TELL) {
            CHECK_EQUAL(message_page->in.args[0], 1);
            told++;
        }
        CHECK_EQUAL(answer_value((long)++asked * 1000), 0);
    }
    for (unsigned i = 0; i < 3; i++)
        speaker_end(&speaker[i]);
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
    struct speaker speaker;
    uint8_t state[FXSAVE_SIZE];
    uint32_t words[4];
    CHECK(speaker_start(&speaker, fpu_keeper, 0));
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(task_read_fpu(speaker.child.task, state, sizeof state), FXSAVE_SIZE);
    memcpy(words, state + FXSAVE_XMM3, sizeof words);
    CHECK_EQUAL(words[3], 4);
    words[0] = 0x5150;
    memcpy(state + FXSAVE_XMM3, words, sizeof words);
    memset(state + FXSAVE_MXCSR, 0xff, 4); // with bits that no CPU has
    CHECK_EQUAL(task_write_fpu(speaker.child.task, state, 100), -EINVAL);
    CHECK_EQUAL(task_write_fpu(speaker.child.task, state, sizeof state), FXSAVE_SIZE);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], 0x5150);
    CHECK_EQUAL(message_page->in.args[1], 5);
    speaker_end(&speaker);
    handle_close(speaker.port);
}

static void fpu_state_is_copied_by_task_clone(void)
{
    struct speaker speaker;
    static const struct task_words words;
    CHECK(speaker_start(&speaker, fpu_keeper, 0));
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    token_t token = message_page->in.token;
    long space = space_clone(speaker.child.space, ROOT_QUOTA);
    long task = task_clone(speaker.child.task, (handle_t)space, ROOT_QUOTA, 0, 0, 0, &words);
    CHECK(space > 0 && task > 0);
    CHECK_EQUAL(task_start((handle_t)task), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP); // the child's
    CHECK_EQUAL(message_page->in.args[0], 1);
    CHECK_EQUAL(message_page->in.args[1], 5);
    message_page->in.token = token;
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], 1);
    CHECK_EQUAL(message_page->in.args[1], 5);
    task_destroy((handle_t)task);
    handle_close((handle_t)task);
    handle_close((handle_t)space);
    speaker_end(&speaker);
    handle_close(speaker.port);
}

// What the kernel copies and clears pages with is the program's again afterwards.
static void sse_load(const uint32_t words[32])
{
    __asm__ volatile("movups (%0), %%xmm0\n\tmovups 16(%0), %%xmm1\n\t"
                     "movups 32(%0), %%xmm2\n\tmovups 48(%0), %%xmm3\n\t"
                     "movups 64(%0), %%xmm4\n\tmovups 80(%0), %%xmm5\n\t"
                     "movups 96(%0), %%xmm6\n\tmovups 112(%0), %%xmm7" ::"r"(words));
}

static void sse_store(uint32_t words[32])
{
    __asm__ volatile("movups %%xmm0, (%0)\n\tmovups %%xmm1, 16(%0)\n\t"
                     "movups %%xmm2, 32(%0)\n\tmovups %%xmm3, 48(%0)\n\t"
                     "movups %%xmm4, 64(%0)\n\tmovups %%xmm5, 80(%0)\n\t"
                     "movups %%xmm6, 96(%0)\n\tmovups %%xmm7, 112(%0)" ::"r"(words)
                     : "memory");
}

static _Alignas(PAGE_SIZE) volatile char shared_pages[2 * PAGE_SIZE];

static void sse_keeper(void)
{
    uint32_t loaded[32], stored[32];
    for (unsigned i = 0; i < 32; i++)
        loaded[i] = 0x01010101 * (i + 1);
    ask(); // the page of this stack is there
    sse_load(loaded);
    shared_pages[0] = 1; // is copied
    sse_store(stored);
    tell(memcmp(loaded, stored, sizeof stored) == 0, 0);
    sse_load(loaded);
    ask(); // others' pages are copied and cleared
    sse_store(stored);
    tell(memcmp(loaded, stored, sizeof stored) == 0, 0);
    stop();
}

static void kernel_copies_keep_sse_registers(void)
{
    struct speaker speaker;
    memset((void *)shared_pages, 7, sizeof shared_pages);
    CHECK(speaker_start(&speaker, sse_keeper, 0));
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], 1);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    shared_pages[PAGE_SIZE] = 2; // copied, in another space than that of the registers' owner
    CHECK_EQUAL(shared_pages[PAGE_SIZE + 1], 7);
    CHECK_EQUAL(shared_pages[2 * PAGE_SIZE - 1], 7);
    long map = space_map(ROOT_SPACE, 0, PAGE_SIZE, PROT_READ_BIT | PROT_WRITE_BIT, 0, 0, 0, 0);
    CHECK(!IS_ERROR(map));
    *(volatile char *)map = 3;
    for (unsigned i = 1; i < PAGE_SIZE; i++)
        CHECK_EQUAL(((volatile char *)map)[i], 0);
    CHECK_EQUAL(space_unmap(ROOT_SPACE, (unsigned long)map, PAGE_SIZE), 0);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], 1);
    speaker_end(&speaker);
    handle_close(speaker.port);
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

static bool tls_start(struct speaker *speaker)
{
    unsigned long words[2];
    set_descriptor((uint32_t)&tls_word, words);
    return speaker_create(speaker, tls_child, 0) &&
           task_set_tls(speaker->child.task, 0, words[0], words[1]) == 0 && child_start(&speaker->child) == 0;
}

static void tls_descriptor_works(void)
{
    struct speaker speaker;
    CHECK(tls_start(&speaker));
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], tls_word);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], TLS_SELECTOR);
    speaker_end(&speaker);
    handle_close(speaker.port);
}

static void stale_selector_becomes_null(void)
{
    struct speaker speaker;
    CHECK(tls_start(&speaker));
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(task_set_tls(speaker.child.task, 0, 0, 0), 0);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], 0);
    speaker_end(&speaker);
    handle_close(speaker.port);
}

static void only_data_segments_of_user_mode(void)
{
    struct speaker speaker;
    CHECK(tls_start(&speaker));
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    handle_t task = speaker.child.task;
    CHECK_EQUAL(task_set_tls(task, 0, 0xffff, 0x00cffa00), -EINVAL); // code
    CHECK_EQUAL(task_set_tls(task, 0, 0xffff, 0x00cf9200), -EINVAL); // DPL 0
    CHECK_EQUAL(task_set_tls(task, 0, 0xffff, 0x00008900), -EINVAL); // a task-state segment
    CHECK_EQUAL(task_set_tls(task, 3, 0, 0), -EINVAL);
    speaker_end(&speaker);
    handle_close(speaker.port);
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
    struct speaker speaker;
    CHECK(speaker_start(&speaker, null_segments, 0));
    for (unsigned long word = 21; word <= 23; word++) {
        CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
        CHECK_EQUAL(message_page->in.args[0], word);
        CHECK_EQUAL(answer_value(0), 0);
    }
    speaker_end(&speaker);
    handle_close(speaker.port);
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
    struct speaker speaker;
    CHECK(speaker_start(&speaker, odd_flags, 0));
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0] & 0x40400, 0x40400);
    CHECK_EQUAL(answer_value(0), 0);
    // The step that popfl began ends at sysenter's first instruction or in user mode; either is fine.
    while (next_message(speaker.port) == MESSAGE_FAULT) {
        CHECK_EQUAL(message_page->in.number, FAULT_STEP);
        CHECK_EQUAL(answer_frame(), 0);
    }
    CHECK_EQUAL(message_page->in.kind, MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], 5);
    speaker_end(&speaker);
    handle_close(speaker.port);
}

// --- sysenter with a landing

#define LANDING_ROUNDS 2000u
#define ODD_FLAGS 0x244500u  // TF DF NT AC ID
#define KEPT_FLAGS 0x240400u // NT need not be (frames that are written lose it), and a step may end TF

struct landing_words {
    uint32_t eax, ebx, ecx, edx, esi, edi, ebp, flags, esp;
};

struct landing_words landing_in, landing_out;
uint32_t landing_own_stack;
static uint32_t landing_room[1024];

// sysenter with all of landing_in, flags last, since TF is to meet it; landing_out is what there is at the landing.
void landing_call(void), landing_pad(void);
__asm__(".text\n"
        "landing_call: pushl %ebp; pushl %ebx; pushl %esi; pushl %edi\n"
        "movl %esp, landing_own_stack\n"
        "movl landing_in, %eax; movl landing_in+4, %ebx; movl landing_in+8, %ecx; movl landing_in+12, %edx\n"
        "movl landing_in+16, %esi; movl landing_in+20, %edi; movl landing_in+24, %ebp\n"
        "pushl landing_in+28; popfl; sysenter; ud2\n"
        "landing_pad: movl %esp, landing_out+32; movl landing_own_stack, %esp\n"
        "pushfl; popl landing_out+28; pushl $2; popfl\n"
        "movl %eax, landing_out; movl %ebx, landing_out+4\n"
        "movl %esi, landing_out+16; movl %edi, landing_out+20; movl %ebp, landing_out+24\n"
        "popl %edi; popl %esi; popl %ebx; popl %ebp; ret\n");

static uint32_t landing_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    return *state ^= *state << 5;
}

static struct landing_words landing_round(uint32_t *state)
{
    uint32_t *s = state;
    struct landing_words words = { .eax = TRAP_TELL,
                                   .ebx = landing_random(s),
                                   .ecx = landing_random(s),
                                   .edx = landing_random(s),
                                   .esi = landing_random(s),
                                   .edi = landing_random(s) };
    words.ebp = landing_random(s) % 4 ? landing_random(s) : (uint32_t)(landing_room + 512);
    words.flags = landing_random(s) % 4 ? 2 : (landing_random(s) & ODD_FLAGS) | 2;
    return words;
}

static void landing_child(void)
{
    uint32_t state = 1;
    for (unsigned i = 0; i < LANDING_ROUNDS; i++) {
        landing_in = landing_round(&state);
        landing_call();
        const struct landing_words *in = &landing_in, *out = &landing_out;
        bool same = out->eax == i && out->ebx == in->ebx && out->esi == in->esi && out->edi == in->edi &&
                    out->ebp == in->ebp && out->esp == in->ebp && !((out->flags ^ in->flags) & KEPT_FLAGS);
        if (!same)
            tell((long)i, 0);
    }
    tell(-1, 0);
    stop();
}

static void landing_starter(void) { ask(); }

// -> kind of the next message that tells no step
static long next_but_steps(handle_t port)
{
    long kind;
    while ((kind = next_message(port)) == MESSAGE_FAULT && message_page->in.number == FAULT_STEP)
        answer_frame();
    return kind;
}

// By turns the answer leaves by sysexit, by iret since the frame was written, and after other tasks ran.
static void answer_landing(handle_t task, unsigned round)
{
    struct user_frame frame;
    if (round % 3) {
        CHECK_EQUAL(answer_value((long)round), 0);
        return;
    }
    CHECK_EQUAL(task_read_frame(task, &frame), 0);
    CHECK_EQUAL(frame.eip, (uint32_t)landing_pad);
    frame.eax = round;
    CHECK_EQUAL(task_write_frame(task, &frame), 0);
    CHECK_EQUAL(answer_frame(), 0);
}

// Whatever a program's registers hold at sysenter: its trap has five arguments, and it goes on at its landing.
static void sysenter_lands(void)
{
    struct speaker speaker;
    uint32_t state = 1;
    CHECK(speaker_start(&speaker, landing_starter, 0));
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(task_reset(speaker.child.task, speaker.child.space, (unsigned long)landing_child,
                           (unsigned long)(landing_room + 1024), (unsigned long)landing_pad),
                0);
    CHECK_EQUAL(answer_frame(), 0);
    for (unsigned i = 0; i < LANDING_ROUNDS && !test_has_failed(); i++) {
        struct landing_words words = landing_round(&state);
        CHECK_EQUAL(next_but_steps(speaker.port), MESSAGE_TRAP);
        CHECK_EQUAL(message_page->in.number, TRAP_TELL);
        CHECK(memcmp(message_page->in.args, &words.ebx, 5 * sizeof(uint32_t)) == 0);
        answer_landing(speaker.child.task, i);
    }
    CHECK_EQUAL(next_but_steps(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], (unsigned long)-1);
    speaker_end(&speaker);
    handle_close(speaker.port);
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
    struct speaker speaker;
    CHECK(speaker_start(&speaker, port_child, 0));
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_FAULT);
    CHECK_EQUAL(message_page->in.number, FAULT_GENERAL);
    long ports = KCALL3(ioports_create, ROOT_SYSTEM, COM1, 8);
    CHECK(ports > 0);
    CHECK_EQUAL(KCALL2(space_add_ioports, speaker.child.space, ports), 0);
    CHECK_EQUAL(answer_frame(), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP); // it has read the port
    handle_close((handle_t)ports);
    speaker_end(&speaker);
    handle_close(speaker.port);
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
        struct speaker speaker;
        CHECK(speaker_start(&speaker, cases[i].fn, 0));
        CHECK_EQUAL(next_message(speaker.port), MESSAGE_FAULT);
        CHECK_EQUAL(message_page->in.number, cases[i].kind);
        speaker_end(&speaker);
        handle_close(speaker.port);
    }
}

const struct test arch_tests[] = {
    { "i386/fpu_state_is_each_tasks_own", fpu_state_is_each_tasks_own },
    { "i386/fpu_state_can_be_read_and_written", fpu_state_can_be_read_and_written },
    { "i386/fpu_state_is_copied_by_task_clone", fpu_state_is_copied_by_task_clone },
    { "i386/kernel_copies_keep_sse_registers", kernel_copies_keep_sse_registers },
    { "i386/tls_descriptor_works", tls_descriptor_works },
    { "i386/stale_selector_becomes_null", stale_selector_becomes_null },
    { "i386/only_data_segments_of_user_mode", only_data_segments_of_user_mode },
    { "i386/kernel_has_segments_of_its_own", kernel_has_segments_of_its_own },
    { "i386/kernel_has_flags_of_its_own", kernel_has_flags_of_its_own },
    { "i386/sysenter_lands", sysenter_lands },
    { "i386/io_ports_need_a_grant", io_ports_need_a_grant },
    { "i386/exceptions_have_their_kinds", exceptions_have_their_kinds },
    { NULL, NULL },
};

// SPDX-License-Identifier: MIT
// Kernel tests of what only riscv64 has: the FPU's registers, which are saved lazily, and tp.

#include "../../../tests/kernel/test.h"

// fs0 and the control register: rounding mode in bits 5 to 7.
static void fpu_load(long word, long control)
{
    __asm__ volatile(
        ".option push\n\t.option arch, +d\n\tfmv.d.x fs0, %0\n\tfscsr %1\n\t.option pop" ::"r"(word),
        "r"(control));
}

static long fpu_word(void)
{
    long word;
    __asm__ volatile(".option push\n\t.option arch, +d\n\tfmv.x.d %0, fs0\n\t.option pop" : "=r"(word));
    return word;
}

static long fpu_control(void)
{
    long control;
    __asm__ volatile(".option push\n\t.option arch, +d\n\tfrcsr %0\n\t.option pop" : "=r"(control));
    return control;
}

static void fpu_child(void)
{
    for (;;) {
        long seed = ask(), control = (seed / 1000 % 4) << 5;
        fpu_load(seed, control);
        ask();
        tell(fpu_word() == seed, fpu_control() == control);
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
            CHECK_EQUAL(message_page->in.args[1], 1);
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
    fpu_load(5150, 0x20);
    ask();
    tell(fpu_word(), fpu_control());
    for (;;)
        ask();
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
    CHECK_EQUAL(message_page->in.args[0], 5150);
    CHECK_EQUAL(message_page->in.args[1], 0x20);
    message_page->in.token = token;
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], 5150);
    CHECK_EQUAL(message_page->in.args[1], 0x20);
    task_destroy((handle_t)task);
    handle_close((handle_t)task);
    handle_close((handle_t)space);
    speaker_end(&speaker);
    handle_close(speaker.port);
}

const struct test arch_tests[] = {
    { "riscv64/fpu_state_is_each_tasks_own", fpu_state_is_each_tasks_own },
    { "riscv64/fpu_state_is_copied_by_task_clone", fpu_state_is_copied_by_task_clone },
    { NULL, NULL },
};

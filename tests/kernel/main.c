// SPDX-License-Identifier: MIT
// Runs the tests: "ok NAME" or "not ok NAME: why" in the kernel's log (boot with `log`), and the number of
// failures as the power-off status. Boot words: only=PREFIX runs the tests whose names begin so, fuzz=N is the
// fuzzer's first seed.
#include "test.h"
#include "child.h"
#include <printf.h>
#include <string.h>

static const struct test *const topics[] = {
    handle_tests,   port_tests,   call_tests, asynchronous_tests, space_tests,    memory_tests, pager_tests,
    copy_tests,     task_tests,   trap_tests, travel_tests,       exchange_tests, divert_tests, machine_tests,
    schedule_tests, rights_tests, arch_tests, failure_tests,      fuzz_tests,     bench_tests,
};

static char why[200];

void test_failed(const char *format, ...)
{
    if (why[0])
        return; // the first reason is the one
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
}

bool test_has_failed(void) { return why[0] != 0; }

struct figures figures_now(void)
{
    KCALL1(system_info, ROOT_SYSTEM);
    const uint64_t *result = message_page->result;
    return (struct figures){ result[2], result[3], result[6], result[1] };
}

static bool settled(const struct figures *before, struct figures *now)
{
    *now = figures_now();
    return now->tasks == before->tasks && now->handles == before->handles &&
           now->objects == before->objects && now->free_frames >= before->free_frames;
}

// Large things are freed by the kernel's work thread, which runs when we wait.
static void wait_settled(const struct figures *before, struct figures *now)
{
    handle_t port = new_port();
    for (unsigned i = 0; i < 20; i++)
        receive(port, clock_monotonic() + 1000000);
    handle_close(port);
    settled(before, now);
}

static void check_objects(const struct figures *before, const struct figures *after)
{
    if (after->tasks != before->tasks || after->handles != before->handles ||
        after->objects != before->objects)
        test_failed("leak: tasks %lld, handles %lld, objects %lld", (long long)(after->tasks - before->tasks),
                    (long long)(after->handles - before->handles),
                    (long long)(after->objects - before->objects));
}

// -> frames that are free no more
static long run_once(const struct test *test)
{
    struct figures before = figures_now(), after;
    test->run();
    if (why[0])
        return 0;
    if (!settled(&before, &after))
        wait_settled(&before, &after);
    check_objects(&before, &after);
    return (long)(before.free_frames - after.free_frames);
}

// A first run touches pages of ours and fills the kernel's tables, which stay; a second one must leave as many
// frames as it found.
static bool run(const struct test *test)
{
    why[0] = 0;
    if (run_once(test) > 4 && !why[0] && run_once(test) > 0)
        test_failed("leak: frames");
    child_destroy_all();
    if (why[0])
        print("not ok %s: %s\n", test->name, why);
    else
        print("ok %s\n", test->name);
    return !why[0];
}

const char *boot_word(const char *name, char *buffer, size_t size)
{
    static struct boot_page page;
    memory_read(ROOT_BOOT, 0, &page, sizeof page);
    const char *word = strstr(page.command_line, name);
    if (!word)
        return "";
    strlcpy(buffer, word + strlen(name), size);
    char *end = strchr(buffer, ' ');
    if (end)
        *end = 0;
    return buffer;
}

int main(void)
{
    if (child_is_running())
        child_main();
    char buffer[64];
    const char *prefix = boot_word("only=", buffer, sizeof buffer);
    unsigned failed = 0, passed = 0;
    for (unsigned i = 0; i < sizeof topics / sizeof topics[0]; i++)
        for (const struct test *test = topics[i]; test->name; test++)
            if (strncmp(test->name, prefix, strlen(prefix)) == 0)
                run(test) ? passed++ : failed++;
    print("kernel tests: %u passed, %u failed\n", passed, failed);
    KCALL3(system_power, ROOT_SYSTEM, POWER_OFF, failed ? 1 : 0);
    return 1;
}

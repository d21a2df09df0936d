// SPDX-License-Identifier: MIT
// Quotas, interrupts, I/O ports, clock, log.
#include "test.h"
#include <counter.h>
#include <string.h>

static void quotas_nest(void)
{
    long outer = KCALL3(quota_create, ROOT_QUOTA, 50, 3);
    long inner = KCALL3(quota_create, outer, 1000, 1000); // a promise its parent cannot keep
    CHECK(outer > 0 && inner > 0);
    long memory = memory_create((handle_t)inner, 100 * PAGE_SIZE, 0, 0);
    CHECK(memory > 0);
    long page = 0;
    while (page < 100 && memory_write((handle_t)memory, (uint64_t)page * PAGE_SIZE, "x", 1) == 1)
        page++;
    CHECK(page > 20 && page < 50);
    CHECK_EQUAL(KCALL1(quota_info, outer), 0);
    CHECK_EQUAL(message_page->result[0], 50);
    CHECK(message_page->result[1] <= 50 && message_page->result[1] >= (uint64_t)page);
    CHECK_EQUAL(KCALL3(quota_set, outer, 60, 3), 0);
    CHECK_EQUAL(memory_write((handle_t)memory, (uint64_t)page * PAGE_SIZE, "x", 1), 1);
    handle_close((handle_t)memory);
    CHECK_EQUAL(KCALL1(quota_info, outer), 0);
    CHECK(message_page->result[1] <= 2);
    handle_close((handle_t)inner);
    handle_close((handle_t)outer);
}

static void interrupts(void)
{
    CHECK_EQUAL(KCALL2(irq_create, ROOT_SYSTEM, 100000), -EINVAL);
    CHECK_EQUAL(KCALL2(irq_create, ROOT_SYSTEM, ~0ul), -EINVAL);
    long irq = -1;
    unsigned line = 1;
    for (; line < 64 && irq < 0; line++)
        irq = KCALL2(irq_create, ROOT_SYSTEM, line);
    CHECK(irq > 0);
    CHECK_EQUAL(KCALL2(irq_create, ROOT_SYSTEM, line - 1), -EBUSY);
    CHECK_EQUAL(irq_ack((handle_t)irq), -EINVAL); // not bound yet
    handle_t port = new_port();
    CHECK_EQUAL(irq_bind((handle_t)irq, port, 1), 0);
    CHECK_EQUAL(irq_ack((handle_t)irq), 0);
    handle_close((handle_t)irq);
    irq = KCALL2(irq_create, ROOT_SYSTEM, line - 1);
    CHECK(irq > 0); // free again
    handle_close((handle_t)irq);
    handle_close(port);
}

static void io_ports(void)
{
    long ports = KCALL3(ioports_create, ROOT_SYSTEM, 0x80, 1);
    if (ports == -EOPNOTSUPP) { // a machine without
        CHECK_EQUAL(KCALL2(space_add_ioports, ROOT_SPACE, 0), -EBADF);
        return;
    }
    CHECK(ports > 0);
    CHECK_EQUAL(KCALL3(ioports_create, ROOT_SYSTEM, 65536, 1), -EINVAL);
    CHECK_EQUAL(KCALL3(ioports_create, ROOT_SYSTEM, 65535, 2), -EINVAL);
    CHECK_EQUAL(KCALL3(ioports_create, ROOT_SYSTEM, 0, 0), -EINVAL);
    long space = space_create(ROOT_QUOTA);
    CHECK_EQUAL(KCALL2(space_add_ioports, space, ports), 0);
    handle_close((handle_t)space);
    handle_close((handle_t)ports);
}

static uint64_t kernel_clock(void)
{
    KCALL0(clock_get);
    return message_page->result[0];
}

static void clocks(void)
{
    uint64_t before = clock_monotonic(), last = before;
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t now = clock_monotonic();
        CHECK(now >= last);
        last = now;
    }
    CHECK(last > before && last <= kernel_clock());
    uint64_t offset = clock_realtime() - clock_monotonic();
    CHECK(clock_realtime() > 1600000000ull * 1000000000); // after 2020
    message_page->wide[0] = 1000;
    CHECK_EQUAL(KCALL1(clock_set, ROOT_SYSTEM), 0);
    KCALL0(clock_get);
    CHECK_EQUAL(message_page->result[1], 1000);
    message_page->wide[0] = offset;
    CHECK_EQUAL(KCALL1(clock_set, ROOT_SYSTEM), 0);
}

// The counter, read between two readings of the kernel's clock, gives a time between them.
static void clock_scale_gives_the_clock(void)
{
    CHECK_EQUAL(KCALL0(clock_scale), 0);
    uint64_t start = message_page->result[0], multiplier = message_page->result[1];
    unsigned shift = (unsigned)message_page->result[2];
    CHECK(multiplier > 0 && shift <= 32);
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t before = kernel_clock();
        uint64_t now = counter_scale(counter_read() - start, multiplier, shift);
        CHECK(before <= now && now <= kernel_clock());
    }
}

static void log_is_read_back(void)
{
    static const char text[] = "log_is_read_back: this line is part of the test\n";
    static char buffer[4096];
    CHECK_EQUAL(log_write(text, sizeof text - 1), (long)sizeof text - 1);
    CHECK_EQUAL(log_write((const char *)8, 10), -EFAULT);
    message_page->wide[0] = 0;
    bool found = false;
    for (unsigned i = 0; i < 64 && !found; i++) {
        long got = KCALL3(log_read, ROOT_SYSTEM, buffer, sizeof buffer - 1);
        CHECK(got >= 0);
        if (got == 0)
            break;
        buffer[got] = 0;
        found = strstr(buffer, "this line is part") != NULL;
        message_page->wide[0] = message_page->result[0];
    }
    CHECK(found);
}

static void power_checks(void) { CHECK_EQUAL(KCALL3(system_power, ROOT_SYSTEM, 17, 0), -EINVAL); }

static void allocations_fail_when_told(void)
{
    CHECK_EQUAL(KCALL2(system_fail, ROOT_SYSTEM, 1ul << 31), -EINVAL);
    CHECK_EQUAL(KCALL2(system_fail, ROOT_SYSTEM, 1), 0);
    CHECK_EQUAL(port_create(ROOT_QUOTA), -ENOMEM);
    CHECK_EQUAL(KCALL2(system_fail, ROOT_SYSTEM, 1000), 0);
    CHECK_EQUAL(handle_close((handle_t)port_create(ROOT_QUOTA)), 0);
    long left = KCALL2(system_fail, ROOT_SYSTEM, 0);
    CHECK(left > 0 && left < 1000);
    CHECK_EQUAL(handle_close((handle_t)port_create(ROOT_QUOTA)), 0);
}

static void boot_page_is_filled(void)
{
    static struct boot_page page;
    CHECK_EQUAL(memory_read(ROOT_BOOT, 0, &page, sizeof page), (long)sizeof page);
    CHECK(page.archive_bytes > 1000 && page.memory_bytes > 32u << 20);
    CHECK(page.irq_lines > 0 && page.clock_frequency > 0);
    char magic[6];
    CHECK_EQUAL(memory_read(ROOT_ARCHIVE, 0, magic, 6), 6);
    CHECK(memcmp(magic, "07070", 5) == 0);
}

// Of each type one more, and all of it back afterwards.
static void objects_are_counted(void)
{
    uint64_t before[8], during[8], after[8];
    CHECK_EQUAL(KCALL2(system_info, ROOT_SYSTEM, 2), -EINVAL);
    CHECK_EQUAL(KCALL2(system_info, ROOT_SYSTEM, 1), 0);
    memcpy(before, message_page->result, sizeof before);
    handle_t made[] = {
        (handle_t)port_create(ROOT_QUOTA),
        (handle_t)space_create(ROOT_QUOTA),
        (handle_t)memory_create(ROOT_QUOTA, PAGE_SIZE, 0, 0),
        (handle_t)call_create(ROOT_QUOTA),
        (handle_t)routes_create(ROOT_QUOTA, 10),
        (handle_t)KCALL3(quota_create, ROOT_QUOTA, 10, 10),
    };
    static const char page[] = "a page";
    CHECK_EQUAL(memory_write(made[2], 0, page, sizeof page), sizeof page);
    CHECK_EQUAL(KCALL2(system_info, ROOT_SYSTEM, 1), 0);
    memcpy(during, message_page->result, sizeof during);
    for (unsigned i = 0; i < sizeof made / sizeof made[0]; i++)
        CHECK_EQUAL(handle_close(made[i]), 0);
    CHECK_EQUAL(KCALL2(system_info, ROOT_SYSTEM, 1), 0);
    memcpy(after, message_page->result, sizeof after);
    CHECK(during[0] > before[0]);
    for (unsigned i = 0; i < 8; i++) {
        if (i > 0)
            CHECK_EQUAL(during[i], before[i] + (i < 7));
        CHECK_EQUAL(after[i], before[i]);
    }
}

const struct test machine_tests[] = {
    { "machine/quotas_nest", quotas_nest },
    { "machine/interrupts", interrupts },
    { "machine/io_ports", io_ports },
    { "machine/clocks", clocks },
    { "machine/allocations_fail_when_told", allocations_fail_when_told },
    { "machine/clock_scale_gives_the_clock", clock_scale_gives_the_clock },
    { "machine/log_is_read_back", log_is_read_back },
    { "machine/power_checks", power_checks },
    { "machine/boot_page_is_filled", boot_page_is_filled },
    { "machine/objects_are_counted", objects_are_counted },
    { 0 },
};

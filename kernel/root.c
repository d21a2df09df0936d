// SPDX-License-Identifier: MIT
// The first task: boot/root of the initial archive, in a space of its own, with handles to everything. From
// here on the kernel only answers.
#include <arch/cpu.h>
#include <boot.h>
#include <errno.h>
#include <frame.h>
#include <handle.h>
#include <irq.h>
#include <log.h>
#include <memory.h>
#include <sched.h>
#include <space.h>
#include <string.h>
#include <task.h>

#define STACK_TOP 0x40000000ul
#define STACK_SIZE 0x10000ul
#define ROOT_PRIORITY 40u

// SplitMix64 (Steele et al., 2014): seed=N makes the whole system's entropy a function of N.
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

size_t boot_entropy(const struct boot_info *info, uint8_t *to, size_t length)
{
    char value[24];
    if (!boot_option(info, "seed", value, sizeof value))
        return arch_entropy(to, length);
    uint64_t state = strtoul(value, NULL, 0);
    for (size_t i = 0; i < length; i += sizeof state) {
        uint64_t word = next_random(&state);
        memcpy(to + i, &word, length - i < sizeof word ? length - i : sizeof word);
    }
    return length;
}

static void give(struct space *space, enum root_handle index, struct object *object)
{
    if (handle_insert_at(space, index, object, RIGHT_ALL) < 0)
        panic("no memory for the first task's handles");
}

// A memory object with a copy of a range of physical memory, or of nothing at all.
static struct memory *copy_object(struct boot_range range)
{
    uint64_t size = range.end - range.start;
    struct memory *memory = memory_create(&machine_quota, size ? size : PAGE_SIZE, 0, NULL, 0);
    if (!memory)
        panic("no memory for the device tree's object");
    char buffer[512];
    for (uint64_t at = 0; at < size;) {
        size_t part = size - at < sizeof buffer ? (size_t)(size - at) : sizeof buffer;
        physical_read(buffer, range.start + at, part);
        if (memory_copy_in(memory, at, buffer, part) != part)
            panic("no memory for the device tree's object");
        at += part;
    }
    return memory;
}

// The archive is used where it lies. A boot loader that does not align it is not supported.
static struct memory *archive_object(struct boot_range archive)
{
    if (archive.start & (PAGE_SIZE - 1))
        panic("the initial archive does not start on a page");
    uint64_t size = (archive.end - archive.start + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    struct memory *memory = memory_physical(&machine_quota, archive.start, size, 0);
    if (!memory)
        panic("no memory for the archive's object");
    return memory;
}

static struct memory *boot_object(const struct boot_info *info)
{
    static struct boot_page page; // too large for the stack
    page.archive_bytes = info->archive.end - info->archive.start;
    page.devices_bytes = info->devices.end - info->devices.start;
    for (unsigned i = 0; i < info->memory_count; i++)
        page.memory_bytes += info->memory[i].end - info->memory[i].start;
    page.clock_frequency = arch_clock_frequency();
    page.timer_frequency = arch_clock_frequency();
    page.entropy_bytes = (uint32_t)boot_entropy(info, page.entropy, sizeof page.entropy);
    page.irq_lines = arch_irq_lines();
    strlcpy(page.cpu_model, info->cpu_model ? info->cpu_model : ARCH_NAME, sizeof page.cpu_model);
    strlcpy(page.command_line, info->command_line ? info->command_line : "", sizeof page.command_line);
    struct memory *memory = memory_create(&machine_quota, sizeof page, 0, NULL, 0);
    if (!memory || memory_copy_in(memory, 0, &page, sizeof page) != sizeof page)
        panic("no memory for the boot page");
    memset(&page, 0, sizeof page);
    return memory;
}

static struct task *create_task(struct space *space, unsigned long entry)
{
    unsigned flags = PROT_READ_BIT | PROT_WRITE_BIT | MAP_FIXED_BIT | MAP_NOREPLACE_BIT;
    long mapped = space_map(space, STACK_TOP - STACK_SIZE, STACK_SIZE, flags, NULL, 0, 0, 0);
    int error = (int)mapped;
    struct task *task = IS_ERROR(mapped) ? NULL : task_create(space, &machine_quota, NULL, 0, &error);
    if (!task)
        panic("the first task cannot be made: error %d", error);
    arch_task_init(task, entry, STACK_TOP, 0);
    error = (int)task_set_message_page(task, ROOT_MESSAGE_PAGE);
    if (error)
        panic("the first task cannot have a message page: error %d", error);
    sched_set(task, SCHEDULE_FIXED, ROOT_PRIORITY);
    return task;
}

void root_start(const struct boot_info *info)
{
    struct archive_member member;
    if (info->archive.end == info->archive.start)
        panic("no initial archive: nothing to run");
    if (!archive_find(info->archive, "boot/root", &member))
        panic("no boot/root in the initial archive");
    struct space *space = space_create(&machine_quota);
    if (!space)
        panic("no memory for the first space");
    struct task *task = create_task(space, elf_load(space, &member));
    struct memory *archive = archive_object(info->archive);
    struct memory *boot = boot_object(info);
    struct memory *devices = copy_object(info->devices);
    give(space, ROOT_SPACE, &space->object);
    give(space, ROOT_TASK, &task->object);
    give(space, ROOT_QUOTA, &machine_quota.object);
    give(space, ROOT_SYSTEM, &system_object);
    give(space, ROOT_ARCHIVE, &archive->object);
    give(space, ROOT_BOOT, &boot->object);
    give(space, ROOT_DEVICES, &devices->object);
    object_put(&archive->object);
    object_put(&boot->object);
    object_put(&devices->object);
    first_task = task;
    task_start(task);
}

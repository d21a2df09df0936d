// SPDX-License-Identifier: MIT
// A plugin of QEMU that counts how often each instruction of the guest runs, for scripts/pando/counts.py.
// Arguments: out=FILE, and begin=ADDRESS:BYTES end=ADDRESS:BYTES (hexadecimal), what stands where a section
// begins and ends. Each section goes to FILE as a line "section" and one line "ADDRESS PAGE BYTES COUNT" for each
// instruction that ran; PAGE tells apart what spaces have at the same address. With data=1 the line goes on with some
// addresses of memory that the instruction read or wrote. Without begin=, the whole run is one section. QEMU calls us
// from the one thread that runs the guest's one CPU.
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What we use of QEMU's plugin interface, version 1 (documented in QEMU's "TCG Plugins").
struct qemu_plugin_tb;
struct qemu_plugin_insn;
#define COUNT_INLINE 0 // QEMU_PLUGIN_INLINE_ADD_U64
#define NO_REGISTERS 0 // QEMU_PLUGIN_CB_NO_REGS
#define READS_WRITES 3 // QEMU_PLUGIN_MEM_RW
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*callback)(uint64_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, void (*callback)(unsigned, void *),
                                            int flags, void *argument);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int operation, void *counter,
                                                uint64_t step);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
                                      void (*callback)(unsigned, uint32_t, uint64_t, void *), int flags,
                                      int accesses, void *argument);
void qemu_plugin_register_atexit_cb(uint64_t id, void (*callback)(uint64_t, void *), void *argument);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);

#define EXPORT __attribute__((visibility("default")))
extern int qemu_plugin_version;
EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

#define MAX_BYTES 15
#define MAX_DATA 8
#define BUCKETS 65536u

// One instruction at one place of the guest's memory. Never freed: QEMU's code counts in it.
struct instruction {
    struct instruction *next; // of its bucket
    uint64_t address, place;  // place: where QEMU keeps the guest's memory
    uint64_t count, before;   // before: at the section's begin
    uint64_t data[MAX_DATA];  // of this section: the first addresses it touched, each once
    uint8_t data_count;
    uint8_t size, bytes[MAX_BYTES];
};

struct marker {
    bool set;
    uint64_t address;
    size_t size;
    uint8_t bytes[MAX_BYTES];
};

static struct instruction *buckets[BUCKETS];
static struct marker begin_marker, end_marker;
static FILE *out;
static bool with_data;

static struct instruction *find(const struct qemu_plugin_insn *insn)
{
    uint64_t address = qemu_plugin_insn_vaddr(insn);
    uint64_t place = (uint64_t)(uintptr_t)qemu_plugin_insn_haddr(insn);
    size_t size = qemu_plugin_insn_size(insn);
    if (size > MAX_BYTES)
        size = MAX_BYTES;
    struct instruction **bucket = &buckets[(address >> 1 ^ place >> 12) % BUCKETS];
    for (struct instruction *found = *bucket; found; found = found->next)
        if (found->address == address && found->place == place && found->size == size &&
            memcmp(found->bytes, qemu_plugin_insn_data(insn), size) == 0)
            return found;
    struct instruction *made = calloc(1, sizeof(*made));
    if (!made)
        abort();
    made->next = *bucket;
    made->address = address;
    made->place = place;
    made->size = (uint8_t)size;
    memcpy(made->bytes, qemu_plugin_insn_data(insn), size);
    *bucket = made;
    return made;
}

static void begin_section(unsigned cpu, void *argument)
{
    (void)cpu, (void)argument;
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct instruction *it = buckets[i]; it; it = it->next)
            it->before = it->count, it->data_count = 0;
}

static void note_data(unsigned cpu, uint32_t access, uint64_t address, void *argument)
{
    (void)cpu, (void)access;
    struct instruction *it = argument;
    for (unsigned i = 0; i < it->data_count; i++)
        if (it->data[i] == address)
            return;
    if (it->data_count < MAX_DATA)
        it->data[it->data_count++] = address;
}

static void write_line(const struct instruction *it)
{
    fprintf(out, "%" PRIx64 " %" PRIx64 " ", it->address, it->place >> 12);
    for (unsigned byte = 0; byte < it->size; byte++)
        fprintf(out, "%02x", it->bytes[byte]);
    fprintf(out, " %" PRIu64, it->count - it->before);
    for (unsigned i = 0; i < it->data_count; i++)
        fprintf(out, " %" PRIx64, it->data[i]);
    fprintf(out, "\n");
}

static void end_section(unsigned cpu, void *argument)
{
    (void)cpu, (void)argument;
    fprintf(out, "section\n");
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct instruction *it = buckets[i]; it; it = it->next)
            if (it->count != it->before)
                write_line(it);
    fflush(out);
}

static bool is_at(const struct marker *marker, const struct instruction *it)
{
    return marker->set && marker->address == it->address && marker->size >= it->size &&
           memcmp(marker->bytes, it->bytes, it->size) == 0;
}

static void on_translate(uint64_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        struct instruction *it = find(insn);
        if (is_at(&begin_marker, it))
            qemu_plugin_register_vcpu_insn_exec_cb(insn, begin_section, NO_REGISTERS, NULL);
        else if (is_at(&end_marker, it))
            qemu_plugin_register_vcpu_insn_exec_cb(insn, end_section, NO_REGISTERS, NULL);
        qemu_plugin_register_vcpu_insn_exec_inline(insn, COUNT_INLINE, &it->count, 1);
        if (with_data)
            qemu_plugin_register_vcpu_mem_cb(insn, note_data, NO_REGISTERS, READS_WRITES, it);
    }
}

static void on_end(uint64_t id, void *argument)
{
    (void)id;
    if (!begin_marker.set)
        end_section(0, argument);
}

static void set_marker(struct marker *marker, const char *text)
{
    char *at;
    marker->address = strtoull(text, &at, 16);
    unsigned byte;
    for (at++; marker->size < MAX_BYTES && sscanf(at, "%2x", &byte) == 1; at += 2)
        marker->bytes[marker->size++] = (uint8_t)byte;
    marker->set = true;
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0)
            out = fopen(argv[i] + 4, "w");
        else if (strncmp(argv[i], "begin=", 6) == 0)
            set_marker(&begin_marker, argv[i] + 6);
        else if (strncmp(argv[i], "end=", 4) == 0)
            set_marker(&end_marker, argv[i] + 4);
        else if (strcmp(argv[i], "data=1") == 0)
            with_data = true;
    }
    if (!out)
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_end, NULL);
    return 0;
}

// SPDX-License-Identifier: MIT
// i386: /proc/cpuinfo from the CPUID instruction (Intel SDM volume 2, CPUID), with Linux's names.
#include <cpuinfo.h>
#include <printf.h>
#include <stdint.h>
#include <string.h>

struct registers {
    uint32_t a, b, c, d;
};

static struct registers cpuid(uint32_t leaf)
{
    struct registers r;
    __asm__("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(0));
    return r;
}

static void model_name(char name[49])
{
    strlcpy(name, "unknown", 49);
    if (cpuid(0x80000000u).a < 0x80000004u)
        return;
    for (uint32_t i = 0; i < 3; i++) {
        struct registers r = cpuid(0x80000002u + i);
        memcpy(name + 16 * i, &r, 16);
    }
    name[48] = '\0';
}

static size_t feature_names(char *to, size_t size, uint32_t edx, uint32_t ecx)
{
    static const char *const low[32] = { "fpu",     "vme",        "de",   "pse",  "tsc",        "msr",
                                         "pae",     "mce",        "cx8",  "apic", [11] = "sep", "mtrr",
                                         "pge",     "mca",        "cmov", "pat",  "pse36",      "pn",
                                         "clflush", [21] = "dts", "acpi", "mmx",  "fxsr",       "sse",
                                         "sse2",    "ss",         "ht" };
    static const char *const high[32] = { "pni",        "pclmulqdq",     [9] = "ssse3", [12] = "fma",
                                          "cx16",       [19] = "sse4_1", "sse4_2",      "x2apic",
                                          "movbe",      "popcnt",        [25] = "aes",  "xsave",
                                          [28] = "avx", "f16c",          "rdrand",      "hypervisor" };
    size_t length = 0;
    for (unsigned bit = 0; bit < 64 && length < size; bit++) {
        const char *name = bit < 32 ? low[bit] : high[bit - 32];
        uint32_t word = bit < 32 ? edx : ecx;
        if (name && (word >> (bit % 32) & 1))
            length += (size_t)snprintf(to + length, size - length, " %s", name);
    }
    return length;
}

void cpuinfo_text(char *to, size_t size)
{
    char vendor[13] = { 0 }, name[49], flags[512] = { 0 };
    struct registers id = cpuid(0), signature = cpuid(1);
    memcpy(vendor, &id.b, 4);
    memcpy(vendor + 4, &id.d, 4);
    memcpy(vendor + 8, &id.c, 4);
    model_name(name);
    feature_names(flags, sizeof flags, signature.d, signature.c);
    unsigned family = signature.a >> 8 & 15, model = signature.a >> 4 & 15;
    if (family == 6 || family == 15)
        model |= signature.a >> 12 & 0xf0;
    if (family == 15)
        family += signature.a >> 20 & 0xff;
    snprintf(
        to, size,
        "processor\t: 0\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\nmodel name\t: %s\nstepping\t: %u\n"
        "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\nflags\t\t:%s\n\n",
        vendor, family, model, name, signature.a & 15, id.a, flags);
}

// SPDX-License-Identifier: MIT
// snprintf for kernel and servers; what it understands is listed in printf.h.
#include <printf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct output {
    char *to;
    size_t size;
    size_t length; // of the whole text, also what did not fit
};

struct spec {
    bool left, zero, plus, space, alternate, has_precision;
    int width, precision;
    int length; // bytes of the integer argument
    char conversion;
};

static void put(struct output *out, char c)
{
    if (out->length + 1 < out->size)
        out->to[out->length] = c;
    out->length++;
}

static void put_times(struct output *out, char c, int count)
{
    while (count-- > 0)
        put(out, c);
}

// Text with sign or base prefix, padded to the width; `zeroes` go between the two.
static void put_field(struct output *out, const struct spec *spec, const char *prefix, int zeroes,
                      const char *text, int length)
{
    int prefix_length = (int)strlen(prefix);
    int padding = spec->width - prefix_length - zeroes - length;
    if (!spec->left)
        put_times(out, ' ', padding);
    for (int i = 0; i < prefix_length; i++)
        put(out, prefix[i]);
    put_times(out, '0', zeroes);
    for (int i = 0; i < length; i++)
        put(out, text[i]);
    if (spec->left)
        put_times(out, ' ', padding);
}

// Digits of value, right-aligned in buffer[24]. -> where they start. 64-bit division is slow on 32-bit
// machines, so it is left as soon as the rest fits a word.
static char *digits(uint64_t value, unsigned base, bool upper, char *end)
{
    const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    for (; value > ~0ul; value /= base)
        *--end = set[value % base];
    for (unsigned long rest = (unsigned long)value; rest; rest /= base)
        *--end = set[rest % base];
    return end;
}

static void put_integer(struct output *out, const struct spec *spec, uint64_t value, bool negative)
{
    char buffer[24], *end = buffer + sizeof buffer;
    unsigned base = spec->conversion == 'o'                                     ? 8
                    : (spec->conversion | 32) == 'x' || spec->conversion == 'p' ? 16
                                                                                : 10;
    char *start = digits(value, base, spec->conversion == 'X', end);
    int length = (int)(end - start);
    const char *prefix = negative ? "-" : spec->plus ? "+" : spec->space ? " " : "";
    if (base == 16 && spec->alternate && value)
        prefix = spec->conversion == 'X' ? "0X" : "0x";
    int least = spec->has_precision ? spec->precision : 1;
    if (base == 8 && spec->alternate && least <= length)
        least = length + 1;
    if (!spec->has_precision && spec->zero && !spec->left)
        least = spec->width - (int)strlen(prefix) > least ? spec->width - (int)strlen(prefix) : least;
    put_field(out, spec, prefix, least > length ? least - length : 0, start, length);
}

static const char *parse_flags(const char *format, struct spec *spec)
{
    for (;; format++) {
        switch (*format) {
        case '-': spec->left = true; break;
        case '0': spec->zero = true; break;
        case '+': spec->plus = true; break;
        case ' ': spec->space = true; break;
        case '#': spec->alternate = true; break;
        default: return format;
        }
    }
}

static const char *parse_number(const char *format, int *number, va_list *args)
{
    *number = 0;
    if (*format == '*') {
        *number = va_arg(*args, int);
        return format + 1;
    }
    for (; *format >= '0' && *format <= '9'; format++)
        *number = *number * 10 + (*format - '0');
    return format;
}

static const char *parse_length(const char *format, struct spec *spec)
{
    spec->length = sizeof(int);
    switch (*format) {
    case 'h': spec->length = format[1] == 'h' ? 1 : 2; return format + (format[1] == 'h' ? 2 : 1);
    case 'l':
        spec->length = format[1] == 'l' ? sizeof(long long) : sizeof(long);
        return format + (format[1] == 'l' ? 2 : 1);
    case 'z':
    case 't': spec->length = sizeof(size_t); return format + 1;
    case 'j': spec->length = sizeof(uint64_t); return format + 1;
    }
    return format;
}

static const char *parse_spec(const char *format, struct spec *spec, va_list *args)
{
    memset(spec, 0, sizeof *spec);
    format = parse_flags(format, spec);
    format = parse_number(format, &spec->width, args);
    if (spec->width < 0) {
        spec->left = true;
        spec->width = -spec->width;
    }
    if (*format == '.') {
        format = parse_number(format + 1, &spec->precision, args);
        spec->has_precision = spec->precision >= 0;
    }
    format = parse_length(format, spec);
    spec->conversion = *format;
    return *format ? format + 1 : format;
}

static void put_signed(struct output *out, const struct spec *spec, va_list *args)
{
    int64_t value = spec->length == 8 ? va_arg(*args, int64_t) : va_arg(*args, int);
    if (spec->length == 1)
        value = (value & 0x7f) - (value & 0x80);
    if (spec->length == 2)
        value = (short)value;
    put_integer(out, spec, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0);
}

static void put_unsigned(struct output *out, struct spec *spec, va_list *args)
{
    uint64_t value = spec->length == 8 ? va_arg(*args, uint64_t) : va_arg(*args, unsigned);
    if (spec->length < 4)
        value &= (1u << 8 * spec->length) - 1;
    spec->plus = spec->space = false;
    put_integer(out, spec, value, false);
}

static void put_string(struct output *out, const struct spec *spec, const char *text)
{
    if (!text)
        text = "(null)";
    size_t length = spec->has_precision ? strnlen(text, spec->precision) : strlen(text);
    put_field(out, spec, "", 0, text, (int)length);
}

static void put_conversion(struct output *out, struct spec *spec, va_list *args)
{
    char c;
    switch (spec->conversion) {
    case 'd':
    case 'i': put_signed(out, spec, args); break;
    case 'u':
    case 'o':
    case 'x':
    case 'X': put_unsigned(out, spec, args); break;
    case 'p':
        spec->alternate = true;
        put_integer(out, spec, (uintptr_t)va_arg(*args, void *), false);
        break;
    case 'c':
        c = (char)va_arg(*args, int);
        put_field(out, spec, "", 0, &c, 1);
        break;
    case 's': put_string(out, spec, va_arg(*args, const char *)); break;
    case 0: break;
    default: put(out, spec->conversion); break; // %% and what nobody writes
    }
}

int vsnprintf(char *to, size_t size, const char *format, va_list list)
{
    struct output out = { .to = to, .size = size };
    va_list args;
    va_copy(args, list);
    while (*format) {
        struct spec spec;
        if (*format != '%') {
            put(&out, *format++);
            continue;
        }
        format = parse_spec(format + 1, &spec, &args);
        put_conversion(&out, &spec, &args);
    }
    va_end(args);
    if (size)
        to[out.length < size ? out.length : size - 1] = 0;
    return (int)out.length;
}

int snprintf(char *to, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(to, size, format, args);
    va_end(args);
    return length;
}

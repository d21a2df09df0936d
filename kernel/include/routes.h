// SPDX-License-Identifier: MIT
// Trap routes: a shared, reference-counted table from trap number to port, set by the tasks' owner. It is the
// system's exec domain: another personality, another table.
#pragma once

#include <abi/object.h>
#include <object.h>

struct port;

// NONE answers -ENOSYS; CLOCK and EXCHANGE are PORT for what the kernel cannot answer (answer.c).
enum route_kind { ROUTE_NONE, ROUTE_PORT, ROUTE_CONSTANT, ROUTE_YIELD, ROUTE_CLOCK, ROUTE_EXCHANGE };

#define CARRY_SHIFT 12

struct route {
    struct port *port; // reference
    uint8_t kind;      // enum route_kind
    uint8_t slot;      // label slot, or index of the constant
    union {
        struct {
            uint16_t monotonic, wall; // CLOCK: bit i: first argument i asks for this clock
        };
        uint16_t exchange; // EXCHANGE: index into the routes' exchanges
    };
    uint16_t
        carry; // PORT, EXCHANGE: bytes that the message brings along | argument that points to them << CARRY_SHIFT
};

#define ROUTE_EXCHANGES 4

// See routes_exchange in abi/call.h.
struct exchange {
    uint8_t slot; // of struct task.lent
    uint8_t kind; // enum exchange_kind
    union {
        uint8_t records; // how many there are
        uint8_t word;    // EXCHANGE_WORD: which
    };
    uint8_t words;
    unsigned long length;
    union {
        unsigned long least;
        unsigned long constant; // EXCHANGE_WORD
    };
    unsigned long allowed[EXCHANGE_WORDS];
};

struct routes {
    struct object object;
    struct quota *quota;
    unsigned exchange_count;
    struct exchange exchanges[ROUTE_EXCHANGES];
    unsigned long count;
    struct route entries[];
};

long routes_set(struct routes *routes, unsigned long number, struct port *port, unsigned slot);
long routes_set_constant(struct routes *routes, unsigned long number, unsigned index);
long routes_set_yield(struct routes *routes, unsigned long number);
long routes_set_clock(struct routes *routes, unsigned long number, unsigned long monotonic,
                      unsigned long wall);
long routes_set_carry(struct routes *routes, unsigned long number, unsigned long argument,
                      unsigned long length);
long routes_set_exchange(struct routes *routes, unsigned long number, const struct exchange *exchange);
struct routes *routes_create(struct quota *quota, unsigned long count);
void routes_destroy(struct object *object);

static inline const struct route *routes_find(const struct routes *routes, unsigned long number)
{
    static const struct route none = { .kind = ROUTE_NONE };
    return number < routes->count ? &routes->entries[number] : &none;
}

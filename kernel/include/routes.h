// SPDX-License-Identifier: MIT
// Trap routes: a shared, reference-counted table from trap number to port, set by the tasks' owner. It is the
// system's exec domain: another personality, another table.
#pragma once

#include <object.h>

struct port;

enum route_kind { ROUTE_NONE, ROUTE_PORT, ROUTE_CONSTANT, ROUTE_YIELD }; // NONE answers -ENOSYS

struct route {
    struct port *port; // reference
    uint8_t kind;
    uint8_t slot; // label slot, or index of the constant
};

struct routes {
    struct object object;
    struct quota *quota;
    unsigned long count;
    struct route entries[];
};

long routes_set(struct routes *routes, unsigned long number, struct port *port, unsigned slot);
long routes_set_constant(struct routes *routes, unsigned long number, unsigned index);
long routes_set_yield(struct routes *routes, unsigned long number);
struct routes *routes_create(struct quota *quota, unsigned long count);
void routes_destroy(struct object *object);

static inline const struct route *routes_find(const struct routes *routes, unsigned long number)
{
    static const struct route none = { .kind = ROUTE_NONE };
    return number < routes->count ? &routes->entries[number] : &none;
}

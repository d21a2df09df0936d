// SPDX-License-Identifier: MIT
// Trap routes: tables from trap number to port, shared by the tasks of one personality.
#include <abi/object.h>
#include <errno.h>
#include <frame.h>
#include <port.h>
#include <routes.h>

static size_t routes_size(unsigned long count)
{
    return sizeof(struct routes) + count * sizeof(struct route);
}

struct routes *routes_create(struct quota *quota, unsigned long count)
{
    struct routes *routes = kmalloc(quota, routes_size(count));
    if (!routes)
        return NULL;
    object_init(&routes->object, HANDLE_ROUTES);
    object_get(&quota->object);
    routes->quota = quota;
    routes->count = count;
    return routes;
}

static void replace(struct route *route, struct route with)
{
    struct port *old = route->port;
    if (with.port)
        object_get(&with.port->object);
    *route = with;
    if (old)
        object_put(&old->object);
}

// port NULL: no route.
long routes_set(struct routes *routes, unsigned long number, struct port *port, unsigned slot)
{
    if (number >= routes->count || slot >= TASK_LABELS)
        return -EINVAL;
    replace(&routes->entries[number],
            (struct route){ .port = port, .kind = port ? ROUTE_PORT : ROUTE_NONE, .slot = (uint8_t)slot });
    return 0;
}

long routes_set_constant(struct routes *routes, unsigned long number, unsigned index)
{
    if (number >= routes->count || index >= TASK_CONSTANTS)
        return -EINVAL;
    replace(&routes->entries[number], (struct route){ .kind = ROUTE_CONSTANT, .slot = (uint8_t)index });
    return 0;
}

long routes_set_yield(struct routes *routes, unsigned long number)
{
    if (number >= routes->count)
        return -EINVAL;
    replace(&routes->entries[number], (struct route){ .kind = ROUTE_YIELD });
    return 0;
}

// On top of the number's port.
long routes_set_clock(struct routes *routes, unsigned long number, unsigned long monotonic,
                      unsigned long wall)
{
    if (number >= routes->count || (monotonic | wall) > UINT16_MAX || (monotonic & wall))
        return -EINVAL;
    struct route *route = &routes->entries[number];
    if (route->kind != ROUTE_PORT && route->kind != ROUTE_CLOCK)
        return -EINVAL;
    route->kind = monotonic | wall ? ROUTE_CLOCK : ROUTE_PORT;
    route->monotonic = (uint16_t)monotonic;
    route->wall = (uint16_t)wall;
    return 0;
}

_Static_assert(MESSAGE_CARRIED < 1u << CARRY_SHIFT && MESSAGE_WORDS < 8, "struct route.carry");

long routes_set_carry(struct routes *routes, unsigned long number, unsigned long argument,
                      unsigned long length)
{
    if (number >= routes->count || argument > MESSAGE_WORDS || length > MESSAGE_CARRIED)
        return -EINVAL;
    struct route *route = &routes->entries[number];
    if (route->kind != ROUTE_PORT && route->kind != ROUTE_EXCHANGE)
        return -EINVAL;
    route->carry = length ? (uint16_t)(length | argument << CARRY_SHIFT) : 0;
    return 0;
}

// On top of the number's port, for good.
long routes_set_exchange(struct routes *routes, unsigned long number, const struct exchange *exchange)
{
    if (number >= routes->count || routes->entries[number].kind != ROUTE_PORT)
        return -EINVAL;
    if (routes->exchange_count == ROUTE_EXCHANGES)
        return -ENOSPC;
    routes->entries[number].kind = ROUTE_EXCHANGE;
    routes->entries[number].exchange = (uint16_t)routes->exchange_count;
    routes->exchanges[routes->exchange_count++] = *exchange;
    return 0;
}

void routes_destroy(struct object *object)
{
    struct routes *routes = (struct routes *)object;
    struct quota *quota = routes->quota;
    for (unsigned long i = 0; i < routes->count; i++)
        replace(&routes->entries[i], (struct route){ .kind = ROUTE_NONE });
    kfree(quota, routes, routes_size(routes->count));
    object_put(&quota->object);
}

// SPDX-License-Identifier: MIT
// The console driver: a 16550 UART, interrupt driven. One unit; bytes only, the line discipline is vfs's.
// Holds nothing that a new instance needs: calls that wait here are queued again by the kernel.
#include <device_io.h>
#include <errno.h>
#include <protocol_device.h>
#include <server.h>
#include <string.h>

enum { // register offsets (16550 data sheet)
    DATA = 0,
    INTERRUPT_ENABLE = 1,
    FIFO_CONTROL = 2,
    LINE_CONTROL = 3,
    MODEM_CONTROL = 4,
    LINE_STATUS = 5,
};
#define ENABLE_RECEIVED 0x01
#define ENABLE_TRANSMIT_EMPTY 0x02
#define STATUS_DATA_READY 0x01
#define STATUS_TRANSMIT_EMPTY 0x20
#define STATUS_IDLE 0x40
#define TRANSMIT_FIFO 16
#define INTERRUPT_BIT 1ul

// Byte rings: head and tail count bytes ever put and taken; their difference is what is inside.
#define RING 8192u
struct ring {
    unsigned head, tail;
    uint8_t bytes[RING];
};

// A call that cannot be answered yet.
struct parked {
    token_t token; // 0: none
    struct window window;
};

static struct device_io uart;
static handle_t irq;
static struct ring input, output;
static struct parked reader, writer, drainer;

static unsigned ring_used(const struct ring *ring) { return ring->head - ring->tail; }

static void answer(struct parked *parked, long value)
{
    token_t token = parked->token;
    parked->token = 0;
    reply_value(token, value);
}

// Moves bytes to the UART as long as it takes them; its interrupt says when it takes more.
static void transmit(void)
{
    while (ring_used(&output) && (io_read8(&uart, LINE_STATUS) & STATUS_TRANSMIT_EMPTY))
        for (int i = 0; i < TRANSMIT_FIFO && ring_used(&output); i++)
            io_write8(&uart, DATA, output.bytes[output.tail++ % RING]);
    bool waiting = ring_used(&output) || drainer.token;
    io_write8(&uart, INTERRUPT_ENABLE, ENABLE_RECEIVED | (waiting ? ENABLE_TRANSMIT_EMPTY : 0));
    if (drainer.token && !ring_used(&output) && (io_read8(&uart, LINE_STATUS) & STATUS_IDLE)) {
        answer(&drainer, 0);
        io_write8(&uart, INTERRUPT_ENABLE, ENABLE_RECEIVED);
    }
}

// Takes what the writer lent, as much as fits. -> bytes, 0 if the ring is full, or an error
static long take_output(token_t token, const struct window *window)
{
    unsigned room = RING - ring_used(&output), at = output.head % RING;
    size_t length = window->length < room ? window->length : room;
    if (length > RING - at)
        length = RING - at;
    if (length == 0)
        return 0;
    long taken = copy_in(token, 0, output.bytes + at, window->base, length);
    if (taken > 0)
        output.head += (unsigned)taken;
    return taken;
}

static void serve_writer(void)
{
    if (!writer.token)
        return;
    long taken = take_output(writer.token, &writer.window);
    if (taken != 0)
        answer(&writer, taken);
    transmit();
}

static void serve_reader(void)
{
    if (!reader.token || !ring_used(&input))
        return;
    unsigned at = input.tail % RING;
    size_t length = ring_used(&input) < reader.window.length ? ring_used(&input) : reader.window.length;
    if (length > RING - at)
        length = RING - at;
    long given = copy_out(reader.token, 0, input.bytes + at, reader.window.base, length);
    if (given > 0)
        input.tail += (unsigned)given;
    answer(&reader, given);
}

// Input that finds the ring full is lost, as on any UART without flow control.
static void receive_bytes(void)
{
    while (io_read8(&uart, LINE_STATUS) & STATUS_DATA_READY) {
        uint8_t byte = io_read8(&uart, DATA);
        if (ring_used(&input) < RING)
            input.bytes[input.head++ % RING] = byte;
    }
}

static void on_interrupt(const struct message *message)
{
    receive_bytes();
    transmit();
    serve_writer();
    serve_reader();
    irq_ack(irq);
}

static void park(struct parked *parked, token_t token, const struct window *window)
{
    if (parked->token) {
        reply_value(token, -EBUSY);
        return;
    }
    *parked = (struct parked){ token, *window };
}

static void on_call(const struct message *message)
{
    static const char name[] = "console";
    if (message->args[0] != 0) {
        reply_value(message->token, -ENODEV);
        return;
    }
    switch (message->number) {
    case DEVICE_INFO: {
        size_t size = message->writable.length < sizeof(name) ? message->writable.length : sizeof(name);
        long copied = copy_out(message->token, 0, name, message->writable.base, size);
        reply_value(message->token, copied < 0 ? copied : 0);
        break;
    }
    case DEVICE_READ:
        park(&reader, message->token, &message->writable);
        serve_reader();
        break;
    case DEVICE_WRITE:
        park(&writer, message->token, &message->readable);
        serve_writer();
        break;
    case DEVICE_DRAIN:
        park(&drainer, message->token, &message->readable);
        transmit();
        break;
    case DEVICE_SIZE:
        reply_value(message->token, 0); // args are 0: unknown
        break;
    default: reply_value(message->token, -ENOSYS);
    }
}

static struct parked *find_parked(token_t token)
{
    struct parked *const all[] = { &reader, &writer, &drainer };
    for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (token && all[i]->token == token)
            return all[i];
    return NULL;
}

static void on_cancel(const struct message *message)
{
    struct parked *parked = find_parked(message->token);
    if (parked)
        answer(parked, -EINTR);
}

static void on_ended(const struct message *message)
{
    struct parked *parked = find_parked(message->token);
    if (parked)
        parked->token = 0;
}

// -> 0 or an error: there is no UART, or its registers cannot be mapped
static int find_uart(void)
{
    irq = start_handle("irq0");
    uart.ports = start_handle("ioports0") != 0;
    uart.base = start_value("ioports0");
    handle_t registers = start_handle("mmio0");
    if (!irq || (!uart.ports && !registers))
        return -ENODEV;
    if (uart.ports)
        return 0;
    long address =
        space_map(self_space, 0xA0000000ul, PAGE_SIZE,
                  PROT_READ_BIT | PROT_WRITE_BIT | MAP_SHARED_BIT | MAP_BELOW_BIT, registers, 0, 0, 0);
    if (IS_ERROR(address))
        return (int)address;
    uart.base = (unsigned long)address + (start_value("mmio0") & ~PAGE_MASK);
    return 0;
}

static void start_uart(void)
{
    io_write8(&uart, INTERRUPT_ENABLE, 0);
    io_write8(&uart, LINE_CONTROL, 0x03);  // 8 bits, no parity, 1 stop bit
    io_write8(&uart, FIFO_CONTROL, 0x07);  // on, both emptied, interrupt at the first byte
    io_write8(&uart, MODEM_CONTROL, 0x0b); // DTR, RTS, and OUT2, which lets interrupts through
    irq_bind(irq, self_port, INTERRUPT_BIT);
    irq_ack(irq); // an instance before this one may have left it masked
    io_write8(&uart, INTERRUPT_ENABLE, ENABLE_RECEIVED);
}

static void no_device(const struct message *message) { reply_value(message->token, -ENODEV); }

int main(void)
{
    static const struct server_handlers handlers = {
        .call = on_call, .cancelled = on_cancel, .ended = on_ended, .notified = on_interrupt
    };
    static const struct server_handlers absent = { .call = no_device };
    int error = find_uart();
    if (error < 0) {
        print("console: no UART: error %d\n", -error);
        server_loop(&absent);
    }
    start_uart();
    server_loop(&handlers);
}

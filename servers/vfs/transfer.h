// SPDX-License-Identifier: MIT
// Where the bytes of a read go or those of a write come from: the vector of a caller's memory, or vfs's own. A
// transfer can be copied while a call is parked.
#pragma once

#include <abi/message.h>
#include <linux/uio.h>
#include <stdbool.h>
#include <stddef.h>

struct client;

struct transfer {
    struct client *caller; // whose memory it is; NULL: own memory
    struct linux_iovec one;
    struct linux_iovec *many; // owned; NULL: `one` alone
    unsigned count, index;    // parts, current part
    unsigned long within;     // bytes done of the current part
    size_t left, done;
    bool expired;   // the read's time is up: it takes what is there
    unsigned flags; // sockets: MSG_*
    bool started;   // device drivers: bytes are under way
};

void transfer_init(struct transfer *transfer, struct client *caller, unsigned long base, size_t length);
void transfer_local(struct transfer *transfer, void *base, size_t length);
// A vector in the caller's memory. -> 0, -EINVAL, -EFAULT, -ENOMEM
int transfer_vector(struct transfer *transfer, struct client *caller, unsigned long vector,
                    unsigned long count);
void transfer_free(struct transfer *transfer);
static inline void transfer_release(struct transfer *transfer)
{
    if (transfer->many)
        transfer_free(transfer);
}

// Brings in the memory for the next length bytes of a read whose source cannot take back what is not copied. -> 0,
// -EFAULT: no frames for it (caller->starved); memory that does not exist shows at the copy
long transfer_prepare(struct transfer *transfer, size_t length);
// Moves up to length bytes and advances. -> bytes (0 only if length or transfer->left is 0), -EFAULT if none; short, or
// none, for lack of frames: caller->starved
long transfer_out(struct transfer *transfer, const void *from, size_t length);
long transfer_in(struct transfer *transfer, void *to, size_t length);
long transfer_zero(struct transfer *transfer, size_t length);
// The same with a memory object. Errors also -ENOMEM: no frame for the object.
long transfer_object(struct transfer *transfer, handle_t memory, uint64_t offset, size_t length,
                     bool to_object);

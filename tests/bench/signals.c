// SPDX-License-Identifier: MIT
// Signals.
#include "bench.h"

#include <signal.h>
#include <unistd.h>

static volatile int seen;

static void on_signal(int signal) { seen = signal; }

static void install(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    must(sigaction(SIGUSR1, &action, NULL) == 0, "sigaction");
}

static void signal_self(void) { kill(getpid(), SIGUSR1); }

const struct operation signal_operations[] = {
    { "sigaction", NULL, install, NULL, 100 },
    { "signal-self", install, signal_self, NULL, 50 },
    { NULL, NULL, NULL, NULL, 0 },
};

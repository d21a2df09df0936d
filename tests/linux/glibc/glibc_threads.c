// SPDX-License-Identifier: MIT
// A static glibc program: eight threads share a bounded queue under mutexes and condition variables.
// Prints what does not depend on who ran when; linked with Debian's glibc, unlike the rest of this directory.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS 4
#define ITEMS 2000
#define ROOM 8

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t not_empty, not_full;
    int items[ROOM], first, count;
} queue = { .mutex = PTHREAD_MUTEX_INITIALIZER,
            .not_empty = PTHREAD_COND_INITIALIZER,
            .not_full = PTHREAD_COND_INITIALIZER };

static __thread long private_count;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static int initialised;

static void initialise(void) { initialised++; }

static void put(int item)
{
    pthread_mutex_lock(&queue.mutex);
    while (queue.count == ROOM)
        pthread_cond_wait(&queue.not_full, &queue.mutex);
    queue.items[(queue.first + queue.count++) % ROOM] = item;
    pthread_cond_signal(&queue.not_empty);
    pthread_mutex_unlock(&queue.mutex);
}

static int take(void)
{
    pthread_mutex_lock(&queue.mutex);
    while (queue.count == 0)
        pthread_cond_wait(&queue.not_empty, &queue.mutex);
    int item = queue.items[queue.first];
    queue.first = (queue.first + 1) % ROOM;
    queue.count--;
    pthread_cond_signal(&queue.not_full);
    pthread_mutex_unlock(&queue.mutex);
    return item;
}

static void *produce(void *unused)
{
    (void)unused;
    pthread_once(&once, initialise);
    pthread_barrier_wait(&barrier);
    for (int i = 1; i <= ITEMS; i++, private_count++)
        put(i);
    return (void *)private_count;
}

static void *consume(void *unused)
{
    long sum = 0;
    (void)unused;
    pthread_once(&once, initialise);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < ITEMS; i++) {
        char *block = malloc(64 + (size_t)i % 500);
        memset(block, i, 64);
        pthread_rwlock_rdlock(&lock);
        sum += take();
        pthread_rwlock_unlock(&lock);
        free(block);
    }
    return (void *)sum;
}

int main(void)
{
    pthread_t producers[PAIRS], consumers[PAIRS];
    long produced = 0, sum = 0;
    void *value;
    pthread_barrier_init(&barrier, NULL, 2 * PAIRS);
    for (int i = 0; i < PAIRS; i++) {
        pthread_create(&producers[i], NULL, produce, NULL);
        pthread_create(&consumers[i], NULL, consume, NULL);
    }
    for (int i = 0; i < PAIRS; i++) {
        pthread_join(producers[i], &value);
        produced += (long)value;
        pthread_join(consumers[i], &value);
        sum += (long)value;
    }
    printf("initialised %d, produced %ld, sum %ld, left %d\n", initialised, produced, sum, queue.count);
    return 0;
}

// SPDX-License-Identifier: MIT
// The freestanding part of <string.h>, for kernel and servers. Source: kernel/lib/string.c.
#pragma once

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *to, int byte, size_t length);
int memcmp(const void *a, const void *b, size_t length);
void *memchr(const void *s, int byte, size_t length);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t limit);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t limit);
char *strchr(const char *s, int byte);
char *strrchr(const char *s, int byte);
char *strstr(const char *s, const char *needle);
// Copies at most size - 1 bytes and always terminates. -> strlen(from)
size_t strlcpy(char *to, const char *from, size_t size);
unsigned long strtoul(const char *s, char **end, int base);

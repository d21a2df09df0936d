#include "test.h"
__attribute__((weak)) const struct test call_tests[] = { { 0 } };
__attribute__((weak)) const struct test asynchronous_tests[] = { { 0 } };
__attribute__((weak)) const struct test space_tests[] = { { 0 } };
__attribute__((weak)) const struct test memory_tests[] = { { 0 } };
__attribute__((weak)) const struct test pager_tests[] = { { 0 } };
__attribute__((weak)) const struct test copy_tests[] = { { 0 } };
__attribute__((weak)) const struct test task_tests[] = { { 0 } };
__attribute__((weak)) const struct test trap_tests[] = { { 0 } };
__attribute__((weak)) const struct test divert_tests[] = { { 0 } };
__attribute__((weak)) const struct test machine_tests[] = { { 0 } };
__attribute__((weak)) const struct test schedule_tests[] = { { 0 } };
__attribute__((weak)) const struct test rights_tests[] = { { 0 } };
__attribute__((weak)) const struct test fuzz_tests[] = { { 0 } };
__attribute__((weak)) const struct test bench_tests[] = { { 0 } };

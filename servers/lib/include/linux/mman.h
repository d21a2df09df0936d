// SPDX-License-Identifier: MIT
// mmap(2) and its relatives: protections, flags, advice (asm-generic/mman.h; the same on both architectures).
#pragma once

#define PROT_NONE 0x0ul
#define PROT_READ 0x1ul
#define PROT_WRITE 0x2ul
#define PROT_EXEC 0x4ul
#define PROT_SEM 0x8ul
#define PROT_GROWSDOWN 0x01000000ul
#define PROT_GROWSUP 0x02000000ul

#define MAP_SHARED 0x01ul
#define MAP_PRIVATE 0x02ul
#define MAP_SHARED_VALIDATE 0x03ul
#define MAP_TYPE 0x0ful
#define MAP_FIXED 0x10ul
#define MAP_ANONYMOUS 0x20ul
#define MAP_GROWSDOWN 0x0100ul
#define MAP_DENYWRITE 0x0800ul
#define MAP_EXECUTABLE 0x1000ul
#define MAP_LOCKED 0x2000ul
#define MAP_NORESERVE 0x4000ul
#define MAP_POPULATE 0x8000ul
#define MAP_NONBLOCK 0x10000ul
#define MAP_STACK 0x20000ul
#define MAP_HUGETLB 0x40000ul
#define MAP_SYNC 0x80000ul
#define MAP_FIXED_NOREPLACE 0x100000ul

#define MREMAP_MAYMOVE 1ul
#define MREMAP_FIXED 2ul
#define MREMAP_DONTUNMAP 4ul

#define MS_ASYNC 1
#define MS_INVALIDATE 2
#define MS_SYNC 4

#define MCL_CURRENT 1
#define MCL_FUTURE 2
#define MCL_ONFAULT 4

#define MADV_NORMAL 0
#define MADV_RANDOM 1
#define MADV_SEQUENTIAL 2
#define MADV_WILLNEED 3
#define MADV_DONTNEED 4
#define MADV_FREE 8
#define MADV_REMOVE 9
#define MADV_DONTFORK 10
#define MADV_DOFORK 11
#define MADV_MERGEABLE 12
#define MADV_UNMERGEABLE 13
#define MADV_HUGEPAGE 14
#define MADV_NOHUGEPAGE 15
#define MADV_DONTDUMP 16
#define MADV_DODUMP 17
#define MADV_COLD 20
#define MADV_PAGEOUT 21
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23

// SPDX-License-Identifier: MIT
// riscv64: the FPU's registers to and from a struct fpu_state; sstatus.FS must not be off. The only code in the
// kernel that may name them.

    .option arch, +f, +d

.macro each_double op
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \op     f\n, 8*\n(a0)
    .endr
.endm

    .text
    .globl fpu_save
fpu_save: // void fpu_save(struct fpu_state *to)
    each_double fsd
    frcsr   t0
    sw      t0, 256(a0)
    ret

    .globl fpu_load
fpu_load: // void fpu_load(const struct fpu_state *from)
    each_double fld
    lw      t0, 256(a0)
    fscsr   t0
    ret

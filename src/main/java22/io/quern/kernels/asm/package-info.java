/**
 * The asm tier: machine code that Java assembles when planning and calls through the Foreign
 * Function and Memory API. JDK 22 and later, 64-bit Linux, x86-64 with AVX2 or AArch64.
 *
 * <p>From below: {@link io.quern.kernels.asm.X86Assembler} and {@link
 * io.quern.kernels.asm.A64Assembler} encode instructions; {@link io.quern.kernels.asm.CodeMemory}
 * makes them executable; {@link io.quern.kernels.asm.CpuFeatures} says which may be used; the
 * {@code Pointwise}, {@code Conv2d}, {@code Depthwise} and {@code Add} emitters write one function
 * per layer, with its shape as constants ({@link io.quern.kernels.asm.KernelCode} has the calling
 * convention); {@link io.quern.kernels.asm.AsmSupport} selects and loads. Code touches only the
 * buffers it is called with, whose sizes {@link io.quern.kernels.asm.AsmKernel} checks; of a
 * model's data only range-checked integers reach the instruction stream.
 *
 * <p>Measured on a shared 2-core x86-64 server with AVX-512 (Xeon, Sapphire Rapids class), JDK 25,
 * {@code taskset -c 1}, by {@code AsmSpeed}, 196x256x256 requantized, against a register-only loop
 * in the same run: VPMADDWD 94 % of what VPMADDWD with the VPADDD that must follow it can do there
 * (the two share three ports, so that pair itself reaches 71 % of VPMADDWD alone); VPDPBUSD 81 % of
 * its own. On Zen 3, VPMADDWD 76 % of its rate alone. Modelled on Arm, same layer, cycles per
 * multiplication, targets/COST-asm.md: SMULL and SMLAL 0.139 on a Cortex-A72, SDOT 0.037 on a
 * Cortex-A76.
 */
package io.quern.kernels.asm;

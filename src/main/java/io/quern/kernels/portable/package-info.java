/**
 * Kernels in plain Java 17, written as the row loops that C1 and C2 compile well on JDK 17 to 25,
 * 64-bit and 32-bit, without any flag.
 *
 * <p>Integers are held in float rows: products of 8-bit values and their partial sums are exact
 * while they stay below 2^24, which {@link io.quern.kernels.portable.ExactSums} proves from the
 * weights when planning; longer sums are cut and continued in int. Float multiply-add is the only
 * one that C2 vectorises on every JDK and machine at full rate.
 */
package io.quern.kernels.portable;

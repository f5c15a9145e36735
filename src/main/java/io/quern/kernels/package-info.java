/**
 * What a kernel is: {@link io.quern.kernels.Kernel}, the memory it works on and the immutable
 * parameter records from which a {@link io.quern.kernels.Tier} makes one. No loops here.
 *
 * <p>A kernel is made when planning, with its offsets, packed weights and multipliers bound;
 * running it does no allocation, no look-up and no decision that planning could have taken.
 */
package io.quern.kernels;

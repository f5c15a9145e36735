/**
 * Kernels on {@code jdk.incubator.vector}, in the machine's preferred shape of 128, 256 or 512
 * bits.
 *
 * <p>Inputs are staged as float lanes, where sums of products of 8-bit values are exact while they
 * stay below 2^24; {@link io.quern.kernels.vector.FloatSums} proves it from weights and bias when
 * planning, and where it cannot, the tier has no kernel. Requantization is exact in float lanes, or
 * double ones for the odd channel, see {@link io.quern.kernels.vector.LaneRequantizer}.
 *
 * <p>The Vector API allocates wherever C2 cannot keep a vector in a register. Hence the style here:
 * species in static final fields, one plain loop per method, vectors only in local variables.
 */
package io.quern.kernels.vector;

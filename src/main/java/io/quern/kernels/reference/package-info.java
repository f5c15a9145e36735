/**
 * The reference tier: plain loops in the order of each formula, written to be read and never
 * optimised.
 *
 * <p>It is the norm. Its bytes are those of TensorFlow Lite 2.21.0's reference kernels; where
 * another tier differs from it, the other one is wrong. Float kernels add and multiply in the order
 * of TensorFlow Lite's loops, without fused multiply-add.
 */
package io.quern.kernels.reference;

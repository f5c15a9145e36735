/**
 * The immutable graph of a network: tensors, shapes, quantization parameters and sealed operator
 * records. Imports nothing.
 *
 * <p>Formats are read into a {@link io.quern.model.Graph} and written from one; the calibrator
 * turns one into another; the planner turns one into something that runs.
 */
package io.quern.model;

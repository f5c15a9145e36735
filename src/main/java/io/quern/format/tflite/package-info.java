/**
 * TensorFlow Lite model files, read into a {@link io.quern.model.Graph} and written from one.
 *
 * <p>The format is FlatBuffers with the schema {@code
 * tensorflow/compiler/mlir/lite/schema/schema.fbs}, version 3. Reading treats a file as hostile:
 * every offset, length and index is checked before it is used and before anything is allocated.
 * Writing gives files that TensorFlow Lite 2.21.0 loads and runs.
 */
package io.quern.format.tflite;

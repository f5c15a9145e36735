/**
 * From a float network and a few hundred inputs to a standard int8 network.
 *
 * <p>{@link io.quern.calibrate.Calibrator} is the way in: it runs passes over the float graph
 * (batch-norm folding, equalisation, ...), observes the range of every activation on the
 * calibration inputs, and hands both to {@link io.quern.calibrate.Quantizer}, which follows
 * TensorFlow Lite's 8-bit quantization specification: weights int8 in [-127, 127] with zero point
 * 0, one scale per output channel or per tensor; activations int8 with one scale and zero point,
 * real 0 exactly representable; biases int32 at input scale times weight scale. The result needs
 * nothing of Quern to run: TensorFlow Lite runs the file.
 *
 * <p>Decisions. Fully connected weights have one scale per output, as TensorFlow 2.21's own
 * converter makes them; {@link io.quern.calibrate.CalibrationOptions#perChannelFullyConnected}
 * turns that off for interpreters older than that. An all-zero channel takes the largest scale of
 * its layer, because its bias is stored at that scale.
 */
package io.quern.calibrate;

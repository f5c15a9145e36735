package io.quern.model;

import static io.quern.model.DataType.FLOAT32;
import static io.quern.model.DataType.INT32;
import static io.quern.model.DataType.INT64;
import static io.quern.model.DataType.INT8;
import static io.quern.model.DataType.UINT8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.quern.testing.GraphBuilder;
import io.quern.testing.GraphGallery;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Every rule, by the message that breaking it gives. */
class GraphValidatorTest {
  private final GraphBuilder g = new GraphBuilder(1);

  @Test
  void galleryIsValid() {
    assertEquals(23, GraphGallery.all().size());
  }

  @Test
  void structure() {
    int x = g.input(FLOAT32, 1, 4);
    int y = g.activation(FLOAT32, 1, 4);
    g.operator(relu(y, x));
    malformed("relu_0 reads tensor 1 before it is written");
  }

  @Test
  void writtenTwice() {
    int x = g.input(FLOAT32, 1, 4);
    int y = g.activation(FLOAT32, 1, 4);
    g.operator(relu(x, y)).operator(relu(x, y));
    malformed("relu_1 writes tensor 1, which already has a value");
  }

  @Test
  void indexOutOfRange() {
    g.operator(relu(g.input(FLOAT32, 1, 4), 7));
    malformed("relu_0 writes tensor 7 of 1");
  }

  @Test
  void noElements() {
    g.input(FLOAT32, 1, 0, 3);
    unsupported("tensor 0 t0: 1x0x3 has no elements");
  }

  @Test
  void hugeActivation() {
    g.input(FLOAT32, 1, 32768, 32768);
    unsupported(
        "tensor 0 t0: 1x32768x32768 of FLOAT32 takes 4294967296 bytes, supported are 1073741824");
  }

  @Test
  void activationPerChannel() {
    g.activation(INT8, Quantization.perChannel(new float[] {1, 2}, new int[2], 1), 1, 2);
    unsupported(
        "tensor 0 t0: an activation with 2 scales on axis 1 is not supported, only one scale per"
            + " tensor");
  }

  @Test
  void convInputChannels() {
    conv(FLOAT32, 16, 32, 1, 1);
    malformed("conv_2d_0: weights have 32 input channels, the input has 16");
  }

  @Test
  void convGroups() {
    conv(FLOAT32, 4, 2, 1, 1);
    malformed("conv_2d_0: 5 output channels do not divide into 2 groups");
  }

  @Test
  void convStride() {
    conv(FLOAT32, 4, 4, 0, 1);
    malformed("conv_2d_0: strides are 0x0 of 1 to 65536");
  }

  @Test
  void convDilation() {
    conv(FLOAT32, 4, 4, 1, -3);
    malformed("conv_2d_0: dilations are -3x-3 of 1 to 65536");
  }

  @Test
  void convOutput() {
    conv(FLOAT32, 4, 4, 2, 1);
    malformed("conv_2d_0: output is 1x8x8x5, it should be 1x4x4x5");
  }

  @Test
  void convWindowTooLarge() {
    int x = g.input(FLOAT32, 1, 3, 9, 1);
    int w = g.weights(FLOAT32, 0, 1, 5, 5, 1);
    g.operator(
        new Operator.Conv2d(
            x,
            w,
            -1,
            g.activation(FLOAT32, 1, 1, 5, 1),
            Padding.VALID,
            1,
            1,
            1,
            1,
            Activation.NONE));
    malformed("conv_2d_0: the window is 5 high, the input 3");
  }

  @Test
  void convRank() {
    int x = g.input(FLOAT32, 8, 8, 4);
    int w = g.weights(FLOAT32, 0, 1, 1, 1, 4);
    g.operator(
        new Operator.Conv2d(
            x, w, -1, g.activation(FLOAT32, 8, 8, 1), Padding.SAME, 1, 1, 1, 1, Activation.NONE));
    malformed("conv_2d_0: the input is 8x8x4, it should have 4 dimensions");
  }

  @Test
  void convDynamicRange() {
    int x = g.input(FLOAT32, 1, 8, 8, 4);
    int w = g.weights(INT8, 0, 5, 1, 1, 4);
    g.operator(
        new Operator.Conv2d(
            x,
            w,
            -1,
            g.activation(FLOAT32, 1, 8, 8, 5),
            Padding.SAME,
            1,
            1,
            1,
            1,
            Activation.NONE));
    unsupported(
        "conv_2d_0: weights are INT8, the input is FLOAT32: dynamic-range quantization is not"
            + " supported; convert the model without optimisations");
  }

  @Test
  void convWeightsAtRunTime() {
    int x = g.input(FLOAT32, 1, 8, 8, 4);
    int w = g.input(FLOAT32, 5, 1, 1, 4);
    g.operator(
        new Operator.Conv2d(
            x,
            w,
            -1,
            g.activation(FLOAT32, 1, 8, 8, 5),
            Padding.SAME,
            1,
            1,
            1,
            1,
            Activation.NONE));
    unsupported("conv_2d_0: its weights are computed at run time, which is not supported");
  }

  @Test
  void convBias() {
    int x = g.input(INT8, 1, 8, 8, 4);
    int w = g.weights(INT8, 0, 5, 1, 1, 4);
    g.operator(
        new Operator.Conv2d(
            x,
            w,
            g.constant(INT32, 4),
            g.activation(INT8, 1, 8, 8, 5),
            Padding.SAME,
            1,
            1,
            1,
            1,
            Activation.NONE));
    malformed("conv_2d_0: the bias has 4 elements, there are 5 output channels");
  }

  @Test
  void convBiasType() {
    int x = g.input(INT8, 1, 8, 8, 4);
    int w = g.weights(INT8, 0, 5, 1, 1, 4);
    g.operator(
        new Operator.Conv2d(
            x,
            w,
            g.constant(FLOAT32, 5),
            g.activation(INT8, 1, 8, 8, 5),
            Padding.SAME,
            1,
            1,
            1,
            1,
            Activation.NONE));
    unsupported("conv_2d_0: the bias is FLOAT32, supported are INT32");
  }

  @Test
  void convPerChannelAxis() {
    int x = g.input(INT8, 1, 8, 8, 4);
    int w = g.weights(INT8, 3, 5, 1, 1, 4);
    g.operator(
        new Operator.Conv2d(
            x, w, -1, g.activation(INT8, 1, 8, 8, 5), Padding.SAME, 1, 1, 1, 1, Activation.NONE));
    malformed("conv_2d_0: weights have 4 scales on axis 3, there should be 5 on axis 0");
  }

  @Test
  void convWeightZeroPoint() {
    int x = g.input(INT8, 1, 8, 8, 4);
    int w = g.constant(INT8, Quantization.perTensor(0.1f, 5), 5, 1, 1, 4);
    g.operator(
        new Operator.Conv2d(
            x, w, -1, g.activation(INT8, 1, 8, 8, 5), Padding.SAME, 1, 1, 1, 1, Activation.NONE));
    unsupported("conv_2d_0: INT8 weights with a zero point other than 0 are not supported");
  }

  @Test
  void missingScale() {
    int x = g.input(INT8, 1, 4);
    int y = g.tensor(Tensor.activation("y", INT8, Shape.of(1, 4), null));
    g.operator(relu(x, y));
    malformed("relu_0: the output is INT8 without scale and zero point");
  }

  @Test
  void depthwiseMultiplier() {
    int x = g.input(FLOAT32, 1, 4, 4, 3);
    int w = g.weights(FLOAT32, 3, 1, 3, 3, 8);
    g.operator(
        new Operator.DepthwiseConv2d(
            x,
            w,
            -1,
            g.activation(FLOAT32, 1, 4, 4, 8),
            Padding.SAME,
            1,
            1,
            1,
            1,
            2,
            Activation.NONE));
    malformed(
        "depthwise_conv_2d_0: weights have 8 channels, the input has 3 with depth multiplier 2");
  }

  @Test
  void fullyConnectedDepth() {
    int x = g.input(FLOAT32, 1, 10);
    g.operator(
        new Operator.FullyConnected(
            x,
            g.weights(FLOAT32, 0, 3, 12),
            -1,
            g.activation(FLOAT32, 1, 3),
            false,
            Activation.NONE));
    malformed("fully_connected_0: weights have 12 inputs, the input has 10");
  }

  @Test
  void transposeConvPositions() {
    int x = g.input(FLOAT32, 1, 3, 3, 2);
    g.operator(
        new Operator.TransposeConv(
            x,
            g.weights(FLOAT32, 0, 2, 3, 3, 2),
            -1,
            g.activation(FLOAT32, 1, 9, 9, 2),
            Padding.SAME,
            2,
            2,
            Activation.NONE));
    malformed(
        "transpose_conv_0: an output of 1x9x9x2 comes from 5x5 positions, the input is 1x3x3x2");
  }

  @Test
  void poolWindow() {
    int x = g.input(FLOAT32, 1, 3, 3, 2);
    g.operator(
        new Operator.Pool2d(
            Operator.Pool2d.Mode.MAX,
            x,
            g.activation(FLOAT32, 1, 3, 3, 2),
            Padding.SAME,
            1,
            1,
            0,
            2,
            Activation.NONE));
    malformed("max_pool_2d_0: the window is 0x2 of 1 to 65536");
  }

  @Test
  void poolWindowFarLargerThanInput() {
    int x = g.input(FLOAT32, 1, 8, 8, 4);
    g.operator(
        new Operator.Pool2d(
            Operator.Pool2d.Mode.AVERAGE,
            x,
            g.activation(FLOAT32, 1, 8, 8, 4),
            Padding.SAME,
            1,
            1,
            3,
            65535,
            Activation.NONE));
    unsupported(
        "average_pool_2d_0: the window is 3x65535, the input 1x8x8x4; supported is up to twice the"
            + " input");
  }

  @Test
  void meanAxis() {
    int x = g.input(FLOAT32, 1, 3);
    g.operator(new Operator.Mean(x, g.activation(FLOAT32, 1), List.of(2), false));
    malformed("mean_0: axis 2 of 2 dimensions");
  }

  @Test
  void broadcast() {
    int x = g.input(FLOAT32, 1, 3);
    g.operator(
        new Operator.Binary(
            Operator.Binary.Function.ADD,
            x,
            g.constant(FLOAT32, 4),
            g.activation(FLOAT32, 1, 3),
            Activation.NONE));
    malformed("add_0: 1x3 and 4 do not broadcast");
  }

  @Test
  void typesDiffer() {
    int x = g.input(FLOAT32, 1, 3);
    g.operator(relu(x, g.activation(UINT8, 1, 3)));
    unsupported("relu_0: the output is UINT8, input 0 is FLOAT32");
  }

  @Test
  void typeOfArithmetic() {
    int x = g.input(INT64, 1, 3);
    g.operator(relu(x, g.activation(INT64, 1, 3)));
    unsupported("relu_0: the input is INT64, supported are FLOAT32, INT8, UINT8");
  }

  @Test
  void padding() {
    int x = g.input(FLOAT32, 1, 3);
    g.operator(new Operator.Pad(x, -1, g.activation(FLOAT32, 1, 2), List.of(0, -1), List.of(0, 0)));
    malformed("pad_0: padding -1 and 0 of dimension 1");
  }

  @Test
  void reshapeElements() {
    int x = g.input(FLOAT32, 2, 3);
    g.operator(new Operator.Reshape(Operator.Reshape.Mode.RESHAPE, x, g.activation(FLOAT32, 7)));
    malformed("reshape_0: output 7 has 7 elements, the input 6");
  }

  @Test
  void permutation() {
    int x = g.input(FLOAT32, 2, 3);
    g.operator(new Operator.Transpose(x, g.activation(FLOAT32, 3, 2), List.of(1, 1)));
    malformed("transpose_0: dimension 1 is twice in the permutation");
  }

  @Test
  void concatenatedScales() {
    int x = g.input(INT8, 2, 3);
    int y = g.activation(INT8, Quantization.perTensor(0.5f, 0), 4, 3);
    g.operator(new Operator.Concatenation(List.of(x, x), y, 0, Activation.NONE));
    unsupported(
        "concatenation_0: an input has scale 0.05 zero point 3, the output scale 0.5 zero point 0;"
            + " they must be equal");
  }

  @Test
  void splitParts() {
    int x = g.input(FLOAT32, 2, 5);
    int a = g.activation(FLOAT32, 2, 2);
    int b = g.activation(FLOAT32, 2, 3);
    g.operator(new Operator.Split(x, List.of(a, b), 1));
    malformed("split_0: 5 do not divide into 2 parts");
  }

  @Test
  void sliceOutside() {
    int x = g.input(FLOAT32, 2, 5);
    g.operator(
        new Operator.Slice(
            false, x, g.activation(FLOAT32, 2, 3), List.of(0, 3), List.of(1, 1), List.of(2, 3)));
    malformed("slice_0: 3 elements from 3 with stride 1 in dimension 1 of 2x5");
  }

  @Test
  void softmaxScale() {
    int x = g.input(INT8, 2, 5);
    g.operator(new Operator.Softmax(x, g.activation(INT8, 2, 5), 1));
    unsupported("softmax_0: the output has scale 0.05, supported is 0.00390625");
  }

  @Test
  void softmaxBeta() {
    int x = g.input(FLOAT32, 2, 5);
    g.operator(new Operator.Softmax(x, g.activation(FLOAT32, 2, 5), Float.NaN));
    malformed("softmax_0: beta is NaN");
  }

  @Test
  void resizeCorners() {
    int x = g.input(FLOAT32, 1, 2, 2, 1);
    g.operator(
        new Operator.Resize(
            Operator.Resize.Mode.BILINEAR, x, g.activation(FLOAT32, 1, 4, 4, 1), true, true));
    malformed("resize_bilinear_0: align_corners and half_pixel_centers exclude each other");
  }

  @Test
  void quantizeTypes() {
    int x = g.input(FLOAT32, 1, 2);
    g.operator(new Operator.Quantize(x, g.activation(INT32, 1, 2)));
    unsupported("quantize_0: the output is INT32, supported are INT8, UINT8");
  }

  @Test
  void argMaxOutput() {
    int x = g.input(FLOAT32, 4, 2);
    g.operator(new Operator.ArgMax(x, g.activation(INT32, 4, 2), 1));
    malformed("arg_max_0: output is 4x2, it should be 4");
  }

  private static Operator relu(int in, int out) {
    return new Operator.Unary(Operator.Unary.Function.RELU, in, out);
  }

  private void conv(DataType type, int channels, int depth, int stride, int dilation) {
    int x = g.input(type, 1, 8, 8, channels);
    int w = g.weights(type, 0, 5, 3, 3, depth);
    int y = g.activation(type, 1, 8, 8, 5);
    g.operator(
        new Operator.Conv2d(
            x,
            w,
            Operator.NO_TENSOR,
            y,
            Padding.SAME,
            stride,
            stride,
            dilation,
            dilation,
            Activation.NONE));
  }

  private void malformed(String message) {
    assertEquals(
        message, assertThrows(ModelFormatException.class, () -> g.build("test")).getMessage());
  }

  private void unsupported(String message) {
    assertEquals(
        message, assertThrows(UnsupportedModelException.class, () -> g.build("test")).getMessage());
  }
}

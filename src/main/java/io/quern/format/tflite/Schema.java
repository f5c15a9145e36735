package io.quern.format.tflite;

/**
 * Fields and enumerations of the TensorFlow Lite schema, version 3, as far as Quern uses them.
 * Source: {@code tensorflow/compiler/mlir/lite/schema/schema.fbs}. Constants are named {@code
 * TABLE_FIELD}.
 */
final class Schema {
  /**
   * A field of a table.
   *
   * @param name as in the schema
   * @param slot position in the table's declaration; its vtable entry is at {@code 4 + 2 * slot}
   */
  record Field(String name, int slot) {}

  /** Bytes 4 to 7 of a file. */
  static final String IDENTIFIER = "TFL3";

  /** The only version in use since 2017. */
  static final int VERSION = 3;

  static final Field MODEL_VERSION = new Field("version", 0);
  static final Field MODEL_OPERATOR_CODES = new Field("operator_codes", 1);
  static final Field MODEL_SUBGRAPHS = new Field("subgraphs", 2);
  static final Field MODEL_DESCRIPTION = new Field("description", 3);
  static final Field MODEL_BUFFERS = new Field("buffers", 4);
  static final Field MODEL_METADATA = new Field("metadata", 6);
  static final int MODEL_FIELDS = 8;

  static final Field CODE_DEPRECATED_BUILTIN = new Field("deprecated_builtin_code", 0);
  static final Field CODE_CUSTOM = new Field("custom_code", 1);
  static final Field CODE_VERSION = new Field("version", 2);
  static final Field CODE_BUILTIN = new Field("builtin_code", 3);
  static final int CODE_FIELDS = 4;

  static final Field SUBGRAPH_TENSORS = new Field("tensors", 0);
  static final Field SUBGRAPH_INPUTS = new Field("inputs", 1);
  static final Field SUBGRAPH_OUTPUTS = new Field("outputs", 2);
  static final Field SUBGRAPH_OPERATORS = new Field("operators", 3);
  static final Field SUBGRAPH_NAME = new Field("name", 4);
  static final int SUBGRAPH_FIELDS = 5;

  static final Field TENSOR_SHAPE = new Field("shape", 0);
  static final Field TENSOR_TYPE = new Field("type", 1);
  static final Field TENSOR_BUFFER = new Field("buffer", 2);
  static final Field TENSOR_NAME = new Field("name", 3);
  static final Field TENSOR_QUANTIZATION = new Field("quantization", 4);
  static final Field TENSOR_IS_VARIABLE = new Field("is_variable", 5);
  static final Field TENSOR_SPARSITY = new Field("sparsity", 6);
  static final Field TENSOR_HAS_RANK = new Field("has_rank", 8);
  static final int TENSOR_FIELDS = 10;

  static final Field QUANTIZATION_SCALE = new Field("scale", 2);
  static final Field QUANTIZATION_ZERO_POINT = new Field("zero_point", 3);
  static final Field QUANTIZATION_DETAILS_TYPE = new Field("details_type", 4);
  static final Field QUANTIZATION_DIMENSION = new Field("quantized_dimension", 6);
  static final int QUANTIZATION_FIELDS = 7;

  static final Field BUFFER_DATA = new Field("data", 0);
  static final Field BUFFER_OFFSET = new Field("offset", 1);
  static final Field BUFFER_SIZE = new Field("size", 2);
  static final int BUFFER_FIELDS = 3;

  /** Alignment of {@link #BUFFER_DATA} in the file, in bytes. */
  static final int BUFFER_ALIGNMENT = 16;

  static final Field METADATA_NAME = new Field("name", 0);
  static final Field METADATA_BUFFER = new Field("buffer", 1);
  static final int METADATA_FIELDS = 2;

  static final Field OPERATOR_CODE_INDEX = new Field("opcode_index", 0);
  static final Field OPERATOR_INPUTS = new Field("inputs", 1);
  static final Field OPERATOR_OUTPUTS = new Field("outputs", 2);
  static final Field OPERATOR_OPTIONS_TYPE = new Field("builtin_options_type", 3);
  static final Field OPERATOR_OPTIONS = new Field("builtin_options", 4);
  static final int OPERATOR_FIELDS = 9;

  static final Field CONV_PADDING = new Field("padding", 0);
  static final Field CONV_STRIDE_W = new Field("stride_w", 1);
  static final Field CONV_STRIDE_H = new Field("stride_h", 2);
  static final Field CONV_ACTIVATION = new Field("fused_activation_function", 3);
  static final Field CONV_DILATION_W = new Field("dilation_w_factor", 4);
  static final Field CONV_DILATION_H = new Field("dilation_h_factor", 5);
  static final int CONV_FIELDS = 7;

  static final Field DEPTHWISE_PADDING = new Field("padding", 0);
  static final Field DEPTHWISE_STRIDE_W = new Field("stride_w", 1);
  static final Field DEPTHWISE_STRIDE_H = new Field("stride_h", 2);
  static final Field DEPTHWISE_MULTIPLIER = new Field("depth_multiplier", 3);
  static final Field DEPTHWISE_ACTIVATION = new Field("fused_activation_function", 4);
  static final Field DEPTHWISE_DILATION_W = new Field("dilation_w_factor", 5);
  static final Field DEPTHWISE_DILATION_H = new Field("dilation_h_factor", 6);
  static final int DEPTHWISE_FIELDS = 7;

  static final Field TRANSPOSE_CONV_PADDING = new Field("padding", 0);
  static final Field TRANSPOSE_CONV_STRIDE_W = new Field("stride_w", 1);
  static final Field TRANSPOSE_CONV_STRIDE_H = new Field("stride_h", 2);
  static final Field TRANSPOSE_CONV_ACTIVATION = new Field("fused_activation_function", 3);
  static final int TRANSPOSE_CONV_FIELDS = 5;

  static final Field POOL_PADDING = new Field("padding", 0);
  static final Field POOL_STRIDE_W = new Field("stride_w", 1);
  static final Field POOL_STRIDE_H = new Field("stride_h", 2);
  static final Field POOL_WINDOW_W = new Field("filter_width", 3);
  static final Field POOL_WINDOW_H = new Field("filter_height", 4);
  static final Field POOL_ACTIVATION = new Field("fused_activation_function", 5);
  static final int POOL_FIELDS = 6;

  static final Field FULLY_CONNECTED_ACTIVATION = new Field("fused_activation_function", 0);
  static final Field FULLY_CONNECTED_WEIGHTS_FORMAT = new Field("weights_format", 1);
  static final Field FULLY_CONNECTED_KEEP_NUM_DIMS = new Field("keep_num_dims", 2);
  static final int FULLY_CONNECTED_FIELDS = 5;

  static final Field SOFTMAX_BETA = new Field("beta", 0);
  static final int SOFTMAX_FIELDS = 1;

  static final Field CONCATENATION_AXIS = new Field("axis", 0);
  static final Field CONCATENATION_ACTIVATION = new Field("fused_activation_function", 1);
  static final int CONCATENATION_FIELDS = 2;

  /** Of AddOptions, SubOptions and MulOptions alike. */
  static final Field BINARY_ACTIVATION = new Field("fused_activation_function", 0);

  static final int BINARY_FIELDS = 2;

  static final Field RESIZE_BILINEAR_ALIGN_CORNERS = new Field("align_corners", 2);
  static final Field RESIZE_BILINEAR_HALF_PIXEL = new Field("half_pixel_centers", 3);
  static final int RESIZE_BILINEAR_FIELDS = 4;

  static final Field RESIZE_NEAREST_ALIGN_CORNERS = new Field("align_corners", 0);
  static final Field RESIZE_NEAREST_HALF_PIXEL = new Field("half_pixel_centers", 1);
  static final int RESIZE_NEAREST_FIELDS = 2;

  static final Field RESHAPE_NEW_SHAPE = new Field("new_shape", 0);
  static final int RESHAPE_FIELDS = 1;

  static final Field SQUEEZE_DIMS = new Field("squeeze_dims", 0);
  static final int SQUEEZE_FIELDS = 1;

  static final Field REDUCER_KEEP_DIMS = new Field("keep_dims", 0);
  static final int REDUCER_FIELDS = 1;

  static final Field SPLIT_COUNT = new Field("num_splits", 0);
  static final int SPLIT_FIELDS = 1;

  static final Field STRIDED_SLICE_BEGIN_MASK = new Field("begin_mask", 0);
  static final Field STRIDED_SLICE_END_MASK = new Field("end_mask", 1);
  static final Field STRIDED_SLICE_ELLIPSIS_MASK = new Field("ellipsis_mask", 2);
  static final Field STRIDED_SLICE_NEW_AXIS_MASK = new Field("new_axis_mask", 3);
  static final Field STRIDED_SLICE_SHRINK_AXIS_MASK = new Field("shrink_axis_mask", 4);
  static final Field STRIDED_SLICE_OFFSET = new Field("offset", 5);
  static final int STRIDED_SLICE_FIELDS = 6;

  static final Field LEAKY_RELU_ALPHA = new Field("alpha", 0);
  static final int LEAKY_RELU_FIELDS = 1;

  static final Field ARG_MAX_OUTPUT_TYPE = new Field("output_type", 0);
  static final int ARG_MAX_FIELDS = 1;

  private static final String[] TYPES =
      ("FLOAT32 FLOAT16 INT32 UINT8 INT64 STRING BOOL INT16 COMPLEX64 INT8 FLOAT64 COMPLEX128 UINT64"
              + " RESOURCE VARIANT UINT32 UINT16 INT4 BFLOAT16")
          .split(" ");

  private static final String[] ACTIVATIONS =
      "NONE RELU RELU_N1_TO_1 RELU6 TANH SIGN_BIT".split(" ");

  private Schema() {}

  /** Name of a TensorType, or its number when it has none. */
  static String typeName(int type) {
    return type >= 0 && type < TYPES.length ? TYPES[type] : "type " + type;
  }

  /** Value of the TensorType with this name. */
  static int typeCode(String name) {
    return java.util.Arrays.asList(TYPES).indexOf(name);
  }

  /** Name of an ActivationFunctionType, or its number when it has none. */
  static String activationName(int activation) {
    return activation >= 0 && activation < ACTIVATIONS.length
        ? ACTIVATIONS[activation]
        : "number " + activation;
  }

  /** Value of the ActivationFunctionType with this name. */
  static int activationCode(String name) {
    return java.util.Arrays.asList(ACTIVATIONS).indexOf(name);
  }
}

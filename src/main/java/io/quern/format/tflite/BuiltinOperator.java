package io.quern.format.tflite;

/**
 * The operators that Quern reads and writes; names are those of the schema and of {@link
 * io.quern.model.Operator#kind()}.
 */
enum BuiltinOperator {
  ADD(0, 11, 2, 2),
  AVERAGE_POOL_2D(1, 5, 1, 1),
  CONCATENATION(2, 10, 1, Integer.MAX_VALUE),
  CONV_2D(3, 1, 2, 3),
  DEPTHWISE_CONV_2D(4, 2, 2, 3),
  DEQUANTIZE(6, 38, 1, 1),
  FULLY_CONNECTED(9, 8, 2, 3),
  LOGISTIC(14, 0, 1, 1),
  MAX_POOL_2D(17, 5, 1, 1),
  MUL(18, 21, 2, 2),
  RELU(19, 0, 1, 1),
  RELU_N1_TO_1(20, 0, 1, 1),
  RELU6(21, 0, 1, 1),
  RESHAPE(22, 17, 1, 2),
  RESIZE_BILINEAR(23, 15, 2, 2),
  SOFTMAX(25, 9, 1, 1),
  TANH(28, 0, 1, 1),
  PAD(34, 22, 2, 2),
  TRANSPOSE(39, 26, 2, 2),
  MEAN(40, 27, 2, 2),
  SUB(41, 28, 2, 2),
  SQUEEZE(43, 30, 1, 1),
  STRIDED_SLICE(45, 32, 4, 4),
  SPLIT(49, 35, 2, 2),
  PRELU(54, 0, 2, 2),
  ARG_MAX(56, 40, 2, 2),
  PADV2(60, 43, 3, 3),
  SLICE(65, 48, 3, 3),
  TRANSPOSE_CONV(67, 49, 3, 4),
  EXPAND_DIMS(70, 52, 2, 2),
  RESIZE_NEAREST_NEIGHBOR(97, 74, 2, 2),
  LEAKY_RELU(98, 75, 1, 1),
  QUANTIZE(114, 89, 1, 1),
  HARD_SWISH(117, 91, 1, 1);

  /** The schema's number of an operator that only the program that wrote the file knows. */
  static final int CUSTOM = 32;

  /** The schema's number of SHAPE, which is resolved while reading. */
  static final int SHAPE = 77;

  /** The schema's number of PACK, which is resolved while reading when it packs sizes. */
  static final int PACK = 83;

  /** Every operator of the schema by number, for messages. */
  private static final String[] NAMES =
      ("ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE"
              + " EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION"
              + " L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM MAX_POOL_2D"
              + " MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH"
              + " SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD"
              + " UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE"
              + " MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE"
              + " BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE"
              + " BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2"
              + " GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE"
              + " TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT"
              + " REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK"
              + " REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE"
              + " RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V"
              + " UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE"
              + " MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE"
              + " NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY"
              + " SEGMENT_SUM BATCH_MATMUL PLACEHOLDER CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D"
              + " IMAG REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE"
              + " REDUCE_ALL CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE"
              + " BROADCAST_ARGS RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU"
              + " DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX"
              + " UNSORTED_SEGMENT_SUM ATAN2 UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR"
              + " RIGHT_SHIFT")
          .split(" ");

  /** The schema's BuiltinOperator. */
  final int code;

  /** The schema's BuiltinOptions that belong to it, 0 for none. */
  final int optionsType;

  /** Fewest inputs in a file, configuration included. */
  final int minInputs;

  /** Most inputs in a file, configuration included. */
  final int maxInputs;

  BuiltinOperator(int code, int optionsType, int minInputs, int maxInputs) {
    this.code = code;
    this.optionsType = optionsType;
    this.minInputs = minInputs;
    this.maxInputs = maxInputs;
  }

  /** The operator with this number, or null when Quern does not support it. */
  static BuiltinOperator of(int code) {
    for (BuiltinOperator b : values()) {
      if (b.code == code) {
        return b;
      }
    }
    return null;
  }

  /** The schema's name of an operator, supported or not; its number when it has none here. */
  static String nameOf(int code) {
    return code >= 0 && code < NAMES.length ? NAMES[code] : "operator number " + code;
  }
}

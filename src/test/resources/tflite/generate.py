"""One small network per operator, converted to float and int8 .tflite by TensorFlow's converter.

The reader's tests and the fuzzer start from them, because their layout is not that of our writer.
Run as: python generate.py (made with tensorflow-cpu 2.21.0 and numpy 2.4.6).
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

rng = np.random.default_rng(3)
IMAGE = (1, 8, 8, 4)


def const(*shape):
    return tf.constant(rng.standard_normal(shape).astype(np.float32))


ALPHA = np.abs(rng.standard_normal((1, 1, 4))).astype(np.float32)
nn = tf.nn
NETWORKS = {
    "conv": (IMAGE, lambda x: nn.relu6(nn.conv2d(x, const(3, 3, 4, 6), 2, "SAME") + const(6))),
    "conv_dilated": (IMAGE, lambda x: nn.conv2d(x, const(3, 3, 4, 6), 1, "VALID", dilations=2)),
    "conv_grouped": (IMAGE, lambda x: nn.conv2d(x, const(3, 3, 2, 6), 1, "SAME")),
    "depthwise": (IMAGE, lambda x: nn.depthwise_conv2d(x, const(3, 3, 4, 2), [1, 2, 2, 1], "SAME") + const(8)),
    "transpose_conv": (IMAGE, lambda x: nn.conv2d_transpose(x, const(3, 3, 5, 4), [1, 16, 16, 5], 2, "SAME") + const(5)),
    "fully_connected": ((2, 12), lambda x: nn.relu(x @ const(12, 5) + const(5))),
    "fully_connected_3d": ((1, 3, 12), lambda x: tf.tensordot(x, const(12, 5), 1) + const(5)),
    "average_pool": (IMAGE, lambda x: nn.avg_pool2d(x, 3, 2, "SAME")),
    "max_pool": (IMAGE, lambda x: nn.max_pool2d(x, 2, 2, "VALID")),
    "mean": (IMAGE, lambda x: tf.reduce_mean(x, [1, 2])),
    "mean_keep": (IMAGE, lambda x: tf.reduce_mean(x, [-1], keepdims=True)),
    "add": (IMAGE, lambda x: x + nn.avg_pool2d(x, 3, 1, "SAME")),
    "add_constant": (IMAGE, lambda x: nn.relu(x + const(4))),
    "sub": (IMAGE, lambda x: x - const(8, 1, 4)),
    "sub_scalar": (IMAGE, lambda x: const(1) - x),
    "mul": (IMAGE, lambda x: x * const(1, 1, 1, 4)),
    "pad": (IMAGE, lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]])),
    "padv2": (IMAGE, lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]], constant_values=1.5)),
    "reshape": (IMAGE, lambda x: tf.reshape(x, [-1, 32])),
    "transpose": ((2, 3, 4, 5), lambda x: tf.transpose(x, [0, 3, 1, 2])),
    "concatenation": (IMAGE, lambda x: tf.concat([x, nn.relu(x)], -1)),
    "split": (IMAGE, lambda x: tf.split(x, 2, -1)),
    "slice": (IMAGE, lambda x: tf.slice(x, [0, 1, 2, 0], [1, 3, -1, 2])),
    "strided_slice": (IMAGE, lambda x: x[:, 1:7:2, ::-1, -3:]),
    "strided_slice_back": (IMAGE, lambda x: x[:, 6:1:-2, 3::-1]),
    "strided_slice_shrink": (IMAGE, lambda x: x[0, :, -2, 1:]),
    "softmax": ((2, 10), nn.softmax),
    "logistic": (IMAGE, tf.sigmoid),
    "tanh": (IMAGE, tf.tanh),
    "hard_swish": (IMAGE, lambda x: x * nn.relu6(x + 3.0) * (1 / 6.0)),
    "relu": ((2, 9), nn.relu),
    "relu6": ((2, 9), nn.relu6),
    "relu_n1_to_1": ((2, 9), lambda x: tf.minimum(tf.maximum(x, -1.0), 1.0)),
    "leaky_relu": ((2, 9), lambda x: nn.leaky_relu(x, 0.3)),
    "prelu": (IMAGE, lambda x: nn.relu(x) + tf.negative(tf.constant(ALPHA)) * nn.relu(tf.negative(x))),
    "resize_bilinear": (IMAGE, lambda x: tf.compat.v1.image.resize_bilinear(x, [13, 11], align_corners=True)),
    "resize_half_pixel": (IMAGE, lambda x: tf.image.resize(x, [16, 5])),
    "resize_nearest": (IMAGE, lambda x: tf.image.resize(x, [16, 5], method="nearest")),
    "arg_max": ((3, 9), lambda x: tf.argmax(x, -1, output_type=tf.int32)),
    "arg_max_64": ((3, 9), lambda x: tf.argmax(x, 0)),
    "dynamic_batch": ((None, 4, 6, 2), lambda x: tf.reshape(nn.relu(x), [tf.shape(x)[0], 6, 8])),
}

for name, (shape, network) in NETWORKS.items():
    for kind in ("float", "int8"):
        spec = [tf.TensorSpec(shape, tf.float32)]
        function = tf.function(network, input_signature=spec).get_concrete_function()
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
        if kind == "int8":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: (
                [rng.standard_normal([d or 1 for d in shape]).astype(np.float32)] for _ in range(8)
            )
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = tf.int8
            if not name.startswith("arg_max"):
                converter.inference_output_type = tf.int8
        with open(f"{name}_{kind}.tflite", "wb") as file:
            file.write(converter.convert())

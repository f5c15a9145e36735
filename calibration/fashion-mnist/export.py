"""Writes the network as a float .tflite file, batch normalisation visible.

Every convolution becomes three operators, in the order in which it is trained:

    CONV_2D or DEPTHWISE_CONV_2D   no activation, bias of zeros
    MUL by a constant [C]          bn/scale = gamma / sqrt(variance + epsilon)
    ADD of a constant [C]          bn/shift = beta - mean * bn/scale; fused RELU

so that a reader has real batch normalisation to fold. Then MEAN over rows and
columns, FULLY_CONNECTED and SOFTMAX. Layouts are TFLite's: activations NHWC,
convolution weights OHWI, depthwise weights [1, KH, KW, C].

The file is made with TensorFlow Lite's own schema classes; no converter runs.
Vectors that would be empty are absent: TensorFlow Lite 2.21 rejects empty ones.
"""

import json

import flatbuffers
import numpy as np
import torch
from tensorflow.lite.python import schema_py_generated as schema

from dataset import LABELS
from network import CLASSES, IMAGE_SIZE

BUFFER_ALIGNMENT = 16   # force_align of Buffer.data in schema.fbs
SCHEMA_VERSION = 3
FILE_IDENTIFIER = b"TFL3"
METADATA_NAME = "quern"
# x = (pixel - mean) / std, in pixel units
METADATA = {"input": {"mean": [127.5], "std": [127.5]}, "labels": list(LABELS)}


class AlignedBuffer(schema.BufferT):
    """A buffer whose data is aligned as the schema asks; the object API alone does not."""

    def Pack(self, builder):
        data = None
        if self.data is not None:
            content = bytes(self.data)
            builder.StartVector(1, len(content), BUFFER_ALIGNMENT)
            builder.head -= len(content)
            builder.Bytes[builder.head:builder.head + len(content)] = content
            data = builder.EndVector()
        schema.BufferStart(builder)
        if data is not None:
            schema.BufferAddData(builder, data)
        return schema.BufferEnd(builder)


class GraphWriter:
    """Collects tensors, buffers and operators of one subgraph."""

    def __init__(self):
        self.buffers = [AlignedBuffer()]    # buffer 0 is empty: "no constant data"
        self.tensors = []
        self.operators = []
        self.codes = []

    def add_buffer(self, content):
        self.buffers.append(AlignedBuffer(data=content))
        return len(self.buffers) - 1

    def tensor(self, name, shape, kind=schema.TensorType.FLOAT32, buffer=0):
        """Adds a tensor and returns its index."""
        t = schema.TensorT()
        t.name = name
        t.shape = [int(n) for n in shape]
        t.type = kind
        t.buffer = buffer
        t.hasRank = True
        self.tensors.append(t)
        return len(self.tensors) - 1

    def constant(self, name, array):
        """Adds a constant float32 or int32 tensor, stored little endian."""
        kinds = {"float32": schema.TensorType.FLOAT32, "int32": schema.TensorType.INT32}
        content = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        return self.tensor(name, array.shape, kinds[array.dtype.name], self.add_buffer(content))

    def operator(self, code, options_type, options, inputs, output):
        if code not in self.codes:
            self.codes.append(code)
        op = schema.OperatorT()
        op.opcodeIndex = self.codes.index(code)
        op.inputs = list(inputs)
        op.outputs = [output]
        op.builtinOptionsType = options_type
        op.builtinOptions = options
        self.operators.append(op)

    def finish(self, inputs, outputs, description, metadata):
        """The bytes of the file."""
        subgraph = schema.SubGraphT()
        subgraph.name = "main"
        subgraph.tensors = self.tensors
        subgraph.inputs = inputs
        subgraph.outputs = outputs
        subgraph.operators = self.operators
        model = schema.ModelT()
        model.version = SCHEMA_VERSION
        model.description = description
        model.subgraphs = [subgraph]
        model.operatorCodes = []
        for code in self.codes:
            c = schema.OperatorCodeT()
            c.builtinCode = code
            c.deprecatedBuiltinCode = code
            c.version = 1
            model.operatorCodes.append(c)
        model.metadata = []
        for name, content in metadata.items():
            m = schema.MetadataT()
            m.name = name
            m.buffer = self.add_buffer(content)
            model.metadata.append(m)
        model.buffers = self.buffers
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), FILE_IDENTIFIER)
        return bytes(builder.Output())


def float32(tensor):
    return tensor.detach().contiguous().numpy().astype(np.float32)


def add_conv_bn(graph, x, layer):
    """Adds one ConvBn whose input is tensor x; returns the output's index."""
    size, channels = layer.output_size, layer.outputs
    shape = [1, size, size, channels]
    weights = float32(layer.effective_weight())
    if layer.depthwise:     # [C, 1, KH, KW] -> [1, KH, KW, C]
        code = schema.BuiltinOperator.DEPTHWISE_CONV_2D
        options_type = schema.BuiltinOptions.DepthwiseConv2DOptions
        options = schema.DepthwiseConv2DOptionsT()
        options.depthMultiplier = 1
        weights = weights.transpose(1, 2, 3, 0)
    else:                   # OIHW -> OHWI
        code = schema.BuiltinOperator.CONV_2D
        options_type = schema.BuiltinOptions.Conv2DOptions
        options = schema.Conv2DOptionsT()
        weights = weights.transpose(0, 2, 3, 1)
    options.padding = schema.Padding.SAME
    options.strideH = options.strideW = layer.stride
    options.dilationHFactor = options.dilationWFactor = 1
    options.fusedActivationFunction = schema.ActivationFunctionType.NONE
    conv = graph.tensor(f"{layer.name}/output", shape)
    graph.operator(code, options_type, options,
                   [x, graph.constant(f"{layer.name}/weights", weights),
                    graph.constant(f"{layer.name}/bias", np.zeros(channels, np.float32))], conv)

    # In double precision, rounded once.
    bn = layer.bn
    scale = bn.weight.detach().double() / torch.sqrt(bn.running_var.double() + bn.eps)
    shift = bn.bias.detach().double() - bn.running_mean.double() * scale
    options = schema.MulOptionsT()
    options.fusedActivationFunction = schema.ActivationFunctionType.NONE
    scaled = graph.tensor(f"{layer.name}/bn/scaled", shape)
    graph.operator(schema.BuiltinOperator.MUL, schema.BuiltinOptions.MulOptions, options,
                   [conv, graph.constant(f"{layer.name}/bn/scale", float32(scale))], scaled)
    options = schema.AddOptionsT()
    options.fusedActivationFunction = schema.ActivationFunctionType.RELU
    shifted = graph.tensor(f"{layer.name}/bn/relu", shape)
    graph.operator(schema.BuiltinOperator.ADD, schema.BuiltinOptions.AddOptions, options,
                   [scaled, graph.constant(f"{layer.name}/bn/shift", float32(shift))], shifted)
    return shifted


@torch.no_grad()
def model_bytes(network):
    """The .tflite file of a trained network, a pure function of its weights."""
    graph = GraphWriter()
    image = graph.tensor("image", [1, IMAGE_SIZE, IMAGE_SIZE, 1])
    x = image
    for layer in network.layers:
        x = add_conv_bn(graph, x, layer)

    channels = network.classifier.in_features
    options = schema.ReducerOptionsT()
    options.keepDims = False
    mean = graph.tensor("pool/mean", [1, channels])
    graph.operator(schema.BuiltinOperator.MEAN, schema.BuiltinOptions.ReducerOptions, options,
                   [x, graph.constant("pool/axes", np.array([1, 2], np.int32))], mean)

    options = schema.FullyConnectedOptionsT()
    options.fusedActivationFunction = schema.ActivationFunctionType.NONE
    logits = graph.tensor("classifier/logits", [1, CLASSES])
    graph.operator(schema.BuiltinOperator.FULLY_CONNECTED,
                   schema.BuiltinOptions.FullyConnectedOptions, options,
                   [mean, graph.constant("classifier/weights", float32(network.classifier.weight)),
                    graph.constant("classifier/bias", float32(network.classifier.bias))], logits)

    options = schema.SoftmaxOptionsT()
    options.beta = 1.0
    output = graph.tensor("probabilities", [1, CLASSES])
    graph.operator(schema.BuiltinOperator.SOFTMAX, schema.BuiltinOptions.SoftmaxOptions, options,
                   [logits], output)

    binary = any(layer.binary for layer in network.layers)
    description = "Fashion-MNIST, MobileNet-V1 style" + (", binarised weights" if binary else "")
    metadata = json.dumps(METADATA, separators=(",", ":")).encode("utf-8")
    return graph.finish([image], [output], description, {METADATA_NAME: metadata})


def write_tflite(network, path):
    network.eval()
    path.write_bytes(model_bytes(network))


def run_tflite(path, images):
    """Outputs [N, 10] of TensorFlow Lite for images [N, 28, 28, 1], one image a call."""
    import tensorflow
    interpreter = tensorflow.lite.Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    x = interpreter.get_input_details()[0]["index"]
    y = interpreter.get_output_details()[0]["index"]
    out = np.empty((len(images), CLASSES), np.float32)
    for i, image in enumerate(images):
        interpreter.set_tensor(x, image[None])
        interpreter.invoke()
        out[i] = interpreter.get_tensor(y)[0]
    return out

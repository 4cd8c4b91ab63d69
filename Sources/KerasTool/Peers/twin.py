"""The ONNX twin of a Keras model of images: the same weights, laid out as the engines that read ONNX like them best.

    python twin.py MODEL.h5 TWIN.onnx

Images are NCHW from the input to the Flatten, so no transpose is left in the graph; the rows of the Dense after the Flatten
are put into that order instead. Batch normalizations stay nodes of their own: folding them is the engine's business.
"""

import os
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

OPSET, IR_VERSION = 17, 9


class NoTwin(Exception):
    """The model has something this does not translate."""


class Value:
    """A tensor of the graph. `shape` is channels-first for images, without the batch axis; `flattened` is the image's shape
    where a Flatten has left its numbers in NCHW order."""

    def __init__(self, name, shape, flattened=None):
        self.name, self.shape, self.flattened = name, tuple(shape), flattened


class Twin:
    def __init__(self, batch=None):
        self.nodes, self.constants, self.batch = [], [], batch

    def node(self, kind, inputs, shape, *constants, flattened=None, **attributes):
        names = [value.name for value in inputs]
        for constant in constants:
            names.append(f"constant_{len(self.constants)}")
            self.constants.append(numpy_helper.from_array(np.ascontiguousarray(constant), names[-1]))
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [name], **attributes))
        return Value(name, shape, flattened)

    def activation(self, x, function):
        name = getattr(function, "__name__", str(function))
        kinds = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softmax": "Softmax"}
        if name == "linear":
            return x
        if name == "relu6":
            return self.clip(x, 6)
        if name not in kinds:
            raise NoTwin(f"the activation {name}")
        axis = {"axis": 1} if name == "softmax" else {}
        return self.node(kinds[name], [x], x.shape, flattened=x.flattened, **axis)

    def clip(self, x, high):
        return self.node("Clip", [x], x.shape, np.float32(0), np.float32(high), flattened=x.flattened)

    def slide(self, x, layer, window, dilation=(1, 1)):
        """The attributes of a window that slides, and the lengths it leaves. Where padding does not come out even, Keras puts
        the odd cell last."""
        image(x, layer)
        if layer.padding not in ("valid", "same"):
            raise NoTwin(f"padding {layer.padding}")
        before, after, lengths = [], [], []
        for size, w, stride, step in zip(x.shape[1:], window, layer.strides, dilation):
            extent = (w - 1) * step + 1
            length = -(-size // stride) if layer.padding == "same" else (size - extent) // stride + 1
            total = max((length - 1) * stride + extent - size, 0) if layer.padding == "same" else 0
            before.append(total // 2)
            after.append(total - total // 2)
            lengths.append(length)
        return lengths, {"kernel_shape": list(window), "strides": list(layer.strides), "pads": before + after}


def image(x, layer):
    if len(x.shape) != 3 or getattr(layer, "data_format", "channels_last") != "channels_last":
        raise NoTwin(f"{type(layer).__name__} on anything but images with their channels last")


def weights(layer):
    """The layer's arrays by their own names."""
    return {variable.name: np.asarray(variable.numpy()) for variable in layer.weights}


def convolve(twin, x, layer, kernel, bias, groups, dilation):
    lengths, attributes = twin.slide(x, layer, layer.kernel_size, dilation)
    biases = [] if bias is None else [bias]
    return twin.node("Conv", [x], (kernel.shape[0], *lengths), kernel, *biases, group=groups, dilations=list(dilation), **attributes)


def depthwise_kernel(kernel):
    """`(h, w, c, multiplier)` as ONNX's `(c · multiplier, 1, h, w)`."""
    height, width, channels, multiplier = kernel.shape
    return kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)


def conv2d(twin, xs, layer):
    own = weights(layer)
    y = convolve(twin, xs[0], layer, own["kernel"].transpose(3, 2, 0, 1), own.get("bias"), layer.groups, layer.dilation_rate)
    return twin.activation(y, layer.activation)


def depthwise_conv2d(twin, xs, layer):
    own = weights(layer)
    kernel = depthwise_kernel(own.get("kernel", own.get("depthwise_kernel")))
    y = convolve(twin, xs[0], layer, kernel, own.get("bias"), xs[0].shape[0], layer.dilation_rate)
    return twin.activation(y, layer.activation)


def separable_conv2d(twin, xs, layer):
    own = weights(layer)
    y = convolve(twin, xs[0], layer, depthwise_kernel(own["depthwise_kernel"]), None, xs[0].shape[0], layer.dilation_rate)
    pointwise = own["pointwise_kernel"].transpose(3, 2, 0, 1)
    biases = [own["bias"]] if "bias" in own else []
    y = twin.node("Conv", [y], (pointwise.shape[0], *y.shape[1:]), pointwise, *biases, kernel_shape=[1, 1])
    return twin.activation(y, layer.activation)


def dense(twin, xs, layer):
    x, own = xs[0], weights(layer)
    if len(x.shape) != 1:
        raise NoTwin("Dense on anything but rows")
    kernel = own["kernel"]
    if x.flattened:
        channels, height, width = x.flattened
        kernel = kernel.reshape(height, width, channels, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)
    bias = own.get("bias", np.zeros(kernel.shape[1], "float32"))
    return twin.activation(twin.node("Gemm", [x], kernel.shape[1:], kernel, bias), layer.activation)


def normalize(twin, xs, layer):
    x, own = xs[0], weights(layer)
    axis = layer.axis[0] if isinstance(layer.axis, (list, tuple)) else layer.axis
    if axis not in (-1, len(x.shape)) or x.flattened:
        raise NoTwin("BatchNormalization along another axis")
    channels = len(own["moving_mean"])
    parts = [own.get("gamma", np.ones(channels, "float32")), own.get("beta", np.zeros(channels, "float32"))]
    return twin.node("BatchNormalization", [x], x.shape, *parts, own["moving_mean"], own["moving_variance"], epsilon=layer.epsilon)


def relu(twin, xs, layer):
    slope, threshold = float(layer.negative_slope), float(layer.threshold)
    if slope or threshold:
        raise NoTwin("ReLU with a slope or threshold")
    return twin.activation(xs[0], "relu") if layer.max_value is None else twin.clip(xs[0], layer.max_value)


def pool(kind):
    def make(twin, xs, layer):
        lengths, attributes = twin.slide(xs[0], layer, layer.pool_size)
        return twin.node(kind, xs, (xs[0].shape[0], *lengths), **attributes)
    return make


def global_pool(kind):
    def make(twin, xs, layer):
        image(xs[0], layer)
        y = twin.node(kind, xs, (xs[0].shape[0], 1, 1))
        return y if layer.keepdims else twin.node("Flatten", [y], y.shape[:1], axis=1)
    return make


def zero_padding(twin, xs, layer):
    x = xs[0]
    image(x, layer)
    (top, bottom), (left, right) = layer.padding
    shape = (x.shape[0], x.shape[1] + top + bottom, x.shape[2] + left + right)
    return twin.node("Pad", [x], shape, np.array([0, 0, top, left, 0, 0, bottom, right], "int64"))


def fold(kind):
    def make(twin, xs, layer):
        if any(x.shape != xs[0].shape or x.flattened for x in xs):
            raise NoTwin(f"{type(layer).__name__} of unlike shapes")
        y = xs[0]
        for x in xs[1:]:
            y = twin.node(kind, [y, x], y.shape)
        return y
    return make


def concatenate(twin, xs, layer):
    if layer.axis not in (-1, len(xs[0].shape)):
        raise NoTwin("Concatenate along another axis than the channels")
    return twin.node("Concat", xs, (sum(x.shape[0] for x in xs), *xs[0].shape[1:]), axis=1)


def flatten(twin, xs, layer):
    x = xs[0]
    if len(x.shape) == 1:
        return x
    image(x, layer)
    return twin.node("Flatten", [x], [int(np.prod(x.shape))], axis=1, flattened=x.shape)


LAYERS = {
    "Conv2D": conv2d, "DepthwiseConv2D": depthwise_conv2d, "SeparableConv2D": separable_conv2d, "Dense": dense,
    "BatchNormalization": normalize, "ReLU": relu, "Flatten": flatten, "ZeroPadding2D": zero_padding, "Concatenate": concatenate,
    "Activation": lambda twin, xs, layer: twin.activation(xs[0], layer.activation),
    "Softmax": lambda twin, xs, layer: twin.activation(xs[0], "softmax"),
    "MaxPooling2D": pool("MaxPool"), "AveragePooling2D": pool("AveragePool"),
    "GlobalAveragePooling2D": global_pool("GlobalAveragePool"), "GlobalMaxPooling2D": global_pool("GlobalMaxPool"),
    "Add": fold("Add"), "Multiply": fold("Mul"),
    "Dropout": lambda twin, xs, layer: xs[0], "SpatialDropout2D": lambda twin, xs, layer: xs[0],
    "GaussianNoise": lambda twin, xs, layer: xs[0], "GaussianDropout": lambda twin, xs, layer: xs[0],
}


def twin_of(model):
    """The ONNX model of a Keras 3 model with one input and one output."""
    graph = getattr(model, "_functional", None) or model
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise NoTwin("several inputs or outputs")
    twin, start = Twin(), tuple(graph.inputs[0].shape[1:])
    start = (start[2], *start[:2]) if len(start) == 3 else start
    if None in start:
        raise NoTwin("an input with open lengths")
    values = {id(graph.inputs[0]): Value("input", start)}
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        for node in graph._nodes_by_depth[depth]:
            kind = type(node.operation).__name__
            if kind == "InputLayer":
                continue
            if kind not in LAYERS:
                raise NoTwin(f"the layer {kind}")
            result = LAYERS[kind](twin, [values[id(x)] for x in node.arguments.keras_tensors], node.operation)
            values[id(node.outputs[0])] = result
    end = values[id(graph.outputs[0])]
    if end.flattened:
        raise NoTwin("a flattened image as output")
    ends = [helper.make_tensor_value_info(value.name, TensorProto.FLOAT, ["n", *value.shape]) for value in (values[id(graph.inputs[0])], end)]
    made = helper.make_graph(twin.nodes, "twin", ends[:1], ends[1:], twin.constants)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def main():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    source, target = sys.argv[1:]
    save(twin_of(keras.saving.load_model(source, compile=False)), target)


if __name__ == "__main__":
    try:
        main()
    except NoTwin as error:
        sys.exit(f"ONNX twin: no translation of {error}")

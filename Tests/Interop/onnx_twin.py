"""The ONNX twin of a plain convolutional Sequential: the same weights, laid out as ONNX Runtime likes them best.

Activations are NCHW from the input to the Flatten, so no transpose is left in the graph; the rows of the Dense after
the Flatten are put into that order instead.
"""

import json

import h5py
import numpy as np
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 17, 9


class Twin:
    """An ONNX graph in the making. `x` is the tensor made last, `shape` its NCHW shape without the batch axis."""

    def __init__(self, weights, shape):
        height, width, channels = shape
        self.weights, self.nodes, self.constants = weights, [], []
        self.x, self.shape, self.flat_order = "input", (channels, height, width), None

    def node(self, kind, *constants, **attributes):
        inputs = [self.x]
        for value in constants:
            inputs.append(f"constant_{len(self.constants)}")
            self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), inputs[-1]))
        self.x = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [self.x], **attributes))

    def activation(self, name):
        if name != "linear":
            self.node({"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softmax": "Softmax"}[name])

    def slide(self, channels, window, strides, padding):
        """The attributes of a window that slides, and the shape it leaves."""
        if padding != "valid":
            raise SystemExit(f"no twin for padding {padding}")
        sizes = [(size - w) // s + 1 for size, w, s in zip(self.shape[1:], window, strides)]
        self.shape = (channels, *sizes)
        return {"kernel_shape": list(window), "strides": list(strides)}

    def conv2d(self, config):
        kernel, bias = self.weights[config["name"]]
        attributes = self.slide(kernel.shape[3], config["kernel_size"], config["strides"], config["padding"])
        self.node("Conv", kernel.transpose(3, 2, 0, 1), bias, **attributes)
        self.activation(config["activation"])

    def max_pooling2d(self, config):
        self.node("MaxPool", **self.slide(self.shape[0], config["pool_size"], config["strides"], config["padding"]))

    def flatten(self, config):
        channels_last = np.arange(np.prod(self.shape)).reshape(*self.shape[1:], self.shape[0])
        self.flat_order = channels_last.transpose(2, 0, 1).ravel()
        self.node("Flatten", axis=1)

    def dense(self, config):
        kernel, bias = self.weights[config["name"]]
        if self.flat_order is not None:
            kernel, self.flat_order = kernel[self.flat_order], None
        self.node("Gemm", kernel, bias)
        self.activation(config["activation"])

    def dropout(self, config):
        """Nothing to do when predicting."""


LAYERS = {"Conv2D": Twin.conv2d, "MaxPooling2D": Twin.max_pooling2d, "Flatten": Twin.flatten, "Dense": Twin.dense,
          "Dropout": Twin.dropout}


def weights_of(file):
    """Each layer's arrays, in the file's order."""
    group = file["model_weights"]
    return {name: [np.array(group[name][w]) for w in group[name].attrs["weight_names"]] for name in group
            if name != "top_level_model_weights"}


def input_shape(layers):
    """Height, width and channels the model takes."""
    config = layers[0]["config"]
    return (config.get("batch_shape") or config["batch_input_shape"])[1:]


def twin_of(path):
    """The serialized ONNX model and its input's NCHW shape, without the batch axis."""
    with h5py.File(path) as file:
        layers = json.loads(file.attrs["model_config"])["config"]["layers"]
        twin = Twin(weights_of(file), input_shape(layers))
    start = twin.shape
    for layer in layers:
        if layer["class_name"] == "InputLayer":
            continue
        if layer["class_name"] not in LAYERS:
            raise SystemExit(f"no twin for {layer['class_name']}")
        LAYERS[layer["class_name"]](twin, layer["config"])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in (("input", ["n", *start]), (twin.x, ["n", None]))]
    graph = helper.make_graph(twin.nodes, "twin", ends[:1], ends[1:], twin.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    return model.SerializeToString(), start

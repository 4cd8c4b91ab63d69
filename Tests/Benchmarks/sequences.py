"""Models over sequences, and their ONNX twins: recurrent layers over 100 steps of 64 features, a block of a transformer.

What is recurrent is ONNX's own LSTM or GRU, with time first as it wants it; attention is written out in products, which the engines fuse as
they like.
"""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 17, 9
STEPS, FEATURES, UNITS = 100, 64, 128
TOKENS, WIDTH, HEADS, INNER = 128, 256, 4, 1024


def recurrent(kind, both_ways=False):
    def make():
        import keras

        layer = getattr(keras.layers, kind)(UNITS)
        return keras.Sequential([keras.layers.Input((STEPS, FEATURES)), keras.layers.Bidirectional(layer) if both_ways else layer])
    return make


def transformer():
    """Post-norm, as in the first paper."""
    import keras

    layers = keras.layers
    x = start = layers.Input((TOKENS, WIDTH))
    x = layers.LayerNormalization(name="norm_1")(layers.Add()([x, layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name="attention")(x, x)]))
    y = layers.Dense(WIDTH, name="narrow")(layers.Dense(INNER, activation="relu", name="wide")(x))
    return keras.Model(start, layers.LayerNormalization(name="norm_2")(layers.Add()([x, y])))


MODELS = {"lstm": recurrent("LSTM"), "gru": recurrent("GRU"), "bilstm": recurrent("LSTM", both_ways=True), "transformer": transformer}


class Graph:
    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, kind, *inputs, outputs=None, **attributes):
        names = [self.constant(x) if isinstance(x, np.ndarray) else x for x in inputs]
        made = helper.make_node(kind, names, outputs or [f"v{len(self.nodes)}"], **attributes)
        self.nodes.append(made)
        return made.output[-1]

    def model(self, inputs, output, outputs):
        def port(name, shape):
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *shape])

        # The result goes by a name of its own.
        self.node("Identity", output, outputs=["output"])
        graph = helper.make_graph(self.nodes, "twin", [port("input", inputs)], [port("output", outputs)], self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def gates(array, order):
    """Keras's gates along the last axis, one upon the other in ONNX's order."""
    parts = np.split(array, len(order), axis=-1)
    return np.concatenate([parts[place] for place in order], axis=-1).T


def recurrent_twin(model):
    layer = model.layers[-1]
    ways = [layer.forward_layer, layer.backward_layer] if hasattr(layer, "forward_layer") else [layer]
    kind = type(ways[0]).__name__
    # Keras: i f c o, ONNX: i o f c; both: z r h.
    order = [0, 3, 1, 2] if kind == "LSTM" else [0, 1, 2]
    kernels, recurrents, biases = [], [], []
    for way in ways:
        kernel, recurrent_kernel, bias = (np.array(w) for w in way.get_weights())
        kernels.append(gates(kernel, order))
        recurrents.append(gates(recurrent_kernel, order))
        bias = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
        biases.append(np.concatenate([gates(row[None], order)[:, 0] for row in bias]))
    graph = Graph()
    x = graph.node("Transpose", "input", perm=[1, 0, 2])
    more = {"linear_before_reset": 1} if kind == "GRU" else {}
    y = graph.node(kind, x, np.stack(kernels), np.stack(recurrents), np.stack(biases), outputs=["", "states"], hidden_size=UNITS,
                   direction="bidirectional" if len(ways) == 2 else "forward", **more)
    y = graph.node("Reshape", graph.node("Transpose", y, perm=[1, 0, 2]), np.array([-1, UNITS * len(ways)]))
    return graph.model([STEPS, FEATURES], y, [UNITS * len(ways)])


def transformer_twin(model):
    graph, size = Graph(), WIDTH // HEADS
    weights = {w.path: np.array(w) for w in model.weights}

    def dense(x, path):
        kernel, bias = weights[path + "/kernel"], weights[path + "/bias"]
        rows = WIDTH if path != "narrow" else INNER
        return graph.node("Add", graph.node("MatMul", x, kernel.reshape(rows, -1)), bias.reshape(-1))

    def norm(x, layer):
        return graph.node("LayerNormalization", x, weights[layer + "/gamma"], weights[layer + "/beta"], axis=-1,
                          epsilon=model.get_layer(layer).epsilon)

    def heads(x, part, order):
        y = graph.node("Reshape", dense(x, "attention/" + part), np.array([0, TOKENS, HEADS, size]))
        return graph.node("Transpose", y, perm=order)

    x = "input"
    query = graph.node("Mul", heads(x, "query", [0, 2, 1, 3]), np.array(1 / np.sqrt(size), "float32"))
    scores = graph.node("Softmax", graph.node("MatMul", query, heads(x, "key", [0, 2, 3, 1])), axis=-1)
    mixed = graph.node("Transpose", graph.node("MatMul", scores, heads(x, "value", [0, 2, 1, 3])), perm=[0, 2, 1, 3])
    mixed = dense(graph.node("Reshape", mixed, np.array([0, TOKENS, WIDTH])), "attention/attention_output")
    x = norm(graph.node("Add", x, mixed), "norm_1")
    y = dense(graph.node("Relu", dense(x, "wide")), "narrow")
    return graph.model([TOKENS, WIDTH], norm(graph.node("Add", x, y), "norm_2"), [TOKENS, WIDTH])


def twin_of(name, model):
    return transformer_twin(model) if name == "transformer" else recurrent_twin(model)

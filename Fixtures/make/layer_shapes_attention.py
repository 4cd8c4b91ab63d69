"""Writes Fixtures/layers/shapes_attention.json: attention, EinsumDense and Masking as Keras 3 and tf_keras configure them, and the shapes they
give and have.

Of tf_keras, the objects inside a configuration are written as TensorFlow up to 2.12 wrote them, without `module` and `registered_name`.
"""
import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import tf_keras


def cases(keras, L):
    """Each: how the layer is made, its input shapes without the batch, and whether they are one argument, a list."""
    newer = L is not tf_keras.layers
    query, value, key = (5, 6), (4, 6), (4, 6)
    for kind in (L.Attention, L.AdditiveAttention):
        yield lambda: kind(), [query, value], True
        yield lambda: kind(use_scale=True, dropout=0.25), [query, value, key], True
        yield lambda: kind(use_scale=False), [(None, 6), (None, 6)], True
    yield lambda: L.Attention(score_mode="concat", use_scale=True), [query, value], True
    yield lambda: L.Attention(score_mode="concat"), [query, (4, 3), key], True
    heads = L.MultiHeadAttention
    yield lambda: heads(2, 3), [query, value], False
    yield lambda: heads(2, 3, value_dim=4, use_bias=False), [query, (4, 3), (4, 2)], False
    yield lambda: heads(1, 2, output_shape=(7,), dropout=0.25), [(None, 6), (None, 6)], False
    yield lambda: heads(2, 3, output_shape=(2, 4)), [query, value], False
    yield lambda: heads(2, 3, attention_axes=(2,)), [(2, 5, 6), (2, 4, 6)], False
    yield lambda: heads(2, 3, attention_axes=(1, 2)), [(2, 5, 6), (2, 4, 6)], False
    yield lambda: heads(2, 3), [(2, 5, 6), (2, 4, 6)], False
    yield lambda: heads(2, 3, kernel_regularizer="l2", bias_regularizer="l1", kernel_constraint="max_norm", bias_constraint="non_neg",
                        kernel_initializer="he_normal", bias_initializer="ones", trainable=False), [query, value], False
    if newer:
        yield lambda: heads(2, 3, use_gate=True, sliding_window=2, seed=3, value_dim=2), [query, value], False
        grouped = L.GroupQueryAttention
        yield lambda: grouped(3, 4, 2), [query, value], False
        yield lambda: grouped(3, 3, 1, use_bias=False, dropout=0.25), [query, value, key], False
        yield lambda: grouped(2, 2, 2, use_gate=True, sliding_window=1), [query, value], False
    dense = L.EinsumDense
    # Keras 3 takes a length that is not told for an open one, though the input has it.
    steps, images = (5, 3) if newer else (None, None)
    yield lambda: dense("abc,cd->abd", (steps, 4), bias_axes="d"), [query], True
    yield lambda: dense("...x,xy->...y", 4, activation="relu"), [(None, 6)], True
    yield lambda: dense("ab,bc->ac", 4, bias_axes="c"), [(6,)], True
    yield lambda: dense("abc,cde->abed", (steps, 2, 3), bias_axes="ed"), [query], True
    yield lambda: dense("abcd,cde->abe", (images, 4), bias_axes="e"), [(3, 2, 5)], True
    yield lambda: dense("abc,bd->adc", (4, 6)), [query], True
    yield lambda: dense("abc,bcd->abd", (5, 4), bias_axes="bd", kernel_regularizer="l2"), [query], True
    yield lambda: dense("ab...,bc->ac...", 4, bias_axes="c"), [query], True
    yield lambda: L.Masking(), [query], True
    yield lambda: L.Masking(0.5), [(None, 2, 3)], True


def undressed(value):
    if isinstance(value, list):
        return [undressed(item) for item in value]
    if not isinstance(value, dict):
        return value
    if {"module", "class_name", "config", "registered_name"} <= set(value):
        value = {key: value[key] for key in ("class_name", "config")}
    return {key: undressed(item) for key, item in value.items()}


def measured(keras, dialect):
    for make, shapes, is_list in cases(keras, keras.layers):
        keras.backend.clear_session()
        layer = make()
        inputs = [keras.Input(shape) for shape in shapes]
        outputs = [layer(inputs if is_list and len(inputs) > 1 else inputs[0]) if is_list else layer(*inputs)]
        config = json.loads(json.dumps(layer.get_config(), default=lambda object: keras.utils.serialize_keras_object(object)
                                       if hasattr(keras.utils, "serialize_keras_object") else object))
        yield {
            "dialect": dialect, "class_name": type(layer).__name__, "config": undressed(config) if dialect == "tf.keras" else config,
            "inputs": [list(value.shape) for value in inputs], "outputs": [list(output.shape) for output in outputs],
            "weights": [{"name": weight.name.split("/")[-1].split(":")[0], "shape": list(weight.shape),
                         "dtype": keras.backend.dtype(weight) if dialect == "tf.keras" else weight.dtype,
                         "trainable": bool(layer.trainable and weight.trainable)} for weight in layer.weights],
        }


goal = pathlib.Path(__file__).resolve().parent.parent / "layers" / "shapes_attention.json"
rows = list(measured(keras, "keras3")) + list(measured(tf_keras, "tf.keras"))
goal.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
print(len(rows), goal.name)

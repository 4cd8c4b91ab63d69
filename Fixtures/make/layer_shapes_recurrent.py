"""Writes Fixtures/layers/shapes_recurrent.json: recurrent layers as Keras 3 and tf_keras configure them, and the shapes they give and have.

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
    """Each: how the layer is made, and its input shape without the batch."""
    newer = L is not tf_keras.layers
    for kind in (L.SimpleRNN, L.LSTM, L.GRU):
        yield lambda: kind(3), (5, 2)
        yield lambda: kind(3, return_sequences=True), (None, 2)
        yield lambda: kind(3, return_state=True, go_backwards=True), (5, 2)
        yield lambda: kind(3, return_sequences=True, return_state=True, go_backwards=True, unroll=True), (4, 2)
        yield lambda: kind(2, use_bias=False, activation="relu", dropout=0.25, recurrent_dropout=0.5), (5, 2)
        yield lambda: kind(2, dropout=0.25, return_sequences=True), (5, 3)
        yield lambda: kind(2, kernel_regularizer="l2", recurrent_regularizer="l1", bias_regularizer="l2", activity_regularizer="l2",
                           kernel_constraint="max_norm", recurrent_constraint="unit_norm", bias_constraint="non_neg",
                           kernel_initializer="he_normal", recurrent_initializer="glorot_uniform", bias_initializer="ones",
                           trainable=False), (3, 2)
    yield lambda: L.LSTM(3, recurrent_activation="hard_sigmoid", unit_forget_bias=False), (5, 2)
    yield lambda: L.LSTM(3, activation="softsign", recurrent_activation="relu", implementation=1), (5, 2)
    yield lambda: L.GRU(3, reset_after=False, return_sequences=True), (5, 2)
    yield lambda: L.GRU(3, reset_after=False, use_bias=False, recurrent_dropout=0.5), (5, 2)
    yield lambda: L.GRU(3, recurrent_activation="hard_sigmoid", implementation=1, return_state=True), (None, 2)
    if newer:
        yield lambda: L.LSTM(3, zero_output_for_mask=True, return_sequences=True, seed=4), (5, 2)
    else:
        yield lambda: L.SimpleRNN(3, time_major=True, return_sequences=True), (5, 2)
        yield lambda: L.RNN(L.LSTMCell(3), time_major=True), (5, 2)
    for cell in (L.SimpleRNNCell, L.LSTMCell, L.GRUCell):
        yield lambda: L.RNN(cell(3)), (5, 2)
        yield lambda: L.RNN(cell(3, dropout=0.25, use_bias=False), return_sequences=True, return_state=True), (None, 2)
    yield lambda: L.RNN([L.GRUCell(3), L.LSTMCell(2), L.SimpleRNNCell(4)], return_sequences=True, return_state=True), (5, 2)
    yield lambda: L.RNN(L.StackedRNNCells([L.LSTMCell(2), L.GRUCell(3, reset_after=False)]), go_backwards=True), (5, 2)
    for mode in ("concat", "sum", "mul", "ave", None):
        yield lambda: L.Bidirectional(L.LSTM(3, return_sequences=mode != "mul"), merge_mode=mode), (5, 2)
    yield lambda: L.Bidirectional(L.GRU(3, return_state=True), name="both"), (5, 2)
    yield lambda: L.Bidirectional(L.GRU(3, return_state=True, return_sequences=True), merge_mode=None), (5, 2)
    yield lambda: L.Bidirectional(L.SimpleRNN(3), backward_layer=L.SimpleRNN(3, activation="relu", go_backwards=True)), (5, 2)
    yield lambda: L.Bidirectional(L.RNN(L.LSTMCell(3), return_sequences=True), merge_mode="sum"), (None, 2)
    yield lambda: L.TimeDistributed(L.Dense(3, activation="relu")), (5, 2)
    yield lambda: L.TimeDistributed(L.Conv2D(3, 2)), (5, 4, 4, 2)
    yield lambda: L.TimeDistributed(L.BatchNormalization()), (5, 3)
    yield lambda: L.TimeDistributed(L.Dropout(0.5)), (5, 3)
    yield lambda: L.TimeDistributed(L.LSTM(2)), (4, 5, 3)
    yield lambda: L.TimeDistributed(L.Flatten()), (4, 5, 3)
    yield lambda: L.TimeDistributed(L.TimeDistributed(L.Dense(2))), (3, 4, 2)
    for rank, shape in ((1, (3, 6, 2)), (2, (3, 5, 4, 2)), (3, (2, 4, 3, 4, 1))):
        conv = getattr(L, f"ConvLSTM{rank}D")
        yield lambda: conv(2, 2), shape
        yield lambda: conv(2, 3, padding="same", return_sequences=True, return_state=True), shape
        yield lambda: conv(2, 2, strides=2, use_bias=False, dropout=0.25, recurrent_dropout=0.25), shape
        yield lambda: conv(1, 2, dilation_rate=2, go_backwards=True, recurrent_activation="hard_sigmoid", return_sequences=True), shape
        yield lambda: conv(2, 2, data_format="channels_last", kernel_regularizer="l2", unit_forget_bias=False, activation="relu"), shape
    yield lambda: L.Bidirectional(L.ConvLSTM2D(2, 2, return_sequences=True)), (3, 4, 4, 2)


def undressed(value):
    if isinstance(value, list):
        return [undressed(item) for item in value]
    if not isinstance(value, dict):
        return value
    if {"module", "class_name", "config", "registered_name"} <= set(value):
        value = {key: value[key] for key in ("class_name", "config")}
    return {key: undressed(item) for key, item in value.items()}


def flattened(value):
    """Keras 3 nests the states of stacked cells."""
    return [tensor for item in value for tensor in flattened(item)] if isinstance(value, (list, tuple)) else [value]


def measured(keras, dialect):
    for make, shape in cases(keras, keras.layers):
        keras.backend.clear_session()
        layer = make()
        value = keras.Input(shape, batch_size=2 if getattr(layer, "stateful", False) else None)
        outputs = flattened(layer(value))
        config = json.loads(json.dumps(layer.get_config(), default=lambda object: keras.utils.serialize_keras_object(object)
                                       if hasattr(keras.utils, "serialize_keras_object") else object))
        yield {
            "dialect": dialect, "class_name": type(layer).__name__, "config": undressed(config) if dialect == "tf.keras" else config,
            "inputs": [list(value.shape)], "outputs": [list(output.shape) for output in outputs],
            "weights": [{"name": weight.name.split("/")[-1].split(":")[0], "shape": list(weight.shape),
                         "dtype": keras.backend.dtype(weight) if dialect == "tf.keras" else weight.dtype,
                         "trainable": bool(layer.trainable and weight.trainable)} for weight in layer.weights],
        }


goal = pathlib.Path(__file__).resolve().parent.parent / "layers" / "shapes_recurrent.json"
rows = list(measured(keras, "keras3")) + list(measured(tf_keras, "tf.keras"))
goal.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
print(len(rows), goal.name)

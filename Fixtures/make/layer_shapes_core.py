"""Writes Fixtures/layers/shapes_core.json: layers as Keras 3 and tf_keras configure them, and the shapes they give and have.

Of tf_keras, the objects inside a configuration are written as TensorFlow up to 2.12 wrote them, without `module` and `registered_name`.
"""
import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy
import tf_keras


def cases(keras, layers):
    """Each: how the layer is made, its input shapes without the batch, and the Keras that has it (both if not said)."""
    newer, older = layers is not tf_keras.layers, layers is tf_keras.layers
    L = layers
    yield lambda: L.Activation("relu"), [(3, 4)]
    for name in ["linear", "softmax", "elu", "selu", "softplus", "softsign", "tanh", "sigmoid", "exponential", "hard_sigmoid", "swish", "gelu",
                 "mish", "relu6", "leaky_relu", "log_softmax"]:
        yield lambda: L.Activation(name), [(None, 4)]
    for name in ["celu", "hard_shrink", "hard_tanh", "hard_silu", "log_sigmoid", "silu", "soft_shrink", "sparse_plus",
                 "sparse_sigmoid", "sparsemax", "squareplus", "tanh_shrink"] if newer else []:
        yield lambda: L.Activation(name), [(4,)]
    yield lambda: L.Activation(L.ReLU(6.0)), [(4,)]
    yield lambda: L.Activation(L.LeakyReLU(0.125)), [(4,)]
    yield lambda: L.Dense(3, activation=L.LeakyReLU(0.25)), [(4,)]
    yield lambda: L.Dense(3, activation=L.Softmax(axis=1)), [(5, 4)]
    yield lambda: L.Dense(3, activation=L.ELU(0.5), use_bias=False), [(4,)]
    yield lambda: L.Dense(3, activity_regularizer=keras.regularizers.L2(0.5)), [(4,)]
    yield lambda: L.ReLU(), [(3, 4)]
    yield lambda: L.ReLU(6.0, negative_slope=0.25, threshold=0.5), [(3, 4)]
    yield lambda: L.LeakyReLU(), [(4,)]
    yield lambda: L.LeakyReLU(0.125), [(None, 4)]
    yield lambda: L.PReLU(), [(4,)]
    yield lambda: L.PReLU(shared_axes=[1, 2]), [(None, None, 4)]
    yield lambda: L.PReLU(alpha_initializer="ones", alpha_constraint="non_neg", shared_axes=[1]), [(None, 2, 3)]
    yield lambda: L.ELU(), [(4,)]
    yield lambda: L.ELU(0.5), [(2, 4)]
    if older:
        yield lambda: L.ThresholdedReLU(), [(4,)]
        yield lambda: L.ThresholdedReLU(0.5), [(None, 4)]
    yield lambda: L.Softmax(), [(4,)]
    yield lambda: L.Softmax(axis=1), [(3, 4)]
    yield lambda: L.Softmax(axis=[1, 2]), [(3, None)]
    yield lambda: L.Softmax(axis=[-1]), [(3, 4)]
    yield lambda: L.Embedding(10, 4), [(None,)]
    yield lambda: L.Embedding(10, 4, input_length=5), [(5,)]
    yield lambda: L.Embedding(7, 3, embeddings_initializer="zeros", mask_zero=True), [(5, 2)]

    yield lambda: L.Dropout(0.5), [(4,)]
    yield lambda: L.Dropout(0.25, noise_shape=(None, 1, 4), seed=3), [(3, 4)]
    yield lambda: L.SpatialDropout1D(0.5), [(None, 4)]
    yield lambda: L.SpatialDropout2D(0.5, data_format="channels_last"), [(3, None, 4)]
    if newer:
        yield lambda: L.SpatialDropout1D(0.5, seed=2), [(None, 4)]
        yield lambda: L.SpatialDropout3D(0.5, data_format="channels_first"), [(3, 2, 4, 5)]
    else:
        yield lambda: L.SpatialDropout3D(0.5, data_format="channels_last"), [(3, 2, 4, 5)]
    yield lambda: L.GaussianNoise(0.5), [(4,)]
    yield lambda: L.GaussianNoise(0.5, seed=1), [(None, 4)]
    yield lambda: L.GaussianDropout(0.5), [(4,)]
    yield lambda: L.AlphaDropout(0.5), [(4,)]
    yield lambda: L.ActivityRegularization(0.5, 0.25), [(4,)]
    yield lambda: L.ActivityRegularization(), [(None, 4)]

    yield lambda: L.BatchNormalization(), [(4,)]
    yield lambda: L.BatchNormalization(), [(None, None, 3)]
    yield lambda: L.BatchNormalization(axis=1, momentum=0.9, epsilon=1e-5), [(4, 5, 6)]
    yield lambda: L.BatchNormalization(center=False, gamma_initializer="zeros", gamma_constraint="non_neg"), [(5, 4)]
    yield lambda: L.BatchNormalization(scale=False, name="bn"), [(5, 4)]
    yield lambda: L.BatchNormalization(center=False, scale=False, trainable=False), [(4,)]
    if newer:
        yield lambda: L.BatchNormalization(renorm=True, renorm_clipping={"rmax": 3.0, "rmin": 0.5, "dmax": 5.0}), [(4,)]
    if older:
        yield lambda: L.BatchNormalization(axis=[1, 3]), [(4, 5, 6)]
    yield lambda: L.LayerNormalization(), [(4,)]
    yield lambda: L.LayerNormalization(epsilon=1e-6), [(None, 4)]
    yield lambda: L.LayerNormalization(axis=[1, 2], center=False), [(4, 5)]
    yield lambda: L.LayerNormalization(axis=[2, 1], scale=False), [(4, 5)]
    yield lambda: L.LayerNormalization(axis=1), [(4, None)]
    if newer:
        yield lambda: L.LayerNormalization(axis=[-1, -2], rms_scaling=True), [(4, 5)]
        yield lambda: L.RMSNormalization(), [(3, 4)]
        yield lambda: L.RMSNormalization(axis=[2, 1], epsilon=1e-5), [(3, 4)]
    yield lambda: L.GroupNormalization(groups=2), [(3, 4)]
    yield lambda: L.GroupNormalization(groups=-1, axis=1, epsilon=1e-5), [(4, None, 5)]
    yield lambda: L.GroupNormalization(groups=3, center=False, scale=False), [(None, None, 6)]
    yield lambda: L.UnitNormalization(), [(3, 4)]
    yield lambda: L.UnitNormalization(axis=[1, 2]), [(3, None, 2)]

    for merge in [L.Add, L.Multiply, L.Average, L.Maximum, L.Minimum]:
        yield merge, [(3, 4), (3, 4), (3, 4)]
        yield merge, [(4,), (2, 3, 4), (3, 4)]
        yield merge, [(3, 1), (1, 4)]
        yield merge, [(None, 4), (None, 4)]
        yield merge, [(None, 4), (4,)]
    yield L.Subtract, [(3, 4), (4,)]
    yield L.Subtract, [(None, 2), (None, 2)]
    yield L.Concatenate, [(3, 4), (3, 2)]
    yield L.Concatenate, [(None, 4), (None, 2), (None, 1)]
    yield L.Concatenate, [(None,), (3,)]
    yield lambda: L.Concatenate(axis=1), [(None, 4), (3, 4)]
    yield lambda: L.Concatenate(axis=1, name="join"), [(2, 4), (3, 4)]
    yield lambda: L.Dot(axes=1), [(4,), (4,)]
    yield lambda: L.Dot(axes=-1), [(3, 4), (5, 4)]
    yield lambda: L.Dot(axes=(2, 1)), [(None, 4), (4, 5)]
    yield lambda: L.Dot(axes=1), [(4,), (4, 5)]
    yield lambda: L.Dot(axes=(1, 2), normalize=True), [(4, 3), (5, 4)]
    yield lambda: L.Dot(axes=(2, 1)), [(2, 3, 4), (3, 5)]
    yield lambda: L.Dot(axes=[3, 2]), [(2, 3, 4), (5, 4, 6)]

    yield lambda: L.Rescaling(1.0 / 255), [(28, 28, 1)]
    yield lambda: L.Rescaling(2, offset=-1), [(4,)]
    yield lambda: L.Rescaling([1.5, 2.0], [0.0, 1.0]), [(None, 2)]
    yield lambda: L.Normalization(), [(4,)]
    yield lambda: L.Normalization(axis=(1, -1)), [(3, 4)]
    yield lambda: L.Normalization(axis=None), [(None, 4)]
    yield lambda: L.Normalization(axis=1, invert=True), [(3, None)]
    yield lambda: L.Normalization(mean=1.0, variance=2.0), [(3, 4)]
    yield lambda: L.Normalization(mean=[1.0, 2.0], variance=[2.0, 4.0]), [(3, 2)]
    if not newer:
        yield lambda: L.Wrapper(L.Dense(3)), [(4,)]
    if newer:
        for mode in ("log", "magnitude", "psd", "real", "imag", "stft"):
            yield lambda: L.STFTSpectrogram(mode, 16, 5, window=None, scaling=None, expand_dims=mode in ("psd", "stft"),
                                            padding="same" if mode == "real" else "valid"), [(50, 2)]
        yield lambda: L.STFTSpectrogram(frame_length=8, window=None, scaling=None, data_format="channels_first"), [(3, 40)]
        yield lambda: L.MelSpectrogram(fft_length=16, sequence_stride=5, num_mel_bins=7), [(50,)]
        yield lambda: L.MelSpectrogram(fft_length=30, sequence_length=21, sequence_stride=5, num_mel_bins=4, power_to_db=False), [(48,)]
        yield lambda: L.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(2, 3)), [(9, 11, 3)]
        yield lambda: L.Pipeline([L.Rescaling(0.5), L.CenterCrop(3, 4)]), [(8, 9, 3)]
        yield lambda: L.ReversibleEmbedding(7, 3), [(4,)]
        yield lambda: L.ReversibleEmbedding(7, 3, tie_weights=False, mask_zero=True, logit_soft_cap=2.0), [(4,)]
        yield lambda: L.Normalization(axis=(1, 2), mean=[[1.0], [2.0]], variance=[[2.0], [4.0]]), [(2, 3)]


def plain(value):
    if isinstance(value, numpy.ndarray):
        return value.tolist()
    if isinstance(value, numpy.generic):
        return value.item()
    raise TypeError(f"no JSON for {type(value)}")


def undressed(value):
    if isinstance(value, list):
        return [undressed(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) >= {"module", "class_name", "config", "registered_name"}:
        value = {key: value[key] for key in ("class_name", "config")}
    return {key: undressed(item) for key, item in value.items()}


def measured(keras, dialect):
    for make, shapes in cases(keras, keras.layers):
        layer = make()
        whole = isinstance(layer, keras.layers.Embedding)
        inputs = [keras.Input(shape, dtype="int32" if whole else "float32") for shape in shapes]
        before = json.loads(json.dumps(layer.get_config(), default=plain))
        output = layer(inputs if len(inputs) > 1 else inputs[0])
        configs = [json.loads(json.dumps(layer.get_config(), default=plain))]
        axis = before.get("axis")
        # Building normalizes axes. What Keras 3 would sort is only known sorted here.
        if before not in configs and not (dialect == "keras3" and isinstance(axis, list) and axis != sorted(axis)):
            configs.append(before)
        for config in configs:
            yield {
                "dialect": dialect, "class_name": type(layer).__name__, "config": undressed(config) if dialect == "tf.keras" else config,
                "inputs": [list(value.shape) for value in inputs], "outputs": [list(output.shape)],
                "weights": [{"name": weight.name.split("/")[-1].split(":")[0], "shape": list(weight.shape), "dtype": keras.backend.dtype(weight)
                             if dialect == "tf.keras" else weight.dtype, "trainable": bool(weight.trainable)} for weight in layer.weights],
            }


goal = pathlib.Path(__file__).resolve().parent.parent / "layers"
goal.mkdir(exist_ok=True)
keras.utils.clear_session()
rows = list(measured(keras, "keras3")) + list(measured(tf_keras, "tf.keras"))
text = "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"
(goal / "shapes_core.json").write_text(text)
print(len(rows), "layers")

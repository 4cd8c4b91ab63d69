"""Writes Fixtures/layers/shapes.json and interpolations.json: convolutions, pooling and reshaping as Keras 3 and tf_keras configure them,
the shapes they give and have, and the matrices by which TensorFlow resizes images.

Of tf_keras, the objects inside a configuration are written as TensorFlow up to 2.12 wrote them, without `module` and `registered_name`.
"""
import json
import os
import pathlib
import re

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy
import tensorflow
import tf_keras

SPATIAL = {1: (11,), 2: (11, 9), 3: (7, 8, 9)}


def images(rank, channels, data_format="channels_last", known=True):
    spatial = SPATIAL[rank] if known else (None,) * rank
    return spatial + (channels,) if data_format == "channels_last" else (channels,) + spatial


def cases(keras, L):
    """Each: how the layer is made, and its input shape without the batch."""
    newer = L is not tf_keras.layers
    strides = {1: (3,), 2: (2, 3), 3: (2, 1, 3)}
    kernels = {1: (4,), 2: (3, 2), 3: (2, 3, 1)}
    for rank in (1, 2, 3):
        conv = getattr(L, f"Conv{rank}D")
        yield lambda: conv(5, 3), images(rank, 4)
        yield lambda: conv(5, 3, name="given"), images(rank, 4, known=False)
        yield lambda: conv(6, kernels[rank], strides=strides[rank], padding="same", activation="relu"), images(rank, 4)
        yield lambda: conv(6, kernels[rank], strides=strides[rank], padding="valid", use_bias=False), images(rank, 4)
        yield lambda: conv(6, 2, dilation_rate=3, groups=2), images(rank, 4)
        yield lambda: conv(6, 3, padding="same", dilation_rate=2, activation="softmax"), images(rank, 4)
        yield lambda: conv(3, 2, data_format="channels_first", strides=2), images(rank, 4, "channels_first")
        yield lambda: conv(3, 2, kernel_initializer="he_normal", bias_initializer="ones", kernel_regularizer="l2", bias_regularizer="l1",
                           activity_regularizer=keras.regularizers.L1L2(0.5, 0.25), kernel_constraint="max_norm",
                           bias_constraint="non_neg", trainable=False), images(rank, 1)
        transposed = getattr(L, f"Conv{rank}DTranspose")
        for padding in ("valid", "same"):
            yield lambda: transposed(5, 3, padding=padding), images(rank, 4)
            yield lambda: transposed(5, kernels[rank], strides=strides[rank], padding=padding, activation="tanh"), images(rank, 4)
            yield lambda: transposed(5, 2, strides=3, padding=padding, use_bias=False), images(rank, 4, known=False)
            yield lambda: transposed(5, 5, strides=2, padding=padding, output_padding=1), images(rank, 4)
            yield lambda: transposed(5, 3, strides=3, padding=padding, output_padding=0), images(rank, 4)
            yield lambda: transposed(5, 4, strides=2, padding=padding, data_format="channels_first"), images(rank, 4, "channels_first")
        yield lambda: transposed(5, 2, kernel_regularizer="l2", bias_constraint="non_neg"), images(rank, 4)
        if rank < 3 or newer:
            yield lambda: transposed(5, 3, dilation_rate=2), images(rank, 4)
            yield lambda: transposed(5, 3, dilation_rate=2, padding="same"), images(rank, 4)
        for kind in ("Max", "Average"):
            pool = getattr(L, f"{kind}Pooling{rank}D")
            yield lambda: pool(2), images(rank, 4)
            yield lambda: pool(3, strides=1), images(rank, 4)
            yield lambda: pool(kernels[rank], strides=strides[rank], padding="same"), images(rank, 4)
            yield lambda: pool(kernels[rank], padding="valid", name="given"), images(rank, 4, known=False)
            yield lambda: pool(3, strides=2, padding="same", data_format="channels_first"), images(rank, 4, "channels_first")
            whole = getattr(L, f"Global{kind}Pooling{rank}D")
            yield lambda: whole(), images(rank, 4)
            yield lambda: whole(keepdims=True), images(rank, 4, known=False)
            yield lambda: whole(data_format="channels_first"), images(rank, 4, "channels_first")
            yield lambda: whole(data_format="channels_first", keepdims=True), images(rank, 4, "channels_first")
        pad, crop, grow = (getattr(L, f"{name}{rank}D") for name in ("ZeroPadding", "Cropping", "UpSampling"))
        pairs = {1: (1, 2), 2: ((1, 0), (1, 2)), 3: ((0, 1), (2, 0), (1, 1))}[rank]
        for layer in (pad, crop):
            yield lambda: layer(), images(rank, 4)
            yield lambda: layer(2), images(rank, 4)
            yield lambda: layer(pairs), images(rank, 4)
            yield lambda: layer(pairs), images(rank, 4, known=False)
            if rank > 1:
                yield lambda: layer((1, 2, 3)[:rank]), images(rank, 4)
                yield lambda: layer(pairs, data_format="channels_first"), images(rank, 4, "channels_first")
        if rank == 1 and newer:
            yield lambda: pad(2, data_format="channels_first"), images(rank, 4, "channels_first")
        yield lambda: grow(), images(rank, 4)
        yield lambda: grow(3), images(rank, 4, known=False)
        if rank > 1:
            yield lambda: grow((1, 2, 3)[:rank]), images(rank, 4)
            yield lambda: grow((3, 1, 2)[:rank], data_format="channels_first"), images(rank, 4, "channels_first")
    for padding in ("causal",):
        yield lambda: L.Conv1D(3, 4, padding=padding, strides=2), images(1, 4)
        yield lambda: L.Conv1D(3, 4, padding=padding, dilation_rate=5), images(1, 4)
        yield lambda: L.Conv1D(3, 4, padding=padding), images(1, 4, known=False)
    for rank in (1, 2):
        depthwise, separable = getattr(L, f"DepthwiseConv{rank}D"), getattr(L, f"SeparableConv{rank}D")
        for layer in (depthwise, lambda *list, **named: separable(5, *list, **named)):
            yield lambda: layer(3), images(rank, 4)
            yield lambda: layer(3, depth_multiplier=2, padding="same", strides=2), images(rank, 4)
            yield lambda: layer(3, depth_multiplier=3, use_bias=False, activation="relu6"), images(rank, 4)
            yield lambda: layer(kernels[rank], dilation_rate=2), images(rank, 3)
            yield lambda: layer(kernels[rank], data_format="channels_first"), images(rank, 3, "channels_first")
            yield lambda: layer(2, depthwise_initializer="he_uniform", depthwise_regularizer="l2", bias_regularizer="l1", name="given",
                                depthwise_constraint="unit_norm", bias_constraint="non_neg", activity_regularizer="l2"), images(rank, 1)
        yield lambda: separable(5, 2, pointwise_initializer="zeros", pointwise_regularizer="l1", pointwise_constraint="non_neg"), images(rank, 2)
    for interpolation in ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"] + ([] if newer else ["area", "gaussian", "mitchellcubic"]):
        yield lambda: L.UpSampling2D((2, 3), interpolation=interpolation), images(2, 4)
    for rank in (1, 2):
        for implementation in () if newer else (1, 2, 3):
            layer = getattr(L, f"LocallyConnected{rank}D")
            yield lambda: layer(3, kernels[rank], implementation=implementation), images(rank, 4)
            yield lambda: layer(3, 2, strides=strides[rank], implementation=implementation, use_bias=False), images(rank, 4)
            yield lambda: layer(3, 2, implementation=implementation, data_format="channels_first", activation="relu"), images(
                rank, 4, "channels_first")
            if implementation > 1:
                yield lambda: layer(3, 3, padding="same", implementation=implementation), images(rank, 2)
    for rank in (1, 2, 3) if newer else ():
        for kind in ("Average", "Max"):
            layer = getattr(L, f"Adaptive{kind}Pooling{rank}D")
            yield lambda: layer(3), images(rank, 4)
            yield lambda: layer((4, 3, 2)[:rank], data_format="channels_first"), images(rank, 4, "channels_first")
    for interpolation in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"):
        yield lambda: L.Resizing(5, 7, interpolation=interpolation), images(2, 3)
    yield lambda: L.Resizing(5, 7, crop_to_aspect_ratio=True), images(2, 3, known=False)
    if newer:
        yield lambda: L.Resizing(15, 7, pad_to_aspect_ratio=True, fill_value=2.0, data_format="channels_first"), images(2, 3, "channels_first")
        yield lambda: L.Resizing(5, 7, antialias=True), images(2, 3)
        yield lambda: L.AutoContrast(), images(2, 3)
    yield lambda: L.CenterCrop(5, 7), images(2, 3)
    yield lambda: L.CenterCrop(15, 7), images(2, 3)
    yield lambda: L.Identity(), (3, 4, 5)
    yield lambda: L.Flatten(), (3, 4, 5)
    yield lambda: L.Flatten(), (4,)
    yield lambda: L.Flatten(), (None, 4)
    yield lambda: L.Flatten(), ()
    yield lambda: L.Flatten(data_format="channels_first"), (3, 4, 5)
    yield lambda: L.Reshape((4, 6)), (3, 8)
    yield lambda: L.Reshape((4, -1, 2)), (3, 8)
    yield lambda: L.Reshape((-1,)), (3, 8)
    yield lambda: L.Reshape((-1, 2)), (None, 8)
    yield lambda: L.Reshape(()), (1, 1)
    yield lambda: L.Permute((2, 1)), (3, 4)
    yield lambda: L.Permute((3, 1, 2)), (3, None, 5)
    yield lambda: L.RepeatVector(3), (4,)


def undressed(value):
    if isinstance(value, list):
        return [undressed(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"module", "class_name", "config", "registered_name"}:
        value = {key: value[key] for key in ("class_name", "config")}
    return {key: undressed(item) for key, item in value.items()}


def measured(keras, dialect):
    for make, shape in cases(keras, keras.layers):
        layer = make()
        value = keras.Input(shape)
        output = layer(value)
        config = json.loads(json.dumps(layer.get_config()))
        yield {
            "dialect": dialect, "class_name": type(layer).__name__, "config": undressed(config) if dialect == "tf.keras" else config,
            "inputs": [list(value.shape)], "outputs": [list(output.shape)],
            # By Keras 3's names: only it renamed a depthwise layer's kernel.
            "weights": [{"name": re.sub("depthwise_", "" if "Depthwise" in type(layer).__name__ else "depthwise_",
                                        weight.name.split("/")[-1].split(":")[0]), "shape": list(weight.shape),
                         "dtype": keras.backend.dtype(weight) if dialect == "tf.keras" else weight.dtype,
                         "trainable": bool(layer.trainable and weight.trainable)} for weight in layer.weights],
        }


def matrices():
    """How each cell of an axis comes from those of the smaller one: the resized columns of the identity."""
    for method in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", "area", "gaussian", "mitchellcubic", "bilinearAsymmetric"):
        for small, large in [(1, 2), (2, 4), (3, 9), (5, 20), (7, 14), (11, 33)] + ([(4, 4)] if method in ("nearest", "bilinear") else []):
            identity = numpy.eye(small, dtype="float32")[None, :, :, None]
            # The other axis keeps its length only where that leaves it alone: so one row at a time.
            rows = []
            for column in range(small):
                image = numpy.repeat(identity[:, :, column:column + 1], small, axis=2)
                if method == "bilinearAsymmetric":
                    resized = tensorflow.compat.v1.image.resize_bilinear(image, (large, small), half_pixel_centers=False)
                else:
                    resized = tensorflow.image.resize(image, (large, small), method=method)
                rows.append(resized.numpy()[0, :, small // 2, 0])
            yield {"interpolation": method, "from": small, "to": large, "matrix": [float(x) for x in numpy.stack(rows, axis=1).ravel()]}


goal = pathlib.Path(__file__).resolve().parent.parent / "layers"
goal.mkdir(exist_ok=True)


def write(name, rows):
    rows = list(rows)
    (goal / name).write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    print(len(rows), name)


write("shapes.json", list(measured(keras, "keras3")) + list(measured(tf_keras, "tf.keras")))
write("interpolations.json", matrices())

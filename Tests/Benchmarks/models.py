"""Makes the models that are measured, each from a fixed seed, as whole-model .h5 files of Keras 3.

    python models.py FOLDER [NAME…]        all of them where none is named

A name is one of MODELS or a problem string such as conv2d:n32h13w13c32k64r3s3valid: a model of that one layer.
"""

import os
import sys
import zlib
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
from keras import layers

import sequences
from problems import Problem


def mnist():
    """The 93,322 parameters of a first tutorial."""
    return keras.Sequential([
        layers.Input((28, 28, 1)),
        layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"), layers.Flatten(),
        layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")])


def padded():
    """16, 128 and 256 filters, padding same in front."""
    return keras.Sequential([
        layers.Input((28, 28, 1)),
        layers.Conv2D(16, 3, padding="same", activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(128, 3, activation="relu"), layers.Conv2D(256, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Flatten(), layers.Dense(10, activation="softmax")])


def photo():
    """The CIFAR example of early Keras, on photographs of 100 × 100."""
    return keras.Sequential([
        layers.Input((100, 100, 3)),
        layers.Conv2D(32, 3, padding="same", activation="relu"), layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Dropout(0.25),
        layers.Conv2D(64, 3, padding="same", activation="relu"), layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Dropout(0.25),
        layers.Flatten(), layers.Dense(512, activation="relu"), layers.Dropout(0.5), layers.Dense(10, activation="softmax")])


MODELS = {
    "mnist": mnist, "padded": padded, "photo": photo,
    "vgg16": lambda: keras.applications.VGG16(weights=None),
    "resnet50": lambda: keras.applications.ResNet50(weights=None),
    "mobilenetv2": lambda: keras.applications.MobileNetV2(weights=None),
    "xception": lambda: keras.applications.Xception(weights=None),
    **sequences.MODELS,
}


def one_layer(problem):
    """A model of the problem's one layer (and its pooling), with a bias."""
    p, activation = problem, "relu" if problem.relu else None
    if p.family == "dense":
        return keras.Sequential([layers.Input((p.c,)), layers.Dense(p.k, activation=activation)])
    window = dict(strides=p.stride, padding=p.padding)
    parts = [layers.Input((p.h, p.w, p.c))]
    if p.family == "conv2d":
        parts.append(layers.Conv2D(p.k, (p.r, p.s), dilation_rate=p.dilation, groups=p.groups, activation=activation, **window))
    elif p.family == "depthwise":
        parts.append(layers.DepthwiseConv2D((p.r, p.s), dilation_rate=p.dilation, activation=activation, **window))
    elif p.family == "maxpool":
        parts.append(layers.MaxPooling2D((p.r, p.s), **window))
    elif p.family == "avgpool":
        parts.append(layers.AveragePooling2D((p.r, p.s), **window))
    else:
        raise SystemExit(f"no Keras layer for {p.text}")
    return keras.Sequential(parts + ([layers.MaxPooling2D()] if p.pool else []))


def enliven(model, draw):
    """Gives what initializers leave dull something to show: biases, the four arrays of batch normalizations. Kernels keep a
    signal's size through any depth (He's variance); moving statistics are those of random images, so that values stay sane."""
    normalizations = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    for layer in model.layers:
        for variable in layer.weights:
            shape = variable.shape
            if variable.name.endswith("kernel"):
                fan_in = np.prod(shape[:3] if variable.name == "depthwise_kernel" and len(shape) == 4 else shape[:-1])
                if variable.name == "depthwise_kernel" or isinstance(layer, layers.DepthwiseConv2D):
                    fan_in = np.prod(shape[:2])
                variable.assign(draw.normal(0, np.sqrt(2 / fan_in), shape))
            elif variable.name in ("bias", "beta"):
                variable.assign(draw.normal(0, 0.1, shape))
            elif variable.name == "gamma":
                variable.assign(draw.uniform(0.5, 1.5, shape))
    momenta = [layer.momentum for layer in normalizations]
    for layer in normalizations:
        layer.momentum = 0.0
    if normalizations:
        model(draw.random((4, *model.input_shape[1:]), dtype=np.float32), training=True)
    for layer, momentum in zip(normalizations, momenta):
        layer.momentum = momentum


def make(name):
    seed = zlib.crc32(name.encode()) % 1000
    keras.utils.set_random_seed(seed)
    model = MODELS[name]() if name in MODELS else one_layer(Problem(name))
    enliven(model, np.random.default_rng(seed))
    return model


def path_of(folder, name):
    return Path(folder) / (name.replace(":", "_") + ".h5")


def float64_of(model, x):
    """What the same model gives in float64."""
    import json

    config = json.loads(json.dumps(json.loads(model.to_json())).replace('"float32"', '"float64"'))
    double = keras.models.model_from_json(json.dumps(config))
    double.set_weights(model.get_weights())
    return np.asarray(double(x.astype("float64"), training=False))


def sample(shape):
    """The images of the error check."""
    return np.random.default_rng(3).random(shape, dtype=np.float32)


def checked(model):
    """How many images: many where each gives only a few numbers."""
    return 64 if np.prod(model.output_shape[1:]) <= 10 else 4


def main():
    folder, names = Path(sys.argv[1]), sys.argv[2:] or MODELS
    folder.mkdir(parents=True, exist_ok=True)
    from onnx import save

    from peers import twin

    for name in names:
        path = path_of(folder, name)
        truth = path.with_suffix(".float64.npy")
        if truth.exists():
            continue
        model = make(name)
        model.save(path)
        save(sequences.twin_of(name, model) if name in sequences.MODELS else twin.twin_of(model), path.with_suffix(".onnx"))
        x = sample((checked(model), *model.input_shape[1:]))
        np.save(path.with_suffix(".input.npy"), x)
        np.save(truth, float64_of(model, x))
        print(f"{path}: {model.count_params():,} parameters", flush=True)


if __name__ == "__main__":
    main()

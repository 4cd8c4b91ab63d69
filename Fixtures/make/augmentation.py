"""Writes Fixtures/layers/augmentation.json: what layers that change images in training make of some, where they have no choice.

Their ranges are a single number each, so that nothing is left to chance but which way RandomFlip goes, which is left out. Both Kerases.
"""
import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy
import tf_keras


def one(value):
    return (value, value)


def cases(L, is_keras3):
    for fill in ("reflect", "wrap", "constant", "nearest"):
        for interpolation in ("bilinear", "nearest"):
            words = {"fill_mode": fill, "interpolation": interpolation, "fill_value": 0.25}
            # No place halfway between two pixels, where the last bit says which is the nearest.
            yield L.RandomRotation(one(0.11), **words)
            yield L.RandomRotation(one(-0.37), **words)
            yield L.RandomTranslation(one(0.33), one(-0.42), **words)
            yield L.RandomTranslation(one(-0.9), one(0.97), **words)
            yield L.RandomZoom(one(-0.37), **words)
            yield L.RandomZoom(one(0.81), one(0.57), **words)
    yield L.RandomBrightness(one(0.2), value_range=(-1, 1))
    yield L.RandomBrightness(one(-0.6), value_range=(-2, 1))
    yield L.RandomCrop(7, 6)
    yield L.RandomCrop(3, 9)
    yield L.RandomCrop(9, 3)
    if is_keras3:
        yield L.RandomContrast(0.0, value_range=(-0.5, 0.25))
        yield L.RandomRotation(one(0.2), data_format="channels_first")
        yield L.RandomTranslation(one(0.3), one(0.1), data_format="channels_first")


def main():
    random, found = numpy.random.default_rng(1), []
    for module, dialect in ((keras, "keras3"), (tf_keras, "tf.keras")):
        for layer in cases(module.layers, dialect == "keras3"):
            images = (random.random((2, 7, 6, 2)) * 2 - 1).round(3).astype("float32")
            result = numpy.array(layer(images, training=True))
            config = json.loads(json.dumps(layer.get_config()))
            found.append({"dialect": dialect, "class_name": type(layer).__name__, "config": config, "shape": images.shape,
                          "images": [round(float(x), 3) for x in images.ravel()], "result_shape": result.shape,
                          "result": [float(f"{x:.7g}") for x in result.ravel()]})
    text = "[\n" + ",\n".join(json.dumps(case) for case in found) + "\n]\n"
    path = pathlib.Path(__file__).resolve().parents[1] / "layers" / "augmentation.json"
    path.write_text(text)
    print(f"{len(found)} cases of Keras {keras.__version__} and tf_keras {tf_keras.__version__}, {len(text)} bytes")


main()

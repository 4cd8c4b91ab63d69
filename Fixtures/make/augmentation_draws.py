"""Writes Fixtures/layers/augmentation_draws.json: how what layers that change images in training draw is spread, in both Kerases.

Images of two slopes, one rising across and one rising down, say by each of their pixels where it was read, so that a few pixels of a result tell
what was drawn. Of each of those: the numbers below which so many hundredths of a large batch lie, and how far two of them go together.
"""
import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy
import tf_keras

COUNT, SIZE = 40_000, 7
SHARES = [2, 10, 25, 40, 50, 60, 75, 90, 98]
# The middle and a pixel beside it, both slopes: nothing drawn here reads beside the image for them.
PIXELS = [(3, 3, 0), (3, 3, 1), (2, 4, 0), (2, 4, 1)]


def cases(L, is_keras3):
    yield L.RandomRotation(0.2)
    yield L.RandomRotation((-0.35, 0.05))
    yield L.RandomRotation((0.1, 0.3), fill_mode="constant")
    yield L.RandomZoom(0.3)
    yield L.RandomZoom((-0.4, 0.1))
    yield L.RandomZoom((-0.3, 0.2), (0.05, 0.4))
    yield L.RandomZoom(0.2, 0.3, fill_mode="wrap")
    yield L.RandomTranslation(0.2, 0.25)
    yield L.RandomTranslation((-0.3, 0.1), (0.05, 0.3))
    yield L.RandomTranslation(0.1, 0.25, fill_mode="nearest")
    yield L.RandomBrightness(0.2, value_range=(-20, 20))
    yield L.RandomBrightness((-0.1, 0.3), value_range=(-30, 30))
    if is_keras3:
        yield L.RandomContrast(0.5, value_range=(-30, 30))
        yield L.RandomRotation(0.15, data_format="channels_first")
        yield L.RandomTranslation(0.2, 0.1, data_format="channels_first")


def slopes():
    """A batch of the same image."""
    rows, columns = numpy.meshgrid(numpy.arange(SIZE), numpy.arange(SIZE), indexing="ij")
    return numpy.tile(numpy.stack([columns, rows], -1).astype("float32"), (COUNT, 1, 1, 1))


def main():
    found, images = [], slopes()
    for module, dialect in ((keras, "keras3"), (tf_keras, "tf.keras")):
        for layer in cases(module.layers, dialect == "keras3"):
            module.utils.set_random_seed(11)
            config = json.loads(json.dumps(layer.get_config()))
            is_first = config.get("data_format") == "channels_first"
            result = numpy.array(layer(images.transpose(0, 3, 1, 2) if is_first else images, training=True))
            result = result.transpose(0, 2, 3, 1) if is_first else result
            drawn = numpy.stack([result[:, row, column, slope] for row, column, slope in PIXELS]).astype("float64")
            together = numpy.cov(drawn)
            # What hardly moves moves by rounding.
            spread = numpy.where(drawn.std(1) > 1e-3, drawn.std(1), numpy.inf)
            found.append({"dialect": dialect, "class_name": type(layer).__name__, "config": config,
                          "shares": [[round(float(x), 5) for x in numpy.percentile(pixel, SHARES)] for pixel in drawn],
                          "together": [[round(float(x), 4) for x in line] for line in together / spread[:, None] / spread]})
    words = {"size": SIZE, "count": COUNT, "percent": SHARES, "pixels": PIXELS}
    text = json.dumps(words)[:-1] + ', "cases": [\n' + ",\n".join(json.dumps(case) for case in found) + "\n]}\n"
    path = pathlib.Path(__file__).resolve().parents[1] / "layers" / "augmentation_draws.json"
    path.write_text(text)
    print(f"{len(found)} cases of Keras {keras.__version__} and tf_keras {tf_keras.__version__}, {len(text)} bytes")


main()

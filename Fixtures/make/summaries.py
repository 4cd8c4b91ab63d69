"""Records what `model.summary()` prints in real Keras, beside the files it printed them from.

    python Fixtures/make/summaries.py keras       # Keras 3: summaries/*.k315.*
    python Fixtures/make/summaries.py tf_keras    # Keras 2 as TensorFlow kept it: summaries/*.tfk221.*

Each text comes from the model as that Keras loads it back from the file beside it (`CASE.TAG.h5` or `CASE.TAG.json`;
`mnist_cnn.k315.txt` belongs to `../mnist_cnn_k315.h5`), with no terminal: 80 columns, no colours. Two kinds have no
file of their own: `wide_names.k315.WIDTH.txt`, a model that only the test describes again, and
`branches_expanded.TAG.txt`, `branches.TAG.h5` at 120 columns with all that a summary can show.
"""

import importlib
import os
import sys
from pathlib import Path

os.environ["COLUMNS"] = "80"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

FIXTURES = Path(__file__).resolve().parents[1]
TAGS = {"keras": "k315", "tf_keras": "tfk221"}


def mnist_cnn(keras):
    """TensorFlow's tutorial CNN."""
    layers = keras.layers
    return keras.Sequential([
        layers.Input((28, 28, 1)),
        layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"), layers.Flatten(),
        layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax"),
    ], name="mnist_cnn")


def branches(keras):
    """A shared layer, nested models, several inputs and outputs, and names that do not fit their column."""
    layers = keras.layers
    left, right = layers.Input((6,), name="left"), layers.Input((6,), name="the_other_input_with_a_long_name")
    shared = layers.Dense(4, activation="relu", name="shared")
    tower = keras.Sequential([layers.Input((4,)), layers.Dense(3, name="upper"), layers.Dropout(0.5)], name="tower")
    start = layers.Input((4,), name="start")
    middle = layers.Dense(3, name="middle")(start)
    block = keras.Model(start, [middle, layers.Add(name="sum")([middle, middle])], name="block")
    first, second = shared(left), shared(right)
    a, b = block(first)
    parts = [a, b, tower(second), tower(first)]
    joined = layers.Concatenate(name="a_concatenation_of_everything_there_is_before_it")(parts)
    out = layers.Dense(2, activation="softmax", name="classes")(joined)
    score = layers.Dense(1, name="score")(second)
    return keras.Model([left, right], [out, score], name="branches")


def frozen(keras):
    """Weights that do not train: BatchNormalization's statistics and a frozen layer."""
    layers = keras.layers
    return keras.Sequential([
        layers.Input((8, 8, 2)), layers.Conv2D(4, 3, name="kept", trainable=False), layers.BatchNormalization(),
        layers.ReLU(), layers.GlobalAveragePooling2D(), layers.BatchNormalization(center=False), layers.Dense(3),
    ], name="frozen")


def any_size(keras):
    """A convolutional model that takes images of any size, in a straight functional line."""
    layers = keras.layers
    image = layers.Input((None, None, 3), name="image")
    x = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(image)
    x = layers.DepthwiseConv2D(3, padding="same")(x)
    x = layers.UpSampling2D()(x)
    x = layers.Conv1D(2, 1, name="along_the_last_axis")(layers.Reshape((-1, 4))(x))
    return keras.Model(image, layers.GlobalMaxPooling1D()(x), name="any_size")


def trained(keras):
    """A compiled model with the state its optimizer had after a step."""
    model = keras.Sequential([keras.layers.Input((5,)), keras.layers.Dense(4, name="hidden"), keras.layers.Dense(1)],
                             name="trained")
    model.compile(optimizer="adam", loss="mean_squared_error", metrics=["mean_absolute_error"])
    model.fit(np.ones((8, 5)), np.zeros((8, 1)), verbose=0)
    return model


def wide_names(keras):
    """Names that take more cells of a terminal than letters, or fewer."""
    layers = keras.layers
    x = layers.Input((5,), name="日本語の名前はとても長いので折り返しが必要です")
    y = layers.Dense(3, name="e\u0301clair_with_a_very_long_name_e\u0301e\u0301e\u0301e\u0301")(x)
    z = layers.Dense(3, name="a b c d e f g h i j k l m n o p q r s t u v w x y z")(x)
    total = layers.Add(name="👩\u200d👩\u200d👧\u200d👦" * 8)([y, z])
    return keras.Model(x, [total, y], name="名 " * 45)


def text_of(model, **options):
    """The summary as standard output shows it."""
    lines = []
    model.summary(print_fn=lambda line, **_: lines.append(line), **options)
    return "\n".join(lines).rstrip("\n") + "\n"


def record(keras, tag, case):
    """Saves one case, loads it back, and writes down its summary."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    file = FIXTURES / "summaries" / f"{case.__name__}.{tag}.h5"
    case(keras).save(file)
    file.with_suffix(".txt").write_text(text_of(keras.models.load_model(file)), encoding="utf-8")


def record_mnist(keras, tag):
    """The demo model: from its own file in Keras 3, from an architecture JSON elsewhere."""
    text = FIXTURES / "summaries" / f"mnist_cnn.{tag}.txt"
    if tag == "k315":
        model = keras.models.load_model(FIXTURES / "mnist_cnn_k315.h5")
    else:
        file = text.with_suffix(".json")
        file.write_text(mnist_cnn(keras).to_json() + "\n")
        model = keras.models.model_from_json(file.read_text())
    text.write_text(text_of(model), encoding="utf-8")


def record_wide_names(keras, tag):
    """One model at three widths. Only Keras 3 measures what it prints."""
    for width in (76, 60, 33) if tag == "k315" else ():
        text = text_of(wide_names(keras), line_length=width)
        (FIXTURES / "summaries" / f"wide_names.{tag}.{width}.txt").write_text(text, encoding="utf-8")


def record_expanded(keras, tag):
    """The layers inside nested models, and which layers train."""
    model = keras.models.load_model(FIXTURES / "summaries" / f"branches.{tag}.h5")
    os.environ["COLUMNS"] = "120"
    text = text_of(model, expand_nested=True, show_trainable=True)
    (FIXTURES / "summaries" / f"branches_expanded.{tag}.txt").write_text(text, encoding="utf-8")


def main(name):
    keras, tag = importlib.import_module(name), TAGS[name]
    (FIXTURES / "summaries").mkdir(exist_ok=True)
    for case in (branches, frozen, any_size, trained):
        record(keras, tag, case)
    record_mnist(keras, tag)
    record_wide_names(keras, tag)
    record_expanded(keras, tag)


if __name__ == "__main__":
    main(sys.argv[1])

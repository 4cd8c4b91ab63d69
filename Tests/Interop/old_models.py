"""Random models over the layers that every Keras has, saved by the Keras at hand in every container it can write.

    python old_models.py GENERATION COUNT SEED FOLDER

Run by `old.py` in an environment of its own for each generation (Python 3.7 to 3.11), hence plain Python and nothing of the other scripts.
Writes `FOLDER/files.json`: for each file what it is, the model's inputs and the outputs Keras gave, and for files with an optimizer the
weights after one more batch.
"""

import functools
import json
import os
import random
import sys
import zlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np

GENERATION, COUNT, SEED, FOLDER = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
FIRST, SECOND = GENERATION == "k122", GENERATION == "k224"
OLDEST = FIRST or SECOND
IS_TF = GENERATION.startswith("tf")
if IS_TF and GENERATION != "tfk221":
    from tensorflow import keras
elif IS_TF:
    import tf_keras as keras
else:
    import keras
L = keras.layers
MODELS = keras.models
# Sizes along the way from the first layer to the last: an image, a sequence, a vector.
IMAGE, STEPS, CLASSES, BATCH = (8, 9, 3), 6, 4, 5


def window(kind, d):
    """A convolution or the like, in the words of either dialect."""
    padding = d.choice(["valid", "same"])
    strides = d.choice([1, 1, 2])
    filters, size = d.randint(2, 5), d.choice([1, 2, 3])
    activation = d.choice(["linear", "relu", "tanh", "hard_sigmoid"])
    ordering = d.choice(["last", "last", "first"]) if OLDEST and kind != "SeparableConv2D" else "last"
    if FIRST:
        name = {"Conv2D": "Convolution2D", "SeparableConv2D": "SeparableConvolution2D"}[kind]
        return ordering, lambda **first: getattr(L, name)(
            filters, size, d.choice([2, 3]), border_mode=padding, subsample=(strides, strides), activation=activation,
            dim_ordering={"last": "tf", "first": "th"}[ordering], **first)
    return ordering, lambda **first: getattr(L, kind)(
        filters, (size, d.choice([2, 3])), padding=padding, strides=(strides, strides), activation=activation,
        data_format="channels_" + ordering, **first)


def recurrent(d):
    kind = getattr(L, d.choice(["LSTM", "GRU", "SimpleRNN"]))
    units = d.randint(2, 5)
    words = {"consume_less": d.choice(["cpu", "mem", "gpu"])} if FIRST else {}
    back = d.random() < 0.3
    wrap = d.random() < 0.4

    def make(sequences, **first):
        layer = kind(units, return_sequences=sequences, go_backwards=back, **words, **({} if wrap else first))
        return L.Bidirectional(layer, merge_mode=d.choice(["concat", "sum"]), **first) if wrap else layer
    return make


def dense(units, activation="linear"):
    return L.Dense(units, activation=activation)


def rate(value):
    return L.Dropout(value)


def after_images(d, format_):
    """A layer that takes and gives images."""
    last = format_ == "last"
    words = {} if not OLDEST else {"dim_ordering": "tf" if last else "th"} if FIRST else {"data_format": "channels_" + format_}
    bare = {"BatchNormalization": lambda: L.BatchNormalization(axis=-1 if last else 1), "PReLU": L.PReLU, "LeakyReLU": L.LeakyReLU,
            "ELU": L.ELU, "Activation": lambda: L.Activation("softplus"), "Dropout": lambda: rate(0.3)}
    windows = {"MaxPooling2D": lambda: L.MaxPooling2D(pool_size=(2, 2), **words),
               "AveragePooling2D": lambda: L.AveragePooling2D(pool_size=(2, 2), **words),
               "ZeroPadding2D": lambda: L.ZeroPadding2D((1, 2), **words), "UpSampling2D": lambda: L.UpSampling2D((2, 1), **words)}
    table = dict(bare)
    table.update(windows)
    return table[d.choice(sorted(table))]()


def images(d):
    ordering, make = window(d.choice(["Conv2D", "Conv2D", "SeparableConv2D"]), d)
    shape = IMAGE if ordering == "last" else IMAGE[-1:] + IMAGE[:-1]
    layers = [make(input_shape=shape)]
    for _ in range(d.randint(1, 3)):
        layers.append(after_images(d, ordering))
    ending = d.choice(["Flatten", "Flatten", "Global"])
    words = {} if not OLDEST else {"dim_ordering": {"last": "tf", "first": "th"}[ordering]} if FIRST else {
        "data_format": "channels_" + ordering}
    layers.append(L.Flatten() if ending == "Flatten" else L.GlobalAveragePooling2D(**words))
    return layers + [dense(CLASSES, "softmax")], shape


def sequences(d):
    layers = [recurrent(d)(True, input_shape=(STEPS, 4))]
    for _ in range(d.randint(0, 2)):
        kind = d.choice(["dense", "conv", "norm", "pool"])
        if kind == "dense":
            layers.append(L.TimeDistributed(dense(4, "tanh")))
        elif kind == "conv":
            layers.append(L.Convolution1D(3, 2, border_mode="same") if FIRST else L.Conv1D(3, 2, padding="same"))
        elif kind == "norm":
            layers.append(L.BatchNormalization())
        else:
            layers.append(L.MaxPooling1D(2))
    return layers + [recurrent(d)(False), dense(CLASSES, "sigmoid")], (STEPS, 4)


def words(d):
    layers = [L.Embedding(11, 5, input_shape=(STEPS,)) if not FIRST else L.Embedding(11, 5, input_length=STEPS),
              recurrent(d)(False), L.RepeatVector(3), recurrent(d)(True), L.Permute((2, 1)), L.Flatten()]
    return layers + [dense(CLASSES, "softmax")], None


def merged(d):
    """Branches that meet, a shared layer and a nested model; functional."""
    first, second = (L.Input(shape=(5,)), L.Input(shape=(5,)))
    inner = MODELS.Sequential([L.Dense(4, activation="tanh", input_shape=(5,)), L.BatchNormalization(), dense(4)])
    shared = dense(4, "relu")
    ends = [inner(first), inner(second), shared(first), shared(second)]
    count = d.randint(2, 3)
    picked = [ends[i] for i in d.sample(range(4), count)]
    how = d.choice(["sum", "mul", "ave", "max", "concat", "dot"])
    if how == "dot":
        picked = picked[:2]
    if FIRST:
        joined = L.merge(picked, mode=how)
    else:
        joined = {"sum": L.Add, "mul": L.Multiply, "ave": L.Average, "max": L.Maximum, "concat": L.Concatenate,
                  "dot": lambda: L.Dot(axes=-1)}[how]()(picked)
    output = dense(CLASSES)(joined)
    model = MODELS.Model([first, second], output) if not FIRST else MODELS.Model(input=[first, second], output=output)
    return model, [(5,), (5,)]


def build(d):
    kind = d.choice(["images", "images", "sequences", "words", "merged"])
    if kind == "merged":
        model, shapes = merged(d)
    else:
        layers, shape = {"images": images, "sequences": sequences, "words": words}[kind](d)
        model, shapes = MODELS.Sequential(), [shape or (STEPS,)]
        for layer in layers:
            model.add(layer)
    numbers = np.random.RandomState(d.randint(0, 2 ** 31 - 1))
    weights = []
    for weight in model.get_weights():
        value = numbers.uniform(-0.6, 0.6, np.shape(weight)).astype("float32")
        weights.append(np.abs(value) + 0.3 if np.ndim(weight) == 1 and np.all(weight >= 0) and np.any(weight == 1) else value)
    model.set_weights(weights)
    inputs = [numbers.randint(0, 11, (BATCH,) + s).astype("float32") if kind == "words"
              else numbers.standard_normal((BATCH,) + tuple(s)).astype("float32") for s in shapes]
    return kind, model, inputs


def containers(model, name):
    """Writes all files this Keras can; gives `(what, file, weights)`."""
    stem = os.path.join(FOLDER, name)

    def attempt(what, ending, write, weights=None):
        try:
            write(stem + ending)
            return [(what, name + ending, weights)]
        except Exception as problem:
            sys.stderr.write("%s%s: %s\n" % (name, ending, " ".join(str(problem).split())[:160]))
            return []

    def text(make):
        def write(path):
            with open(path, "w") as file:
                file.write(make())
        return write

    done = attempt("whole .h5", ".h5", lambda p: model.save(p))
    plain = []
    if not GENERATION.startswith("k3"):
        plain = attempt("weights .h5", "_w.h5", lambda p: model.save_weights(p))
    if not OLDEST:
        if GENERATION == "tf24":
            done += attempt("HDF5 named .keras", ".keras", lambda p: model.save(p, save_format="h5"))
        else:
            done += attempt("HDF5 named .keras" if GENERATION == "tf212" else ".keras", ".keras", lambda p: model.save(p))
        if GENERATION == "tf212":
            done += attempt(".keras", "_v3.keras", lambda p: model.save(p, save_format="keras_v3"))
        plain += attempt(".weights.h5", ".weights.h5", lambda p: model.save_weights(p))
    if GENERATION in ("k310", "k315"):
        plain += attempt("sharded weights", ".weights.json", lambda p: model.save_weights(p, max_shard_size=1e-6))
    texts = attempt("JSON", ".json", text(model.to_json))
    if OLDEST or GENERATION == "tf24":
        texts += attempt("YAML", ".yaml", text(model.to_yaml))
    for what, file, _ in plain:
        if texts:
            done.append((what + " + JSON", texts[0][1], file))
    for what, file, _ in texts[1:]:
        if plain:
            done.append((what, file, plain[0][1]))
    return done


def optimizers():
    """Every optimizer, with settings that are not its defaults."""
    O = keras.optimizers
    rate_ = "lr" if OLDEST else "learning_rate"
    table = {"SGD": dict(momentum=0.9), "RMSprop": {}, "Adagrad": {}, "Adadelta": {}, "Adam": dict(beta_1=0.8), "Adamax": {}, "Nadam": {}}
    if not OLDEST:
        table["Ftrl"] = {}
        table["AdamW"] = dict(weight_decay=0.02)
        table["Lion"] = {}
    for name in sorted(n for n in table if hasattr(O, n)):
        settings = dict(table[name])
        settings[rate_] = 0.01
        yield name, functools.partial(getattr(O, name), **settings)


def trained(name, optimizer):
    """A model of more layers than have one digit, after two batches; the file, and its weights after one more from the file.

    The layers stand side by side: in a chain TensorFlow 1 may move a layer's weights before it has read them for the gradients of the one before.
    """
    numbers = np.random.RandomState(zlib.crc32(name.encode()) & 0x7fffffff)
    start = L.Input(shape=IMAGE)
    conv = L.Convolution2D(3, 3, 3, dim_ordering="tf") if FIRST else L.Conv2D(3, (3, 3))
    flat = L.Flatten()(start)
    ends = [L.Flatten()(conv(start))] + [dense(width, "tanh")(flat) for width in [6, 5, 7, 6, 5, 6, 7, 5, 6, 5, 3]]
    if FIRST:
        model = MODELS.Model(input=start, output=L.merge(ends, mode="concat"))
    else:
        model = MODELS.Model(start, L.Concatenate()(ends))
    model.compile(loss="mean_squared_error", optimizer=optimizer)
    x = numbers.standard_normal((8,) + IMAGE).astype("float32")
    y = numbers.standard_normal((8,) + tuple(int(n) for n in model.output_shape[1:])).astype("float32")
    for _ in range(2):
        model.train_on_batch(x, y)
    # Keras 3 does not go on from its own `.h5`.
    file = "opt_%s%s" % (name.lower(), ".keras" if GENERATION.startswith("k3") else ".h5")
    model.save(os.path.join(FOLDER, file))
    np.savez(os.path.join(FOLDER, file + ".before.npz"), *[np.array(w) for w in model.get_weights()])
    np.savez(os.path.join(FOLDER, file + ".npz"), x_train=x, y_train=y)
    after = []
    # TensorFlow 1 counts the step sometimes before and sometimes after it reads how many there were: each of its ways is one.
    for attempt in range(4 if OLDEST else 1):
        again = MODELS.load_model(os.path.join(FOLDER, file))
        again.train_on_batch(x, y)
        after.append("%s.after%d.npz" % (file, attempt))
        np.savez(os.path.join(FOLDER, after[-1]), *[np.array(w) for w in again.get_weights()])
    return {"what": "optimizer state", "file": file, "weights": None, "data": file + ".npz", "after": after}


def main():
    files = []
    for index in range(COUNT):
        d = random.Random("%s %d" % (SEED, index))
        name = "m%03d" % index
        keras.backend.clear_session()
        try:
            kind, model, inputs = build(d)
        except Exception as problem:
            sys.stderr.write("%s: not built: %s\n" % (name, " ".join(str(problem).split())[:160]))
            continue
        outputs = model.predict(inputs if len(inputs) > 1 else inputs[0])
        np.savez(os.path.join(FOLDER, name + ".in.npz"), *inputs)
        np.savez(os.path.join(FOLDER, name + ".out.npz"), *(outputs if isinstance(outputs, list) else [outputs]))
        for what, file, weights in containers(model, name):
            files.append({"what": what, "file": file, "weights": weights, "model": name, "kind": kind})
    for name, make in optimizers():
        keras.backend.clear_session()
        try:
            files.append(trained(name, make()))
        except Exception as problem:
            sys.stderr.write("optimizer %s: %s\n" % (name, " ".join(str(problem).split())[:160]))
    with open(os.path.join(FOLDER, "files.json"), "w") as file:
        # Some of TensorFlow's Kerases do not say their own version.
        json.dump({"keras": getattr(keras, "__version__", None) or GENERATION[2] + "." + GENERATION[3:], "files": files}, file)


main()

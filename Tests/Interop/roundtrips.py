"""Is a model the same after a way through other files and back? Needs no Keras.

    python roundtrips.py [--corpus DIR] [--models DIR …] [--count N] [--keras-binary .build/release/keras]

Every whole model of the collection that opens, and of what `random_models.py` wrote, goes these ways:

    same          its own file again: every key, weight and optimizer variable, bit for bit
    keras         .h5 → .keras → .h5
    dialects      Keras 3 → tf.keras → Keras 3
    channels      channels last → first → last
    safetensors   .h5 → .safetensors → .h5

At the end `keras diff` must find nothing, which compares every weight bit for bit, and the command must predict the same bits. What a file between
cannot say is refused by name, and counted.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np

from collection import collection, of_part
from command import DEFAULT_BINARY, Refused, keras, load, predict

BATCH, OPEN_LENGTH = 2, 24
OWN_WEIGHTS = "model_weights/top_level_model_weights@weight_names"
LOSSES = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "mape": "mean_absolute_percentage_error",
          "msle": "mean_squared_logarithmic_error", "kld": "kl_divergence"}
IMAGES = re.compile("channels_first|channels_last")


def reason_of(refusal):
    """The kind of a refusal, without names and numbers."""
    text = re.sub(r"^exit (\d+): keras: \S+?: ", "", str(refusal).splitlines()[0])
    return re.sub(r"layer '[^']*': |; found .*|; expected .*", "", text)[:110]


def inputs_of(facts):
    """Small whole numbers, which any first layer takes: an Embedding too."""
    random = np.random.default_rng(7)
    shapes = [[BATCH if axis == 0 else OPEN_LENGTH if length is None else length for axis, length in enumerate(start["shape"])]
              for start in facts["inputs"]]
    return [random.integers(0, 2, shape).astype("float32") for shape in shapes]


def words(file):
    """All text of a model that says what it is."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            return archive.read("config.json").decode()
    with h5py.File(file) as content:
        text = content.attrs["model_config"]
    return text.decode() if isinstance(text, bytes) else text


def contents(file):
    """Every array and every text of an `.h5`, by its place. A text that is JSON counts as what it says, with its keys in order."""
    found = {}

    def plain(value):
        value = value.decode() if isinstance(value, bytes) else value
        if isinstance(value, str) and value.startswith(("{", "[")):
            return json.dumps(json.loads(value))
        if isinstance(value, np.ndarray):
            return [item.decode() if isinstance(item, bytes) else item for item in value.ravel().tolist()]
        return value

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = (str(item.dtype), item.shape, np.asarray(item[()]).tobytes())
        for key, value in item.attrs.items():
            found[f"{name}@{key}"] = plain(value)

    with h5py.File(file) as content:
        visit("", content)
        content.visititems(visit)
    return found


def canonical(training):
    """Keras 3 does not read back its own short names of losses: they are written out."""
    def full(loss):
        if isinstance(loss, list):
            return [full(item) for item in loss]
        if isinstance(loss, dict) and "class_name" not in loss:
            return {name: full(item) for name, item in loss.items()}
        return LOSSES.get(loss, loss) if isinstance(loss, str) else loss

    words = json.loads(training)
    return json.dumps({**words, "loss": full(words["loss"])})


class Trip:
    def __init__(self, binary, file, folder):
        self.binary, self.file, self.folder = binary, file, folder
        # Of a file with a damaged optimizer's state it says all else too.
        done = subprocess.run([str(binary), "inspect", str(file), "--json"], capture_output=True, text=True)
        self.generation, self.is_damaged = json.loads(done.stdout), done.returncode != 0
        self.values = None

    def convert(self, source, name, *arguments):
        keras(self.binary, "convert", source, self.folder / name, *arguments)
        return self.folder / name

    def outputs(self, file):
        np.savez(self.folder / "in.npz", *self.values)
        return predict(self.binary, file, self.folder / "in.npz", self.folder)

    def compare(self, before, after):
        """What differs between two models, or None."""
        done = subprocess.run([str(self.binary), "diff", str(before), str(after), "--json"], capture_output=True, text=True)
        if done.returncode > 1:
            return " ".join(done.stderr.split())[:200]
        found = json.loads(done.stdout)
        # No Keras reads bfloat16 out of an .h5: there the same numbers stand in float32.
        different = [weight for weight in found["weights"]
                     if weight.get("largest_absolute") != 0 or (weight.get("dtype"), weight.get("other_dtype")) != ("bfloat16", "float32")]
        if found["architecture"] or different:
            return f"keras diff finds {len(found['architecture'])} differences of the architecture, {len(different)} of the weights"
        if self.values is None and "inputs" in self.generation:
            self.values = inputs_of(self.generation)
            try:
                self.wanted = self.outputs(self.file)
            except Refused:
                # Code, or an input that is not drawn rightly: what it computes is for other scripts.
                self.wanted = None
        if self.values is None or self.wanted is None:
            return None
        found = self.outputs(after)
        same = list(found) == list(self.wanted) and all(np.array_equal(found[n], self.wanted[n], equal_nan=True) for n in found)
        return None if same else "other predictions"

    def dialect(self):
        """Whose words the file has."""
        facts = self.generation["keras"]
        version = facts.get("keras_version") or "1"
        return "keras3" if version[0] == "3" else "keras2" if version[:3] in ("2.0", "2.1", "2.2", "2.3") and "tf" not in version else "tf.keras"

    def same(self):
        if zipfile.is_zipfile(self.file) or self.file.suffix == ".keras":
            again = self.convert(self.file, "same.keras")
            return self.compare(self.file, again)
        again = self.convert(self.file, "same.h5")
        if self.is_damaged:
            return self.compare(self.file, again)
        before, after = contents(self.file), contents(again)
        if (self.generation["keras"].get("keras_version") or "1").startswith("1") or before.get("@backend") == "theano":
            # Said in Keras 2's words; Theano's kernels turned round, and said to be TensorFlow's.
            return self.compare(self.file, again)
        if self.dialect() == "keras3" and "@training_config" in before:
            before["@training_config"] = canonical(before["@training_config"])
        # Before TensorFlow 2.7 a model had no list of its own weights, which is empty.
        if not after.get(OWN_WEIGHTS):
            after.pop(OWN_WEIGHTS, None)
            before.pop(OWN_WEIGHTS, None)
        places = sorted(set(before) ^ set(after)) + [place for place in before if place in after and before[place] != after[place]]
        return f"{len(places)} differ, first {places[0]}" if places else None

    def keras(self):
        dialect = "keras3" if self.dialect() == "keras3" else "tf.keras"
        between = self.convert(self.file, "between.keras", "--to", dialect)
        return self.compare(self.file, self.convert(between, "back.h5", "--to", self.dialect()))

    def dialects(self):
        first = self.convert(self.file, "first.h5", "--to", "keras3")
        between = self.convert(first, "between.h5", "--to", "tf.keras")
        return self.compare(first, self.convert(between, "back.h5", "--to", "keras3"))

    def channels(self):
        between = self.convert(self.file, "between.h5", "--data-format", "channels_first")
        return self.compare(self.file, self.convert(between, "back.h5", "--data-format", "channels_last"))

    def safetensors(self):
        between = self.convert(self.file, "between.safetensors")
        return self.compare(self.file, self.convert(between, "back.h5"))


WAYS = ("same", "keras", "dialects", "channels", "safetensors")


def go(binary, file):
    """For each way None, a problem, or a refusal."""
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            keras(binary, "summary", file)
            trip = Trip(binary, file, Path(folder))
        except Refused as refusal:
            return {"not opened": refusal}
        for way in WAYS:
            if way == "channels" and set(IMAGES.findall(words(file))) != {"channels_last"}:
                continue
            try:
                results[way] = getattr(trip, way)()
            except Refused as refusal:
                results[way] = refusal if "exit 69" in str(refusal) else f"{refusal}"
            except Exception as problem:
                results[way] = f"{type(problem).__name__}: {problem}"
    return results


def files_of(options):
    if options.corpus:
        yield from (case.file for case in collection(options.corpus.resolve(), options.only))
    for folder in options.models:
        names = [case["name"] for case in json.loads((folder / "cases.json").read_text())["cases"]]
        yield from (folder / f"{name}.h5" for name in names)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--models", type=Path, nargs="*", default=[])
    parser.add_argument("--only", default="", help="only files whose path contains this")
    parser.add_argument("--part", default="1/1", help="which of how many parts")
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    options = parser.parse_args()
    files = list(of_part(files_of(options), options.part))
    passed, refused, failures = Counter(), Counter(), []
    with ThreadPoolExecutor(2) as pool:
        for file, results in zip(files, pool.map(lambda file: go(options.keras_binary, file), files)):
            for way, result in results.items():
                if result is None:
                    passed[way] += 1
                elif isinstance(result, Refused):
                    refused[f"{way}: {reason_of(result)}"] += 1
                else:
                    failures.append(f"{file.parent.name}/{file.name} {way}: {result}")
    print(*failures, sep="\n", end="\n" if failures else "")
    for reason, count in refused.most_common():
        print(f"refused {count}: {reason}")
    print(f"{len(files)} models: " + ", ".join(f"{way} {count}" for way, count in passed.items()))
    print(f"{sum(passed.values())} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()

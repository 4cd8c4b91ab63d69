"""Random models of both Kerases, and the Swift command's answers to them: what `make interop` calls.

    python Tests/Interop/run.py [--count 100] [--seed TEXT] [--keras-binary .build/release/keras] [--keep DIR]

Runs under a Python that has tensorflow, keras (3), tf_keras and h5py. The models are the same in every run, so that what fails has to do
with what was changed; another seed draws others.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from command import DEFAULT_BINARY

HERE = Path(__file__).resolve().parent
KERASES = ("keras3", "tf_keras")
SEED = "swift-keras"


def script(name, *arguments):
    """Runs a neighbouring script in a process of its own: the two Kerases do not share one."""
    return subprocess.run([sys.executable, HERE / name, *map(str, arguments)]).returncode


def check(keras, folder, options):
    """Makes the models of one Keras and compares."""
    print(f"== {keras}", flush=True)
    drawn = ["--keras", keras, "--count", options.count, "--seed", options.seed]
    made = script("random_models.py", *drawn, "--out", folder)
    if made:
        return made
    compared = script("compare.py", folder, "--keras-binary", options.keras_binary)
    neighbours = script("neighbours.py", folder, "--count", options.neighbours, "--keras-binary", options.keras_binary)
    return script("architectures.py", folder, "--keras", keras, "--keras-binary", options.keras_binary) or compared or neighbours


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100, help="models of each Keras")
    parser.add_argument("--neighbours", type=int, default=25, help="of them, models that go through ONNX and safetensors")
    parser.add_argument("--trained", type=int, default=20, help="of them, models whose gradients are compared")
    parser.add_argument("--texts", type=int, default=42, help="models of text, sounds and 8 bits, of each Keras")
    parser.add_argument("--recurrent", type=int, default=30, help="models of recurrent layers with masks and states, of each Keras")
    parser.add_argument("--seed", default=SEED)
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    parser.add_argument("--keep", type=Path, help="write the models here and leave them")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        results = [check(keras, folder / keras, options) for keras in KERASES]
        for keras in KERASES:
            print(f"== operations and activations of {keras}", flush=True)
            results.append(script("operations.py", "--keras", keras, "--keras-binary", options.keras_binary))
            results.append(script("activations.py", folder / keras, "--keras", keras, "--keras-binary", options.keras_binary))
        for keras in KERASES:
            print(f"== .keras and .weights.h5 in {keras}", flush=True)
            results.append(script("loads_in_keras.py", folder / keras, "--keras", keras, "--keras-binary", options.keras_binary))
            print(f"== the other data format in {keras}", flush=True)
            results.append(script("data_formats.py", folder / keras, "--keras", keras, "--keras-binary", options.keras_binary))
            print(f"== universal .h5 in {keras}", flush=True)
            made = ["--models", *(folder / other for other in KERASES)]
            results.append(script("saving.py", "--keras", keras, *made, "--keras-binary", options.keras_binary))
        for keras in KERASES:
            print(f"== training in {keras}", flush=True)
            taught = ["--models", folder / keras, "--count", options.trained]
            results.append(script("training.py", "--keras", keras, *taught, "--keras-binary", options.keras_binary))
        for keras in KERASES:
            print(f"== states and masks of recurrent layers in {keras}", flush=True)
            results.append(script("recurrent.py", "--keras", keras, "--count", options.recurrent, "--seed", options.seed,
                                  "--keras-binary", options.keras_binary))
        for keras in KERASES:
            print(f"== text, sounds and 8 bits in {keras}", flush=True)
            results.append(script("texts.py", "--keras", keras, "--count", options.texts, "--seed", options.seed,
                                  "--keras-binary", options.keras_binary))
        print("== kills and full disks", flush=True)
        results.append(script("kills.py", "--kills", 50, "--steps", 16384, "--keras-binary", options.keras_binary))
    sys.exit(1 if any(results) else 0)


if __name__ == "__main__":
    main()

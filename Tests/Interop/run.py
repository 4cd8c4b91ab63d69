"""Random models of both Kerases, and the Swift command's answers to them: what `make interop` calls.

    python Tests/Interop/run.py [--count 150] [--seed TEXT] [--corpus DIR [--whole]] [--keras-binary .build/release/keras] [--keep DIR]

Runs under a Python that has tensorflow, keras (3), tf_keras and h5py. The models are the same in every run, so that what fails has to do
with what was changed; another seed draws others. The two Kerases go side by side, each in processes of its own (`warm.py`); what a script
prints is shown when it ends.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from command import DEFAULT_BINARY
from warm import Warm

HERE = Path(__file__).resolve().parent
KERASES = ("keras3", "tf_keras")
SEED = "swift-keras"
# Which of the collection's models go there and back, where not all do.
ROUND_TRIPS = "1/6"
PRINTING = threading.Lock()


def run_script(title, name, *arguments, warm=None):
    """Runs a neighbouring script, in a Python of its own or in a copy of one that has a Keras, and shows what it says."""
    start = time.monotonic()
    with tempfile.NamedTemporaryFile() as output:
        if warm:
            status = warm.run(HERE / name, arguments, output.name)
        else:
            status = subprocess.run([sys.executable, HERE / name, *map(str, arguments)], stdout=output, stderr=subprocess.STDOUT).returncode
        said = Path(output.name).read_text(errors="replace").rstrip()
    with PRINTING:
        print(f"== {title}: {name}, {time.monotonic() - start:.0f} s", said, sep="\n", flush=True)
    return status


def make(keras, warm, folder, options):
    drawn = ["--keras", keras, "--count", options.count, "--seed", options.seed]
    return run_script(keras, "random_models.py", *drawn, "--out", folder / keras, warm=warm)


def check(keras, warm, folder, options):
    """Everything that one Keras judges; the models of both are there."""
    script = partial(run_script, keras, warm=warm)
    own, binary, judge = folder / keras, ["--keras-binary", options.keras_binary], ["--keras", keras]
    made = ["--models", *(folder / other for other in KERASES)]
    collection = ["--corpus", options.corpus] if options.corpus else []
    return [
        script("compare.py", own, *binary, warm=None),
        script("neighbours.py", own, "--count", options.neighbours, *binary, warm=None),
        script("architectures.py", own, *judge, *binary),
        script("operations.py", *judge, "--seed", options.seed, *binary),
        script("activations.py", own, *judge, *binary),
        script("loads_in_keras.py", own, *judge, *binary),
        script("data_formats.py", own, *judge, *binary),
        script("saving.py", *judge, *made, *collection, "--seconds", options.saving, *binary, warm=None),
        script("training.py", *judge, "--models", own, "--count", options.trained, *binary),
        script("recurrent.py", *judge, "--count", options.recurrent, "--seed", options.seed, *binary),
        script("texts.py", *judge, "--count", options.texts, "--seed", options.seed, *binary),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=150, help="models of each Keras")
    parser.add_argument("--neighbours", type=int, default=100, help="of them, models that go through ONNX and safetensors")
    parser.add_argument("--trained", type=int, default=20, help="of them, models whose gradients are compared")
    parser.add_argument("--saving", type=int, default=700, help="seconds after which no further model is saved for each Keras, on a slow machine")
    parser.add_argument("--texts", type=int, default=42, help="models of text, sounds and 8 bits, of each Keras")
    parser.add_argument("--recurrent", type=int, default=30, help="models of recurrent layers with masks and states, of each Keras")
    parser.add_argument("--seed", default=SEED)
    parser.add_argument("--corpus", type=Path, help="a collection of other people's models, to be saved too")
    parser.add_argument("--whole", action="store_true", help="every model of it goes there and back")
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    parser.add_argument("--keep", type=Path, help="write the models here and leave them")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    if run_script("both", "drawn.py"):
        sys.exit(1)
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(len(KERASES)) as both:
        folder = options.keep or Path(scratch)
        warm = {keras: Warm(keras) for keras in KERASES}
        results = list(both.map(lambda keras: make(keras, warm[keras], folder, options), KERASES))
        if not any(results):
            results += sum(both.map(lambda keras: check(keras, warm[keras], folder, options), KERASES), [])
        for server in warm.values():
            server.close()
        if not any(results):
            if options.corpus:
                part = [] if options.whole else ["--part", ROUND_TRIPS]
                results.append(run_script("both", "roundtrips.py", "--corpus", options.corpus, *part, "--keras-binary", options.keras_binary))
            binary = ["--keras-binary", options.keras_binary]
            results.append(run_script("both", "kills.py", "--kills", 48, "--steps", 65536, *binary))
            results.append(run_script("both", "resumes.py", "--kills", 8, *binary))
            results.append(run_script("both", "crowds.py", "--seconds", 2, *binary))
    sys.exit(1 if any(results) else 0)


if __name__ == "__main__":
    main()

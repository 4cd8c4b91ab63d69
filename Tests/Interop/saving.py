"""Does real Keras load the files the command writes, and go on with them?

    python saving.py --keras keras3 --models DIR [DIR …] [--corpus DIR] [--count 150] [--part 1/4] [--keras-binary .build/release/keras]

`DIR` is what `random_models.py` wrote; of the collection every whole model is taken. Each is converted to a universal `.h5` and loaded by
`load_model` with its compile settings; one without any is compiled here. Its predictions must be the command's, and, where this Keras loads the
original too, the original's bit for bit; it must evaluate and fit one step. A model of the collection is also written as a `.keras` and a
`.weights.h5`, which Keras 3 must load to the same bits, and as the JSON of this Keras, which it must write back byte for byte. What the command
refuses is counted by reason, and a class it says this Keras lacks must be lacking. Files that carry code are never given to Python.
"""

import argparse
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import figures
from collection import Case, collection, of_part
from command import DEFAULT_BINARY, Refused, keras as command, load
from converted import Checker, refusal, sentence
from kerases import MODULES, imported

# Of the processor, and of the clock where the machine has other things to do.
SECONDS_A_MODEL, SECONDS_IN_ALL = 60, 600
# How a model is tried again that TensorFlow dies of.
WAYS_OUT = ("trained in a graph", "without oneDNN")


def cases(options, checker):
    """Random models, then those of the collection."""
    for folder in options.models:
        names = [case["name"] for case in json.loads((folder / "cases.json").read_text())["cases"]]
        for name in names[:options.count]:
            yield Case(folder / f"{name}.h5", load(folder / f"{name}.in.npz"))
    if options.corpus:
        for case in collection(options.corpus.resolve(), options.only):
            try:
                command(options.keras_binary, "summary", case.file)
            except Refused as refused:
                checker.refused["not opened: " + refusal(checker.keras, refused)[0]] += 1
                continue
            yield case


def work(options, begin, results):
    """Goes through the cases from one on, and says of each what it is before it begins and what came of it."""
    warnings.filterwarnings("ignore")
    # One model, where others need the faster way: without it some gradients of images with the channels in front are not there.
    is_careful = options.deaths[begin] > 1
    if is_careful:
        os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
    keras = imported(options.keras)

    def stop(*_):
        raise TimeoutError(f"no end after {SECONDS_A_MODEL} s")

    def limit(seconds, in_all):
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.alarm(in_all)

    for kind in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(kind, stop)
    with tempfile.TemporaryDirectory() as scratch:
        checker = Checker(keras, options.keras_binary, Path(scratch))

        def tell(**words):
            results.send({**words, "counts": checker.counts, "refused": checker.refused, "seconds": checker.seconds})
            checker.counts, checker.refused, checker.seconds = Counter(), Counter(), Counter()

        for index, case in enumerate(of_part(cases(options, checker), options.part)):
            if index < begin:
                checker.refused.clear()
                continue
            if time.monotonic() > options.deadline:
                checker.counts["not begun, for want of time"] += 1
                continue
            tell(index=index, name=f"{case.file.parent.name}/{case.file.name}")
            keras.backend.clear_session()
            limit(SECONDS_A_MODEL, SECONDS_IN_ALL)
            checker.in_graph = options.deaths[index] == 1
            try:
                problems = checker.check(case)
            except Exception as problem:
                problems = [sentence(problem)]
            finally:
                limit(0, 0)
            tell(problems=problems)
            if is_careful:
                return tell(pause=True)
        for folder in options.models:
            tried, problems = figures.check(keras, checker, folder)
            tell(figures=tried, problems=problems)
        tell(end=keras.__version__)


class Outcome:
    """What came of all cases."""

    def __init__(self):
        self.count, self.failed, self.next, self.name, self.version, self.pauses = 0, 0, 0, None, None, False
        self.counts, self.refused, self.seconds = Counter(), Counter(), Counter()

    def take(self, message):
        self.counts += message["counts"]
        self.seconds += message["seconds"]
        self.refused += message["refused"]
        if "name" in message:
            self.count, self.next, self.name = self.count + 1, message["index"] + 1, message["name"]
        for problem in message.get("problems", []):
            print(f"{self.name or 'figures'}: {problem}", flush=True)
        if "problems" in message:
            self.failed += len(message["problems"]) if "figures" in message else bool(message["problems"])
            self.count, self.name = self.count + message.get("figures", 0), None
        self.version, self.pauses = message.get("end", self.version), "pause" in message


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keras", choices=MODULES, required=True)
    parser.add_argument("--models", type=Path, nargs="*", default=[])
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--count", type=int, default=150, help="models of each folder")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin with no further model after so long")
    parser.add_argument("--part", default="1/1", help="which of how many parts")
    parser.add_argument("--only", default="", help="only files of the collection whose path contains this")
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    options = parser.parse_args()
    options.deaths = Counter()
    outcome, start = Outcome(), time.monotonic()
    options.deadline = start + options.seconds
    # Each Keras in a process of its own: what TensorFlow dies of is one model's failure.
    while outcome.version is None:
        ours, theirs = multiprocessing.Pipe(duplex=False)
        worker = multiprocessing.Process(target=work, args=(options, outcome.next, theirs))
        worker.start()
        theirs.close()
        begun = outcome.next
        try:
            while True:
                outcome.take(ours.recv())
        except EOFError:
            worker.join()
        if outcome.version is not None or outcome.pauses:
            continue
        if outcome.next > begun and options.deaths[outcome.next - 1] < len(WAYS_OUT):
            # Once more, and not operation by operation; then without oneDNN, whose gradient of a 1×1 convolution with strides writes beside its
            # memory.
            outcome.next, outcome.count = outcome.next - 1, outcome.count - 1
            print(f"{outcome.name}: TensorFlow dies of it, status {worker.exitcode}; again {WAYS_OUT[options.deaths[outcome.next]]}", flush=True)
            options.deaths[outcome.next] += 1
        else:
            print(f"{outcome.name}: Python died of it, status {worker.exitcode}", flush=True)
            outcome.failed += 1
            if outcome.next == begun:
                break
    print(f"universal .h5 in {options.keras} {outcome.version}: {outcome.count} models in {time.monotonic() - start:.0f} s")
    print("  seconds: " + ", ".join(f"{question} {seconds:.0f}" for question, seconds in outcome.seconds.most_common()))
    for counter in (outcome.counts, outcome.refused):
        for text, number in counter.most_common():
            print(f"  {number:4} {text}")
    print(f"{outcome.count - outcome.failed} passed, {outcome.failed} failed")
    sys.exit(1 if outcome.failed else 0)


if __name__ == "__main__":
    main()

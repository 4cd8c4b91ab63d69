"""Goes over a collection of model files other people made: does the command open them, and does it agree with Keras?

    python corpus.py --corpus ../shared/corpus [--keras-binary .build/release/keras] [--only TEXT] [--environments .venv-old]

`INDEX.tsv` says of each file in `real/` which Keras wrote it and where Keras's own inputs and outputs are (`ref`); for
other files they are computed here, and for Theano's with the kernels of convolutions turned back, which tf_keras leaves as they are.
Only whole HDF5 models are looked at; `compatibility.py` takes all files, `goldens.py` what lies beside some of them. A file passes when it opens and, where there is a judge, every output agrees, or when it is refused for nothing
but layers of the kinds in `NOT_YET`. Files that carry code are never given to Python.
"""

import argparse
import csv
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

from command import DEFAULT_BINARY, ROOT, TOLERANCE, Refused, agrees, distance, keras, load, predict
from old import environment

GENERATIONS = {"K1": "keras1", "K2": "tf_keras", "tf.keras2": "tf_keras", "K3": "keras"}
ROLES = {"whole(.h5)", "whole(HDF5 named .keras)"}
NOT_YET = {"Lambda", "MultiHeadAttention"}
CACHE = Path(tempfile.gettempdir()) / "swift-keras-corpus"


@dataclass
class Case:
    """One file, with Keras's reference for it (an .npz) where there is one."""

    file: Path
    keras: str
    reference: Path | None = None
    unjudged: str = ""
    # Whether Keras is to turn the kernels of convolutions back, as it does not do itself.
    is_turned: bool = False
    computed: Path = field(init=False)
    # What Keras is to compute from, where that is not drawn.
    inputs: Path | None = None

    def __post_init__(self):
        name = hashlib.sha256(self.file.read_bytes()).hexdigest()[:16]
        self.computed = CACHE / f"{name}{'.turned' if self.is_turned else ''}.npz"
        self.inputs = self.reference
        if (self.reference is None or self.is_turned) and not self.unjudged:
            self.reference = self.computed


def architecture(file):
    """The architecture's JSON text."""
    with h5py.File(file) as f:
        text = f.attrs["model_config"]
    return text.decode() if isinstance(text, bytes) else text


def no_judge(file, generation):
    """Why Keras of today is no judge of a file, or an empty string."""
    text = architecture(file)
    if '"Lambda"' in text or '"TFOpLambda"' in text:
        return "it carries code or raw operations"
    if generation == "K2" and '"interpolation": "bilinear"' in text:
        return "Keras 2 placed bilinear's grid elsewhere"
    return ""


def real_cases(corpus):
    with (corpus / "INDEX.tsv").open(newline="") as index:
        for row in csv.DictReader(index, delimiter="\t"):
            if row["file"].startswith("real/") and row["generation"] in GENERATIONS and row["role"] in ROLES:
                file, reference = corpus / row["file"], corpus / row["ref"] if row["ref"] else None
                # References of Theano's files were computed with kernels that nobody had turned back.
                is_theano = is_of_theano(file) if row["generation"] == "K1" else row["backend"] == "theano"
                is_turned = is_theano and "Conv" in architecture(file)
                yield Case(file, GENERATIONS[row["generation"]], reference, no_judge(file, row["generation"]), is_turned)


def is_of_theano(file):
    """Of a file of Keras 1, which does not say it: TensorFlow's names of variables end in `:0`."""
    names = []
    with h5py.File(file) as f:
        f.visit(names.append)
        return not any(name.endswith(":0") for name in names if isinstance(f[name], h5py.Dataset))


def generation_of(file):
    """The generation of a whole model, None for anything else."""
    with h5py.File(file) as f:
        if "model_config" not in f.attrs:
            return None
        version = f.attrs.get("keras_version", "1")
    version = version.decode() if isinstance(version, bytes) else version
    return {"1": "K1", "2": "K2", "3": "K3"}.get(version[0])


def generation_cases(corpus):
    for file in sorted((corpus / "generations").glob("*.h5")):
        generation = generation_of(file)
        if generation:
            written_by = "tf.keras2" if file.name.startswith("tf") else generation
            is_turned = generation == "K1" and is_of_theano(file)
            yield Case(file, GENERATIONS[written_by], unjudged=no_judge(file, written_by), is_turned=is_turned)


def compute(cases, environments=None):
    """Lets Keras compute what is not there yet, each Keras in one process for all its files; Keras 1 in an environment that `old.py` makes."""
    CACHE.mkdir(exist_ok=True)
    jobs = defaultdict(list)
    for case in cases:
        if not case.computed.exists() and not Path(f"{case.computed}.error").exists():
            inputs = str(case.inputs) if case.inputs else None
            jobs[case.keras].append({"file": str(case.file), "inputs": inputs, "out": str(case.computed), "turned": case.is_turned})
    for name, list_of_jobs in jobs.items():
        (CACHE / "jobs.json").write_text(json.dumps(list_of_jobs))
        if name == "keras1":
            if environments:
                python, path = environment("k122", environments.resolve())
                subprocess.run([python, Path(__file__).with_name("corpus_keras1.py"), CACHE / "jobs.json"], check=False,
                               env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.DEVNULL)
            continue
        script = Path(__file__).with_name("corpus_reference.py")
        subprocess.run([sys.executable, script, name, CACHE / "jobs.json"], stdout=subprocess.DEVNULL, check=False)


def members(reference, prefix):
    """`in0`, `in1`, … or `out0`, … in order."""
    return [reference[f"{prefix}{i}"] for i in range(len(reference)) if f"{prefix}{i}" in reference]


class Verdicts:
    """What became of every file."""

    def __init__(self):
        self.opened = self.agreed = self.unjudged = 0
        self.failures, self.refusals, self.differences = {}, Counter(), []

    def fail(self, case, reason):
        self.failures[case.file] = reason

    def refuse(self, case, stage, refusal):
        """A refusal: by the kinds of layer that are not there yet, or else by its text without the file's name, a failure."""
        problems = len(re.findall(r"(?:^|: |\n)keras: ", str(refusal)))
        kinds = re.findall(r"(?:not supported|never run|not in the file); found '([\w>]+)'", str(refusal))
        if len(kinds) == problems and NOT_YET.issuperset(kinds):
            self.refusals[", ".join(sorted(set(kinds)))] += 1
            return
        text = " ".join(str(refusal).replace(str(case.file), "FILE").replace(case.file.name, "FILE").split())[:200]
        self.fail(case, f"{stage}: {text}")


def look_at(case, binary, verdicts):
    """Opens one file and, where there is a judge, runs it. Returns the outputs when they miss the float32 tolerance."""
    try:
        keras(binary, "summary", case.file)
    except Refused as refusal:
        return verdicts.refuse(case, "summary", refusal)
    verdicts.opened += 1
    if why_unjudged(case):
        verdicts.unjudged += 1
        return None
    reference = load(case.reference)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            inputs = Path(scratch) / "in.npz"
            np.savez(inputs, *members(reference, "in"))
            found = list(predict(binary, case.file, inputs, scratch).values())
    except Refused as refusal:
        return verdicts.refuse(case, "predict", refusal)
    wanted = members(reference, "out")
    if [value.shape for value in found] != [value.shape for value in wanted]:
        return verdicts.fail(case, f"shapes {[v.shape for v in found]}, in Keras {[v.shape for v in wanted]}")
    worst = max(distance(a, b) for a, b in zip(found, wanted))
    verdicts.differences.append((worst, case.file.name))
    if worst > TOLERANCE:
        return found
    verdicts.agreed += 1
    return None


def judge_in_double(case, found, verdicts):
    """The second chance: no further from float64 than twice Keras's own error."""
    wanted = members(load(case.reference), "out")
    doubles = members(load(case.computed), "double") if case.computed.exists() else []
    if doubles and all(agrees(*values) for values in zip(found, wanted, doubles)):
        verdicts.agreed += 1
    else:
        note = f"Keras from float64: {max(map(distance, wanted, doubles)):.1e}" if doubles else "no float64 reference"
        verdicts.fail(case, f"differs by {max(map(distance, found, wanted)):.1e} ({note})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=ROOT.parent / "shared" / "corpus")
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    parser.add_argument("--only", default="", help="only files whose path contains this")
    parser.add_argument("--environments", type=Path, help="where old.py keeps its environments: files of Keras 1 are judged by Keras 1.2.2")
    options = parser.parse_args()
    if not options.corpus.is_dir():
        sys.exit(f"no corpus at {options.corpus}")
    corpus = options.corpus.resolve()
    cases = [case for case in [*real_cases(corpus), *generation_cases(corpus)] if options.only in str(case.file)]
    compute([case for case in cases if case.reference == case.computed], options.environments)
    verdicts, missed = Verdicts(), []
    for case in cases:
        found = look_at(case, options.keras_binary, verdicts)
        if found:
            missed.append((case, found))
    compute([case for case, _ in missed])
    for case, found in missed:
        judge_in_double(case, found, verdicts)
    report(cases, verdicts, corpus)
    sys.exit(1 if verdicts.failures else 0)


def why_unjudged(case):
    """Why there is no judge of a file, or an empty string."""
    if case.unjudged:
        return case.unjudged
    if case.reference.exists():
        return ""
    return "Keras 1 was not asked (--environments)" if case.keras == "keras1" else "Keras itself cannot load or run it"


def table(title, lines):
    if lines:
        print(f"{title}:", *(f"  {line}" for line in lines), sep="\n")


def report(cases, verdicts, corpus):
    """What became of the files, in tables; the last line is the sum."""
    print(f"{len(cases)} files, {verdicts.opened} opened, {verdicts.agreed} agreed, "
          f"{verdicts.unjudged} opened without a judge")
    reasons = Counter(filter(None, map(why_unjudged, cases)))
    table("without a judge, because", [f"{n:4} {reason}" for reason, n in reasons.items()])
    table("refused for layers that are not there yet", [f"{n:4} {text}" for text, n in verdicts.refusals.most_common()])
    table("failed", [f"{file.relative_to(corpus)}: {reason}" for file, reason in verdicts.failures.items()])
    table("largest differences", [f"{d:.1e}  {name}" for d, name in sorted(verdicts.differences, reverse=True)[:8]])
    print(f"{len(cases) - len(verdicts.failures)} passed, {len(verdicts.failures)} failed")


if __name__ == "__main__":
    main()

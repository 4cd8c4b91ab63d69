"""Which of the files of a collection open, by the Keras that wrote them: here, in Keras 3 and in tf_keras; written as docs/COMPATIBILITY.md.

    python compatibility.py --corpus ../shared/corpus [--keras-binary .build/release/keras] [--write docs/COMPATIBILITY.md] [--slice 0/4]

Every Keras file is looked at, of whatever kind: whole models, weights, `.keras`, JSON, YAML, sharded. Here it opens if `keras doctor` finds nothing
that keeps it from being read; a file with code is to be refused by name. The two Kerases load each file in a process of its own with a time limit;
what they made of it is kept beside this collection's cache, so that slices can be run one by one.
"""

import argparse
import csv
import hashlib
import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

from command import DEFAULT_BINARY, ROOT
from corpus import CACHE

KERASES = {"keras": "Keras 3.15.1", "tf_keras": "tf_keras 2.21"}
GENERATIONS = ["K1", "K2", "tf.keras2", "K3"]
KINDS = {"whole": "whole model", "weights": "weights", "text": "architecture"}
SECONDS_ALLOWED = 60
CODE = ("Lambda", "TFOpLambda", "TensorFlowOpLayer", "SlicingOpLambda", "class of its own", "by code of its own")
LOAD = """
import os, sys, warnings, json
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.filterwarnings("ignore")
import importlib
keras = importlib.import_module(sys.argv[1])
path, kind = sys.argv[2], sys.argv[3]
if kind == "whole":
    keras.models.load_model(path, compile=False)
else:
    keras.models.model_from_json(open(path).read())
"""


def kind_of(path, role):
    if "weights" in role or path.name.endswith((".weights.h5", "_w.h5", ".weights.json")):
        return "weights"
    return "text" if path.suffix in (".json", ".yaml") else "whole"


def generation_of(name):
    """Of a file of `generations/`, by the name it was given."""
    for start, generation in (("k1", "K1"), ("_", ""), ("k2", "K2"), ("tf", "tf.keras2"), ("k3", "K3")):
        if name.startswith(start):
            return generation
    return "K3"


def files(corpus):
    """`(path, generation, kind)` of every Keras file."""
    with (corpus / "INDEX.tsv").open(newline="") as index:
        for row in csv.DictReader(index, delimiter="\t"):
            if row["file"].startswith("real/") and row["generation"] in GENERATIONS:
                path = corpus / row["file"]
                yield path, row["generation"], kind_of(path, row["role"])
    for path in sorted((corpus / "generations").iterdir()):
        generation = generation_of(path.name)
        is_shard = path.name.startswith("sh_")
        if path.suffix in (".h5", ".keras", ".json", ".yaml") and generation and not is_shard and path.stat().st_size > 800:
            yield path, generation, kind_of(path, "")


def here(binary, path):
    """`opens`, `code`, or the first problem."""
    done = subprocess.run([binary, "doctor", path, "--json"], capture_output=True, text=True, errors="replace", check=False,
                          timeout=SECONDS_ALLOWED)
    if done.returncode in (0, 1):
        return "opens", json.loads(done.stdout)
    problems = " ".join(done.stderr.replace(str(path), "FILE").split())
    told = json.loads(done.stdout) if done.stdout.startswith("{") else None
    return ("code" if any(word in problems for word in CODE) else problems[:160]), told


def there(keras, path, kind):
    """Whether a Keras loads it; None where that hangs on a model that is not in the file. Remembered."""
    if kind == "weights":
        return None
    known = CACHE / f"{hashlib.sha256(path.read_bytes() + path.suffix.encode()).hexdigest()[:16]}.{keras}.loads"
    if not known.exists():
        command = [sys.executable, "-c", LOAD, keras, path, kind]
        try:
            code = subprocess.run(command, capture_output=True, timeout=SECONDS_ALLOWED, check=False).returncode
        except subprocess.TimeoutExpired:
            code = -1
        known.write_text(str(code))
    return known.read_text() == "0"


def said(told, keras):
    """What the doctor says of a Keras."""
    wanted = {"keras": "Keras 3.15", "tf_keras": "tf_keras 2.21"}[keras]
    outcomes = {reader["keras"]: reader["outcome"] for reader in (told or {}).get("readers", [])}
    return outcomes.get(wanted) != "fails" if wanted in outcomes else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=ROOT.parent / "shared" / "corpus")
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--slice", default="0/1", help="this part of the files, of so many: fills the cache")
    parser.add_argument("--old", type=Path, help="the table that old.py wrote")
    parser.add_argument("--without-python", action="store_true", help="only what opens here")
    options = parser.parse_args()
    CACHE.mkdir(exist_ok=True)
    part, parts = map(int, options.slice.split("/"))
    table = defaultdict(Counter)
    refused, doctor = [], Counter()
    for path, generation, kind in list(files(options.corpus.resolve()))[part::parts]:
        row = table[generation, kind]
        verdict, told = here(options.keras_binary, path)
        row["all"] += 1
        row["opens"] += verdict == "opens"
        row["code"] += verdict == "code"
        if verdict not in ("opens", "code"):
            refused.append(f"{path.name}: {verdict}")
        for keras in () if options.without_python else KERASES:
            loads = there(keras, path, kind)
            row[keras] += bool(loads)
            if loads is not None and said(told, keras) is not None:
                doctor[keras, said(told, keras) == loads] += 1
    text = page(table, refused, doctor, options)
    print(text)
    if options.write:
        options.write.write_text(text)
    sys.exit(1 if refused else 0)


def page(table, refused, doctor, options):
    asked = {} if options.without_python else KERASES
    others = ", and in two Kerases of today (`compile=False`, a process\nfor each file; weights need a model, so they are not asked)" if asked else ""
    lines = ["# Compatibility", "", f"Every Keras file of a collection, by the Keras that wrote it: what opens here{others}. Made by", "`make compatibility`.", "",
             "| " + " | ".join(["written by", "what", "files", "open here", "hold code, refused by name", *asked.values()]) + " |",
             "| --- | --- |" + " ---: |" * (3 + len(asked))]
    total = Counter()
    for generation in GENERATIONS:
        for kind, words in KINDS.items():
            row = table.get((generation, kind))
            if not row:
                continue
            total.update(row)
            found = [str(row[keras]) if kind != "weights" else "" for keras in asked]
            lines.append("| " + " | ".join([generation, words, str(row["all"]), str(row["opens"]), str(row["code"] or ""), *found]) + " |")
    lines.append("| " + " | ".join(["all", "", *(str(total[key]) for key in ("all", "opens", "code", *asked))]) + " |")
    lines += ["", "K1 is Keras 1, K2 standalone Keras 2, tf.keras2 TensorFlow 1.15 to tf_keras 2.21, K3 Keras 3."]
    for keras, name in KERASES.items():
        right, wrong = doctor[keras, True], doctor[keras, False]
        if right + wrong:
            lines.append(f"`keras doctor` says rightly of {right} of {right + wrong} files whether {name} loads them.")
    if refused:
        lines += ["", "Not opened, for another reason than code:", ""] + [f"* {line}" for line in refused]
    if options.old and options.old.exists():
        lines += ["", "## Random models of every Keras", "", "The same random models, saved by each Keras in every container it can write; agreeing of all "
                  "(`make interop-old`).", "", options.old.read_text().rstrip()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()

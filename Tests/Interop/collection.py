"""The whole models of a collection that other people made, and inputs for them: what `saving.py` and `roundtrips.py` go through."""

import csv
import re
import zipfile

from command import load
from corpus import architecture, generation_cases, generation_of, is_of_theano, members, no_judge
from corpus_reference import random_inputs


class Case:
    """A file, with inputs for it if there are some."""

    def __init__(self, file, arrays=None, has_all_forms=False, generation=None, backend=""):
        self.file, self.arrays, self.has_all_forms = file, arrays, has_all_forms
        self.generation, self.backend = generation, backend

    def is_misread(self):
        """Whether Keras of today takes the original for another model."""
        if not self.has_all_forms or zipfile.is_zipfile(self.file):
            return False
        is_theano = is_of_theano(self.file) if self.generation == "keras1" else self.backend == "theano"
        is_turned = is_theano and "Conv" in architecture(self.file)
        return is_turned or bool(no_judge(self.file, "K2" if self.generation == "keras2" else self.generation))

    def carries_code(self):
        """Whether Python would run what stands in it."""
        return self.has_all_forms and re.search(rb'"(class_name": "Lambda"|__lambda__)', self.words()) is not None

    def words(self):
        if zipfile.is_zipfile(self.file):
            with zipfile.ZipFile(self.file) as archive:
                return archive.read("config.json")
        return self.file.read_bytes()

    def inputs(self, model):
        """In the model's order."""
        if self.arrays is None:
            return list(random_inputs(model))
        names = [tensor.name.split(":")[0] for tensor in model.inputs]
        return [self.arrays[name] for name in names] if set(names) == set(self.arrays) else list(self.arrays.values())


def collection(corpus, only):
    """The whole models of a collection."""
    with (corpus / "INDEX.tsv").open(newline="") as index:
        rows = [row for row in csv.DictReader(index, delimiter="\t") if row["file"].startswith("real/") and row["role"].startswith("whole")]
    generations = {"K1": "keras1", "K2": "keras2", "tf.keras2": "tf.keras", "K3": "keras3"}
    for row in rows:
        if only in row["file"]:
            reference = corpus / row["ref"] if row["ref"] else None
            arrays = None
            if reference and reference.exists():
                arrays = {f"arr_{i}": value for i, value in enumerate(members(load(reference), "in"))}
            yield Case(corpus / row["file"], arrays, True, generations[row["generation"]], row["backend"])
    files = [case.file for case in generation_cases(corpus)] + sorted((corpus / "generations").glob("*.keras"))
    for file in files:
        if only in str(file):
            kind = "K3" if zipfile.is_zipfile(file) else generation_of(file)
            generation = "tf.keras" if file.name.startswith("tf") else generations[kind]
            yield Case(file, None, True, generation, "theano" if "th_" in file.name else "tensorflow")


def of_part(items, part):
    """Every so manieth of them: "2/5" is the second of five parts."""
    number, parts = map(int, part.split("/"))
    return (item for index, item in enumerate(items) if index % parts == number - 1)

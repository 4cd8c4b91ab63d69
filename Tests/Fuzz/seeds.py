"""Small files to begin fuzzing with, out of the fixtures: models of one layer as JSON, and as archives.

    python3 seeds.py Config|Keras FOLDER
"""

import json
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CASES = ("shapes", "shapes_core", "shapes_recurrent", "shapes_attention")


def models():
    """A model for each class in each dialect."""
    seen = set()
    for name in CASES:
        for case in json.loads((HERE / "../../Fixtures/layers" / f"{name}.json").read_text()):
            key = (case["class_name"], case["dialect"])
            if key in seen or not case["inputs"]:
                continue
            seen.add(key)
            layers = [{"class_name": "InputLayer", "config": {"name": f"i{k}", "batch_shape": shape, "dtype": "float32"}, "name": f"i{k}", "inbound_nodes": []}
                      for k, shape in enumerate(case["inputs"])]
            layer = {"class_name": case["class_name"], "config": case["config"]}
            if len(layers) == 1:
                config = {"class_name": "Sequential", "config": {"name": "s", "layers": [layers[0], layer]}}
            else:
                calls = [[[f"i{k}", 0, 0, {}] for k in range(len(layers))]]
                config = {"class_name": "Functional", "config": {"name": "f", "layers": layers + [{**layer, "name": case["config"]["name"], "inbound_nodes": calls}],
                                                                 "input_layers": [[f"i{k}", 0, 0] for k in range(len(layers))],
                                                                 "output_layers": [[case["config"]["name"], 0, 0]]}}
            yield "_".join(key), json.dumps(config | ({"module": "keras"} if case["dialect"] == "keras3" else {"keras_version": "2.4.0"}))


def main():
    target, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for name, config in models():
        if target == "Config":
            (folder / name).write_text(config)
    if target == "Keras":
        dense = {"class_name": "Sequential", "module": "keras", "config": {"name": "s", "layers": [
            {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [None, 2]}}, {"class_name": "Dense", "config": {"name": "dense", "units": 2}}]}}
        for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            with zipfile.ZipFile(folder / f"dense{kind}.keras", "w", kind) as archive:
                archive.writestr("metadata.json", '{"keras_version": "3.15.1"}')
                archive.writestr("config.json", json.dumps(dense))
                archive.write(HERE / "Seeds/HDF5/keras3_weights.h5", "model.weights.h5")


if __name__ == "__main__":
    main()

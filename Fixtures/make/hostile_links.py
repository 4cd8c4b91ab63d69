"""Makes `hostile/links`: one sound model, and copies of it of which one part leads out of the file, in every way HDF5 has.

    python Fixtures/make/hostile_links.py

Needs h5py. What the parts lead to is `secret.bin` and `secret.h5`, which hold `CANARY`; no reader may open them.
"""

from pathlib import Path

import h5py
import numpy as np

HERE = Path(__file__).resolve().parents[1]
OUT = HERE / "hostile" / "links"
SOUND = HERE / "broken" / "sound.h5"


def dataset_paths(file):
    found = []
    file["model_weights"].visititems(lambda name, item: found.append("model_weights/" + name) if isinstance(item, h5py.Dataset) else None)
    return found


def soft(file, path, shape, dtype):
    file[path] = h5py.SoftLink("/somewhere")


def external(file, path, shape, dtype):
    file[path] = h5py.ExternalLink("secret.h5", "/weights")


def external_self(file, path, shape, dtype):
    file[path] = h5py.ExternalLink("/proc/self/exe", "/")


def raw(file, path, shape, dtype):
    parent, name = path.rsplit("/", 1) if "/" in path else ("/", path)
    file.require_group(parent).create_dataset(name, shape, dtype, external=[("secret.bin", 0, h5py.h5f.UNLIMITED)])


def virtual(file, path, shape, dtype):
    layout = h5py.VirtualLayout(shape, dtype)
    layout[...] = h5py.VirtualSource("secret.h5", "weights", shape)
    file.create_virtual_dataset(path, layout)


def user(file, path, shape, dtype):
    """An external link whose class is made 65 by hand afterwards."""
    external(file, path, shape, dtype)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "secret.bin").write_bytes(b"CANARY" * 64)
    with h5py.File(OUT / "secret.h5", "w") as file:
        file["weights"] = np.frombuffer(b"CANARY" * 40, "f4")
    sound = SOUND.read_bytes()
    with h5py.File(SOUND) as file:
        weight = dataset_paths(file)[0]
    places = {"weight": weight, "group": "/".join(weight.split("/")[:-1]), "layer": "/".join(weight.split("/")[:2]),
              "weights": "model_weights", "optimizer": "optimizer_weights", "beside": "notes"}
    kinds = {"soft": soft, "external": external, "proc": external_self, "raw": raw, "virtual": virtual, "user": user}
    for kind, make in kinds.items():
        for place, path in places.items():
            if kind in ("raw", "virtual") and place in ("group", "layer", "weights"):
                continue
            name = OUT / f"{kind}_{place}.h5"
            name.write_bytes(sound)
            with h5py.File(name, "r+", libver="latest" if kind == "user" else None) as file:
                old = file.get(path)
                shape, dtype = (old.shape, old.dtype) if isinstance(old, h5py.Dataset) else ((4,), "f4")
                if old is not None:
                    del file[path]
                make(file, path, shape, dtype)
            if kind == "user":
                data = bytearray(name.read_bytes())
                at = data.index(b"secret.h5\0") - 1
                # Link message: version, flags with bit 3, type 64, …, name, length of the value, value.
                start = data.rindex(bytes([1]), 0, at)
                while not (data[start] == 1 and data[start + 1] & 8 and data[start + 2] == 64):
                    start = data.rindex(bytes([1]), 0, start)
                data[start + 2] = 65
                name.write_bytes(data)


if __name__ == "__main__":
    main()

"""Makes hdf5_types.h5 with hdf5_types.json (what is in it), hdf5_links.h5 (what leads out of it) and hdf5_chunked_names.h5.

Run in the folder above: python make/hdf5_types.py. Needs h5py.
"""

import json

import h5py
import numpy as np

expected = {"datasets": {}, "strings": {}, "attributes": {}}


def contiguous(group, name, data, type_id=None):
    """A dataset without the modification time h5py's own would carry, so that two runs give the same bytes."""
    data = np.asarray(data)
    space = h5py.h5s.create_simple(data.shape) if data.shape else h5py.h5s.create(h5py.h5s.SCALAR)
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_obj_track_times(False)
    dataset = h5py.h5d.create(group.id, name.encode(), type_id or h5py.h5t.py_create(data.dtype, logical=True), space, creation)
    if data.size:
        # With a type given, `data` has the file's bytes already and nothing may be converted.
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, data, mtype=type_id)
    return dataset


def note(path, dtype, data):
    data = np.asarray(data)
    expected["datasets"][path] = {"dtype": dtype, "shape": list(data.shape), "values": [float(x) for x in data.reshape(-1)]}


def string_type(size, padding, charset):
    kind = h5py.h5t.C_S1.copy()
    kind.set_size(size)
    kind.set_strpad(padding)
    kind.set_cset(charset)
    return kind


def attribute(target, name, type_id, shape, data, strings):
    space = h5py.h5s.create(h5py.h5s.SCALAR) if shape == () else h5py.h5s.create_simple(shape)
    made = h5py.h5a.create(target.id, name.encode(), type_id, space)
    if data is not None:
        made.write(data, mtype=type_id)
    expected["attributes"][name] = {"shape": list(shape), "strings": strings}


PADDINGS = {"nullterm": h5py.h5t.STR_NULLTERM, "nullpad": h5py.h5t.STR_NULLPAD, "spacepad": h5py.h5t.STR_SPACEPAD}
CHARSETS = {"ascii": h5py.h5t.CSET_ASCII, "utf8": h5py.h5t.CSET_UTF8}

with h5py.File("hdf5_types.h5", "w", libver="earliest") as file:
    numbers = file.create_group("numbers")
    for order, letter in (("le", "<"), ("be", ">")):
        for kind, name in (("f", "float"), ("i", "int"), ("u", "uint")):
            for size in (1, 2, 4, 8):
                if kind == "f" and size == 1:
                    continue
                dtype = f"{name}{8 * size}"
                if kind == "f":
                    data = np.array([[0.5, -2, 1.25], [1024, -0.0078125, 3]])
                else:
                    limits = np.iinfo(dtype)
                    # As floats in the JSON, so only what a double holds.
                    data = np.array([[0, 1, 2], [limits.max // 3 >> 12 << 12 if size == 8 else limits.max, max(limits.min, -(2**53)), 77]])
                data = data.astype(f"{letter}{kind}{size}")
                path = f"numbers/{dtype}_{order}"
                contiguous(file, path, data)
                note(path, dtype, data)
    contiguous(file, "numbers/bool", np.array([True, False, True]))
    note("numbers/bool", "bool", [1, 0, 1])
    contiguous(file, "numbers/scalar", np.float32(2.5))
    note("numbers/scalar", "float32", np.float32(2.5))
    contiguous(file, "numbers/zero_size", np.zeros((3, 0, 2), "f4"))
    note("numbers/zero_size", "float32", np.zeros((3, 0, 2)))
    h5py.h5d.create(file.id, b"numbers/null_space", h5py.h5t.IEEE_F32LE, h5py.h5s.create(h5py.h5s.NULL))
    note("numbers/null_space", "float32", np.zeros((0,)))
    opaque = h5py.h5t.create(h5py.h5t.OPAQUE, 2)
    opaque.set_tag(b"")
    space = h5py.h5s.create_simple((3,))
    dataset = h5py.h5d.create(file.id, b"numbers/bfloat16", opaque, space)
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([0x3F80, 0xC040, 0x3E00], "<u2").view("V2"), mtype=opaque)
    file["numbers/bfloat16"].attrs["dtype"] = "bfloat16"
    note("numbers/bfloat16", "bfloat16", [1, -3, 0.125])

    stored = file.create_group("stored")
    grid = np.arange(1200, dtype="<f4").reshape(30, 40)
    for name, options in {
        "chunked": dict(chunks=(7, 30)),
        "gzip": dict(chunks=(16, 16), compression="gzip"),
        "gzip_shuffle_fletcher": dict(chunks=(30, 10), compression="gzip", shuffle=True, fletcher32=True),
    }.items():
        stored.create_dataset(name, data=grid, track_times=False, **options)
    stored.create_dataset("gzip_be", data=grid.astype(">f8"), chunks=(20, 20), compression="gzip", shuffle=True, track_times=False)
    stored.create_dataset("lzf", data=grid, chunks=(20, 20), compression="lzf", track_times=False)
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_layout(h5py.h5d.COMPACT)
    dataset = h5py.h5d.create(file.id, b"stored/compact", h5py.h5t.STD_I32BE, h5py.h5s.create_simple((4,)), creation)
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([1, -2, 3, -4], "i4"))
    note("stored/compact", "int32", [1, -2, 3, -4])
    # Declares four thousand million numbers and stores none.
    h5py.h5d.create(file.id, b"stored/unwritten", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((65536, 65536)))
    stored.create_dataset("chunked_bomb", shape=(1 << 20, 1 << 20), dtype="f4", chunks=(64, 64), compression="gzip", track_times=False)
    h5py.h5d.create(file.id, b"stored/compound", h5py.h5t.py_create(np.dtype([("a", "i4"), ("b", "f4")])), h5py.h5s.create_simple((2,)))

    texts = file.create_group("texts")
    words = ["dense_1", "", "batch_normalization_1", "naïve", "a b "]
    encoded = [word.encode() for word in words]
    for padding, padding_id in PADDINGS.items():
        for charset, charset_id in CHARSETS.items():
            width = 21 if padding != "nullterm" else 22
            kind = string_type(width, padding_id, charset_id)
            fill = b" " if padding == "spacepad" else b"\0"
            used = [text if charset == "utf8" or text.isascii() else b"naive" for text in encoded]
            data = np.array([text.ljust(width, fill) for text in used], f"S{width}")
            strings = [text.decode().rstrip(" ") if padding == "spacepad" else text.decode() for text in used]
            name = f"fixed_{padding}_{charset}"
            contiguous(file, f"texts/{name}", data, kind)
            expected["strings"][f"texts/{name}"] = strings
            attribute(texts, f"{name}_scalar", kind, (), data[2:3].reshape(()), strings[2:3])
            attribute(texts, f"{name}_list", kind, (5,), data, strings)
            attribute(texts, f"{name}_empty", kind, (0,), None, [])
    for charset in CHARSETS:
        kind = h5py.string_dtype("ascii" if charset == "ascii" else "utf-8")
        used = [word if charset == "utf8" or word.isascii() else "naive" for word in words]
        name = f"variable_{charset}"
        texts.create_dataset(name, data=used, dtype=kind, track_times=False)
        texts.create_dataset(f"{name}_chunked", data=used, dtype=kind, chunks=(2,), compression="gzip", track_times=False)
        expected["strings"][f"texts/{name}"] = used
        expected["strings"][f"texts/{name}_chunked"] = used
        texts.attrs.create(f"{name}_scalar", used[2], dtype=kind)
        texts.attrs.create(f"{name}_list", used, dtype=kind)
        texts.attrs.create(f"{name}_empty", [], shape=(0,), dtype=kind)
        for suffix, strings in (("scalar", used[2:3]), ("list", used), ("empty", [])):
            shape = {"scalar": [], "list": [5], "empty": [0]}[suffix]
            expected["attributes"][f"{name}_{suffix}"] = {"shape": shape, "strings": strings}
    texts.attrs.create("long", "{" + "x" * 70000 + "}", dtype=h5py.string_dtype("ascii"))
    # What h5py makes of an empty list; never-written text of variable length, whose pointers are NULL.
    texts.attrs["empty_floats"] = []
    expected["attributes"]["empty_floats"] = {"shape": [0], "strings": []}
    h5py.h5a.create(texts.id, b"unwritten", h5py.h5t.py_create(h5py.string_dtype("utf-8"), logical=True), h5py.h5s.create_simple((2,)))
    expected["attributes"]["unwritten"] = {"shape": [2], "strings": ["", ""]}
    latin = string_type(6, h5py.h5t.STR_NULLPAD, h5py.h5t.CSET_UTF8)
    made = h5py.h5a.create(texts.id, b"latin1", latin, h5py.h5s.create(h5py.h5s.SCALAR))
    made.write(np.array("caf\u00e9".encode("latin-1"), "S6"), mtype=latin)

    values = file.create_group("values")
    values.attrs["int"] = np.int32(-7)
    values.attrs["uint64"] = np.uint64(2**64 - 1)
    values.attrs["float"] = np.float32(0.25)
    values.attrs["big_endian"] = np.array([1, 2, 300], ">i2")
    values.attrs["bool"] = np.bool_(True)
    values.attrs["reference"] = values.ref

with open("hdf5_types.json", "w") as text:
    json.dump(expected, text, indent=1, ensure_ascii=False)
    text.write("\n")

with h5py.File("hdf5_links.h5", "w", libver="earliest") as file:
    group = file.create_group("group")
    contiguous(file, "group/data", np.arange(4, dtype="f4"))
    file["soft"] = h5py.SoftLink("/group/data")
    file["soft_group"] = h5py.SoftLink("/group")
    file["dangling"] = h5py.SoftLink("/nowhere")
    file["external"] = h5py.ExternalLink("hdf5_types.h5", "/numbers/float32_le")
    file["hard"] = file["group"]
    group["self"] = group
    file.create_dataset("outside", (4,), "f4", external=[("/etc/hostname", 0, h5py.h5f.UNLIMITED)], track_times=False)
    layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
    layout[:] = h5py.VirtualSource("hdf5_types.h5", "numbers/float32_le", shape=(4,))
    file.create_virtual_dataset("virtual", layout)
    layout = h5py.VirtualLayout(shape=(4,), maxshape=(None,), dtype="f4")
    layout[0:4] = h5py.VirtualSource(".", "group/data", shape=(4,))[0:4]
    file.create_virtual_dataset("virtual_unlimited", layout)

with h5py.File("hdf5_userblock.h5", "w", libver="earliest", userblock_size=1024) as file:
    contiguous(file, "data", np.arange(4, dtype="<f4"))
with open("hdf5_userblock.h5", "r+b") as file:
    file.write(b"A note before the file.\n")

with h5py.File("hdf5_latest.h5", "w", libver="latest") as file:
    contiguous(file, "data", np.arange(4, dtype="<f4"))
    group = file.create_group("many")
    for number in range(40):
        group.create_group(f"member_{number}")
        group.attrs[f"attribute_{number}"] = number

with h5py.File("hdf5_chunked_names.h5", "w", libver="earliest") as file:
    names = np.array([f"layer_{number:03}_".ljust(200, "x").encode() for number in range(401)])
    for number, part in enumerate(np.array_split(names, 2)):
        file.attrs[f"layer_names{number}"] = part

"""Small HDF5 files to begin fuzzing with: each structure that the doorman walks, in as few bytes as the library lets it take.

    python fuzz_seeds.py ../../Tests/Fuzz/Seeds/HDF5

Written with h5py 3.14 (HDF5 1.14.6). A file of Keras is twenty kilobytes because tables have room for many; fuzzing goes twenty times as fast with room
for one.
"""

import ctypes
import re
import struct
import sys
from pathlib import Path

import h5py
import numpy as np
from h5py import h5d, h5f, h5g, h5p, h5s, h5t, h5z

OLD, NEW = (h5f.LIBVER_EARLIEST, h5f.LIBVER_V18), (h5f.LIBVER_V18, h5f.LIBVER_LATEST)
V110 = (h5f.LIBVER_V110, h5f.LIBVER_V110)
library = ctypes.CDLL(str(next((Path(h5py.__file__).parents[1] / "h5py.libs").glob("libhdf5-*"))))
MAKERS = {}


def seed(bounds=OLD, **creation):
    def add(make):
        MAKERS[make.__name__] = (make, bounds, creation)
        return make
    return add


def dataset(file, name, data=None, *, shape=None, dtype=None, maxshape=None, layout=None, chunks=None, filters=(), fill=None, alloc=None, space=None,
            tracked=False, optional=False):
    """H5Dcreate2 with few bytes round it."""
    data = None if data is None else np.asarray(data)
    type = h5t.py_create(data.dtype if dtype is None else dtype, logical=True) if not isinstance(dtype, h5t.TypeID) else dtype
    space = space or h5s.create_simple(shape or data.shape, maxshape)
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_obj_track_times(tracked)
    if layout is not None:
        plist.set_layout(layout)
    if chunks:
        plist.set_chunk(chunks)
    for filter, *values in filters:
        plist.set_filter(filter, h5z.FLAG_OPTIONAL if optional else h5z.FLAG_MANDATORY, tuple(values))
    if fill is not None:
        plist.set_fill_value(np.asarray(fill))
    if alloc is not None:
        plist.set_alloc_time(alloc)
    made = h5d.create(file.id, name.encode(), type, space, plist)
    if data is not None:
        h5py.Dataset(made)[()] = data
    return made


def dense(plist):
    call("H5Pset_link_phase_change", plist, ctypes.c_uint(1), ctypes.c_uint(0))


def call(name, plist, *values):
    """What h5py does not have."""
    assert getattr(library, name)(ctypes.c_int64(plist.id), *values) >= 0


DEFLATE, SHUFFLE, FLETCHER = (1, 1), (2, 4), (3,)


@seed()
def empty(file): pass


@seed()
def contiguous(file): dataset(file, "w", np.arange(3, dtype="f4"))


@seed()
def tracked_times(file): dataset(file, "w", np.arange(3, dtype="f4"), tracked=True)


@seed()
def compact(file): dataset(file, "w", np.arange(3, dtype="f4"), layout=h5d.COMPACT)


@seed()
def scalar(file): dataset(file, "w", np.float32(1), space=h5s.create(h5s.SCALAR))


@seed()
def null(file): dataset(file, "w", dtype="f4", space=h5s.create(h5s.NULL))


@seed()
def fill_value(file): dataset(file, "w", shape=(3,), dtype="f4", fill=np.float32(7), alloc=h5d.ALLOC_TIME_LATE)


@seed()
def groups(file): file.create_group("a").create_group("b")


@seed()
def many_members(file):
    for k in range(9):
        file.create_group(f"g{k}")


@seed()
def hard_links(file):
    group = file.create_group("a")
    group["back"] = file["/"]
    file["b"] = group


@seed()
def soft_link(file): file["a"] = h5py.SoftLink("/b")


@seed()
def external_link(file): file["a"] = h5py.ExternalLink("x", "/")


@seed()
def external_storage(file):
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_external(b"x", 0, 12)
    h5d.create(file.id, b"w", h5t.IEEE_F32LE, h5s.create_simple((3,)), plist)


@seed()
def fixed_text(file):
    file.attrs.create("a", np.array([b"ab", b"c"], dtype="S2"))
    file.attrs["n"] = np.bytes_(b"sequential")


@seed()
def text(file): file.attrs["model_config"] = '{"a": 1}'


@seed()
def texts(file):
    file.attrs["n"] = ["ab", "c", ""]
    dataset(file, "t", np.array(["x", "yz"], dtype=object), dtype=h5py.string_dtype())


@seed()
def lists(file):
    type = h5py.vlen_dtype("i2")
    file.create_dataset("l", (2,), dtype=type)[0] = np.arange(3, dtype="i2")


@seed()
def fill_text(file):
    type = h5t.py_create(h5py.string_dtype(), logical=True)
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_alloc_time(h5d.ALLOC_TIME_LATE)
    try:
        plist.set_fill_value(np.array(b"abc", dtype=h5py.string_dtype()))
    except Exception:
        pass
    h5d.create(file.id, b"t", type, h5s.create_simple((2,)), plist)


@seed()
def numbers(file):
    for kind in ("i1", "u1", ">i2", "<u4", "i8", "f2", ">f4", "f8", "?"):
        file.attrs.create(kind.strip("<>?") + "a", np.ones(2, dtype=kind))


@seed()
def odd_numbers(file):
    type = h5t.STD_I16LE.copy()
    type.set_precision(9)
    type.set_offset(3)
    dataset(file, "i", shape=(2,), dtype=type)
    type = h5t.IEEE_F32LE.copy()
    type.set_fields(15, 8, 7, 0, 7)
    type.set_size(2)
    type.set_ebias(127)
    dataset(file, "bf16", shape=(2,), dtype=type)


@seed()
def compound(file):
    dataset(file, "c", np.zeros(2, dtype=[("re", "f4"), ("im", "f4"), ("n", "S3"), ("m", "i2", (2, 2))]))


@seed(NEW)
def compound_new(file):
    dataset(file, "c", np.zeros(2, dtype=[("re", "f4"), ("im", "f4"), ("n", "S3"), ("m", "i2", (2, 2))]))


@seed()
def enumeration(file): dataset(file, "e", shape=(2,), dtype=h5py.enum_dtype({"a": 0, "b": 7}, "i2"))


@seed(NEW)
def enumeration_new(file): dataset(file, "e", shape=(2,), dtype=h5py.enum_dtype({"a": 0, "b": 7}, "i2"))


@seed()
def array(file): dataset(file, "a", shape=(2,), dtype=h5t.array_create(h5t.IEEE_F32LE, (2, 3)))


@seed(NEW)
def array_new(file): dataset(file, "a", shape=(2,), dtype=h5t.array_create(h5t.IEEE_F32LE, (2, 3)))


@seed()
def opaque(file):
    type = h5t.create(h5t.OPAQUE, 5)
    type.set_tag(b"raw")
    dataset(file, "o", shape=(2,), dtype=type)
    dataset(file, "b", shape=(2,), dtype=h5t.STD_B16LE)
    dataset(file, "t", shape=(2,), dtype=h5t.UNIX_D32LE)


@seed()
def references(file):
    dataset(file, "r", shape=(2,), dtype=h5t.STD_REF_OBJ)
    dataset(file, "q", shape=(2,), dtype=h5t.STD_REF_DSETREG)


@seed()
def named_type(file):
    type = h5t.IEEE_F32LE.copy()
    type.commit(file.id, b"t")
    dataset(file, "w", shape=(2,), dtype=type)
    file.attrs.create("a", np.zeros(2, "f4"), dtype=h5py.Datatype(type))


@seed(NEW)
def named_type_new(file):
    type = h5t.IEEE_F32LE.copy()
    type.commit(file.id, b"t")
    dataset(file, "w", shape=(2,), dtype=type)
    file.attrs.create("a", np.zeros(2, "f4"), dtype=h5py.Datatype(type))


def chunked(name, bounds, **options):
    def make(file): dataset(file, "w", np.arange(int(np.prod(options["shape"])), dtype="f4").reshape(options["shape"]), **{
        key: value for key, value in options.items() if key != "shape"})
    make.__name__ = name
    seed(bounds, istore=1)(make) if bounds is OLD else seed(bounds)(make)


chunked("chunks_tree", OLD, shape=(5,), chunks=(2,))
chunked("chunks_tree_deep", OLD, shape=(9,), chunks=(1,))
chunked("chunks_tree_filters", OLD, shape=(4, 4), chunks=(2, 4), filters=[SHUFFLE, DEFLATE, FLETCHER])
chunked("chunks_deflate", OLD, shape=(16,), chunks=(8,), filters=[DEFLATE])
chunked("chunks_other_filter", OLD, shape=(4,), chunks=(4,), filters=[(3,), (2, 4)])
chunked("chunks_single", V110, shape=(4,), chunks=(4,))
chunked("chunks_single_filters", V110, shape=(4,), chunks=(4,), filters=[DEFLATE, FLETCHER])
chunked("chunks_implicit", V110, shape=(6,), chunks=(2,), alloc=h5d.ALLOC_TIME_EARLY)
chunked("chunks_fixed", V110, shape=(6,), chunks=(2,))
chunked("chunks_fixed_filters", V110, shape=(6,), chunks=(2,), filters=[SHUFFLE, DEFLATE])
chunked("chunks_fixed_paged", V110, shape=(1100,), chunks=(1,))
chunked("chunks_extensible", V110, shape=(6,), chunks=(2,), maxshape=(h5s.UNLIMITED,))
chunked("chunks_extensible_more", V110, shape=(80,), chunks=(1,), maxshape=(h5s.UNLIMITED,))
chunked("chunks_extensible_lists", V110, shape=(300,), chunks=(1,), maxshape=(h5s.UNLIMITED,))
chunked("chunks_extensible_filters", V110, shape=(12,), chunks=(1,), maxshape=(h5s.UNLIMITED,), filters=[DEFLATE])
chunked("chunks_tree2", V110, shape=(4, 4), chunks=(2, 2), maxshape=(h5s.UNLIMITED, h5s.UNLIMITED))
chunked("chunks_tree2_filters", V110, shape=(4, 4), chunks=(2, 2), maxshape=(h5s.UNLIMITED, h5s.UNLIMITED), filters=[DEFLATE, FLETCHER])
chunked("chunks_tree2_deep", V110, shape=(9, 9), chunks=(1, 1), maxshape=(h5s.UNLIMITED, h5s.UNLIMITED))


@seed(istore=1)
def chunks_of_text(file):
    dataset(file, "t", np.array(["ab", "c", "", "d"], dtype=object), dtype=h5py.string_dtype(), chunks=(2,), filters=[SHUFFLE, DEFLATE, FLETCHER],
            optional=True)


@seed(older_layout=1)
def layout1_contiguous(file): dataset(file, "w", np.arange(3, dtype="f4"))


@seed(older_layout=2, istore=1)
def layout2_chunks(file): dataset(file, "w", np.arange(5, dtype="f4"), chunks=(2,))


@seed(older_layout=1)
def layout1_compact(file):
    """With room for the longer message: of ten elements three are left."""
    dataset(file, "w", np.arange(10, dtype="f4"), layout=h5d.COMPACT)


@seed(V110)
def virtual(file):
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_virtual(h5s.create_simple((3,)), b"x", b"/w", h5s.create_simple((3,)))
    h5d.create(file.id, b"v", h5t.IEEE_F32LE, h5s.create_simple((3,)), plist)


@seed(NEW)
def new_groups(file):
    for name in ("a", "b", "c"):
        file.create_group(name)
    file["s"] = h5py.SoftLink("/a")
    file["x"] = h5py.ExternalLink("f", "/")
    file["h"] = file["a"]


@seed(NEW)
def new_dense(file):
    plist = h5p.create(h5p.GROUP_CREATE)
    dense(plist)
    group = h5g.create(file.id, b"g", gcpl=plist)
    for k in range(4):
        h5g.create(group, f"m{k}".encode())


@seed(NEW)
def new_dense_ordered(file):
    plist = h5p.create(h5p.GROUP_CREATE)
    dense(plist)
    plist.set_link_creation_order(h5p.CRT_ORDER_TRACKED | h5p.CRT_ORDER_INDEXED)
    group = h5g.create(file.id, b"g", gcpl=plist)
    for k in range(4):
        h5g.create(group, f"m{k}".encode())


@seed(NEW)
def new_dense_large(file):
    plist = h5p.create(h5p.GROUP_CREATE)
    dense(plist)
    group = h5g.create(file.id, b"g", gcpl=plist)
    for k in range(40):
        group.links.create_soft(f"member number {k:04}".encode(), b"/somewhere")


@seed(NEW)
def dense_attributes(file):
    plist = h5p.create(h5p.GROUP_CREATE)
    plist.set_attr_phase_change(1, 0)
    group = h5py.Group(h5g.create(file.id, b"g", gcpl=plist))
    for k in range(4):
        group.attrs.create(f"a{k}", np.float32(k))


@seed(NEW)
def dense_attributes_ordered(file):
    plist = h5p.create(h5p.GROUP_CREATE)
    plist.set_attr_phase_change(1, 0)
    plist.set_attr_creation_order(h5p.CRT_ORDER_TRACKED | h5p.CRT_ORDER_INDEXED)
    group = h5py.Group(h5g.create(file.id, b"g", gcpl=plist))
    group.attrs["t"] = "text"
    group.attrs["huge"] = np.zeros(2000, "f4")
    for k in range(4):
        group.attrs.create(f"a{k}", np.float32(k))


@seed(NEW)
def new_attributes(file):
    file.attrs["a"] = np.float32(1)
    file.attrs["t"] = "text"
    dataset(file, "w", np.arange(3, dtype="f4"))


@seed(NEW)
def new_contiguous(file): dataset(file, "w", np.arange(3, dtype="f4"), tracked=True)


@seed(V110)
def superblock3(file): dataset(file, "w", np.arange(3, dtype="f4"))


@seed(NEW, shared=True)
def shared_messages(file): dataset(file, "w", np.arange(3, dtype="f4"))


@seed(OLD, userblock=512)
def userblock(file): dataset(file, "w", np.arange(3, dtype="f4"))


@seed()
def continued_header(file):
    made = dataset(file, "w", np.arange(3, dtype="f4"))
    for k in range(6):
        h5py.Dataset(made).attrs.create(f"a{k}", np.float32(k))


@seed(NEW)
def continued_header_new(file):
    made = dataset(file, "w", np.arange(3, dtype="f4"))
    for k in range(6):
        h5py.Dataset(made).attrs.create(f"a{k}", np.float32(k))


@seed()
def keras(file):
    file.attrs["keras_version"] = np.bytes_(b"2.2.4")
    file.attrs["model_config"] = np.bytes_(
        b'{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d", "units": 2, "batch_input_shape": [null, 2]}}]}')
    weights = file.create_group("model_weights")
    weights.attrs.create("layer_names", np.array([b"d"]))
    layer = weights.create_group("d")
    layer.attrs.create("weight_names", np.array([b"k", b"b"]))
    dataset(layer, "k", np.ones((2, 2), "f4"))
    dataset(layer, "b", np.ones(2, "f4"))


@seed()
def keras3_weights(file):
    variables = file.create_group("layers").create_group("dense").create_group("vars")
    dataset(variables, "0", np.ones((2, 2), "f4"))
    dataset(variables, "1", np.ones(2, "f4"))


def make(path, maker, bounds, creation):
    access, plist = h5p.create(h5p.FILE_ACCESS), h5p.create(h5p.FILE_CREATE)
    access.set_libver_bounds(*bounds)
    access.set_meta_block_size(1)
    call("H5Pset_small_data_block_size", access, ctypes.c_uint64(1))
    if bounds is OLD:
        call("H5Pset_sym_k", plist, ctypes.c_uint(1), ctypes.c_uint(1))
    if "istore" in creation:
        call("H5Pset_istore_k", plist, ctypes.c_uint(creation["istore"]))
    if "userblock" in creation:
        plist.set_userblock(creation["userblock"])
    if "shared" in creation:
        call("H5Pset_shared_mesg_nindexes", plist, ctypes.c_uint(1))
        call("H5Pset_shared_mesg_index", plist, ctypes.c_uint(0), ctypes.c_uint(0x1F), ctypes.c_uint(8))
    file = h5py.File(h5f.create(str(path).encode(), h5f.ACC_TRUNC, plist, access))
    maker(file)
    file.close()
    if "older_layout" in creation:
        path.write_bytes(with_older_layout(bytearray(path.read_bytes()), creation["older_layout"]))


def with_older_layout(data, version):
    """The one dataset's layout message as HDF5 1.4 wrote it; no library writes that any more. File Format Specification IV.A.2.i"""
    layout, = (match.end() for match in re.finditer(rb"\x08\x00..[\x00\x01]\0\0\0(?=\x03[\x00-\x02])", data, re.DOTALL))
    kind, size = data[layout + 1], int.from_bytes(data[layout - 6:layout - 4], "little")
    rest = b""
    if kind == 0:
        rest = (12).to_bytes(4, "little") + data[layout + 4:layout + 16]
        extent = data.index((10).to_bytes(8, "little"))
        data[extent:extent + 8] = (3).to_bytes(8, "little")
        if data[extent + 8:extent + 16] == (10).to_bytes(8, "little"):
            data[extent + 8:extent + 16] = (3).to_bytes(8, "little")
    address = data[layout + 3:layout + 11] if kind == 2 else data[layout + 2:layout + 10] if kind == 1 else b""
    lengths = data[layout + 11:layout + 19] if kind == 2 else struct.pack("<II", 3, 4)
    message = bytes([version, 2, kind, 0, 0, 0, 0, 0]) + address + lengths + rest
    assert len(message) <= size
    data[layout:layout + size] = message.ljust(size, b"\0")
    return data


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, (maker, bounds, creation) in MAKERS.items():
        path = folder / f"{name}.h5"
        try:
            make(path, maker, bounds, creation)
            print(f"{path.stat().st_size:6} {name}")
        except Exception as error:
            path.unlink(missing_ok=True)
            print(f"{name}: {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()

"""How fast .npy and .npz files are read and written, beside plain C that does as much: mapping and a vectorised loop, zlib, write and fsync.

    python Tests/Benchmarks/numpy_files.py [--megabytes 1024] [--folder DIR] [--rounds 5] [--bench-binary .build/release/KerasBench]

Needs numpy, a C compiler and zlib. Each measurement has its turn in every round; figures are the best of each side and the
median of the rounds' ratios. The files are in the page cache, except that what is written is flushed to disk by both.
"""

import argparse
import ctypes
import statistics
import subprocess
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
C = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + 1e-9 * t.tv_nsec; }

// Maps the file and adds up the floats behind the header, in eight sums that a compiler makes vectors of.
double sum_mapped(const char *path, long offset, double *result) {
    double start = now();
    int file = open(path, O_RDONLY);
    struct stat status;
    fstat(file, &status);
    char *bytes = mmap(0, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    const float *x = (const float *)(bytes + offset);
    long n = (status.st_size - offset) / 4;
    double sum = 0;
    for (long i = 0; i < n; i++) sum += x[i];
    *result = sum;
    munmap(bytes, status.st_size);
    return now() - start;
}

// Inflates a raw deflate stream into fresh memory in one call, and forms its checksum in a second pass if asked to.
double inflate_all(const char *in, long in_count, long out_count, int with_crc) {
    double start = now();
    char *out = malloc(out_count);
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    inflateInit2(&stream, -15);
    stream.next_in = (Bytef *)in, stream.avail_in = in_count, stream.next_out = (Bytef *)out, stream.avail_out = out_count;
    int status = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    volatile unsigned long sum = with_crc ? crc32_z(0, (Bytef *)out, out_count) : 0;
    (void)sum;
    free(out);
    return status == Z_STREAM_END ? now() - start : -1;
}

double write_all(const char *path, const char *bytes, long count) {
    double start = now();
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    for (long done = 0; done < count;) {
        long n = write(file, bytes + done, count - done);
        if (n < 0) return -1;
        done += n;
    }
    fsync(file);
    close(file);
    return now() - start;
}
"""


def compiled(folder):
    source, library = folder / "plain.c", folder / "plain.so"
    source.write_text(C)
    flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
    subprocess.run(["cc", *flags, "-o", library, source, "-lz"], check=True)
    plain = ctypes.CDLL(str(library))
    for name in ("sum_mapped", "inflate_all", "write_all"):
        getattr(plain, name).restype = ctypes.c_double
    return plain


def ours(options, *arguments):
    """Seconds of one run in a process that has already done it once, and what came out."""
    done = subprocess.run([options.bench_binary, "files", *map(str, arguments), "--times", "2"], capture_output=True, text=True, check=True)
    seconds, _, result = done.stdout.splitlines()[-1].partition(" ")
    return float(seconds), result


def stored_members(path):
    """The compressed streams of an archive, with the sizes they come to."""
    import zipfile
    data, found = path.read_bytes(), []
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            start = info.header_offset
            start += 30 + int.from_bytes(data[start + 26:start + 28], "little") + int.from_bytes(data[start + 28:start + 30], "little")
            found.append((data[start:start + info.compress_size], info.file_size))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the files are made; a disk, not memory, for the writing to mean something")
    parser.add_argument("--bench-binary", type=Path, default=ROOT / ".build" / "release" / "KerasBench")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        measure(options, Path(scratch))


def measure(options, folder):
    plain = compiled(folder)
    count = options.megabytes * 2**18
    random = np.random.default_rng(1)
    large, packed = folder / "large.npy", folder / "packed.npz"
    array = random.random(count, dtype=np.float32)
    np.save(large, array)
    # Pixels compress, as data sets do; random floats hardly would.
    pixels = random.integers(0, 256, (options.megabytes * 2**14, 4), np.uint8).repeat(8, axis=1)
    np.savez_compressed(packed, x=pixels, y=np.sort(random.integers(0, 10, 100000)))
    members = stored_members(packed)
    content = large.read_bytes()
    sums = {}

    def c_sum():
        result = ctypes.c_double()
        seconds = plain.sum_mapped(str(large).encode(), ctypes.c_long(len(content) - 4 * count), ctypes.byref(result))
        sums["c"] = result.value
        return seconds

    def our_sum():
        seconds, result = ours(options, "sum", large)
        sums["ours"] = float(result)
        return seconds

    def c_inflate(with_crc):
        return sum(plain.inflate_all(data, ctypes.c_long(len(data)), ctypes.c_long(size), with_crc) for data, size in members)

    def c_write():
        return plain.write_all(str(folder / "c.npy").encode(), content, ctypes.c_long(len(content)))

    rows = {
        "sum": (our_sum, c_sum),
        "statistics, beside C's sum": (lambda: ours(options, "statistics", large)[0], c_sum),
        "inflate, beside inflate + crc32": (lambda: ours(options, "read", packed)[0], lambda: c_inflate(1)),
        "inflate, beside inflate alone": (lambda: ours(options, "read", packed)[0], lambda: c_inflate(0)),
        "save": (lambda: ours(options, "save", large, folder / "ours.npy")[0], c_write),
    }
    opened = min(ours(options, "open", large)[0] for _ in range(options.rounds))
    print(f"{options.megabytes} MB of float32; {sum(size for _, size in members) / 2**20:.0f} MB deflated to "
          f"{sum(len(data) for data, _ in members) / 2**20:.0f}")
    print(f"open: {opened * 1e3:.3f} ms")
    times = {name: [] for name in rows}
    for _ in range(options.rounds):
        for name, (mine, other) in rows.items():
            times[name].append((mine(), other()))
    for name, pairs in times.items():
        ratio = statistics.median(a / b for a, b in pairs)
        print(f"{name}: {min(a for a, _ in pairs):.3f} s, C {min(b for _, b in pairs):.3f} s, ratio {ratio:.2f}")
    assert abs(sums["ours"] - sums["c"]) < 1e-6 * abs(sums["c"]), sums
    assert (folder / "ours.npy").read_bytes() == content, "the copy differs"


if __name__ == "__main__":
    main()

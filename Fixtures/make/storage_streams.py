"""Writes Fixtures/storage: gzip files, one of them of two streams."""
import gzip
import pathlib

goal = pathlib.Path(__file__).resolve().parent.parent / "storage"
goal.mkdir(exist_ok=True)
text = b"".join(b"line %d\n" % i for i in range(5000))
(goal / "lines.gz").write_bytes(gzip.compress(text, mtime=0))
(goal / "two.gz").write_bytes(gzip.compress(b"one", mtime=0) + gzip.compress(b"two", mtime=0))

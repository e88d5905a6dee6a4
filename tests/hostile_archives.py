"""Archives with the seven files of a small CIFAR-10, or not, and with whatever else can be in one.

Each maker gets the folder of the seven files and the path to write. It is in HARMLESS if the
files must be read from it all the same, else in REFUSED.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib

from tests.helpers import FILE_NAMES

GIANT = 2**40


def member(name, size=0, kind=tarfile.REGTYPE, link="", pax=None):
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname, info.pax_headers = size, kind, link, pax or {}
    return info


def tar(path, folder, before=(), leave_out=(), after=(), mode="w:gz"):
    """Write members, then the seven files, then members; each a TarInfo and its content."""
    with tarfile.open(path, mode) as archive:
        for info, content in before:
            archive.addfile(info, io.BytesIO(content))
        for name in FILE_NAMES:
            if name not in leave_out:
                archive.add(folder / name, f"cifar-10-batches-py/{name}")
        for info, content in after:
            archive.addfile(info, io.BytesIO(content))


def planted(name, content=b"planted"):
    return member(name, len(content)), content


def link(name, target, kind=tarfile.SYMTYPE):
    return member(name, kind=kind, link=str(target)), b""


def raw(path, *headers):
    """Write a tar file of these headers alone: what they announce is not there."""
    path.write_bytes(b"".join(header.tobuf(tarfile.GNU_FORMAT) for header in headers))


def zeros(path, beginning):
    """Write what unpacks to `beginning` and half a gigabyte of zeros, a thousandth of that."""
    path.write_bytes(gzip.compress(beginning) + gzip.compress(bytes(2**24)) * 32)


def header(name, size, kind=tarfile.REGTYPE):
    return member(name, size, kind).tobuf(tarfile.GNU_FORMAT)


def instead(folder, path, kind, target):
    """Write the seven files, one of them a link or the like."""
    tar(path, folder, [link("cifar-10-batches-py/test_batch", target, kind)], ["test_batch"])


def altered_inside(folder, path):
    content = bytearray((folder / "data_batch_3").read_bytes())
    content[2000] ^= 1
    wrong = planted("cifar-10-batches-py/data_batch_3", bytes(content))
    tar(path, folder, [wrong])


def sparse_map_without_end(path):
    """Write a pax header that asks for a map of holes, and a map that never ends a line."""
    pax = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "9"}
    info = member("data_batch_1", GIANT, pax=pax)
    zeros(path, info.tobuf(tarfile.PAX_FORMAT) + b"9999999\n" + b"1\n" * 2**21)


def wide_dictionary(path, folder):
    """Write an xz file that asks for a dictionary of 4 GiB."""
    tar(path, folder, mode="w:xz")
    content = bytearray(path.read_bytes())
    length = (content[12] + 1) * 4  # of the block's header, which ends in its CRC
    content[16] = 40
    content[12 + length - 4 : 12 + length] = struct.pack("<I", zlib.crc32(content[12 : 8 + length]))
    path.write_bytes(content)


def cut(path, folder, share, mode="w:gz"):
    tar(path, folder, mode=mode)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])


def zipped(path, folder):
    with zipfile.ZipFile(path, "w") as archive:
        for name in FILE_NAMES:
            archive.write(folder / name)


def followed(path, folder, rest):
    tar(path, folder)
    path.write_bytes(path.read_bytes() + rest)


TRAVERSALS = [
    planted("../../evil"),
    planted("../test_batch.bak"),
    planted("cifar-10-batches-py/../../evil"),
    planted("..\\..\\evil"),
    planted("evil\x07\x1b[31m"),
    planted("e" * 5000),
]
HARMLESS = {
    "path traversal": lambda folder, path: tar(path, folder, TRAVERSALS),
    "absolute paths": lambda folder, path: tar(path, folder, [planted(str(path) + ".evil")]),
    "a link out, and a member beyond it": lambda folder, path: tar(
        path, folder, [link("out", "../.."), planted("out/evil")]
    ),
    "links to itself and to nowhere": lambda folder, path: tar(
        path, folder, [link("x", "x"), link("y", "/nowhere", tarfile.LNKTYPE)]
    ),
    "devices and a fifo": lambda folder, path: tar(
        path,
        folder,
        [link(kind.decode(), "", kind) for kind in (tarfile.CHRTYPE, tarfile.BLKTYPE, b"6")],
    ),
    "a folder with the right name, then the file": lambda folder, path: tar(
        path, folder, [link("test_batch", "", tarfile.DIRTYPE)]
    ),
    "a link with the right name, then the file": lambda folder, path: tar(
        path, folder, [link("test_batch", "/etc/hostname")]
    ),
    "duplicates after the files": lambda folder, path: tar(
        path, folder, after=[planted("other/test_batch"), planted("data_batch_1")]
    ),
    "a thousand members": lambda folder, path: tar(
        path, folder, [planted(f"{number}") for number in range(1000)]
    ),
    "a hundred megabytes beside the files": lambda folder, path: tar(
        path, folder, [planted("large", bytes(100 * 2**20))]
    ),
    "plain tar": lambda folder, path: tar(path, folder, mode="w:"),
    "bz2": lambda folder, path: tar(path, folder, mode="w:bz2"),
    "xz": lambda folder, path: tar(path, folder, mode="w:xz"),
    "garbage after the gzip": lambda folder, path: followed(path, folder, b"garbage"),
    "zeros after the gzip": lambda folder, path: followed(path, folder, bytes(10_000)),
    "long and global pax headers": lambda folder, path: tar(
        path, folder, [(member("x", pax={"comment": "long " * 10_000}), b"")]
    ),
}
REFUSED = {
    "a symbolic link instead": lambda f, path: instead(f, path, tarfile.SYMTYPE, f / "test_batch"),
    "a hard link instead": lambda f, path: instead(f, path, tarfile.LNKTYPE, f / "test_batch"),
    "a hard link to a member instead": lambda folder, path: instead(
        folder, path, tarfile.LNKTYPE, "cifar-10-batches-py/data_batch_1"
    ),
    "a folder instead": lambda folder, path: instead(folder, path, tarfile.DIRTYPE, ""),
    "a device instead": lambda folder, path: instead(folder, path, tarfile.CHRTYPE, ""),
    "a fifo instead": lambda folder, path: instead(folder, path, tarfile.FIFOTYPE, ""),
    "a wrong file before the right one": altered_inside,
    "an empty file before the right one": lambda f, path: tar(
        path, f, [planted("test_batch", b"")]
    ),
    "a missing file": lambda folder, path: tar(path, folder, leave_out=["batches.meta"]),
    "a gzip cut in the middle": lambda folder, path: cut(path, folder, 0.5),
    "a gzip without its last bytes": lambda folder, path: cut(path, folder, 0.9),
    "a tar cut in the middle": lambda folder, path: cut(path, folder, 0.5, "w:"),
    "a bz2 cut in the middle": lambda folder, path: cut(path, folder, 0.5, "w:bz2"),
    "a xz cut in the middle": lambda folder, path: cut(path, folder, 0.5, "w:xz"),
    "nothing": lambda _, path: path.write_bytes(b""),
    "zeros": lambda _, path: path.write_bytes(bytes(10_240)),
    "text": lambda _, path: path.write_text("<html>not found</html>" * 100),
    "a gzip of text": lambda _, path: path.write_bytes(gzip.compress(b"text" * 1000)),
    "a gzip of a gzip": lambda _, path: path.write_bytes(gzip.compress(gzip.compress(b"x" * 999))),
    "a bz2 of nothing": lambda _, path: path.write_bytes(bz2.compress(b"")),
    "a xz of text": lambda _, path: path.write_bytes(lzma.compress(b"text")),
    "a zip": lambda folder, path: zipped(path, folder),
    "a member of a terabyte": lambda _, path: raw(path, member("x", GIANT)),
    "a wanted member of a terabyte": lambda _, path: raw(path, member("test_batch", GIANT)),
    "a negative size": lambda _, path: raw(path, member("x", -1024), member("test_batch", -512)),
    "a bomb beside the files": lambda _, path: zeros(path, header("x", 2**29)),
    "a bomb with the right name": lambda _, path: zeros(path, header("test_batch", 2**29)),
    "a name of a terabyte": lambda _, path: zeros(path, header("x", GIANT, b"L")),
    "a link's name of a terabyte": lambda _, path: zeros(path, header("x", GIANT, b"K")),
    "a pax header of a terabyte": lambda _, path: zeros(path, header("x", GIANT, b"x")),
    "a global pax header of a terabyte": lambda _, path: zeros(path, header("x", GIANT, b"g")),
    "a map of holes without end": lambda _, path: sparse_map_without_end(path),
    "a sparse member of a terabyte": lambda _, path: zeros(
        path, header("test_batch", GIANT, tarfile.GNUTYPE_SPARSE)
    ),
    "a hundred thousand members": lambda _, path: path.write_bytes(
        gzip.compress(header("x", 0) * 100_000, 1)
    ),
}
# The decompressor reserves 4 GiB, and fills what it needs: read, if there is so much to reserve.
GREEDY = {"a dictionary of 4 GiB": lambda folder, path: wide_dictionary(path, folder)}

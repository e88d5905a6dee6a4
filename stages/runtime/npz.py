"""Arrays and a JSON header in one .npz file: no pickles, the same content in the same bytes."""

from __future__ import annotations

import io
import json
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stages.runtime.errors import PipelineError
from stages.runtime.files import new_file

HEADER = "header"
UNIX = 3  # said to be the system of every file, whatever it is


def save_npz(path: Path, header: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Write `header` and `arrays` atomically.

    (The bytes of ``np.savez`` differ between Python's releases, in fields for sizes above 4 GB.)
    """
    text = json.dumps(header, ensure_ascii=False, allow_nan=False).encode()
    members = {HEADER: np.frombuffer(text, np.uint8), **arrays}
    with new_file(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name, array in members.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asanyarray(array), allow_pickle=False)
            member = zipfile.ZipInfo(f"{name}.npy")
            member.create_system = UNIX
            archive.writestr(member, content.getbuffer())


def load_npz(path: Path) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Read what `save_npz` wrote; nothing is allocated that the file does not hold.

    Raises
    ------
    PipelineError
        If the file is missing, damaged, or holds anything but numbers and text.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {
                member.filename.removesuffix(".npy"): _read_array(archive, member)
                for member in archive.infolist()
            }
        header = json.loads(arrays.pop(HEADER).tobytes())
        if not isinstance(header, dict):
            raise TypeError("its header is no mapping")
    except FileNotFoundError:
        raise PipelineError(f"{path} is missing: run 'dvc repro' to make it") from None
    except Exception as error:  # a damaged file can raise nearly anything
        raise PipelineError(f"{path} is damaged ({error}): delete it, run 'dvc repro'") from None
    return header, arrays


def _read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> npt.NDArray[Any]:
    if member.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{member.filename} is compressed")
    content = archive.read(member)
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    else:
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(content) - file.tell():
        raise ValueError(f"{member.filename} is not the {dtype} array {shape} that it says it is")
    array = np.frombuffer(content, dtype, offset=file.tell())
    return array.reshape(shape, order="F" if fortran else "C").copy(order="K")

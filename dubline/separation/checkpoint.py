"""PyTorch checkpoints read without running anything in them.

A checkpoint is a pickle, a program that may call any function of any module. Here it finds no more than an ordered
dictionary and stand-ins for the functions that put tensors together; whatever else it names becomes an object that does
nothing. Tensors are read one by one, and only those that are asked for.
"""

from __future__ import annotations

import io
import math
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import torch
from torch import Tensor

from dubline.errors import BadInput

# The pickle beside the tensors of a large checkpoint is about a megabyte.
LARGEST_PICKLE = 64 << 20
# What files of PyTorch up to 1.5 begin with.
_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001

_STORAGES = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


# Tuples, because a pickle may set the attributes of any other object it has made.
class Storage(NamedTuple):
    """Bytes of a checkpoint, by name: ``numbers`` values of ``dtype``."""

    dtype: torch.dtype
    key: str
    numbers: int


class StoredTensor(NamedTuple):
    """A tensor of a checkpoint, not read yet."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


class Inert:
    """Stands for a class or function that a checkpoint names: takes everything, does nothing."""

    def __init__(self, *_args: object, **_kwargs: object) -> None:
        pass

    def __call__(self, *_args: object, **_kwargs: object) -> Inert:
        return Inert()

    def __setstate__(self, state: object) -> None:
        pass

    def __setitem__(self, key: object, value: object) -> None:
        pass

    def append(self, item: object) -> None:
        """What a pickle calls on a list."""

    def extend(self, items: object) -> None:
        """What a pickle calls on a list."""

    def add(self, item: object) -> None:
        """What a pickle calls on a set."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint holds, its tensors as `StoredTensor`."""

    path: Path
    content: Any
    _bytes: Callable[[Storage], bytes]

    def state_dict(self) -> Mapping[str, StoredTensor]:
        """Tensors by name: the content itself, or what trainers wrap under ``state_dict`` or ``state``.

        What is not a tensor is left out. Raises `BadInput` where there are none.
        """
        content = self.content
        if isinstance(content, dict):
            wrapped = (content[key] for key in ("state_dict", "state") if isinstance(content.get(key), dict))
            content = next(wrapped, content)
            tensors = {k: v for k, v in content.items() if isinstance(k, str) and isinstance(v, StoredTensor)}
            if tensors:
                return tensors
        raise BadInput("no weights by name in it", str(self.path), "name a checkpoint that holds a state dict")

    def read(self, stored: StoredTensor) -> Tensor:
        """The tensor itself; raises `BadInput` where the file does not hold what it says."""
        storage, offset, shape, stride = stored
        if math.prod(shape) == 0:
            return torch.empty(shape, dtype=storage.dtype)
        last = offset + sum((n - 1) * step for n, step in zip(shape, stride, strict=True))
        # Steps of zero would let a small file ask for any amount of memory.
        inside = last < storage.numbers and math.prod(shape) <= storage.numbers
        raw = self._bytes(storage) if inside else b""
        if len(raw) != storage.numbers * storage.dtype.itemsize:
            raise BadInput("damaged tensor", str(self.path), "copy the checkpoint again")
        whole = torch.frombuffer(bytearray(raw), dtype=storage.dtype)
        return whole.as_strided(shape, stride, offset).clone(memory_format=torch.contiguous_format)


@contextmanager
def open_checkpoint(path: Path) -> Iterator[Checkpoint]:
    """The checkpoint at ``path``, as PyTorch writes it since 1.6 (a ZIP archive) or as it did before.

    Raises `BadInput` for a file that is neither.
    """
    with path.open("rb") as file:
        try:
            # A directory that is damaged enough makes even this question fail.
            archive = zipfile.is_zipfile(file)
            file.seek(0)
            opened = _open_archive(path, file) if archive else _open_stream(path, file)
        except (BadInput, OSError):
            raise
        except Exception as error:  # a damaged pickle may fail in any way
            raise BadInput("not a PyTorch checkpoint", str(path), "name the file its authors publish") from error
        yield opened


def _open_archive(path: Path, file: BinaryIO) -> Checkpoint:
    archive = zipfile.ZipFile(file)
    entries = {entry.filename: entry for entry in archive.infolist()}
    name = next(name for name in entries if name.endswith("/data.pkl"))
    folder = name.removesuffix("data.pkl")
    if entries[name].file_size > LARGEST_PICKLE:
        raise ValueError("pickle too large")
    if (order := f"{folder}byteorder") in entries and archive.read(order) != b"little":
        raise ValueError("big-endian")

    def read(storage: Storage) -> bytes:
        entry = entries.get(f"{folder}data/{storage.key}")
        # PyTorch stores tensors as they are; a compressed one could grow without bound.
        if entry is None or entry.compress_type != zipfile.ZIP_STORED:
            return b""
        try:
            return archive.read(entry)
        except Exception:  # so may a damaged archive
            return b""

    return Checkpoint(path, _Unpickler(io.BytesIO(archive.read(name))).load(), read)


def _open_stream(path: Path, file: BinaryIO) -> Checkpoint:
    """Pickles of magic, protocol, machine, content and the names of its storages; then each storage, count first."""
    magic, protocol, machine = (_Unpickler(file).load() for _ in range(3))
    if magic != _MAGIC or protocol != _PROTOCOL or not machine["little_endian"]:
        raise ValueError("another format")
    unpickler = _Unpickler(file)
    content = unpickler.load()
    places: dict[str, int] = {}
    for key in _Unpickler(file).load():
        places[key] = file.tell()
        (count,) = struct.unpack("<q", file.read(8))
        file.seek(count * unpickler.storages[key].dtype.itemsize, io.SEEK_CUR)
    end = file.seek(0, io.SEEK_END)

    def read(storage: Storage) -> bytes:
        place = places.get(storage.key, end)
        size = storage.numbers * storage.dtype.itemsize
        file.seek(place)
        if place + 8 + size > end or struct.unpack("<q", file.read(8)) != (storage.numbers,):
            return b""
        return file.read(size)

    return Checkpoint(path, content, read)


# The one written in Python: the one in C reserves memory for as many objects as a damaged file says it will number.
class _Unpickler(pickle._Unpickler):
    """Resolves names by `_KNOWN` alone: nothing is imported."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        return _KNOWN.get((module, name), Inert)

    def persistent_load(self, pid: Any) -> object:
        """``("storage", type, key, device, count)``; older files add a view, which none has used since PyTorch 0.4."""
        kind, dtype, key, _, numbers = pid[:5]
        if kind != "storage" or not isinstance(dtype, torch.dtype) or any(part is not None for part in pid[5:]):
            return Inert()
        if not isinstance(key, str) or not _is_count(numbers):
            raise ValueError("not a storage")
        return self.storages.setdefault(key, Storage(dtype, key, numbers))


def _tensor(storage: object, offset: Any, shape: Any, stride: Any, *_: object) -> object:
    if not isinstance(storage, Storage):
        return Inert()
    if len(shape) != len(stride) or not all(_is_count(n) for n in (offset, *shape, *stride)):
        raise ValueError("not a tensor")
    return StoredTensor(storage, offset, tuple(shape), tuple(stride))


def _parameter(data: object, *_: object) -> object:
    return data


def _is_count(value: object) -> bool:
    return isinstance(value, int) and value >= 0


_KNOWN: dict[tuple[str, str], Callable[..., object]] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
}

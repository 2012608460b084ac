"""One file for many pieces: sections of pieces end to end, and their sizes in an index of its own.

A film's tiles are thousands of pieces of kilobytes. In a file each they would litter the store; in one file neighbors
lie side by side, so that a few of them are one request for a range of bytes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

Index = dict[str, Any]


class SectionWriter:
    """Takes pieces for many sections in any order, and at the end writes them section by section to ``path``.

    Sections come in the file in the order in which they got their first piece. Until then they lie in ``scratch``.
    """

    def __init__(self, path: Path, scratch: Path) -> None:
        self._path = path
        self._scratch = scratch
        self._stack = ExitStack()
        self._spools: dict[str, BinaryIO] = {}
        self._sizes: dict[str, list[int]] = {}

    def add(self, name: str, piece: bytes) -> None:
        """Append a piece to a section."""
        if name not in self._spools:
            spool = tempfile.TemporaryFile(dir=self._scratch)  # noqa: SIM115 - closed with the writer
            self._spools[name] = self._stack.enter_context(spool)
            self._sizes[name] = []
        self._spools[name].write(piece)
        self._sizes[name].append(len(piece))

    def write(self) -> dict[str, Index]:
        """Write the file; gives, for each section, ``at`` (where it begins) and ``sizes`` of its pieces, in bytes."""
        starts = accumulate((sum(sizes) for sizes in self._sizes.values()), initial=0)
        with self._path.open("wb") as out:
            for spool in self._spools.values():
                spool.seek(0)
                shutil.copyfileobj(spool, out, 1 << 20)
        return {
            name: {"at": at, "sizes": sizes} for (name, sizes), at in zip(self._sizes.items(), starts, strict=False)
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def pieces(path: Path, section: Index) -> Iterator[bytes]:
    """The pieces of a section of the file at ``path``."""
    with path.open("rb") as file:
        file.seek(section["at"])
        for size in section["sizes"]:
            yield file.read(size)


def piece(path: Path, section: Index, number: int) -> bytes:
    """One piece of a section of the file at ``path``."""
    sizes: Sequence[int] = section["sizes"]
    with path.open("rb") as file:
        file.seek(section["at"] + sum(sizes[:number]))
        return file.read(sizes[number])

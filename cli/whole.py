"""Outputs appear whole or not at all: commands write beside the target and rename at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dubline.errors import BadInput
from tasks.scratch import scratch_folder, sweep

_WORK_FOLDER = ".dubline-partial"
_MEND = "give --out a writable place"


def check_out(out: Path, inputs: Iterable[Path]) -> None:
    """`BadInput` where ``out`` is a folder, or one of ``inputs`` by whatever path."""
    if out.is_dir():
        raise BadInput("--out is a folder", str(out), "name a file in it")
    for path in inputs:
        if out.exists() and path.exists() and out.samefile(path):
            raise BadInput("--out is an input", str(path), "inputs are never written to: give another --out")


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A working folder whose files move into ``out`` when the block ends well, and are gone when it does not."""
    root = out / _WORK_FOLDER
    sweep(root)
    try:
        with scratch_folder(root, mend=_MEND) as folder:
            yield folder
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                target = out / path.relative_to(folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
    finally:
        with suppress(OSError):
            root.rmdir()
        with suppress(OSError):
            # Only an empty folder goes: one this command made and then had nothing to put into.
            out.rmdir()


@contextmanager
def whole_file(out: Path) -> Iterator[Path]:
    """A working path that becomes ``out`` when the block ends well."""
    with whole_folder(out.parent) as folder:
        yield folder / out.name

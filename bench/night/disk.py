"""A disk of its own for a night, of a size that can be used up: a file in which a file system lies (Linux, as root)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def can_mount() -> bool:
    """Whether this process may make and mount one."""
    tools = all(shutil.which(tool) for tool in ("mkfs.ext4", "mount", "umount"))
    return tools and os.geteuid() == 0 and Path("/dev/loop-control").exists()


@contextmanager
def disk(image: Path, place: Path, *, gib: int) -> Iterator[None]:
    """A file system of so many GiB at ``place`` while the context lasts; then it and all in it are gone."""
    place.mkdir(parents=True)
    with image.open("wb") as file:
        file.truncate(gib << 30)
    # No share of it is kept back for root.
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", image], check=True)
    subprocess.run(["mount", "-o", "loop", image, place], check=True)
    try:
        yield
    finally:
        # What a process still holds goes when it ends.
        subprocess.run(["umount", "--lazy", place], check=False)
        image.unlink()


@contextmanager
def full(place: Path) -> Iterator[None]:
    """Not a byte is left on the disk of ``place`` while the context lasts."""
    ballast = place / "ballast"
    try:
        with ballast.open("wb") as file:
            while free := shutil.disk_usage(place).free:
                try:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, free)
                except OSError:  # less than was said to be free: the file system's own needs
                    break
        _fill(ballast)
        yield
    finally:
        ballast.unlink(missing_ok=True)


def _fill(path: Path) -> None:
    """Write until the disk takes no more, in ever smaller blocks."""
    with path.open("ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue

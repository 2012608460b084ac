"""Folders that orders may name, where a studio sets them: an order is written by somebody else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from dubline.errors import BadInput


def check_inside(paths: Iterable[Path], roots: Sequence[Path], *, where: str) -> None:
    """Refuse a path that, its symbolic links followed, lies in none of ``roots``; without roots nothing is refused.

    ``where`` names who asks for the paths. Raises `BadInput`.
    """
    if not roots:
        return
    real = [root.resolve() for root in roots]
    for path in paths:
        if not any(path.resolve().is_relative_to(root) for root in real):
            allowed = ", ".join(map(str, roots))
            raise BadInput(f"{path} is outside the folders orders may name", where, f"move it under {allowed}")

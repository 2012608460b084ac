"""Rebuilding the background of a gap from what is around it: one interface, one method per file."""

from __future__ import annotations

from dubline.repair.rebuild import texture
from dubline.repair.rebuild.gap import Gap, Rebuilt
from dubline.repair.rebuild.seams import join

__all__ = ["Gap", "Rebuilt", "rebuild"]


def rebuild(gap: Gap) -> Rebuilt:
    """The background of ``gap``, its ends continuing the surroundings without a seam."""
    return Rebuilt(join(gap, texture.synthesize(gap)), "texture")

"""One pass over a whole M&E: all its parts, block by block, into files."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from dubline.audio.wav import Block, WavReader, WavWriter
from dubline.errors import BadInput
from dubline.repair.plan import Plan
from dubline.repair.regions import Region
from dubline.repair.remover import Clean, Done, Parts, Remover
from dubline.vocalization.watch import Cancel, Progress, in_step

# Part of the M&E -> its file.
NAMES = {"filled": "me.wav", "unfilled": "me_unfilled.wav", "optional": "optional.wav", "guide": "dx_guide.wav"}


@dataclass(frozen=True, slots=True)
class Sources:
    """The files that are cleaned: the M&E, and the DX stem where there is one."""

    me: Path
    dialogue: Path | None

    def open(self, stack: ExitStack) -> list[WavReader]:
        """Readers of the files there are. Raises `BadInput` for stems of different layouts."""
        paths = [self.me] if self.dialogue is None else [self.me, self.dialogue]
        readers = [stack.enter_context(WavReader(path)) for path in paths]
        if readers[-1].layout != readers[0].layout:
            wrong = f"{readers[-1].layout.name} beside {readers[0].layout.name}"
            raise BadInput(wrong, str(self.dialogue), "give the stems of one mix")
        return readers


@dataclass(frozen=True, slots=True)
class Before:
    """What an earlier pass wrote into ``folder`` by ``plan``; regions of the events ``again`` are to be done anew."""

    plan: Plan
    folder: Path
    again: frozenset[int] = frozenset()


def work_through(
    sources: Sources,
    plan: Plan,
    folder: Path,
    *,
    clean: Clean,
    done: Done,
    before: Before | None = None,
    progress: Progress,
    cancelled: Cancel,
) -> float:
    """Write all parts into ``folder``; gives the largest sample by which they fail to add up to the sources.

    With ``before``, only what its plan has otherwise is cleaned anew, the rest is taken over.
    """
    regions = plan.regions if before is None else plan.changed_from(before.plan, before.again)
    anew = [*regions, *(before.plan.changed_from(plan) if before is not None else ())]
    at, error = 0, 0.0
    with ExitStack() as stack:
        readers, aside = sources.open(stack), sources.open(stack)
        worker = Remover(aside[0], regions, clean, done, aside[1] if len(aside) > 1 else None, plan.moved)
        first = readers[0]
        earlier = [stack.enter_context(WavReader(before.folder / name)) for name in NAMES.values()] if before else []
        writers = {
            part: stack.enter_context(WavWriter(folder / name, rate=first.rate, layout=first.layout))
            for part, name in NAMES.items()
        }
        for blocks in in_step([*readers, *earlier], progress=progress, cancelled=cancelled):
            me, *rest = blocks
            stem = rest[0] if len(readers) > 1 else None
            parts = worker.process(me, at, stem)
            if before is not None:
                parts = _chosen(parts, Parts(*rest[len(readers) - 1 :]), anew, at)
            whole = me.astype(np.float64) + (stem if stem is not None else 0.0)
            lacking = whole - parts.unfilled - parts.optional - parts.guide
            error = max(error, float(np.abs(lacking).max()))
            for part, writer in writers.items():
                writer.write(getattr(parts, part))
            at += len(me)
    return error


def _chosen(new: Parts, old: Parts, anew: Sequence[Region], at: int) -> Parts:
    """Of ``new`` what lies in the regions ``anew``, of ``old`` the rest."""
    where = np.zeros(new.filled.shape, dtype=np.bool_)
    end = at + len(where)
    for region in (region for region in anew if region.start < end and region.end > at):
        first, last = max(region.start - at, 0), max(region.end - at, 0)
        where[first:last, list(region.columns)] = True
    blocks: list[Block] = [np.where(where, getattr(new, part.name), getattr(old, part.name)) for part in fields(Parts)]
    return Parts(*blocks)

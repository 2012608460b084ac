"""What a run does and a rehearsal walks: from an order to every deliverable's last step, none of it published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from db.stale import Place
from db.standing import Standing
from flows.languages import Deliverable, make_deliverables, mix_language
from flows.me import Sound, make_me
from flows.preflight import Plan
from flows.source import Source, take_in
from flows.sync import sync_dubs
from tasks.step import RunRef


@dataclass(frozen=True, slots=True)
class Made:
    """A title's steps, which may still be running; ``plan`` goes on without the dubs that cannot be used."""

    plan: Plan
    source: Source
    sound: Sound
    deliverables: tuple[Deliverable, ...]


def make_title(run: RunRef, plan: Plan, kept: Mapping[Place, Standing]) -> Made:
    """Take in, clean, sync, mix and write all that the order asks for, but what is ``kept``.

    Raises what the material is refused with: `BadInput`, `EnvironmentFault` or a `DbError`.
    """
    source = take_in(run, plan)
    plan = plan.without(source.refused)
    sound = make_me(run, plan, source)
    aligned, refused = sync_dubs(run, plan, source, sound)
    plan = plan.without(refused)
    dubbed = [mix_language(run, plan, sound, dub, aligned[dub.language]) for dub in plan.dubs]
    return Made(plan, source, sound, tuple(make_deliverables(run, plan, source, dubbed, kept)))

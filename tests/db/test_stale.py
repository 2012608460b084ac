"""A deliverable is stale when it is not what is desired, for exactly the reasons that are so."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from db.desired import Desired, Origin, Reason, Used
from db.recipes import ModelFacts, Recipe
from db.stale import DesiredFile, Place

if TYPE_CHECKING:
    from conftest import Studio


@dataclass
class Today:
    """The studio's program as it is now: what a title is made of, step by step."""

    studio: Studio
    mix: int = 1
    check: int = 1
    model: str = "bandsplit"
    weights: str = "b" * 64
    ffmpeg: str = "7"
    spec: str = "1"
    master: bytes = b"master"

    def desired(self, spec_id: str = "ebu-r128") -> dict[Place, DesiredFile]:
        source = Used(hashlib.sha256(self.master).hexdigest(), Origin("glass-harbor.mov"), "")
        model = ModelFacts(id=self.model, name="Band split", version="1", sha256=self.weights, licence=None)
        spec = (spec_id, self.spec)
        ov = self.ask("demux", {"master": source}, tools={"ffmpeg": self.ffmpeg})
        stems = self.ask("separate", {"ov_mix": ov("ov_mix")}, models=[model])
        mix = self.ask("mix", {"me": stems("me")}, version=self.mix)
        final = self.ask("conform", {"mix": mix("dub_mix")}, spec=spec)
        checked = self.ask("check", {"deliverables": final("deliverable")}, spec=spec, version=self.check)
        return {("fr-FR", spec_id, "mov", "pcm_s24le"): DesiredFile(final("deliverable"), checked("check").step())}

    def ask(
        self,
        stage: str,
        inputs: Mapping[str, Used],
        *,
        version: int = 1,
        models: list[ModelFacts] | None = None,
        spec: tuple[str, str] | None = None,
        tools: Mapping[str, str] | None = None,
    ) -> Callable[[str], Used]:
        recipe = Recipe(
            stage=stage,
            stage_version=version,
            params={"stage": stage} | ({"model": models[0]["id"]} if models else {}),
            inputs={role: used.sha256 for role, used in inputs.items()},
            models=models or [],
            spec={"id": spec[0], "version": spec[1]} if spec else None,
            tools=tools or {},
        )
        found = self.studio.catalog.find_outputs(recipe.key)
        step = Desired(recipe, found is not None, {role: (used,) for role, used in inputs.items()})
        return lambda role: Used(found.outputs[role].sha256 if found else recipe.key, step, role)

    def reasons(self) -> set[Reason]:
        found = self.studio.catalog.stale(self.studio.version(), self.desired())
        return {reason for one in found for reason in one.reasons}


@pytest.fixture
def today(studio: Studio) -> Today:
    localize(studio)
    return Today(studio)


def localize(studio: Studio, *, spec: str = "1", check: int = 1) -> int:
    deliverable = studio.localize(spec_version=spec)
    run = studio.run(studio.version())
    file = hashlib.sha256(b"master final " + spec.encode()).hexdigest()
    studio.step(run, "check", {"deliverables": file}, {"check": b"checked"}, spec=("ebu-r128", spec), version=check)
    studio.catalog.finish_run(run, "completed")
    return deliverable


def test_nothing_is_stale_while_nothing_changed(today: Today) -> None:
    assert today.reasons() == set()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"mix": 2}, Reason("stage", "mix", "1", "2")),
        ({"check": 2}, Reason("stage", "check", "1", "2")),
        ({"weights": "c" * 64}, Reason("model", "separate", "bandsplit 1 " + "b" * 12, "bandsplit 1 " + "c" * 12)),
        ({"weights": "c" * 64, "model": "bandconv"}, Reason("model", "separate", "bandsplit 1", "bandconv 1")),
        ({"model": "alias"}, Reason("model", "separate", 'model "bandsplit"', 'model "alias"')),
        ({"ffmpeg": "8"}, Reason("tool", "demux", "ffmpeg 7", "ffmpeg 8")),
    ],
)
def test_a_change_anywhere_behind_a_deliverable_is_its_one_reason(
    today: Today, changed: dict[str, int | str], reason: Reason
) -> None:
    for name, value in changed.items():
        setattr(today, name, value)
    assert today.reasons() == {reason}


def test_another_master_is_a_reason_and_hides_no_other(today: Today) -> None:
    today.master, today.mix = b"recut", 2
    was, now = (hashlib.sha256(content).hexdigest()[:12] for content in (b"master", b"recut"))
    source = Reason("source", "demux", f"glass-harbor.mov {was}", f"glass-harbor.mov {now}")
    assert today.reasons() == {source, Reason("stage", "mix", "1", "2")}


def test_what_was_made_again_is_stale_no_more(today: Today, studio: Studio) -> None:
    today.spec = "2"
    assert today.reasons() != set()
    localize(studio, spec="2")
    assert today.reasons() == set()


def test_a_candidate_stands_for_what_is_approved_beside_it(today: Today, studio: Studio) -> None:
    studio.catalog.decide(1, "approved", who="producer")
    today.spec = "2"
    (found,) = studio.catalog.stale(studio.version(), today.desired())
    assert (found.state, found.kept, found.verdict) == ("approved", True, "pass")
    localize(studio, spec="2")
    assert today.reasons() == set()
    # And back: what is approved is what is desired, but a candidate of the other spec is the current one.
    today.spec = "1"
    (found,) = studio.catalog.stale(studio.version(), today.desired())
    assert (found.state, found.kept) == ("candidate", False)
    localize(studio)
    assert today.reasons() == set()


def test_what_nobody_desires_any_more_is_not_stale(today: Today, studio: Studio) -> None:
    today.mix = 2
    assert studio.catalog.stale(studio.version(), today.desired(spec_id="web")) == []


def test_a_file_touched_is_known_by_its_bytes_and_one_away_by_what_it_was(studio: Studio) -> None:
    sha256 = studio.master()
    path = studio.folder / "master.mov"
    os.utime(path, (1, 1))
    assert studio.catalog.source_hash(path) == sha256
    path.unlink()
    assert studio.catalog.source_hash(path) == sha256
    path.write_bytes(b"recut")
    assert studio.catalog.source_hash(path) == hashlib.sha256(b"recut").hexdigest()
    assert studio.catalog.source_hash(studio.folder / "never.mov") is None

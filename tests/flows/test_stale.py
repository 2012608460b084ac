"""What is stale is exactly what today would make otherwise: random histories of a small studio against brute force.

The studio's steps are real ones on a real catalog; what they make says everything it was made of, so that two makings
are the same where, and only where, all of that is the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.catalog import Catalog
from db.desired import Reason
from db.orders import WantedFile
from db.recipes import ModelFacts
from db.stale import DesiredFile, Place, StaleDeliverable
from tasks import step as mechanism
from tasks.context import Means, means
from tasks.ingest import ingest_file
from tasks.rehearsal import Rehearsal, rehearsal
from tasks.step import Made, RunRef, Step, StepResult, Work, step

TITLES, LANGUAGES, SPECS = ("one", "two"), ("fr",), ("web", "hulu")


@dataclass
class World:
    """All that may change: the program, its models and data, and what the studio has and wants."""

    weights: int = 0
    tool: int = 0
    policy: int = 0
    spec: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SPECS, 1))
    stages: dict[str, int] = field(default_factory=lambda: {"split": 1, "lay": 1, "check": 1})
    level: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TITLES, 0))
    files: dict[str, int] = field(default_factory=dict)
    rows: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict.fromkeys(TITLES, SPECS))


world = World()


def weights(params: Mapping[str, Any], using: Means) -> list[ModelFacts]:
    sha256 = hashlib.sha256(b"weights %d" % world.weights).hexdigest()
    return [ModelFacts(id="split", name="Split", version=str(world.weights), sha256=sha256, licence=None)]


def written(work: Work, role: str, *told: object) -> Made:
    parts = [part.read_text() if isinstance(part, Path) else json.dumps(part, sort_keys=True) for part in told]
    out = work.scratch / "out.txt"
    out.write_text(hashlib.sha256("|".join(parts).encode()).hexdigest())
    return Made({role: out}, {"length": len(parts)})


@step("split", version=1, tools=("toy",), weights=weights)
def split(work: Work, master: Path, *, policy: dict[str, Any]) -> Made:
    """Everything at once: what a title is split by."""
    return written(work, "me", master, policy, world.weights, world.tool, world.stages["split"])


@step("lay", version=1)
def lay(work: Work, me: Path, dub: Path, *, level: int, length: int) -> Made:
    """The dub on the M&E; ``length`` is a value of the step before."""
    return written(work, "mix", me, dub, level, length, world.stages["lay"])


@step("fit", version=1)
def fit(work: Work, mix: Path, *, spec: dict[str, Any]) -> Made:
    """The mix for a spec."""
    return written(work, "fitted", mix, spec)


@step("check", version=1)
def check(work: Work, deliverables: list[Path], *, spec: dict[str, Any]) -> Made:
    """A look at it."""
    return written(work, "check", *deliverables, spec, world.stages["check"])


def done(run: RunRef, one: Step, **arguments: Any) -> StepResult:
    return one.submit(run, **arguments).result() if rehearsal() is not None else one(run, **arguments)


def taken(path: Path) -> str:
    held = rehearsal()
    return ingest_file(path) if held is None else held.source(path)


def spec_body(spec: str) -> dict[str, Any]:
    return {"id": spec, "version": world.spec[spec], "target": -world.spec[spec]}


def flow(run: RunRef, folder: Path, title: str) -> dict[Place, tuple[StepResult, StepResult]]:
    """A title's deliverables with their checks, made or rehearsed."""
    policy = {"id": "clean", "version": world.policy}
    me = done(run, split, master=taken(folder / f"{title}.mov"), policy=policy)
    found = {}
    for language in LANGUAGES:
        dub = taken(folder / f"{title}.{language}.wav")
        length = int(str(me.values["length"]))
        mix = done(run, lay, me=me["me"], dub=dub, level=world.level[title], length=length)
        for spec in world.rows[title]:
            file = done(run, fit, mix=mix["mix"], spec=spec_body(spec))
            checked = done(run, check, deliverables=[file["fitted"]], spec=spec_body(spec))
            found[language, spec, "txt", "plain"] = file, checked
    return found


def ingredients(title: str, place: Place) -> dict[str, Any]:
    """Brute force: everything a deliverable and its check are made of now, by what kind of reason a change would be."""
    language, spec, _, _ = place
    return {
        "source": (world.files[f"{title}.mov"], world.files[f"{title}.{language}.wav"]),
        "parameters": (world.policy, world.level[title]),
        "spec": world.spec[spec],
        "model": world.weights,
        "tool": world.tool,
        "stage": tuple(world.stages.items()),
    }


@dataclass
class Studio:
    """Two titles in a home of their own, and for every place what its latest making was made of."""

    folder: Path
    versions: dict[str, int] = field(default_factory=dict)
    made: dict[tuple[str, Place], dict[str, Any]] = field(default_factory=dict)
    ids: dict[tuple[str, Place], int] = field(default_factory=dict)
    fresh: Callable[[], int] = field(default_factory=lambda: count(1).__next__)

    def write(self, name: str) -> None:
        """A file with a content there never was before."""
        world.files[name] = self.fresh()
        (self.folder / name).write_text(f"{name} {world.files[name]}")

    def localize(self, title: str) -> None:
        catalog = means().catalog
        version = catalog.register_title(slug=title, name=title, original_language="en", version_label="cut")
        self.versions[title] = version
        run = RunRef(catalog.start_run(version, trigger="user", host="here"), version, title)
        wanted = [WantedFile(language, spec, "txt", "plain") for language in LANGUAGES for spec in world.rows[title]]
        body = {"rows": list(world.rows[title]), "level": world.level[title]}
        catalog.record_order(version, body, path=self.folder / "order", out=self.folder, wanted=wanted)
        for place, (file, _) in flow(run, self.folder, title).items():
            self.made[title, place] = ingredients(title, place)
            self.ids[title, place] = catalog.record_deliverable(
                version,
                language=place[0],
                spec_id=place[1],
                spec_version=str(world.spec[place[1]]),
                spec_body=spec_body(place[1]),
                sha256=file["fitted"],
                path=self.folder / "-".join(place),
                container=place[2],
                codec=place[3],
                verdict="pass",
                checks=[],
                measurement={},
                recipe_key=file.recipe_key,
            )
        catalog.finish_run(run.run_id, "completed")

    def stale(self, title: str) -> dict[Place, StaleDeliverable]:
        held = Rehearsal(self.versions[title])
        with held.held():
            asked = flow(RunRef(0, self.versions[title], title), self.folder, title)
        desired = {
            place: DesiredFile(held.output(file.recipe_key, "fitted"), held.asked(checked.recipe_key))
            for place, (file, checked) in asked.items()
        }
        found = means().catalog.stale(self.versions[title], desired)
        return {(one.language, one.spec_id, one.container, one.codec): one for one in found}

    def brute(self, title: str) -> dict[Place, set[str]]:
        """Places whose latest making is of other ingredients than today's, and which kinds of them."""
        found = {}
        for (made, place), then in self.made.items():
            if made == title and place[1] in world.rows[title]:
                now = ingredients(title, place)
                kinds = {kind for kind in now if now[kind] != then[kind]}
                if kinds:
                    found[place] = kinds
        return found


def change(studio: Studio, what: str, which: int) -> None:
    """One thing that happens at a studio."""
    title, language, spec = TITLES[which % 2], LANGUAGES[0], SPECS[which // 2 % 2]
    master = studio.folder / f"{title}.mov"
    match what:
        case "localize":
            studio.localize(title)
        case "master":
            studio.write(master.name)
        case "dub":
            studio.write(f"{title}.{language}.wav")
        case "touch" if master.exists():
            os.utime(master, ns=(which, which))
        case "model":
            world.weights = which % 3
        case "tool":
            world.tool = which % 2
        case "policy":
            world.policy = which % 3
        case "level":
            world.level[title] = which % 3
        case "spec":
            world.spec[spec] += 1
        case "stage":
            name = sorted(world.stages)[which % 3]
            world.stages[name] += 1
            {"split": split, "lay": lay, "check": check}[name].version = world.stages[name]
        case "rows":
            world.rows[title] = ((SPECS), SPECS[:1], SPECS[1:])[which % 3]
        case "approve" if (title, (language, spec, "txt", "plain")) in studio.ids:
            means().catalog.decide(studio.ids[title, (language, spec, "txt", "plain")], "approved", who="producer")


CHANGES = ("localize", "master", "dub", "touch", "model", "tool", "policy", "level", "spec", "stage", "rows", "approve")
HISTORIES = st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 11)), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "catalog.db"
    Catalog.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def new_studio(home: Path, empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Studio]:
    """Makes a studio with two titles delivered; each in a home of its own."""
    number = count()

    def make() -> Studio:
        world.__init__()  # type: ignore[misc]
        split.version = lay.version = check.version = 1
        folder = tmp_path / f"studio-{next(number)}"
        (folder / "home").mkdir(parents=True)
        shutil.copyfile(empty, folder / "home" / "catalog.db")
        monkeypatch.setenv("DUBLINE_HOME", str(folder / "home"))
        studio = Studio(folder)
        for title in TITLES:
            for name in (f"{title}.mov", *(f"{title}.{language}.wav" for language in LANGUAGES)):
                studio.write(name)
            studio.localize(title)
        return studio

    # A tool's version cannot be changed for a test; what it is called and how it is asked for can.
    monkeypatch.setattr(mechanism, "tool_versions", lambda names: dict.fromkeys(names, str(world.tool)))
    return make


def check_history(studio: Studio, history: list[tuple[str, int]]) -> None:
    for what, which in history:
        change(studio, what, which)
        for title in TITLES:
            expected = studio.brute(title)
            found = studio.stale(title)
            assert {place: {reason.kind for reason in one.reasons} for place, one in found.items()} == expected
    for title in TITLES:
        studio.localize(title)
        assert studio.stale(title) == {}


FEW = settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(history=HISTORIES)
def test_stale_is_what_brute_force_says(new_studio: Callable[[], Studio], history: list[tuple[str, int]]) -> None:
    check_history(new_studio(), history)


@pytest.mark.slow
@settings(FEW, max_examples=300)
@given(history=HISTORIES)
def test_stale_is_what_brute_force_says_of_many_histories(
    new_studio: Callable[[], Studio], history: list[tuple[str, int]]
) -> None:
    check_history(new_studio(), history)


def reasons(found: Mapping[Place, StaleDeliverable]) -> set[tuple[Reason, ...]]:
    return {one.reasons for one in found.values()}


def test_a_reason_says_what_was_and_what_is(new_studio: Callable[[], Studio]) -> None:
    studio = new_studio()
    world.spec["web"] = 2
    world.policy = 1
    world.level["one"] = 2
    policy = Reason("parameters", "split", "clean 0", "clean 1")
    level = Reason("parameters", "lay", "level 0", "level 2")
    found = studio.stale("one")
    assert {(place[1], one.reasons) for place, one in found.items()} == {
        ("web", (Reason("spec", "fit", "web 1", "web 2"), level, policy)),
        ("hulu", (level, policy)),
    }


def test_a_source_that_is_nowhere_has_not_changed(new_studio: Callable[[], Studio]) -> None:
    studio = new_studio()
    (studio.folder / "one.fr.wav").unlink()
    assert studio.stale("one") == {}
    world.files["one.mov"] = 99
    (studio.folder / "one.mov").write_text("another film")
    was, now = (hashlib.sha256(text).hexdigest()[:12] for text in (b"one.mov 1", b"another film"))
    assert reasons(studio.stale("one")) == {(Reason("source", "split", f"one.mov {was}", f"one.mov {now}"),)}


def test_a_look_at_what_is_stale_writes_nothing(new_studio: Callable[[], Studio]) -> None:
    studio = new_studio()
    studio.write("one.mov")
    world.spec["web"] = 2
    before = means().catalog.export(studio.folder / "before")
    assert studio.stale("one")
    assert before == means().catalog.export(studio.folder / "after")

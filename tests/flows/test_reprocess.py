"""Nights of a small studio: what is stale is made again beside what stands, no more of it than must be, and once."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from cli.localizing import localize_here
from cli.main import run
from db import models as m
from dubline.loudness import specs
from tasks.context import means

pytestmark = pytest.mark.slow

ORDER = """\
title: {{id: {slug}, name: {slug}}}
master: {{path: master.mov, language: en}}
dubs: [{{language: fr-FR, dialogue: dub_fr.wav}}]
deliver:
  - {{spec: ebu-r128, container: mov, codec: pcm_s24le, due: {due}}}
  - {{spec: web, container: wav, codec: pcm_s24le}}
"""
# What a change of a spec may set to work: the last steps of its own deliverables, and the papers of the title.
LAST = {"conform", "remux", "broadcast", "check", "checksums", "difference", "page", "manifest"}


@dataclass
class Studio:
    """Two short titles, delivered."""

    home: Path
    out: Path
    orders: dict[str, Path]

    def spec(self, version: int, target: float) -> None:
        body = specs.get("ebu-r128", None).body()
        body |= {"version": version, "loudness": body["loudness"] | {"target_lufs": target}}
        (self.home / "specs").mkdir(exist_ok=True)
        (self.home / "specs" / "ebu-r128.yaml").write_text(yaml.safe_dump(body))

    def files(self) -> dict[str, str]:
        """Every file of sound or picture in the delivered tree, with its hash."""
        found = [path for path in self.out.rglob("*") if path.suffix in (".mov", ".wav")]
        return {str(path.relative_to(self.out)): sha256(path.read_bytes()).hexdigest() for path in found}


@pytest.fixture
def studio(home: Path, sample: Path, tmp_path: Path, prefect_server: str) -> Studio:
    orders = {}
    for slug, due in (("late", "2027-01-07"), ("soon", "2026-12-24")):
        folder = tmp_path / slug
        folder.mkdir()
        for name in ("master.mov", "dub_fr.wav"):
            shutil.copyfile(sample / name, folder / name)
        orders[slug] = folder / "order.yaml"
        orders[slug].write_text(ORDER.format(slug=slug, due=due))
        localize_here(orders[slug], tmp_path / "out")
    return Studio(home, tmp_path / "out", orders)


def rerecord(dub: Path) -> None:
    """The same dub, with a click in it."""
    content = bytearray(dub.read_bytes())
    content[len(content) // 2] ^= 1
    dub.write_bytes(content)


def answer(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    capsys.readouterr()
    assert run([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def runs() -> int:
    with means().catalog.read() as session:
        return len(session.scalars(select(m.Run.id)).all())


def executed(run_id: int) -> Counter[str]:
    """How many steps of each stage a run executed."""
    with means().catalog.read() as session:
        stages = session.scalars(
            select(m.Recipe.stage)
            .join(m.Step, m.Step.recipe_key == m.Recipe.key)
            .where(m.Step.run_id == run_id, m.Step.state == "completed", m.Step.cache_hit.is_(False))
        )
        return Counter(stages)


def test_a_new_spec_touches_its_own_deliverables_last_steps_once_and_nothing_approved(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(capsys, "catalog", "stale") == {"stale": [], "not_compared": []}
    assert answer(capsys, "reprocess")["titles"] == []
    before = studio.files()
    catalog = means().catalog
    studio.spec(9, -26.0)
    stale = answer(capsys, "catalog", "stale")["stale"]
    assert {(one["slug"], one["spec_id"]) for one in stale} == {("late", "ebu-r128"), ("soon", "ebu-r128")}
    assert {(r["kind"], r["now"]) for one in stale for r in one["reasons"]} == {("spec", "ebu-r128 9")}

    dry, count = answer(capsys, "reprocess", "--dry-run"), runs()
    assert [(one["title"], one["outcome"]) for one in dry["titles"]] == [("soon", "stale"), ("late", "stale")]
    assert runs() == count
    (approved,) = (d for d in catalog.title("late").deliverables if d.spec_id == "ebu-r128")
    catalog.decide(approved.deliverable_id, "approved", who="producer")

    night = answer(capsys, "reprocess")
    made, left = night["titles"]
    assert (made["title"], made["outcome"], left["title"], left["outcome"]) == ("soon", "made", "late", "approved")
    done = executed(int(made["run"]))
    assert set(done) <= LAST
    assert (done["conform"], done["remux"], done["check"]) == (1, 1, 1)
    (otherwise,) = made["differences"]
    assert {c["what"]: c["turn"] for c in otherwise["changes"]}["integrated_lufs"] == "quieter"
    after = studio.files()
    assert {name: after[name] for name in before} == before
    (new,) = after.keys() - before.keys()
    assert ".candidate-" in new
    listed = json.loads((studio.out / "soon" / "manifest.json").read_text())["deliverables"]
    assert {f"soon/{one['path']}": one["sha256"] for one in listed}.items() <= after.items()

    count = runs()
    assert [one["outcome"] for one in answer(capsys, "reprocess")["titles"]] == ["approved"]
    assert runs() == count
    (told,) = answer(capsys, "reprocess", "--include-approved")["titles"]
    assert (told["title"], told["outcome"]) == ("late", "made")
    assert {name: studio.files()[name] for name in after} == after
    assert answer(capsys, "reprocess", "--include-approved")["titles"] == []
    states = Counter(d.state for d in catalog.title("late").deliverables if d.spec_id == "ebu-r128")
    assert states == {"approved": 1, "candidate": 1}


def test_beside_what_is_delivered_the_rest_of_a_title_is_made(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog = means().catalog
    (kept,) = (d for d in catalog.title("soon").deliverables if d.spec_id == "web")
    for decision in ("approved", "delivered"):
        catalog.decide(kept.deliverable_id, decision, who="producer")
    before = json.loads((studio.out / "soon" / "manifest.json").read_text())["deliverables"]
    rerecord(studio.orders["soon"].with_name("dub_fr.wav"))
    rerecord(studio.orders["late"].with_name("dub_fr.wav"))
    night = answer(capsys, "reprocess", "--limit", "1")
    assert [(one["title"], one["outcome"]) for one in night["titles"]] == [("soon", "made"), ("late", "left")]
    done = executed(int(night["titles"][0]["run"]))
    assert (done["mix"], done["conform"], done["broadcast"]) == (1, 1, 0)
    after = json.loads((studio.out / "soon" / "manifest.json").read_text())["deliverables"]
    assert [one for one in after if one["spec"]["id"] == "web"] == [one for one in before if one["spec"]["id"] == "web"]
    assert Counter(d.state for d in catalog.title("soon").deliverables if d.spec_id == "web") == {"delivered": 1}
    assert [one["spec_id"] for one in answer(capsys, "catalog", "stale")["stale"] if one["slug"] == "soon"] == ["web"]


def test_one_bad_title_does_not_stop_the_night(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    studio.orders["soon"].with_name("dub_fr.wav").write_bytes(b"no sound")
    studio.orders["late"].unlink()
    studio.spec(9, -26.0)
    night = answer(capsys, "reprocess", code=3)
    bad, good = night["titles"]
    assert (bad["title"], bad["outcome"], bad["severity"]) == ("soon", "failed", 0)
    assert "dub_fr.wav" in bad["error"]
    assert (good["title"], good["outcome"]) == ("late", "made")
    shutil.copyfile(studio.orders["late"].with_name("dub_fr.wav"), studio.orders["soon"].with_name("dub_fr.wav"))
    (mended,) = answer(capsys, "reprocess")["titles"]
    assert (mended["title"], mended["outcome"]) == ("soon", "made")


def test_a_row_no_longer_ordered_is_no_longer_made(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    order = studio.orders["soon"]
    order.write_text("\n".join(line for line in order.read_text().splitlines() if "ebu-r128" not in line))
    localize_here(order, studio.out)
    studio.spec(9, -26.0)
    assert [one["slug"] for one in answer(capsys, "catalog", "stale")["stale"]] == ["late"]

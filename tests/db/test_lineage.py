"""Every byte's history, in both directions, and each title's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from db.errors import NotFound
from db.lineage import Node

if TYPE_CHECKING:
    from conftest import Studio


def chain(node: Node) -> list[str]:
    """Stages met on the way, nearest first."""
    return [step.label for step in node.walk() if step.kind == "step"]


def ids(node: Node, kind: str) -> set[str]:
    return {found.id for found in node.walk() if found.kind == kind}


def test_a_deliverable_leads_to_its_master_past_every_step_model_and_spec(studio: Studio) -> None:
    deliverable = studio.localize()
    tree = studio.catalog.lineage(str(deliverable))
    assert (tree.kind, tree.id) == ("deliverable", str(deliverable))
    assert tree.label == "Glass-Harbor theatrical fr-FR ebu-r128 1"
    assert chain(tree) == ["conform v1", "mix v1", "separate v1", "demux v1"]
    assert ids(tree, "model") == {"bandsplit"}
    assert ids(tree, "spec") == {"ebu-r128"}
    master = tree.walk()[-1]
    assert (master.label, master.role, master.children) == ("glass-harbor.mov", "master", [])
    assert master.facts["paths"] == [str(studio.folder / "glass-harbor.mov")]


def test_a_delivered_file_is_known_by_its_bytes_wherever_it_lies(studio: Studio) -> None:
    deliverable = studio.localize()
    copy = studio.write("sent/by mail.mov", b"master final 1")
    for named in (str(copy), f"deliverable:{deliverable}", "sha256:" + sha_of(studio, deliverable)):
        tree = studio.catalog.lineage(named)
        assert chain(tree) == ["conform v1", "mix v1", "separate v1", "demux v1"]


def test_a_delivered_file_that_is_gone_is_known_by_its_path(studio: Studio) -> None:
    deliverable = studio.localize()
    assert studio.catalog.lineage(str(studio.folder / "out" / "fr-FR.mov")).id == str(deliverable)


def test_a_delivered_file_that_was_changed_is_not_taken_for_it(studio: Studio) -> None:
    studio.localize()
    path = studio.write("out/fr-FR.mov", b"edited afterwards")
    with pytest.raises(NotFound, match="not what was delivered under its name"):
        studio.catalog.lineage(str(path))


def test_a_master_leads_to_every_deliverable(studio: Studio) -> None:
    deliverable = studio.localize()
    other = studio.localize("other", b"other master")
    tree = studio.catalog.lineage(str(studio.folder / "glass-harbor.mov"))
    assert chain(tree) == ["demux v1", "separate v1", "mix v1", "conform v1"]
    assert ids(tree, "deliverable") == {str(deliverable)} != {str(other)}


def test_a_model_and_a_spec_lead_to_all_they_made(studio: Studio) -> None:
    made = {str(studio.localize()), str(studio.localize("other", b"other master"))}
    for named in (
        studio.model["id"],
        f"{studio.model['id']}@{studio.model['version']}",
        studio.model["sha256"][:12],
        "ebu-r128",
        "ebu-r128@1",
    ):
        assert ids(studio.catalog.lineage(named), "deliverable") == made
    assert chain(studio.catalog.lineage(studio.model["id"])) == ["separate v1", "mix v1", "conform v1"] * 2
    assert chain(studio.catalog.lineage("ebu-r128")) == ["conform v1"] * 2


def test_a_spec_leads_to_deliverables_that_were_only_judged_by_it(studio: Studio) -> None:
    deliverable = studio.localize()
    judged = studio.deliver(studio.version(), sha_of(studio, deliverable), language="en", spec_version="7")
    assert ids(studio.catalog.lineage("ebu-r128@7"), "deliverable") == {str(judged)}


def test_a_stem_leads_both_ways(studio: Studio) -> None:
    deliverable = studio.localize()
    stem = next(
        node.id
        for node in studio.catalog.lineage(str(deliverable)).walk()
        if node.kind == "asset" and node.role == "me"
    )
    assert chain(studio.catalog.lineage(stem[:8])) == ["separate v1", "demux v1"]
    assert chain(studio.catalog.lineage(stem, direction="up")) == ["separate v1", "demux v1"]
    assert chain(studio.catalog.lineage(stem, direction="down")) == ["mix v1", "conform v1"]


def test_equal_bytes_of_two_titles_keep_their_own_histories(studio: Studio) -> None:
    """Two silent titles: the DX is the same asset, its masters are not."""
    delivered = {}
    for slug in ("one", "two"):
        version = studio.version(slug)
        source = studio.master(slug.encode(), version_id=version, name=f"{slug}.mov")
        run = studio.run(version)
        silence = studio.step(run, "separate", {"ov_mix": source}, {"dx": b"silence"})["dx"]
        mix = studio.step(run, "mix", {"dx": silence}, {"mix": b"silent mix"})["mix"]
        delivered[slug] = studio.deliver(version, mix)
    for slug, deliverable in delivered.items():
        up = studio.catalog.lineage(str(deliverable))
        assert {node.label for node in up.walk() if node.role == "ov_mix"} == {f"{slug}.mov"}
        down = studio.catalog.lineage(str(studio.folder / f"{slug}.mov"))
        assert ids(down, "deliverable") == {str(deliverable)}
    both = studio.catalog.lineage(str(delivered["one"]))
    assert both.walk()[-1].label == "one.mov"


def test_the_latest_run_of_a_title_tells_its_history(studio: Studio) -> None:
    """A new stage version that gives the same bytes replaces the old one in the history."""
    version = studio.version()
    source = studio.master()
    for stage_version in (1, 2):
        run = studio.run(version)
        made = studio.step(run, "demux", {"master": source}, {"ov_mix": b"ov"}, version=stage_version)["ov_mix"]
        studio.catalog.finish_run(run, "completed")
    assert chain(studio.catalog.lineage(made)) == ["demux v2"]
    assert chain(studio.catalog.lineage(source)) == ["demux v1", "demux v2"]


def test_an_asset_that_two_paths_lead_to_is_opened_once(studio: Studio) -> None:
    run = studio.run(studio.version())
    ov = studio.step(run, "demux", {"master": studio.master()}, {"ov_mix": b"ov"})
    stems = studio.step(run, "separate", ov, {"dx": b"dx", "me": b"me"})
    mix = studio.step(run, "mix", stems, {"mix": b"mix"})["mix"]
    tree = studio.catalog.lineage(mix)
    assert [node.repeated for node in tree.walk() if node.role == "ov_mix"] == [False, True]
    assert chain(tree) == ["mix v1", "separate v1", "demux v1", "separate v1"]


def test_a_mix_that_two_specs_leave_alone_is_in_each_history_under_its_own_spec(studio: Studio) -> None:
    """Both conforms hand the same bytes on; what belongs to one spec must not turn up behind the other."""
    delivered = studio.two_specs()
    for spec, deliverable in delivered.items():
        tree = studio.catalog.lineage(str(deliverable))
        assert chain(tree) == ["remux v1", "conform v1", "mix v1"]
        assert ids(tree, "spec") == {spec}
        assert ids(studio.catalog.lineage(f"{spec}@1"), "deliverable") == {str(deliverable)}
    down = studio.catalog.lineage(str(studio.folder / "master.mov"))
    assert ids(down, "deliverable") == set(map(str, delivered.values()))


def test_bytes_passed_through_do_not_lead_round_in_circles(studio: Studio) -> None:
    run, source = studio.run(studio.version()), studio.master(b"same")
    one = studio.step(run, "conform", {"mix": source}, {"mix": b"same"})["mix"]
    assert one == source
    tree = studio.catalog.lineage(one, direction="up")
    assert chain(tree) == ["conform v1"]
    assert tree.walk()[-1].repeated


def test_the_tree_is_json(studio: Studio) -> None:
    tree = studio.catalog.lineage(str(studio.localize()))
    read = json.loads(json.dumps(tree.to_json()))
    assert read["children"][0]["children"][0]["label"] == "conform v1"
    assert set(read) == {"kind", "id", "label", "role", "facts", "repeated", "children"}


@pytest.mark.parametrize(
    "named", ["77", "ffffffff", "nobody", "ebu-r128@99", "bandsplit@99", "/no/such/file", "abcdef"]
)
def test_what_nobody_knows_is_named(studio: Studio, named: str) -> None:
    studio.localize()
    with pytest.raises(NotFound, match="knows no such thing") as error:
        studio.catalog.lineage(named)
    assert error.value.exit_code == 3
    assert named in str(error.value)


def test_a_file_nobody_made_is_named(studio: Studio) -> None:
    path = studio.write("holiday.mov", b"beach")
    with pytest.raises(NotFound, match="does not know the file"):
        studio.catalog.lineage(str(path))


def sha_of(studio: Studio, deliverable: int) -> str:
    (found,) = [
        row.sha256 for row in studio.catalog.title("glass-harbor").deliverables if row.deliverable_id == deliverable
    ]
    return found

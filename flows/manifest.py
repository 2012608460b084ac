"""What the manifest of a title says: every file with its hashes, every track with its language, every judgment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from dubline.media.languages import MULTIPLE
from flows.languages import Deliverable, Dubbed, keeps_original
from flows.packing import Packed
from flows.preflight import Plan
from flows.source import Source
from flows.stored import read_json, recorded
from tasks.context import means
from tasks.step import RunRef, StepResult


def manifest_body(
    plan: Plan,
    source: Source,
    stems: StepResult,
    checks: Mapping[Deliverable, Mapping[str, Any]],
    packed: Mapping[Deliverable, Packed],
    me: Sequence[Mapping[str, Any]],
    notes: Sequence[str],
) -> dict[str, Any]:
    """The manifest, without dates: the same order on the same versions gives the same bytes."""
    order = plan.order
    return {
        "title": order.title.model_dump(mode="json"),
        "master": {
            "name": order.master.path.name,
            "sha256": source.master,
            "language": plan.original.bcp47,
            "rate": source.rate,
            "layout": source.layout.name,
            "frames": source.frames,
            "timecode": source.media.timecode,
        },
        "model": stems.models,
        "policy": {"id": plan.policy.id, "version": plan.policy.version},
        "me": list(me),
        "dubs": [_dub(plan, one) for one in dict.fromkeys(one for item in checks for one in item.dubbed)],
        "deliverables": [_entry(plan, source, item, packed[item], check) for item, check in checks.items()],
        "notes": list(notes),
    }


def name_as_laid(body: dict[str, Any], laid: Mapping[str, str]) -> None:
    """Give every file in the manifest ``body`` the name it lies under, where that is not its usual one."""

    def named(file: Mapping[str, Any]) -> dict[str, Any]:
        return {**file, "path": laid[file["path"]]}

    body["me"] = [named(entry) for entry in body["me"]]
    body["deliverables"] = [
        {**named(entry), "files": [named(file) for file in entry["files"]]} for entry in body["deliverables"]
    ]


def describe_as_before(run: RunRef, body: dict[str, Any], kept: Set[str]) -> None:
    """Say of deliverables that were ``kept`` (by hash) what the version's last manifest said of them."""
    key = means().catalog.last_recipe(run.version_id, "manifest")
    if kept and key is not None:
        before = {entry["sha256"]: entry for entry in read_json(recorded(key)["manifest"])["deliverables"]}
        body["deliverables"] = [
            before.get(entry["sha256"], entry) if entry["sha256"] in kept else entry for entry in body["deliverables"]
        ]


def _dub(plan: Plan, one: Dubbed) -> dict[str, Any]:
    """How a dub went into its mix: where it lay against the original dialogue, and every gain on it."""
    placed, mixed = one.placed.result(), read_json(one.mixed.result()["mix_report"])
    return {
        "language": plan.languages[one.dub.language].bcp47,
        "sync": read_json(one.synced.result()["sync"]) if one.synced is not None else None,
        "conformed": {name: placed.values[name] for name in ("speed", "moved_frames")}
        if placed.values.get("conformed")
        else None,
        "heard": read_json(one.language.result()["language"]),
        "level": mixed,
    }


def languages_in(plan: Plan, item: Deliverable) -> list[str]:
    """The BCP-47 tags of the deliverable's dubs, in the order of its tracks."""
    return [plan.languages[one.dub.language].bcp47 for one in item.dubbed]


def _entry(plan: Plan, source: Source, item: Deliverable, packed: Packed, check: Mapping[str, Any]) -> dict[str, Any]:
    spec = item.spec
    one = item.language != MULTIPLE
    return {
        "path": packed.path,
        "sha256": packed.sha256,
        "files": list(packed.files),
        "language": plan.delivered_as(item.language),
        "languages": languages_in(plan, item),
        "iso639_2t": plan.languages[item.language].iso639_2t if one else MULTIPLE,
        "spec": {"id": spec.id, "version": spec.version, "verified": spec.verified},
        "container": item.row.container,
        "codec": item.row.codec,
        "tracks": list(_tracks(plan, source, item)),
        "verdict": check["verdict"],
        "checks": check["checks"],
        "measurement": check["measurement"],
    }


def _tracks(plan: Plan, source: Source, item: Deliverable) -> Iterator[dict[str, Any]]:
    """The sound streams in their order: the dubs, then the OV audio where it is kept."""
    for number, (one, conformed) in enumerate(zip(item.dubbed, item.conformed, strict=True)):
        language = plan.languages[one.dub.language]
        yield {
            "kind": "dub",
            "language": language.bcp47,
            "iso639_2t": language.iso639_2t,
            "codec": item.row.codec,
            "layout": source.layout.name,
            "default": number == 0,
            "dub_gain_db": one.mixed.result().values["gain_db"],
            "gain_db": conformed.result().values["gain_db"],
            "conform": conformed.result().values,
        }
    if keeps_original(plan, item.row):
        stream = source.media.audio_stream(plan.order.master.audio_stream)
        yield {
            "kind": "original",
            "language": plan.original.bcp47,
            "iso639_2t": plan.original.iso639_2t,
            "codec": stream.codec,
            "layout": source.layout.name,
            "default": False,
        }

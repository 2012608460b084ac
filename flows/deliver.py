"""The end of a title's run: wait for every check, publish, write down what was delivered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dubline.media import containers
from dubline.vocalization.events import read_events
from flows.artifacts import publish_artifacts
from flows.languages import Deliverable
from flows.me import Sound
from flows.notes import odd_but_valid
from flows.preflight import Plan
from flows.source import Source
from tasks.context import means
from tasks.manifest import manifest
from tasks.page import page
from tasks.publish import Publication, publish
from tasks.step import RunRef

# Published name of each track of the M&E folder, by the role of the asset it shows.
ME_TRACKS = {"me": "me", "optional": "optional", "dx_guide": "dx-guide", "dx": "dx", "mx": "mx", "fx": "fx"}


@dataclass(frozen=True, slots=True)
class Delivered:
    """One delivered file."""

    language: str
    spec: str
    path: Path
    sha256: str
    verdict: str
    measurement: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Localized:
    """What a run of `localize` made."""

    title: str
    run_id: int
    cached_steps: int
    executed_steps: int
    deliverables: tuple[Delivered, ...]
    me: dict[str, str]
    report: Path

    def to_json(self) -> dict[str, Any]:
        """The object `dubline localize --json` prints."""
        return {
            "title": self.title,
            "run_id": self.run_id,
            "cached_steps": self.cached_steps,
            "executed_steps": self.executed_steps,
            "deliverables": [
                {
                    "language": item.language,
                    "spec": item.spec,
                    "path": str(item.path),
                    "sha256": item.sha256,
                    "verdict": item.verdict,
                    "measurement": item.measurement,
                }
                for item in self.deliverables
            ],
            "me": self.me,
            "report": str(self.report),
        }


def deliver(run: RunRef, plan: Plan, source: Source, sound: Sound, made: Sequence[Deliverable]) -> Localized:
    """Publish everything once every step has ended well; the manifest goes last."""
    slug = plan.order.title.id
    folder = plan.out / slug
    checks = {item: _read_json(item.checked.result()["check"]) for item in made}
    stems = {name: sound.package.result()[f"{role}_bwf"] for role, name in ME_TRACKS.items()}
    me_figures = _read_json(sound.me_level.result()["measurement"])
    notes = odd_but_valid(plan, source, made, me_figures)
    body = manifest_body(plan, source, sound, checks, stems, notes) | {"me_measurement": me_figures}
    paged = page.submit(
        run,
        ov_mix=source.ov["ov_mix"],
        me_filled=sound.cleaned["me_filled"],
        report=sound.cleaned["report"],
        checks=[item.checked["check"] for item in made],
        loudness=[item.checked["loudness"] for item in made],
        **page_facts(plan, source, sound, made, body),
    ).result()
    listed = manifest.submit(run, listed=[f["sha256"] for f in body["deliverables"]], body=body).result()

    files = [Publication(_name(slug, item), item.remuxed.result()["deliverable"]) for item in made]
    files += [Publication(f"me/{slug}_{name}.wav", sha256) for name, sha256 in stems.items()]
    files += [Publication("me/report.json", sound.cleaned.result()["report"])]
    files += [Publication("qc/events.parquet", sound.cleaned.result()["decided"])]
    files += [Publication("qc/loudness.parquet", paged["loudness"]), Publication("qc/report.html", paged["page"])]
    places = publish(folder, files)
    places |= publish(folder, [Publication("manifest.json", listed["manifest"])])

    delivered = tuple(_record(run, plan, item, places[_name(slug, item)], check) for item, check in checks.items())
    _record_events(run, sound)
    publish_artifacts(slug, body)
    executed, cached = means().catalog.step_counts(run.run_id)
    me = {role: str(places[f"me/{slug}_{ME_TRACKS[role]}.wav"]) for role in ("me", "optional", "dx_guide")}
    me["report"] = str(places["me/report.json"])
    return Localized(slug, run.run_id, cached, executed, delivered, me, places["qc/report.html"])


def page_facts(
    plan: Plan, source: Source, sound: Sound, made: Sequence[Deliverable], body: Mapping[str, Any]
) -> dict[str, Any]:
    """What the QC page says beside the measurements: the title, the material, and where every byte came from."""
    me_figures = body["me_measurement"]
    title, model = plan.order.title, sound.stems.models[0]
    steps = [source.ov, sound.stems, sound.cleaned.result(), *(item.remuxed.result() for item in made)]
    return {
        "names": [Path(_name(title.id, item)).name for item in made],
        "title": title.name,
        "version": title.version,
        "original_language": plan.original.name,
        "notes": body["notes"],
        "facts": [
            ["OV mix", f"{source.layout.name}, {source.rate} Hz, {source.frames / source.rate:.3f} s"],
            ["picture", f"{source.media.picture.codec}, {float(source.media.picture.frame_rate):.3f} fps"],
            ["timecode", source.media.timecode or "none"],
            ["M&E", f"{_level(me_figures['integrated_lufs'])} LUFS, peak {_level(me_figures['true_peak_dbtp'])} dBTP"],
            ["model", f"{model['id']} {model['version']} ({model['licence']})"],
            ["policy", f"{plan.policy.id} {plan.policy.version}"],
        ],
        "lineage": [
            {"role": "master", "sha256": source.master, "made_by": plan.order.master.path.name},
            *(
                {"role": role, "sha256": sha256, "made_by": step.step, "asset_id": step.recipe_key}
                for step in steps
                for role, sha256 in step.outputs.items()
            ),
        ],
    }


def manifest_body(
    plan: Plan,
    source: Source,
    sound: Sound,
    checks: Mapping[Deliverable, Mapping[str, Any]],
    stems: Mapping[str, str],
    notes: Sequence[str],
) -> dict[str, Any]:
    """The manifest, without dates: the same order on the same versions gives the same bytes."""
    order, slug = plan.order, plan.order.title.id
    weights = sound.stems.models
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
        "model": weights,
        "policy": {"id": plan.policy.id, "version": plan.policy.version},
        "me": [{"path": f"me/{slug}_{name}.wav", "sha256": sha256} for name, sha256 in stems.items()],
        "deliverables": [
            {
                "path": _name(slug, item),
                "sha256": item.remuxed.result()["deliverable"],
                "language": plan.languages[item.dub.language].bcp47,
                "iso639_2t": plan.languages[item.dub.language].iso639_2t,
                "spec": {
                    "id": item.row.spec,
                    "version": plan.specs[item.row.spec].version,
                    "verified": plan.specs[item.row.spec].verified,
                },
                "container": item.row.container,
                "codec": item.row.codec,
                "dub_gain_db": item.mixed.result().values["gain_db"],
                "gain_db": item.conformed.result().values["gain_db"],
                "verdict": check["verdict"],
                "checks": check["checks"],
                "measurement": check["measurement"],
            }
            for item, check in checks.items()
        ],
        "notes": list(notes),
    }


def _level(value: float | None) -> str:
    return "silent" if value is None else f"{value:.1f}"


def _name(slug: str, item: Deliverable) -> str:
    """``fr-FR/glass-harbor_fr-FR_ebu-r128.mov``"""
    suffix = containers.container(item.row.container).suffix
    return f"{item.dub.language}/{slug}_{item.dub.language}_{item.row.spec}{suffix}"


def _record(run: RunRef, plan: Plan, item: Deliverable, path: Path, check: Mapping[str, Any]) -> Delivered:
    spec = plan.specs[item.row.spec]
    language = plan.languages[item.dub.language].bcp47
    sha256 = item.remuxed.result()["deliverable"]
    means().catalog.record_deliverable(
        run.version_id,
        language=language,
        spec_id=spec.id,
        spec_version=str(spec.version),
        spec_body=spec.model_dump(mode="json"),
        sha256=sha256,
        path=path,
        container=item.row.container,
        codec=item.row.codec,
        verdict=check["verdict"],
        checks=check["checks"],
        measurement=check["measurement"],
        recipe_key=item.remuxed.result().recipe_key,
    )
    return Delivered(language, spec.id, path, sha256, check["verdict"], dict(check["measurement"]))


def _record_events(run: RunRef, sound: Sound) -> None:
    using, decided = means(), sound.cleaned.result()["decided"]
    events = read_events(using.store.path(using.catalog.asset(decided)))
    using.catalog.record_events(run.version_id, decided, [event.to_json() for event in events])


def _read_json(sha256: str) -> dict[str, Any]:
    using = means()
    body: dict[str, Any] = json.loads(using.store.path(using.catalog.asset(sha256)).read_text(encoding="utf-8"))
    return body

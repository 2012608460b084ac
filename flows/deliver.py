"""The end of a title's run: wait for every check, publish, write down what was delivered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from db.stale import Place
from db.standing import Standing
from dubline.quality.events_page import CLIPS, PAGE
from dubline.vocalization.events import Event, read_events
from flows.artifacts import publish_artifacts
from flows.desk import prepare_desk
from flows.difference import differences
from flows.languages import Deliverable
from flows.manifest import describe_as_before, languages_in, manifest_body, name_as_laid
from flows.me import Sound
from flows.notes import odd_but_valid
from flows.notify import tell_failures
from flows.packing import Packed, pack_deliverables, pack_stems
from flows.preflight import Plan
from flows.refused import Refused
from flows.source import Source
from flows.stored import read_json
from tasks.context import means
from tasks.events_page import clips_of
from tasks.manifest import manifest
from tasks.page import page
from tasks.publish import Publication, leave_only, places, publish
from tasks.step import RunRef

# Published name of each track of the M&E folder, by the role of the asset it shows.
ME_TRACKS = {"me": "me", "optional": "optional", "dx_guide": "dx-guide", "dx": "dx", "mx": "mx", "fx": "fx"}


@dataclass(frozen=True, slots=True)
class Delivered:
    """One deliverable: a file, or a set of files of one channel each.

    ``path`` is the file, or the list of the set's files: its ``sha256`` vouches for each of them. ``language`` is
    ``mul`` for a file with several ``languages``. ``measurement`` is that of the first.
    """

    language: str
    languages: tuple[str, ...]
    spec: str
    path: Path
    sha256: str
    files: tuple[dict[str, str], ...]
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
    notes: tuple[str, ...]
    refused: tuple[Refused, ...] = ()
    # Candidates held against what stood in their places (`flows.difference`).
    differences: tuple[dict[str, Any], ...] = ()

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
                    "languages": list(item.languages),
                    "spec": item.spec,
                    "path": str(item.path),
                    "sha256": item.sha256,
                    "files": list(item.files),
                    "verdict": item.verdict,
                    "measurement": item.measurement,
                }
                for item in self.deliverables
            ],
            "me": self.me,
            "report": str(self.report),
            "refused": [one.to_json() for one in self.refused],
            "notes": list(self.notes),
            "differences": list(self.differences),
        }


def deliver(
    run: RunRef,
    plan: Plan,
    source: Source,
    sound: Sound,
    made: Sequence[Deliverable],
    stood: Mapping[Place, Standing],
) -> Localized:
    """Publish everything once every step has ended well, the manifest last; then make what the desk shows of it.

    What is otherwise than what ``stood`` in its place is told too.
    """
    slug = plan.order.title.id
    folder = plan.out / slug
    checks = {item: read_json(item.checked.result()["check"]) for item in made}
    packed = pack_deliverables(run, made)
    stems = pack_stems(run, sound.package, {f"{role}_bwf": stem_path(slug, role) for role in ME_TRACKS})
    me_figures = read_json(sound.me_level.result()["measurement"])
    notes = [*odd_but_valid(plan, source, sound, made, me_figures), *_left_out(plan)]
    body = manifest_body(plan, source, sound.stems, checks, packed, stems, notes) | {
        "me_measurement": me_figures,
        "refused": [one.to_json() for one in plan.refused],
        "original_heard": read_json(sound.language.result()["language"]),
    }
    files = [file for one in packed.values() for file in one.publications]
    files += [Publication(file["path"], file["sha256"]) for file in stems]
    laid = places(folder, files, beside=plan.beside)
    name_as_laid(body, {name: str(path.relative_to(folder)) for name, path in laid.items()})
    describe_as_before(run, body, {packed[item].sha256 for item in made if item.kept})
    paged = page.submit(
        run,
        ov_mix=source.ov["ov_mix"],
        me=sound.stems["me"],
        me_filled=sound.cleaned["me_filled"],
        report=sound.residual["report"],
        checks=[item.checked["check"] for item in made],
        loudness=[item.checked["loudness"] for item in made],
        pictures=[item.checked["pictures"] for item in made],
        **page_facts(plan, source, sound, made, body),
    ).result()
    reports = [
        Publication("me/report.json", sound.residual.result()["report"]),
        *_guide_text(slug, sound),
        Publication("qc/events.parquet", sound.cleaned.result()["decided"]),
        Publication("qc/loudness.parquet", paged["loudness"]),
        Publication("qc/report.html", paged["page"]),
        Publication("qc/report.json", paged["report"]),
        *_events_page(sound),
    ]
    body["reports"] = [{"path": file.name, "bytes": _bytes(file.sha256), "sha256": file.sha256} for file in reports]
    listed = manifest.submit(run, listed=[f["sha256"] for f in body["deliverables"]], body=body).result()

    lies = publish(folder, files, run.run_id, beside=plan.beside)
    lies |= publish(folder, reports, run.run_id)
    publish(folder, [Publication("manifest.json", listed["manifest"])], run.run_id)
    leave_only(folder / "qc" / CLIPS, {*lies.values()})

    delivered = tuple(_record(run, plan, item, packed[item], lies, check) for item, check in checks.items())
    events = _record_events(run, sound)
    publish_artifacts(slug, body, events, means().settings.review_url)
    tell_failures(slug, body, means().settings.review_url)
    prepare_desk(run, plan, source, sound, dict.fromkeys(one for item in made for one in item.dubbed))
    changed = tuple(differences(run, plan, stood, sound, made))
    executed, cached = means().catalog.step_counts(run.run_id)
    me = {role: str(lies[stem_path(slug, role)]) for role in ("me", "optional", "dx_guide")}
    me["report"] = str(lies["me/report.json"])
    return Localized(
        slug, run.run_id, cached, executed, delivered, me, lies["qc/report.html"], tuple(notes), plan.refused, changed
    )


def _left_out(plan: Plan) -> Iterator[str]:
    for one in plan.refused:
        yield f"{plan.delivered_as(one.language)} is not delivered: {one.error}"


def _guide_text(slug: str, sound: Sound) -> Iterator[Publication]:
    """What the DX guide says, beside it, where it was read."""
    outputs = sound.residual.result().outputs
    stem = PurePosixPath(stem_path(slug, "dx_guide"))
    for role, suffix in (("guide_srt", ".srt"), ("guide_text", ".json")):
        if role in outputs:
            yield Publication(str(stem.with_suffix(suffix)), outputs[role])


def _events_page(sound: Sound) -> Iterator[Publication]:
    """The page of the events and the clips it plays."""
    outputs = sound.events_page.result().outputs
    yield Publication(f"qc/{PAGE}", outputs["page"])
    for name, sha256 in clips_of(outputs).items():
        yield Publication(f"qc/{CLIPS}/{name}", sha256)


def stem_path(slug: str, role: str) -> str:
    """``me/glass-harbor_dx-guide.wav``, for a role of `ME_TRACKS`."""
    return f"me/{slug}_{ME_TRACKS[role]}.wav"


def page_facts(
    plan: Plan, source: Source, sound: Sound, made: Sequence[Deliverable], body: Mapping[str, Any]
) -> dict[str, Any]:
    """What the QC page says beside the measurements: the title, the material, and where every byte came from."""
    me_figures = body["me_measurement"]
    title, model = plan.order.title, sound.stems.models[0]
    steps = [source.ov, sound.stems, sound.cleaned.result(), *(item.written.result() for item in made)]
    return {
        "names": [Path(item["path"]).name for item in body["deliverables"]],
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


def _level(value: float | None) -> str:
    return "silent" if value is None else f"{value:.1f}"


def _record(
    run: RunRef,
    plan: Plan,
    item: Deliverable,
    packed: Packed,
    lies: Mapping[str, Path],
    check: Mapping[str, Any],
) -> Delivered:
    spec, language = item.spec, plan.delivered_as(item.language)
    if not item.kept:
        means().catalog.record_deliverable(
            run.version_id,
            language=language,
            spec_id=spec.id,
            spec_version=str(spec.version),
            spec_body=spec.body(),
            sha256=packed.sha256,
            path=lies[packed.path],
            container=item.row.container,
            codec=item.row.codec,
            verdict=check["verdict"],
            checks=check["checks"],
            measurement=check["measurement"],
            recipe_key=packed.made_by.recipe_key,
        )
    return Delivered(
        language=language,
        languages=tuple(languages_in(plan, item)),
        spec=spec.id,
        path=lies[packed.path],
        sha256=packed.sha256,
        files=tuple({"path": str(lies[file["path"]]), "sha256": file["sha256"]} for file in packed.files),
        verdict=check["verdict"],
        measurement=dict(check["measurement"]),
    )


def _bytes(sha256: str) -> int:
    return means().catalog.asset(sha256).bytes


def _record_events(run: RunRef, sound: Sound) -> list[Event]:
    using, decided = means(), sound.cleaned.result()["decided"]
    with using.store.lend(using.catalog.asset(decided)) as path:
        events = read_events(path)
    using.catalog.record_events(run.version_id, decided, [event.to_json() for event in events])
    return events

"""What was odd about the material but valid: named in the report, so that nobody is surprised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dubline.transcription.residual import NOT_CONFIGURED
from flows.languages import Deliverable
from flows.me import Sound
from flows.preflight import Plan
from flows.source import Source
from flows.stored import read_json

_USUAL_RATE = 48_000


def odd_but_valid(
    plan: Plan, source: Source, sound: Sound, made: Sequence[Deliverable], me_figures: Mapping[str, Any]
) -> list[str]:
    """One sentence per oddity of master, dubs, M&E and deliveries, in a fixed order."""
    said = [
        *_of_master(plan, source),
        *_of_dubs(source, made),
        *_of_me(plan, me_figures["true_peak_dbtp"]),
        *_of_events(read_json(sound.residual.result()["report"])),
        *_of_language("original dialogue", sound.language.result().values),
        *_of_specs(plan),
        *_of_deliverables(made),
    ]
    # What holds for one spec holds for each of its containers.
    return list(dict.fromkeys(said))


def _of_master(plan: Plan, source: Source) -> Iterator[str]:
    media, values = source.media, source.ov.values
    if source.rate != _USUAL_RATE:
        yield f"the master is at {source.rate} Hz; everything is delivered at that rate"
    if source.layout.name == "mono":
        yield "the master is mono; so are the M&E and every mix"
    if len(media.audio) > 1:
        yield f"the master has {len(media.audio)} audio streams; stream {plan.order.master.audio_stream} is the OV mix"
    if not media.subtitles:
        yield "the master has no subtitles"
    if media.timecode is None:
        yield "the master has no timecode; stems start at 00:00:00:00"
    if values["lead_in_frames"]:
        yield f"the OV mix starts after the picture; {values['lead_in_frames']} frames of silence lead it in"
    if values["trimmed_frames"]:
        yield f"the OV mix starts before the picture; {values['trimmed_frames']} frames were left out"
    if values["filled_frames"]:
        yield f"the OV mix has holes; {values['filled_frames']} frames of silence fill them"
    if media.picture.jitter_only:
        yield "the picture's frame times jitter by the container's rounding; its frame rate is constant"
    elif not media.picture.constant_frame_rate:
        yield "the picture's frame rate varies"


def _of_dubs(source: Source, made: Sequence[Deliverable]) -> Iterator[str]:
    for one in dict.fromkeys(dubbed for item in made for dubbed in item.dubbed):
        language, values = one.dub.language, one.placed.result().values
        if values["resampled_from"]:
            yield f"the {language} dub was resampled from {values['resampled_from']} Hz to {source.rate} Hz"
        if values["silent"]:
            yield f"the {language} dub is silent"
        if values["cut_frames"]:
            peak = values["cut_peak_dbfs"]
            heard = "silent" if peak is None else f"no louder than {peak:.0f} dBFS"
            yield f"the {language} dub is {heard} outside the picture; {values['cut_frames']} frames were left out"
        yield from _of_language(f"{language} dub", one.language.result().values)
        if one.synced is not None:
            yield from _of_sync(language, one.synced.result().values, values)


def _of_sync(language: str, found: Mapping[str, Any], placed: Mapping[str, Any]) -> Iterator[str]:
    if placed.get("conformed"):
        yield (
            f"the {language} dub {found['summary']}: as ordered it was resampled by {placed['speed']} "
            f"and moved by {placed['moved_frames']} samples"
        )
    elif found["in_sync"] is False:
        yield f"the {language} dub {found['summary']}; it was left as it is"
    elif found["in_sync"] is None:
        yield f"whether the {language} dub is in sync was {found['summary']}"


def _of_me(plan: Plan, peak: float | None) -> Iterator[str]:
    """The M&E is never gained as its own deliverable; a peak no client would take is said."""
    limit = min(spec.qc_max_true_peak_dbtp for spec in plan.specs.values())
    if peak is not None and peak > limit:
        yield f"the M&E peaks at {peak:.1f} dBTP, over the {limit:g} dBTP its clients allow; it is delivered as it is"


def _of_events(report: Mapping[str, Any]) -> Iterator[str]:
    """What the cleaning left undone: nobody should have to find out by ear."""
    if left := len(report["remaining"]):
        yield f"in the cleaned M&E {left} events are still heard where something was taken out: see qc/events.html"
    for edit in report["edits"]["unmatched"]:
        meant = f"event {edit['event']}" if "event" in edit else f"the event at {edit['at']['start_seconds']:g} s"
        yield f"an edit of {edit['who']} ({edit['do']}) did nothing: {meant} is not found any more"
    language = report["residual_language"]
    if not language["ran"]:
        yield f"whether language is left in the M&E was not read: {language['why']}"
    elif language["shared_words"]:
        words = f"{language['shared_words']} of the dialogue's {language['guide_words']} words"
        yield f"{words} can still be read in the M&E: see qc/events.html"


def _of_language(track: str, found: Mapping[str, Any]) -> Iterator[str]:
    if found["agrees"] is False:
        yield f"the {track} is tagged {found['tag']}, and {found['heard']} is heard in it"
    elif found["agrees"] is None and found["why"] != NOT_CONFIGURED:
        yield f"whether the {track} is in {found['tag']} is not known: {found['why']}"


def _of_specs(plan: Plan) -> Iterator[str]:
    for spec in plan.specs.values():
        if not spec.verified:
            yield f"spec {spec.id} version {spec.version} is not verified against the client's own document"
        standing = plan.standing[spec.id]
        if standing != "shipped":
            overridden = "" if standing == "added" else f"; it {standing}"
            yield f"spec {spec.id} version {spec.version} is the studio's own{overridden}"


def _of_deliverables(made: Sequence[Deliverable]) -> Iterator[str]:
    for item in made:
        for one, conformed in zip(item.dubbed, item.conformed, strict=True):
            if not conformed.result().values["reachable"]:
                yield f"{one.dub.language} {item.row.spec}: {conformed.result().values['reason']}"
        written, container = item.written.result().values, item.row.container
        if dropped := written.get("dropped"):
            yield f"{item.language} {item.row.spec}: {container} cannot carry {dropped}"
        if converted := written.get("converted"):
            yield f"{item.language} {item.row.spec}: converted for {container}: {converted}"
        if noted := written.get("notes"):
            yield f"{item.language} {item.row.spec}: {noted}"

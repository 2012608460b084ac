"""Checks of a deliverable as a file: does it carry the master's picture and company, and say what it is?"""

from __future__ import annotations

from dataclasses import astuple

from dubline.loudness.specs import Spec
from dubline.loudness.verdict import Check, Grade
from dubline.media.containers import Container
from dubline.media.languages import Language
from dubline.media.streams import Media


def check_picture(delivered: str | None, master: str | None) -> Check:
    """The video packets hash as the master's: the picture was copied (invariant 3)."""
    note = "" if delivered == master else "the picture was encoded again, cut or exchanged"
    return Check("picture", delivered, "sha256", master, "the master's packets", _grade(delivered == master), note)


def check_original(delivered: str | None, master: str | None, *, keep_original: bool, streams: int) -> Check:
    """The OV audio, when kept, is bit-identical; when not, there is no second audio stream."""
    if not keep_original:
        note = "" if streams == 1 else f"{streams} audio streams, one was ordered"
        return Check("original_audio", None, "sha256", None, "not kept", _grade(streams == 1), note)
    good = streams == 2 and delivered == master
    note = "" if good else "missing" if streams < 2 else "not the master's packets"
    return Check("original_audio", delivered, "sha256", master, "the master's packets", _grade(good), note)


def check_language(delivered: Media, language: Language, *, stream: int, container: Container) -> Check:
    """The container names the dub's language in ISO 639-2/T."""
    code = delivered.audio[stream].language
    if not container.languages:
        note = f"{container.name} names no languages; the manifest does"
        return Check("language", code, "", language.iso639_2t, "in the manifest", "pass", note)
    good = code == language.iso639_2t
    note = language.bcp47 if good else f"players will not know this track as {language.name}"
    return Check("language", code, "", language.iso639_2t, "ISO 639-2/T", _grade(good), note)


def check_default(delivered: Media, *, stream: int, container: Container) -> Check:
    """A player that is told nothing plays the dub, and only the dub."""
    chosen = [item.index for item in delivered.audio if item.default]
    limit = "the dub and no other"
    if not container.languages:
        note = f"{container.name} marks no stream; the dub comes first"
        return Check("default_stream", stream, "", stream, limit, "pass", note)
    note = "" if chosen == [stream] else "players start with " + (", ".join(map(str, chosen)) or "whatever they like")
    value = ", ".join(map(str, chosen)) or None
    return Check("default_stream", value, "", str(stream), limit, _grade(chosen == [stream]), note)


def check_timecode(delivered: Media, master: Media, spec: Spec) -> Check:
    """The start timecode is the master's; a spec may ask for one of its own."""
    good = delivered.timecode == master.timecode
    asked = spec.som_timecode
    if good and asked is not None and delivered.timecode != asked:
        note = f"{spec.id} asks for a start at {asked}"
        return Check("timecode", delivered.timecode, "", asked, "the spec's", "warn", note)
    note = "" if master.timecode else "the master has none"
    return Check("timecode", delivered.timecode, "", master.timecode, "the master's", _grade(good), note)


def check_chapters(delivered: Media, master: Media, container: Container) -> Check:
    """As many chapters as the master has, under the same titles."""
    ours, theirs = (tuple(chapter.title for chapter in media.chapters) for media in (delivered, master))
    if theirs and not container.chapters:
        note = f"{container.name} carries no chapters"
        return Check("chapters", len(ours), "", len(theirs), "none possible", "warn", note)
    note = "" if ours == theirs or len(ours) != len(theirs) else "under other titles"
    return Check("chapters", len(ours), "", len(theirs), "the master's", _grade(ours == theirs), note)


def check_subtitles(delivered: Media, master: Media, container: Container) -> Check:
    """Every subtitle stream the container can carry is there, in its language."""
    carried = [stream.language for stream in master.subtitles if stream.codec in container.subtitles]
    lost = [stream.codec for stream in master.subtitles if stream.codec not in container.subtitles]
    good = [stream.language for stream in delivered.subtitles] == carried
    note = f"{container.name} cannot carry {', '.join(lost)}" if lost else ""
    grade: Grade = "fail" if not good else "warn" if lost else "pass"
    return Check("subtitles", len(delivered.subtitles), "", len(carried), "the master's", grade, note)


def check_color(delivered: Media, master: Media) -> Check:
    """Color tags and HDR metadata as the master states them; what it leaves open may stay open."""
    ours, theirs = (astuple(media.picture.color) for media in (delivered, master))
    kept = all(stated in (None, found) for stated, found in zip(theirs, ours, strict=True))
    lost = [kind for kind in master.picture.hdr if kind not in delivered.picture.hdr]
    value, target = (_words(media) for media in (delivered, master))
    note = f"lost: {', '.join(lost)}" if lost else ""
    return Check("color", value, "", target, "the master's", _grade(kept and not lost), note)


def check_duration(delivered: Media, spec: Spec, *, sound_seconds: float, ov_seconds: float) -> Check:
    """Sound and picture end within one frame; a dub as long as an OV mix that does not is named, not failed."""
    picture = delivered.picture
    difference, frame = sound_seconds - picture.duration_seconds, float(1 / picture.frame_rate)
    most = spec.max_av_duration_delta_seconds
    # Container clocks round ends to a tick of up to a millisecond.
    if abs(difference) <= frame + 1e-3:
        grade: Grade = "pass"
        note = ""
    else:
        refused = (most is not None and abs(difference) > most) or sound_seconds != ov_seconds
        grade = "fail" if refused else "warn"
        note = "the OV mix ends there too" if sound_seconds == ov_seconds else "the OV mix ends elsewhere"
    return Check("duration_difference", round(difference, 6), "s", 0.0, f"at most one frame ({frame:.4f})", grade, note)


def check_frame_rate(delivered: Media, spec: Spec) -> Check:
    """A constant frame rate where the spec demands one; rounding by a container's clock is not variable."""
    picture = delivered.picture
    value = str(picture.frame_rate)
    limit = "constant" if spec.requires_constant_frame_rate else "constant advised"
    if picture.constant_frame_rate:
        note = "frame times jitter by the container's rounding" if picture.jitter_only else ""
        return Check("frame_rate", value, "fps", None, limit, "pass", note)
    grade: Grade = "fail" if spec.requires_constant_frame_rate else "warn"
    return Check("frame_rate", value, "fps", None, limit, grade, "the frame rate varies: conform the picture first")


def check_container(delivered: Media, container: Container, spec: Spec) -> Check:
    """The container that was ordered; one the client does not take is a screener."""
    note = ""
    if spec.containers and container.name not in spec.containers:
        note = f"a screener: the client takes {', '.join(spec.containers)}"
    good = delivered.container == container.name
    return Check("container", delivered.container, "", container.name, "as ordered", _grade(good), note)


def _words(media: Media) -> str:
    picture = media.picture
    return " ".join([*(tag or "-" for tag in astuple(picture.color)), *picture.hdr])


def _grade(good: bool) -> Grade:
    return "pass" if good else "fail"

"""Checks of a deliverable as a file: does it carry the master's picture and company, and say what it is?"""

from __future__ import annotations

import re
from dataclasses import astuple

from dubline.loudness.specs import Spec
from dubline.loudness.verdict import Check, Grade
from dubline.media.containers import Container
from dubline.media.languages import Language
from dubline.media.streams import AudioStream, Media, VideoStream

# How a track's title ends that says its language in full: ``French (France) [fr-FR]``.
_TITLE_TAG = re.compile(r"\[([A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*)\]$")

# Dispositions of streams that are no full mix in another language.
_NO_DUB = (
    "original", "comment", "lyrics", "karaoke", "forced", "hearing_impaired", "visual_impaired", "clean_effects",
    "non_diegetic", "descriptions", "dependent",
)  # fmt: skip


def check_picture(delivered: str | None, master: str | None) -> Check:
    """The video packets hash as the master's: the picture was copied (invariant 3)."""
    note = "" if delivered == master else "the picture was encoded again, cut or exchanged"
    return Check("picture", delivered, "sha256", master, "the master's packets", _grade(delivered == master), note)


def check_original(
    delivered: AudioStream | None, master: AudioStream | None, *, keep_original: bool, streams: int, dubs: int
) -> Check:
    """The OV audio, when kept, is bit-identical; when not, there are the dubs and no other audio stream."""
    if not keep_original:
        note = "" if streams == dubs else f"{streams} audio streams, {dubs} ordered"
        return Check("original_audio", None, "sha256", None, "not kept", _grade(streams == dubs), note)
    ours, theirs = (stream.sha256 if stream else None for stream in (delivered, master))
    good = streams == dubs + 1 and ours == theirs
    note = "" if good else "missing" if streams <= dubs else "not the master's packets"
    return Check("original_audio", ours, "sha256", theirs, "the master's packets", _grade(good), note)


def missing_tracks(found: int, ordered: int) -> Check:
    """Dubs that were ordered and are not there."""
    return Check("tracks", found, "", ordered, "every dub that was ordered", "fail", f"{ordered - found} missing")


def check_language(stream: AudioStream, language: Language, *, container: Container) -> Check:
    """The container names the dub's language in ISO 639-2/T, and its title no other tag of BCP-47."""
    code = stream.language
    if not container.languages:
        note = f"{container.name} names no languages; the manifest does"
        return Check("language", code, "", language.iso639_2t, "in the manifest", "pass", note)
    named = _TITLE_TAG.search(stream.title or "")
    if code == language.iso639_2t and named and named[1].lower() != language.bcp47.lower():
        note = f"the title says {named[1]}: players will not know this track as {language.name}"
        return Check("language", named[1], "", language.bcp47, "BCP-47", "fail", note)
    good = code == language.iso639_2t
    note = language.bcp47 if good else f"players will not know this track as {language.name}"
    return Check("language", code, "", language.iso639_2t, "ISO 639-2/T", _grade(good), note)


def check_languages_per_file(languages: int, spec: Spec) -> Check | None:
    """One language in a file or several, as the client wants it; None where it does not say."""
    if spec.languages_per_file is None:
        return None
    # A client who takes several takes a title that has only one.
    grade: Grade = "fail" if spec.languages_per_file == "one" and languages > 1 else "pass"
    return Check("languages", languages, "", None, f"{spec.languages_per_file} in a file", grade)


def check_channel_files(files: tuple[Media, ...], channels: int, spec: Spec) -> Check | None:
    """One interleaved file, or as many mono files of one length as there are channels; None where nobody cares."""
    if len(files) == 1 and spec.discrete_channels is None:
        return None
    asked = {None: "", True: "one per channel", False: "one"}[spec.discrete_channels]
    lengths = {round(media.audio[0].duration_seconds * media.audio[0].rate) for media in files}
    if len(files) > 1 and (len(files) != channels or len(lengths) > 1):
        note = "of different lengths" if len(lengths) > 1 else f"{channels} channels"
        return Check("files", len(files), "", channels, asked or "one per channel", "fail", note)
    # Under a picture channels always share a track; the client's wish is about sound delivered alone.
    good = spec.discrete_channels is None or channels == 1 or spec.discrete_channels == (len(files) > 1)
    screener = files[0].video is not None
    return Check("files", len(files), "", None, asked or "one per channel", _grade(good or screener))


def check_default(delivered: Media, *, container: Container) -> Check:
    """A player that is told nothing plays the first dub, and no other stream."""
    chosen = [item.index for item in delivered.audio if item.default]
    limit = "the first dub and no other"
    if not container.languages:
        note = f"{container.name} marks no stream; the dub comes first"
        return Check("default_stream", 0, "", 0, limit, "pass", note)
    note = "" if chosen == [0] else "players start with " + (", ".join(map(str, chosen)) or "whatever they like")
    return Check("default_stream", ", ".join(map(str, chosen)) or None, "", "0", limit, _grade(chosen == [0]), note)


def check_purpose(stream: AudioStream, *, container: Container) -> Check | None:
    """Nothing tells a player that the dub is something else; None where the container says no such things."""
    if not container.languages:
        return None
    wrong = [purpose for purpose in stream.purposes if purpose in _NO_DUB]
    note = f"players offer it as {', '.join(wrong)}" if wrong else ""
    value = ", ".join(stream.purposes) or None
    return Check("dispositions", value, "", "dub", "a dub's or none", _grade(not wrong), note)


def check_timecode(delivered: str | None, master: str | None, spec: Spec) -> Check:
    """The start timecode is the master's; a spec may ask for one of its own."""
    good = delivered == master
    asked = spec.som_timecode
    if good and asked is not None and delivered != asked:
        return Check("timecode", delivered, "", asked, "the spec's", "warn", f"{spec.id} asks for a start at {asked}")
    note = "" if master else "the master has none"
    return Check("timecode", delivered, "", master, "the master's", _grade(good), note)


def check_start(delivered: str | None, spec: Spec) -> Check | None:
    """The start timecode a spec asks for, where no master says what it was; None for a spec that asks for none."""
    asked = spec.som_timecode
    if asked is None:
        return None
    note = "" if delivered == asked else f"{spec.id} asks for a start at {asked}"
    return Check("timecode", delivered, "", asked, "the spec's", "pass" if delivered == asked else "warn", note)


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


def check_duration(picture: VideoStream, spec: Spec, *, sound_seconds: float, ov_seconds: float | None) -> Check:
    """Sound and picture end within one frame; a dub as long as an OV mix that does not is named, not failed."""
    difference, frame = sound_seconds - picture.duration_seconds, float(1 / picture.frame_rate)
    most = spec.max_av_duration_delta_seconds
    pads = (spec.head_pad_max_seconds or 0.0) + (spec.tail_pad_max_seconds or 0.0)
    limit = f"at most one frame ({frame:.4f})" + (f", or {pads:g} of padding" if pads else "")
    # Container clocks round ends to a tick of up to a millisecond.
    if -frame - 1e-3 <= difference <= frame + pads + 1e-3:
        grade: Grade = "pass"
        note = "" if abs(difference) <= frame + 1e-3 else "inside the padding the spec allows"
    else:
        refused = (most is not None and abs(difference) > most) or sound_seconds != ov_seconds
        grade = "fail" if refused else "warn"
        note = "the OV mix ends there too" if sound_seconds == ov_seconds else "the OV mix ends elsewhere"
        note = "" if ov_seconds is None else note
    return Check("duration_difference", round(difference, 6), "s", 0.0, limit, grade, note)


def check_frame_rate(picture: VideoStream, spec: Spec) -> Check:
    """A constant frame rate where the spec demands one; rounding by a container's clock is not variable."""
    value = str(picture.frame_rate)
    limit = "constant" if spec.requires_constant_frame_rate else "constant advised"
    if picture.constant_frame_rate:
        note = "frame times jitter by the container's rounding" if picture.jitter_only else ""
        return Check("frame_rate", value, "fps", None, limit, "pass", note)
    grade: Grade = "fail" if spec.requires_constant_frame_rate else "warn"
    return Check("frame_rate", value, "fps", None, limit, grade, "the frame rate varies: conform the picture first")


def is_screener(delivered: Media, spec: Spec) -> bool:
    """Whether the file comes in a container that the client does not take as its own delivery."""
    return bool(spec.containers) and delivered.container not in spec.containers


def check_container(delivered: Media, container: Container | None, spec: Spec) -> Check | None:
    """The container that was ordered; where nothing was, one of the client's. Another one makes a screener."""
    if container is None and not spec.containers:
        return None
    note = f"a screener: the client takes {', '.join(spec.containers)}" if is_screener(delivered, spec) else ""
    if container is None:
        limit = "one of " + ", ".join(spec.containers)
        return Check("container", delivered.container, "", None, limit, "warn" if note else "pass", note)
    good = delivered.container == container.name
    return Check("container", delivered.container, "", container.name, "as ordered", _grade(good), note)


def _words(media: Media) -> str:
    picture = media.picture
    return " ".join([*(tag or "-" for tag in astuple(picture.color)), *picture.hdr])


def _grade(good: bool) -> Grade:
    return "pass" if good else "fail"

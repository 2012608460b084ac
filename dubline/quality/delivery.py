"""The last word on a deliverable: open the file as a stranger would, and measure everything that is claimed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

from dubline.audio.spans import Spans
from dubline.loudness.specs import Spec
from dubline.loudness.verdict import Check, judge, worst
from dubline.media import containers
from dubline.media.containers import Codec, Container
from dubline.media.languages import MULTIPLE, Language
from dubline.media.probe import probe
from dubline.media.streams import AudioStream, Media
from dubline.media.timecode import Timecode
from dubline.quality import broadcast_wave, faults, naming, packaging, sound
from dubline.quality.delivery_report import UNDETERMINED, DeliveryReport, TrackReport, Unjudged
from dubline.quality.heard import Heard, listen

_NO_MASTER = "no master was given"
_NO_REFERENCE = "no reference was given"
# What a master's film has that its deliverable keeps.
_AGAINST_MASTER = ("picture", "timecode", "chapters", "subtitles", "color")
_AGAINST_REFERENCE = ("length", "lag", "same_sound", "polarity", "dropouts", "mix_rate", "mix_layout")


@dataclass(frozen=True, slots=True)
class Expected:
    """A dub track that was ordered: its language, the conformed mix it was encoded from, where the dub speaks.

    None where nobody says: then what hangs on it is not judged.
    """

    language: Language | None
    reference: Path | None
    speech: Spans | None = None


@dataclass(frozen=True, slots=True)
class _Delivery:
    """What was opened, and what it is held against."""

    files: tuple[Path, ...]
    medias: tuple[Media, ...]
    expected: tuple[Expected, ...]
    master: Media | None
    ov_mix_frames: int | None
    spec: Spec
    container: Container | None
    codec: Codec | None
    keep_original: bool
    audio_stream: int
    name: str

    @property
    def media(self) -> Media:
        """The first file, and mostly the only one."""
        return self.medias[0]

    @property
    def house(self) -> Container:
        """The container that was ordered, or the one found; of one we never write, nothing is forgiven."""
        known = self.container or containers.CONTAINERS.get(self.media.container)
        return known or replace(containers.CONTAINERS["mkv"], name=self.media.container)


def check_delivery(
    files: Sequence[Path],
    *,
    expected: Sequence[Expected],
    spec: Spec,
    media: Media | None = None,
    ov_mix_frames: int | None = None,
    container: str | None = None,
    codec: str | None = None,
    keep_original: bool = False,
    audio_stream: int = 0,
    name: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> DeliveryReport:
    """Check ``files`` against the master (probed as ``media``), the mixes they were made of, and the ``spec``.

    ``files`` is one file, or one mono WAV per channel in layout order; ``expected`` its dub tracks in the order of
    the streams, which come before the OV audio where that is kept; ``ov_mix_frames`` their proper length;
    ``audio_stream`` the master's stream that holds the OV mix; ``name`` what the file is published as. What is not
    given (None) is not judged, and the report says so. Raises `BadInput` only when a file cannot be opened or decoded,
    or the master has no such stream or no picture: all else is a verdict.
    """
    given = _Delivery(
        files=tuple(files),
        medias=tuple(probe(path, need_picture=False, cancelled=cancelled) for path in files),
        expected=tuple(expected),
        master=media,
        ov_mix_frames=ov_mix_frames,
        spec=spec,
        container=containers.container(container) if container else None,
        codec=containers.codec(codec) if codec else None,
        keep_original=keep_original,
        audio_stream=audio_stream,
        name=name or files[0].name,
    )
    tracks, checks, unjudged = [], [], []
    for stream, track in enumerate(given.expected[: len(given.media.audio)]):
        heard = _listen(given, stream, progress=_share(progress, stream, len(given.expected)), cancelled=cancelled)
        tracks.append(_report(track, heard))
        # With several tracks a check is named with the language it is about.
        label = f" ({tracks[-1].language})" if len(given.expected) > 1 else ""
        found, left = _split(_track_checks(given, stream, heard))
        checks += [replace(check, name=check.name + label) for check in found]
        unjudged += [replace(item, name=item.name + label) for item in left]
    found, left = _split(_file_checks(given, tracks))
    checks += found
    unjudged += left
    original = _original(given)
    return DeliveryReport(
        deliverable=given.name,
        language=tracks[0].language if len(tracks) == 1 else MULTIPLE,
        spec=spec,
        container=container or given.media.container,
        codec=codec or given.media.audio[0].codec,
        verdict=worst(check.verdict for check in checks),
        checks=tuple(checks),
        unjudged=tuple(unjudged),
        tracks=tuple(tracks),
        picture_hash=given.media.video.sha256 if given.media.video else None,
        original_hash=original.sha256 if original else None,
    )


_Line = Check | Unjudged | None


def _split(lines: Iterator[_Line]) -> tuple[list[Check], list[Unjudged]]:
    told = list(lines)
    return [one for one in told if isinstance(one, Check)], [one for one in told if isinstance(one, Unjudged)]


def _listen(
    given: _Delivery,
    stream: int,
    *,
    progress: Callable[[int, int], None] | None,
    cancelled: Callable[[], bool] | None,
) -> Heard:
    track, declared = given.expected[stream], given.media.audio[stream]
    return listen(
        given.files,
        stream=stream,
        reference=track.reference,
        about_frames=round(declared.duration_seconds * declared.rate),
        speech=track.speech,
        progress=progress,
        cancelled=cancelled,
    )


def _share(progress: Callable[[int, int], None] | None, number: int, tracks: int) -> Callable[[int, int], None] | None:
    """Progress of track ``number`` as that of all ``tracks``, which are equally long."""
    if progress is None:
        return None
    return lambda done, total: progress(number * total + done, tracks * total)


def _report(track: Expected, heard: Heard) -> TrackReport:
    return TrackReport(
        language=track.language.bcp47 if track.language else UNDETERMINED,
        measurement=heard.measurement,
        peaks=heard.peaks,
        curves=heard.curves,
        picture=heard.picture,
    )


def _track_checks(given: _Delivery, stream: int, heard: Heard) -> Iterator[_Line]:
    """What is judged of one track."""
    track, declared, spec = given.expected[stream], given.media.audio[stream], given.spec
    mix = heard.beside.condition if heard.beside else None
    yield from _against_mix(given, declared, heard)
    screener = packaging.is_screener(given.media, spec)
    yield sound.check_codec(declared, codec=given.codec, spec=spec, screener=screener)
    yield sound.check_bit_depth(declared, codec=given.codec, spec=spec)
    yield from judge(heard.measurement, spec).checks
    yield faults.check_head(heard.condition, mix, spec)
    yield faults.check_tail(heard.condition, mix, spec)
    yield faults.check_silence(heard.condition, mix)
    yield faults.check_channels(heard.condition, mix)
    yield faults.check_clipping(heard.condition, mix)
    yield faults.check_offset(heard.condition, mix)
    yield faults.check_phase(heard.condition)
    yield faults.check_mono(heard.condition, mix)
    if track.language is None:
        yield Unjudged("language", "no language was given")
    else:
        yield packaging.check_language(declared, track.language, container=given.house)
    yield packaging.check_purpose(declared, container=given.house)
    picture = given.media.video or (given.master.video if given.master else None)
    if picture is None:
        yield Unjudged("duration_difference", _NO_MASTER)
    else:
        ov_seconds = given.ov_mix_frames / heard.rate if given.ov_mix_frames is not None else None
        seconds = heard.frames / heard.rate
        yield packaging.check_duration(picture, spec, sound_seconds=seconds, ov_seconds=ov_seconds)


def _against_mix(given: _Delivery, declared: AudioStream, heard: Heard) -> Iterator[_Line]:
    beside = heard.beside
    if beside is None:
        yield from (Unjudged(name, _NO_REFERENCE) for name in _AGAINST_REFERENCE)
        return
    picture = given.media.video
    yield sound.check_length(
        heard,
        ov_mix_frames=beside.frames if given.ov_mix_frames is None else given.ov_mix_frames,
        container=given.container,
        picture_samples=ceil(picture.frames * heard.rate / picture.frame_rate) if picture else None,
    )
    lossless = not given.codec.lossy if given.codec else declared.bit_depth is not None
    yield sound.check_lag(beside)
    yield sound.check_same_sound(beside, lossy=not lossless)
    yield sound.check_polarity(beside)
    yield faults.check_dropouts(heard.condition, beside.condition)
    yield from sound.check_form(beside, heard, codec=given.codec, container=given.house)


def _file_checks(given: _Delivery, tracks: Sequence[TrackReport]) -> Iterator[_Line]:
    """What is judged of the file, or of a set of files as one."""
    media, spec = given.media, given.spec
    if len(media.audio) < len(given.expected):
        yield packaging.missing_tracks(len(media.audio), len(given.expected))
    yield packaging.check_container(media, given.container, spec)
    layout = tracks[0].layout
    yield packaging.check_channel_files(given.medias, layout.channels, spec)
    yield packaging.check_languages_per_file(len(given.expected), spec)
    language = MULTIPLE if len(tracks) > 1 else tracks[0].language
    known = language if given.expected[0].language is not None else None
    yield from naming.check_name(given.name, spec, language=known, layout=layout)
    if given.media.container == "wav":
        yield from _wave_checks(given, tracks[0])
    if media.video is not None:
        yield from _film_checks(given)


def _wave_checks(given: _Delivery, track: TrackReport) -> Iterator[_Line]:
    found = tuple(broadcast_wave.read_bext(path) for path in given.files)
    # A stranger's WAV without one is a WAV; where nothing says that it has to be broadcast, nothing is missing.
    if given.container is not None or any(found) or given.spec.som_timecode is not None:
        yield broadcast_wave.check_bext(found)
    if given.master is None:
        yield Unjudged("time_reference", _NO_MASTER)
    else:
        yield broadcast_wave.check_time_reference(found, _start_samples(given.master, track.measurement.sample_rate))
        yield packaging.check_start(given.master.timecode, given.spec)
    if len(found) == 1 and found[0] is not None:
        yield broadcast_wave.check_stated_loudness(found[0], track.measurement)


def _start_samples(master: Media, rate: int) -> int:
    if master.timecode is None:
        return 0
    return Timecode.parse(master.timecode, master.picture.frame_rate, where=master.name).samples(rate)


def _film_checks(given: _Delivery) -> Iterator[_Line]:
    media, master, spec, house = given.media, given.master, given.spec, given.house
    yield packaging.check_default(media, container=house)
    yield packaging.check_frame_rate(media.picture, spec)
    if master is None:
        yield from (Unjudged(name, _NO_MASTER) for name in _AGAINST_MASTER if name != "timecode")
        yield packaging.check_start(media.timecode, spec) or Unjudged("timecode", _NO_MASTER)
        return
    yield packaging.check_picture(media.picture.sha256, master.picture.sha256)
    yield packaging.check_original(
        _original(given),
        master.audio_stream(given.audio_stream) if given.keep_original else None,
        keep_original=given.keep_original,
        streams=len(media.audio),
        dubs=len(given.expected),
    )
    yield packaging.check_timecode(media.timecode, master.timecode, spec)
    yield packaging.check_chapters(media, master, house)
    yield packaging.check_subtitles(media, master, house)
    yield packaging.check_color(media, master)


def _original(given: _Delivery) -> AudioStream | None:
    """The stream after the dubs, which is where the OV audio lies when it was kept."""
    dubs = len(given.expected)
    return given.media.audio[dubs] if given.keep_original and len(given.media.audio) > dubs else None

"""What fits into what: containers, the codecs we deliver in them, the pictures and originals they carry unchanged.

Every row was found by writing the pair with ffmpeg and opening it again: a pair is listed when the decoded
sound has the source's length and lag, and the copied packets come back the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from dubline.audio.layout import Layout
from dubline.audio.wav import SampleFormat
from dubline.errors import BadInput

_FLOOR_LAYOUTS = ("mono", "stereo", "3.0", "quad", "5.0", "5.0(side)", "5.1", "5.1(side)", "7.1")
_ALL_LAYOUTS = (*_FLOOR_LAYOUTS, "5.1.2", "5.1.4", "7.1.2", "7.1.4")
_UP_TO_192K = (8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 176400, 192000)
_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
# AC-3 has no back surrounds: it would call quad by a name of its own, and our layouts have none for that.
_AC3_LAYOUTS = ("mono", "stereo", "3.0", "5.0", "5.0(side)", "5.1", "5.1(side)")
# These codecs have one five-channel surround pair and call it back; the channels and their order are the same.
_BACK_FOR_SIDE = {"5.0(side)": "5.0", "5.1(side)": "5.1"}
# Half a transform window (ATSC A/52, 7.9.4): what the decoder still owes when the last block went in.
_AC3_OVERLAP = 256


@dataclass(frozen=True, slots=True)
class Codec:
    """An audio codec we encode deliverables with.

    ``bitrates`` (bits per second by channel count) is empty for lossless codecs; ``relabel`` names the layouts written
    under another name; ``unflushed`` samples stay in ffmpeg's encoder at the end unless as many follow them.
    ``packet`` is samples per packet and ``delay`` those before the first sample, 0 where ffmpeg marks the end of the
    sound itself in every container.
    """

    name: str
    encoder: str
    rates: tuple[int, ...]
    layouts: tuple[str, ...] = _FLOOR_LAYOUTS
    bitrates: dict[int, int] = field(default_factory=dict)
    sample_format: str | None = None
    relabel: dict[str, str] = field(default_factory=dict)
    unflushed: int = 0
    packet: int = 0
    delay: int = 0

    def packets(self, frames: int) -> int:
        """How many packets hold a sound of ``frames``, the delay before it among them."""
        return -(-(frames + self.delay) // self.packet)

    @property
    def bits(self) -> int | None:
        """Bits per sample of PCM, None for a codec that stores no samples as they are."""
        return int(self.name[5:7]) if self.name.startswith("pcm_") else None

    @property
    def lossy(self) -> bool:
        """Whether decoding gives other samples than were encoded."""
        return bool(self.bitrates)


@dataclass(frozen=True, slots=True)
class Container:
    """A container: ffmpeg's muxer, what it is suffixed with and what it holds.

    ``subtitles`` maps a subtitle codec to the one it is written as (itself: copied; another: converted
    without losing text or basic styling); a codec that is missing cannot be carried.
    """

    name: str
    suffix: str
    muxer: str
    codecs: tuple[str, ...]
    pictures: frozenset[str]
    originals: frozenset[str]
    subtitles: dict[str, str]
    languages: bool = True
    chapters: bool = True
    attachments: bool = False
    # Where the container itself fixes the rate (MXF OP1a sound, SMPTE ST 382).
    only_rate: int | None = None
    # Sound lies in pieces as long as a picture (SMPTE ST 379) and ends with the last one.
    whole_pictures: bool = False
    # PCM says how many channels it has and not which: readers take the customary ones, in the order of their tags.
    pcm_untagged: bool = False

    def tells_layout(self, codec: Codec) -> bool:
        """Whether a track in ``codec`` says which channels it has, or only how many."""
        return codec.bits is None or not self.pcm_untagged

    @property
    def audio_only(self) -> bool:
        """Whether it holds one sound and nothing else."""
        return not self.pictures


CODECS: dict[str, Codec] = {
    codec.name: codec
    for codec in (
        Codec("pcm_s16le", "pcm_s16le", _UP_TO_192K, _ALL_LAYOUTS),
        Codec("pcm_s24le", "pcm_s24le", _UP_TO_192K, _ALL_LAYOUTS),
        Codec("pcm_f32le", "pcm_f32le", _UP_TO_192K, _ALL_LAYOUTS),
        Codec(
            "aac",
            "aac",
            _AAC_RATES,
            ("mono", "stereo", "3.0", "5.0", "5.0(side)", "5.1", "5.1(side)", "7.1"),
            {1: 128_000, 2: 256_000, 3: 384_000, 5: 640_000, 6: 768_000, 8: 1_024_000},
            relabel=_BACK_FOR_SIDE,
            packet=1024,
            delay=1024,
        ),
        Codec(
            "ac3",
            "ac3",
            (48000,),
            _AC3_LAYOUTS,
            {1: 192_000, 2: 256_000, 3: 384_000, 5: 640_000, 6: 640_000},
            unflushed=_AC3_OVERLAP,
            packet=1536,
            delay=_AC3_OVERLAP,
        ),
        Codec(
            "eac3",
            "eac3",
            (48000,),
            _AC3_LAYOUTS,
            {1: 128_000, 2: 256_000, 3: 384_000, 5: 640_000, 6: 768_000},
            unflushed=_AC3_OVERLAP,
            packet=1536,
            delay=_AC3_OVERLAP,
        ),
        Codec("flac", "flac", _UP_TO_192K, sample_format="s32"),
        Codec(
            "opus",
            "libopus",
            (48000,),
            bitrates={1: 128_000, 2: 192_000, 3: 288_000, 4: 384_000, 5: 450_000, 6: 512_000, 8: 640_000},
            relabel=_BACK_FOR_SIDE,
        ),
        Codec(
            "alac",
            "alac",
            _UP_TO_192K,
            ("mono", "stereo", "3.0", "5.0", "5.0(side)", "5.1", "5.1(side)"),
            sample_format="s32p",
            relabel=_BACK_FOR_SIDE,
        ),
    )
}

_PCM_COPIED = frozenset(
    f"pcm_{kind}" for kind in ("s16le", "s16be", "s24le", "s24be", "s32le", "s32be", "f32le", "f32be")
)
_TEXT_TO_MOV = {"mov_text": "mov_text", "subrip": "mov_text", "webvtt": "mov_text", "text": "mov_text"}
_MOV_PICTURES = frozenset(
    (
        *("h264", "hevc", "mpeg4", "mpeg2video", "mpeg1video", "prores", "dnxhd", "ffv1"),
        *("mjpeg", "jpeg2000", "rawvideo", "v210", "dvvideo", "cfhd", "png", "qtrle"),
    )
)
_MP4_PICTURES = frozenset(
    ("h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "ffv1", "mjpeg", "jpeg2000", "png")
)
_MKV_SUBTITLES = ("subrip", "ass", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle")

CONTAINERS: dict[str, Container] = {
    container.name: container
    for container in (
        Container(
            "mov",
            ".mov",
            "mov",
            ("pcm_s16le", "pcm_s24le", "pcm_f32le", "aac", "ac3", "eac3", "alac"),
            _MOV_PICTURES,
            _PCM_COPIED | {"aac", "ac3", "eac3", "alac", "mp3", "mp2", "dts"},
            {**_TEXT_TO_MOV, "eia_608": "eia_608"},
        ),
        Container(
            "mp4",
            ".mp4",
            "mp4",
            # PCM in MP4 (ISO/IEC 23003-5) is kept for originals, but too few players read it to deliver a dub in.
            ("aac", "ac3", "eac3", "flac", "opus", "alac"),
            _MP4_PICTURES,
            _PCM_COPIED | {"aac", "ac3", "eac3", "alac", "flac", "opus", "mp3", "mp2", "dts"},
            {**_TEXT_TO_MOV, "dvd_subtitle": "dvd_subtitle"},
        ),
        Container(
            "mkv",
            ".mkv",
            "matroska",
            ("pcm_s16le", "pcm_s24le", "pcm_f32le", "aac", "ac3", "eac3", "flac", "opus", "alac"),
            _MOV_PICTURES - {"qtrle"} | {"av1", "vp8", "vp9", "theora", "huffyuv", "utvideo"},
            _PCM_COPIED - {"pcm_f32be"}
            | {"aac", "ac3", "eac3", "alac", "flac", "opus", "vorbis", "mp3", "mp2", "dts", "truehd"},
            {"mov_text": "subrip", **dict(zip(_MKV_SUBTITLES, _MKV_SUBTITLES, strict=True))},
            attachments=True,
            pcm_untagged=True,
        ),
        Container(
            "webm",
            ".webm",
            "webm",
            ("opus",),
            frozenset({"vp8", "vp9", "av1"}),
            frozenset({"opus", "vorbis"}),
            {"webvtt": "webvtt", "subrip": "webvtt", "mov_text": "webvtt"},
        ),
        Container(
            "mxf",
            ".mxf",
            "mxf",
            ("pcm_s16le", "pcm_s24le"),
            frozenset({"mpeg2video", "prores", "dnxhd", "jpeg2000", "dvvideo"}),
            frozenset({"pcm_s16le", "pcm_s24le"}),
            {},
            languages=False,
            chapters=False,
            only_rate=48000,
            whole_pictures=True,
            pcm_untagged=True,
        ),
        # Written by us and not by ffmpeg (`audio.broadcast`). 16 bits would have to be dithered; nobody asks for them.
        Container(
            "wav",
            ".wav",
            "wav",
            ("pcm_s24le", "pcm_f32le"),
            frozenset(),
            frozenset(),
            {},
            languages=False,
            chapters=False,
        ),
    )
}
# How we write the codecs of audio-only files.
SAMPLE_FORMATS: dict[str, SampleFormat] = {"pcm_s24le": "s24", "pcm_f32le": "f32"}


def container(name: str, *, where: str = "deliver") -> Container:
    """The container called ``name``; `BadInput` for one dubline does not write."""
    if name not in CONTAINERS:
        raise BadInput(f"unknown container '{name}'", where, f"use one of {_words(CONTAINERS)}")
    return CONTAINERS[name]


def codec(name: str, *, where: str = "deliver") -> Codec:
    """The delivery codec called ``name``; `BadInput` for one dubline does not write."""
    if name not in CODECS:
        raise BadInput(f"unknown audio codec '{name}'", where, f"use one of {_words(CODECS)}")
    return CODECS[name]


def check_codec(container_name: str, codec_name: str, *, where: str = "deliver") -> tuple[Container, Codec]:
    """The two rows when the container holds the codec at all; raises `BadInput` naming what would work instead."""
    house, coder = container(container_name, where=where), codec(codec_name, where=where)
    if coder.name not in house.codecs:
        homes = [other.name for other in CONTAINERS.values() if coder.name in other.codecs]
        raise BadInput(
            f"{coder.name} cannot be delivered in {house.name}",
            where,
            f"use {_words(house.codecs)} in {house.name}, or {coder.name} in {_words(homes)}",
        )
    return house, coder


def check_pair(
    container_name: str, codec_name: str, *, layout: Layout, rate: int, where: str = "deliver"
) -> tuple[Container, Codec]:
    """The two rows when ``codec_name`` can be delivered in ``container_name`` at ``layout`` and ``rate``.

    Raises `BadInput` naming what would work instead.
    """
    house, coder = check_codec(container_name, codec_name, where=where)
    if not _fits_layout(house, coder, layout):
        fitting = [name for name in house.codecs if _fits_layout(house, CODECS[name], layout)]
        mend = f"use {_words(fitting) or 'pcm_s24le in mov or wav'}"
        raise BadInput(f"{coder.name} in {house.name} cannot carry {layout.name}", where, mend)
    rates = (house.only_rate,) if house.only_rate else coder.rates
    if rate not in rates:
        fitting = [name for name in house.codecs if not house.only_rate and rate in CODECS[name].rates]
        mend = f"use {_words(fitting)}, or a mix at {_words(map(str, rates))} Hz"
        raise BadInput(
            f"{coder.name} in {house.name} cannot carry {rate} Hz",
            where,
            mend if fitting else f"use a mix at {_words(map(str, rates))} Hz, or another container",
        )
    return house, coder


def _fits_layout(house: Container, coder: Codec, layout: Layout) -> bool:
    """Height channels must be told; side and back surrounds are one pair in any case."""
    return layout.name in coder.layouts and (layout.name in _FLOOR_LAYOUTS or house.tells_layout(coder))


def check_languages(container_name: str, *, where: str = "deliver") -> None:
    """Whether the container can hold several dubs and say which is which; `BadInput` where it cannot."""
    house = container(container_name, where=where)
    if not house.languages:
        homes = [other.name for other in CONTAINERS.values() if other.languages]
        reason = "holds one mix" if house.audio_only else "has no language tags to tell them apart"
        raise BadInput(
            f"{house.name} cannot hold all languages: it {reason}",
            where,
            f"set languages: one, or deliver in {_words(homes)}",
        )


def check_channel_files(container_name: str, *, where: str = "deliver") -> None:
    """Whether each channel can have a file of its own; `BadInput` where there is a picture to go with them."""
    if not container(container_name, where=where).audio_only:
        homes = [other.name for other in CONTAINERS.values() if other.audio_only]
        raise BadInput(
            f"{container_name} holds all channels of a mix in one track",
            where,
            f"set channels: interleaved, or deliver in {_words(homes)}",
        )


def check_picture(container_name: str, video_codec: str, *, where: str = "deliver") -> Container:
    """The container when it carries ``video_codec`` copied; `BadInput` naming the containers that do otherwise."""
    house = container(container_name, where=where)
    if video_codec not in house.pictures:
        homes = [other.name for other in CONTAINERS.values() if video_codec in other.pictures]
        mend = f"deliver in {_words(homes)}" if homes else "give a master whose picture a container here can carry"
        raise BadInput(f"{house.name} cannot carry a {video_codec} picture unchanged", where, mend)
    return house


def check_original(
    container_name: str,
    audio_codec: str,
    *,
    rate: int | None = None,
    ends_with_picture: bool = True,
    where: str = "deliver",
) -> None:
    """Whether the OV audio (``audio_codec``) can be copied into the container; `BadInput` where it cannot.

    ``ends_with_picture`` says whether it is as long as the picture, to the sample.
    """
    house = container(container_name, where=where)
    if house.whole_pictures and not ends_with_picture:
        raise BadInput(
            f"{house.name} ends sound with the picture, and the original audio does not",
            where,
            "set keep_original: false, or deliver in another container",
        )
    fits_rate = rate is None or house.only_rate in (None, rate)
    if audio_codec not in house.originals or not fits_rate:
        homes = [other.name for other in CONTAINERS.values() if audio_codec in other.originals]
        raise BadInput(
            f"{house.name} cannot keep the original {audio_codec} audio unchanged",
            where,
            f"deliver in {_words(homes) or 'another container'}, or set keep_original: false",
        )


def _words(names: Iterable[str]) -> str:
    return ", ".join(names)

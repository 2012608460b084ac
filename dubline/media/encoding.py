"""How a dub's sound is encoded: the same arguments in a deliverable and alone, so that both hold the same packets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg as graph

from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader
from dubline.errors import BadInput
from dubline.media import ffmpeg
from dubline.media.boxes import set_lengths
from dubline.media.containers import Codec, Container, check_pair
from dubline.media.ebml import ROOM_MS, End, set_ends
from dubline.media.files import url

# No encoder names, dates or random identifiers in the file: the same sources give the same bytes.
DETERMINISTIC = {"fflags": "+bitexact", "flags:a": "+bitexact"}


def encoder_input(stream: Any, codec: Codec, layout: Layout) -> Any:
    """``stream`` of ffmpeg's graph as the encoder takes it: the layout by its name, room to flush at the end."""
    name = codec.relabel.get(layout.name)
    if name is not None:
        order = "|".join(str(channel) for channel in range(layout.channels))
        stream = stream.filter("channelmap", map=order, channel_layout=name)
    return stream.filter("apad", pad_len=codec.unflushed) if codec.unflushed else stream


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound to encode: its codec, and what its WAV holds."""

    codec: Codec
    layout: Layout
    rate: int
    frames: int


def encoder_options(number: int, sound: Sound, house: Container) -> dict[str, Any]:
    """ffmpeg's output options of audio stream ``number`` of an output in ``house``."""
    codec, layout, frames = sound.codec, sound.layout, sound.frames
    options: dict[str, Any] = {f"c:a:{number}": codec.encoder}
    if codec.sample_format is not None:
        options[f"sample_fmt:a:{number}"] = codec.sample_format
        options[f"bits_per_raw_sample:a:{number}"] = 24
    if codec.lossy:
        options[f"b:a:{number}"] = codec.bitrates[layout.channels]
    if codec.packet and house.muxer == "matroska":
        room = ROOM_MS * sound.rate // 1000
        options[f"bsf:a:{number}"] = f"setts=duration=if(eq(N\\,{codec.packets(frames) - 1})\\,{room}\\,DURATION)"
    elif codec.unflushed:
        # The padding that flushed the encoder is not part of the track: the last packets end where the mix does.
        end = f"if(gt(PTS+DURATION\\,{frames})\\,max({frames}-PTS\\,1)\\,DURATION)"
        options[f"bsf:a:{number}"] = f"setts=duration={end}"
    if codec.name == "opus" and layout.channels > 2:
        # Channels by position (RFC 7845 family 1), not as an ambisonic or unplaced bundle.
        options[f"mapping_family:a:{number}"] = 1
    return options


def end_tracks(out: Path, sounds: Mapping[int, Sound], house: Container, *, start: Fraction = Fraction(0)) -> None:
    """End tracks (counted from 0) of a file just written where their sound ends, where ffmpeg did not.

    ``start`` is when they begin, in seconds. Raises `BadInput` for a file that is not as `encoder_options` makes it.
    """
    if house.muxer == "matroska":
        marked = {number: sound for number, sound in sounds.items() if sound.codec.packet}
        if marked:
            set_ends(out, {number: _end(sound, start) for number, sound in marked.items()})
        return
    unflushed = {number: sound for number, sound in sounds.items() if sound.codec.unflushed}
    if unflushed:
        set_lengths(out, {number: Fraction(sound.frames, sound.rate) for number, sound in unflushed.items()})


def _end(sound: Sound, start: Fraction) -> End:
    codec = sound.codec
    past = codec.packets(sound.frames) * codec.packet - codec.delay - sound.frames
    return End(start + Fraction(sound.frames, sound.rate), Fraction(past, sound.rate))


def encode_alone(
    path: Path,
    out: Path,
    *,
    container: str,
    codec: str,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> None:
    """Write the WAV at ``path`` to ``out`` without a picture, encoded as `remux` encodes it.

    Raises `BadInput` for a pair the container does not allow, `EnvironmentFault` and `Cancelled` as `ffmpeg.run`.
    """
    with WavReader(path) as wav:
        layout, rate, frames = wav.layout, wav.rate, wav.frames
    house, coder = check_pair(container, codec, layout=layout, rate=rate, where=str(path))
    if not frames:
        raise BadInput("has no samples", str(path), "give a WAV with sound")
    sound = Sound(coder, layout, rate, frames)
    source = graph.input(url(path), protocol_whitelist="file", f="wav")["a:0"]
    options = {"f": house.muxer, "strict": "-2", **encoder_options(0, sound, house)}
    stream = encoder_input(source, coder, layout)
    args: list[str] = graph.output(stream, url(out), **options, **DETERMINISTIC).get_args()
    ffmpeg.run(["-y", *args], where=out.name, duration_seconds=frames / rate, progress=progress, cancelled=cancelled)
    end_tracks(out, {0: sound}, house)

"""How a dub's sound is encoded: the same arguments in a deliverable and alone, so that both hold the same packets."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg as graph

from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader
from dubline.errors import BadInput
from dubline.media import ffmpeg
from dubline.media.boxes import set_lengths
from dubline.media.containers import Codec, check_pair
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


def encoder_options(number: int, codec: Codec, layout: Layout, frames: int) -> dict[str, Any]:
    """ffmpeg's output options of audio stream ``number`` of an output, ``frames`` long."""
    options: dict[str, Any] = {f"c:a:{number}": codec.encoder}
    if codec.sample_format is not None:
        options[f"sample_fmt:a:{number}"] = codec.sample_format
        options[f"bits_per_raw_sample:a:{number}"] = 24
    if codec.lossy:
        options[f"b:a:{number}"] = codec.bitrates[layout.channels]
    if codec.unflushed:
        # The padding that flushed the encoder is not part of the track: the last packets end where the mix does.
        end = f"if(gt(PTS+DURATION\\,{frames})\\,max({frames}-PTS\\,1)\\,DURATION)"
        options[f"bsf:a:{number}"] = f"setts=duration={end}"
    if codec.name == "opus" and layout.channels > 2:
        # Channels by position (RFC 7845 family 1), not as an ambisonic or unplaced bundle.
        options[f"mapping_family:a:{number}"] = 1
    return options


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
    source = graph.input(url(path), protocol_whitelist="file", f="wav")["a:0"]
    options = {"f": house.muxer, "strict": "-2", **encoder_options(0, coder, layout, frames)}
    sound = encoder_input(source, coder, layout)
    args: list[str] = graph.output(sound, url(out), **options, **DETERMINISTIC).get_args()
    ffmpeg.run(["-y", *args], where=out.name, duration_seconds=frames / rate, progress=progress, cancelled=cancelled)
    if coder.unflushed:
        set_lengths(out, {0: Fraction(frames, rate)})

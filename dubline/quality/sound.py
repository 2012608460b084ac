"""Checks of a delivered track as sound: is it the mix, whole, in time, and in the form that was ordered?"""

from __future__ import annotations

from dubline.audio.layout import Layout
from dubline.loudness.specs import Spec
from dubline.loudness.verdict import Check, Grade
from dubline.media.containers import Codec, Container
from dubline.media.streams import AudioStream
from dubline.quality.heard import Heard

MAX_LAG_SAMPLES = 1
# Lossless tracks differ from their mix by one rounding; -90 dBFS leaves room for 16 bits and dither.
MAX_RESIDUAL_DBFS = -90.0
# A lossy track whose channel differs from the mix by this much of its energy is not a coding of it.
MAX_LOSSY_RESIDUAL_DB = -3.0
# Coders spend next to nothing on channels as quiet as this.
_AUDIBLE_DBFS = -60.0
# These store whole frames of picture and sound together (SMPTE ST 379).
_ENDS_WITH_PICTURE = ("mxf",)
_PCM_BITS = {"pcm_s16le": 16, "pcm_s24le": 24, "pcm_f32le": 32}


def check_length(heard: Heard, *, ov_mix_frames: int, container: Container, picture_samples: int) -> Check:
    """As long as the OV mix, to the sample (invariant 2); a container that ends sound with the picture is named."""
    difference = heard.frames - ov_mix_frames
    note = "" if difference == 0 else f"{difference:+d} samples against the OV mix"
    grade = _grade(difference == 0)
    if difference and container.name in _ENDS_WITH_PICTURE and heard.frames == picture_samples:
        grade, note = "warn", f"{note}: {container.name} ends the sound with the picture"
    return Check("length", heard.frames, "samples", ov_mix_frames, "exact", grade, note)


def check_lag(heard: Heard) -> Check:
    """In time with the mix it was encoded from, within one sample (invariant 2); silence has no lag."""
    limit = f"at most {MAX_LAG_SAMPLES} either way"
    if heard.lag is None:
        return Check("lag", None, "samples", 0, limit, "fail", "another rate or channel count than the mix")
    lag = heard.lag
    within = lag.recognized and (lag.samples is None or abs(lag.samples) <= MAX_LAG_SAMPLES)
    return Check("lag", lag.samples, "samples", 0, limit, _grade(within), lag.note)


def check_same_sound(heard: Heard, *, codec: Codec) -> Check:
    """The samples are the mix's: to a rounding where the codec is lossless, recognizably channel by channel else."""
    if heard.residual is None:
        return Check("same_sound", None, "dB", None, "", "fail", "another rate or channel count than the mix")
    left = heard.residual
    if not codec.lossy:
        limit, worst = MAX_RESIDUAL_DBFS, left.worst_dbfs
        text = f"largest difference at most {limit:g} dBFS"
        return Check("same_sound", worst, "dBFS", None, text, _grade(worst <= limit), _where(left.peak_dbfs, heard))
    audible = tuple(
        relative if relative is not None and level - relative > _AUDIBLE_DBFS else -float("inf")
        for relative, level in zip(left.relative_db, left.rms_dbfs, strict=True)
    )
    limit, worst = MAX_LOSSY_RESIDUAL_DB, max(audible)
    text = f"difference at most {limit:g} dB of every audible channel"
    if worst == -float("inf"):
        return Check("same_sound", None, "dB", None, text, "pass", "no channel loud enough to compare")
    return Check("same_sound", worst, "dB", None, text, _grade(worst <= limit), _where(audible, heard))


def check_form(heard: Heard, stream: AudioStream, *, codec: Codec, spec: Spec) -> tuple[Check, ...]:
    """Codec, rate and layout as ordered and as the OV mix has them, and for PCM the bit depth."""
    wanted = codec.relabel.get(heard.mix_layout.name, heard.mix_layout.name)
    # A lossy codec has one surround pair and may call it back or side; the channels and their order are the same.
    if codec.lossy and _pair_unnamed(heard.layout) == _pair_unnamed(heard.mix_layout):
        wanted = heard.layout.name
    renamed = f"{codec.name} calls {heard.mix_layout.name} so" if wanted != heard.mix_layout.name else ""
    checks = [
        Check("codec", stream.codec, "", codec.name, codec.name, _grade(stream.codec == codec.name)),
        _equal("mix_rate", heard.rate, heard.mix_rate, unit="Hz"),
        _equal("mix_layout", heard.layout.name, wanted, note=renamed),
    ]
    if codec.name in _PCM_BITS:
        bits = _PCM_BITS[codec.name]
        allowed = spec.bit_depths or (bits,)
        grade = _grade(stream.bit_depth == bits and bits in allowed)
        limit = "one of " + ", ".join(str(depth) for depth in allowed)
        checks.append(Check("bit_depth", stream.bit_depth, "bit", bits, limit, grade))
    return tuple(checks)


def _pair_unnamed(layout: Layout) -> str:
    return layout.name.removesuffix("(side)")


def _where(levels: tuple[float, ...], heard: Heard) -> str:
    """Names the channel with the largest of ``levels``."""
    return f"most in {heard.mix_layout.tags[levels.index(max(levels))]}"


def _equal(name: str, value: int | str, wanted: int | str, *, unit: str = "", note: str = "") -> Check:
    return Check(name, value, unit, wanted, "as in the OV mix", _grade(value == wanted), note)


def _grade(good: bool) -> Grade:
    return "pass" if good else "fail"

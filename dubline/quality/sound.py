"""Checks of a delivered track against the mix it was encoded from: is it that mix, whole, in time, and in its form?"""

from __future__ import annotations

from dubline.audio.layout import Layout
from dubline.audio.speakers import speaker_names
from dubline.loudness.specs import Spec
from dubline.loudness.verdict import Check, Grade
from dubline.media.containers import Codec, Container
from dubline.media.streams import AudioStream
from dubline.quality.heard import Beside, Heard

MAX_LAG_SAMPLES = 1
# Lossless tracks differ from their mix by one rounding; -90 dBFS leaves room for 16 bits and dither.
MAX_RESIDUAL_DBFS = -90.0
# A lossy track whose channel differs from the mix by this much of its energy is not a coding of it.
MAX_LOSSY_RESIDUAL_DB = -3.0
# A channel upside down correlates at -1 with its mix, another sound at 0.
UPSIDE_DOWN = -0.5
# Coders spend next to nothing on channels as quiet as this.
_AUDIBLE_DBFS = -60.0


def check_length(
    heard: Heard, *, ov_mix_frames: int, container: Container | None, picture_samples: int | None
) -> Check:
    """As long as the OV mix, to the sample (invariant 2); a container that ends sound with the picture is named."""
    difference = heard.frames - ov_mix_frames
    note = "" if difference == 0 else f"{difference:+d} samples against the OV mix"
    grade = _grade(difference == 0)
    if difference and container and container.whole_pictures and heard.frames == picture_samples:
        grade, note = "warn", f"{note}: {container.name} ends the sound with the picture"
    return Check("length", heard.frames, "samples", ov_mix_frames, "exact", grade, note)


def check_lag(beside: Beside) -> Check:
    """In time with the mix it was encoded from, within one sample (invariant 2); silence has no lag."""
    limit = f"at most {MAX_LAG_SAMPLES} either way"
    if beside.lag is None:
        return Check("lag", None, "samples", 0, limit, "fail", "another rate or channel count than the mix")
    lag = beside.lag
    within = lag.recognized and (lag.samples is None or abs(lag.samples) <= MAX_LAG_SAMPLES)
    return Check("lag", lag.samples, "samples", 0, limit, _grade(within), lag.note)


def check_same_sound(beside: Beside, *, lossy: bool) -> Check:
    """The samples are the mix's: to a rounding where the codec is lossless, recognizably channel by channel else."""
    if beside.residual is None:
        return Check("same_sound", None, "dB", None, "", "fail", "another rate or channel count than the mix")
    left = beside.residual
    if not lossy:
        limit, worst = MAX_RESIDUAL_DBFS, left.worst_dbfs
        text = f"largest difference at most {limit:g} dBFS"
        return Check("same_sound", worst, "dBFS", None, text, _grade(worst <= limit), _where(left.peak_dbfs, beside))
    audible = tuple(
        relative if relative is not None and level - relative > _AUDIBLE_DBFS else -float("inf")
        for relative, level in zip(left.relative_db, left.rms_dbfs, strict=True)
    )
    limit, worst = MAX_LOSSY_RESIDUAL_DB, max(audible)
    text = f"difference at most {limit:g} dB of every audible channel"
    if worst == -float("inf"):
        return Check("same_sound", None, "dB", None, text, "pass", "no channel loud enough to compare")
    return Check("same_sound", worst, "dB", None, text, _grade(worst <= limit), _where(audible, beside))


def check_polarity(beside: Beside) -> Check:
    """No channel is upside down against the mix."""
    limit = f"above {UPSIDE_DOWN:g} in every channel"
    found = beside.residual.correlation if beside.residual else ()
    known = {tag: value for tag, value in zip(speaker_names(beside.layout), found, strict=False) if value is not None}
    if not known:
        return Check("polarity", None, "", None, limit, "pass", "no sound to compare")
    turned = [tag for tag, value in known.items() if value <= UPSIDE_DOWN]
    note = f"upside down: {', '.join(turned)}" if turned else ""
    return Check("polarity", round(min(known.values()), 3), "", 1.0, limit, _grade(not turned), note)


def check_form(
    beside: Beside, heard: Heard, *, codec: Codec | None, container: Container | None = None
) -> tuple[Check, ...]:
    """Rate and layout as the OV mix has them."""
    wanted = codec.relabel.get(beside.layout.name, beside.layout.name) if codec else beside.layout.name
    told = codec is not None and not codec.lossy and (container is None or container.tells_layout(codec))
    # A lossy codec has one surround pair and may call it back or side, and some containers only count the channels of
    # PCM; the channels and their order are the same.
    if not told and _pair_unnamed(heard.layout) == _pair_unnamed(beside.layout):
        wanted = heard.layout.name
    renamed = f"{codec.name} calls {beside.layout.name} so" if codec and wanted != beside.layout.name else ""
    return (
        _equal("mix_rate", heard.rate, beside.rate, unit="Hz"),
        _equal("mix_layout", heard.layout.name, wanted, note=renamed),
    )


def check_codec(stream: AudioStream, *, codec: Codec | None, spec: Spec, screener: bool) -> Check | None:
    """The codec that was ordered; where nothing was, one of the client's. None where neither says any.

    A ``screener`` is not the client's own delivery: another codec in it is named, not failed.
    """
    foreign = bool(spec.codecs) and stream.codec not in spec.codecs
    note = f"the client takes {', '.join(spec.codecs)}" if foreign else ""
    if codec is not None:
        good = stream.codec == codec.name
        return Check("codec", stream.codec, "", codec.name, "as ordered", _grade(good), note)
    if not spec.codecs:
        return None
    grade: Grade = "pass" if not foreign else "warn" if screener else "fail"
    return Check("codec", stream.codec, "", None, "one of " + ", ".join(spec.codecs), grade, note)


def check_bit_depth(stream: AudioStream, *, codec: Codec | None, spec: Spec) -> Check | None:
    """For PCM, the bits that were ordered and that the client takes; None where nobody says any."""
    if not stream.codec.startswith("pcm_") or not (spec.bit_depths or codec):
        return None
    ordered = codec.bits if codec else None
    allowed = spec.bit_depths or ((ordered,) if ordered else ())
    good = stream.bit_depth in (allowed or (stream.bit_depth,)) and ordered in (None, stream.bit_depth)
    limit = "one of " + ", ".join(str(depth) for depth in allowed)
    return Check("bit_depth", stream.bit_depth, "bit", ordered, limit, _grade(good))


def _pair_unnamed(layout: Layout) -> str:
    return layout.name.removesuffix("(side)")


def _where(levels: tuple[float, ...], beside: Beside) -> str:
    """Names the channel with the largest of ``levels``."""
    return f"most in {speaker_names(beside.layout)[levels.index(max(levels))]}"


def _equal(name: str, value: int | str, wanted: int | str, *, unit: str = "", note: str = "") -> Check:
    return Check(name, value, unit, wanted, "as in the OV mix", _grade(value == wanted), note)


def _grade(good: bool) -> Grade:
    return "pass" if good else "fail"

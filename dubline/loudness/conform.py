"""Bring a mix to its spec: leave it alone, or one gain and a limiter for peaks; never anything that moves loudness.

What counts is the delivered sound: where a lossy codec raises peaks or loudness, the mix is conformed again with what
it raised taken into account, until the decoded deliverable meets the spec.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from dubline.audio.spans import Spans
from dubline.errors import Cancelled
from dubline.loudness.balance import Balance, read_balance
from dubline.loudness.criterion import DECIMALS, criterion
from dubline.loudness.gains import MAX_LIMITED_DB, Aim, Gains, over_programme, plan_gains
from dubline.loudness.measurement import Measurement
from dubline.loudness.meter import Meter
from dubline.loudness.render import Rendered, render
from dubline.loudness.specs import Spec
from dubline.media import containers
from dubline.media.decode import AudioDecoder
from dubline.media.encoding import encode_alone

# How often a mix is conformed again because of what its codec did.
MAX_ROUNDS = 3
# A limiter that lowers the loudness by more than this works on the mix and not on its peaks.
MAX_LIMITER_LOSS_LU = 0.5
# What the codec adds to peaks changes a little with every change of the sound.
_ROOM_DB = 0.02
# Under this, less limiting makes no difference any more.
_LEAST_LIMITED_DB = 0.1


@dataclass(frozen=True, slots=True)
class Conformed:
    """What became of a mix. ``path`` is the mix itself where it was left alone.

    Gains and ``limited_db`` (the limiter's largest reduction) in dB, ``limited_share`` of all frames; ``rounds`` it was
    conformed again for its codec, ``ceiling_dbtp`` the limiter's at last; ``delivered`` the figures of the decoded
    deliverable. ``limit`` names the limit that could not be met, None where all are.
    """

    path: Path
    dialogue_gain_db: float
    gain_db: float
    ceiling_dbtp: float
    limited_db: float
    limited_share: float
    rounds: int
    reason: str
    limit: str | None
    delivered: Measurement

    @property
    def reachable(self) -> bool:
        """Whether the delivered sound meets the spec's loudness and peak limits."""
        return self.limit is None

    def values(self) -> dict[str, str | float | int | bool | None]:
        """What was done, in JSON values."""
        return {
            "dub_gain_db": self.dialogue_gain_db,
            "gain_db": self.gain_db,
            "ceiling_dbtp": self.ceiling_dbtp,
            "limited_db": self.limited_db,
            "limited_share": self.limited_share,
            "rounds": self.rounds,
            "reason": self.reason,
            "reachable": self.reachable,
            "limit": self.limit,
        }


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on: progress of the reading under way in frames, and whether to stop."""

    progress: Callable[[int, int], None] | None = None
    cancelled: Callable[[], bool] | None = None

    def step(self, done: int, total: int, where: Path) -> None:
        """Say how far the reading is; `Cancelled` when asked to stop."""
        if self.cancelled is not None and self.cancelled():
            raise Cancelled("conforming was stopped", str(where), "start it again when ready")
        if self.progress is not None:
            self.progress(done, total)


def conform(
    mix: Path,
    scratch: Path,
    spec: Spec,
    *,
    measured: Measurement,
    speech: Spans | None,
    dialogue: Path | None = None,
    codec: str | None = None,
    container: str | None = None,
    watch: Watch = Watch(),
) -> Conformed:
    """Conform ``mix``, which has the figures ``measured``, to ``spec``; what is written goes into ``scratch``.

    ``dialogue`` is the dialogue as it lies in the mix, sample by sample; without it only the whole mix can be gained.
    ``codec`` is what the mix will be delivered in (None: as PCM), ``container`` where. A mix that cannot meet the spec
    is brought as near as its peaks allow. Raises what reading, writing and encoding raise.
    """
    work = _Work(mix, scratch, spec, measured, speech, dialogue, codec, container, watch)
    aim, rounds = Aim(spec.max_true_peak_dbtp), 0
    while True:
        aim, gains, path, made = _make(work, aim)
        delivered = _delivered(work, path, made.measurement)
        faults = unmet(delivered, spec)
        taught = _taught(aim, gains, made.measurement, delivered, spec) if faults else None
        if taught is None or rounds == MAX_ROUNDS:
            break
        aim, rounds = taught, rounds + 1
    return Conformed(
        path=path,
        dialogue_gain_db=gains.dialogue_db,
        gain_db=gains.mix_db,
        ceiling_dbtp=aim.ceiling_dbtp,
        limited_db=made.limited_db,
        limited_share=made.limited_share,
        rounds=rounds,
        reason=_reason(gains, made, faults),
        limit=gains.limit or (faults[0] if faults else None),
        delivered=delivered,
    )


def unmet(measured: Measurement, spec: Spec) -> tuple[str, ...]:
    """The limits on loudness and peaks that a sound does not meet, in words; a target is met inside its tolerance."""
    faults = []
    found = criterion(measured, spec)
    if found is not None and found.value is not None and not found.on_target:
        low, high = found.limit.target_lufs - found.limit.tol_low, found.limit.target_lufs + found.limit.tol_high
        faults.append(f"{found.limit.gate} loudness is {found.value:.2f} LUFS, not {low:g} to {high:g}")
    for name, value, most in (
        ("true peak", measured.true_peak_dbtp, spec.max_true_peak_dbtp),
        ("short-term maximum", measured.max_short_term_lufs, spec.max_short_term_lufs),
    ):
        if value is not None and most is not None and round(value, DECIMALS) > most:
            faults.append(f"{name} is {value:.2f}, at most {most:g} is allowed")
    if (over := over_programme(measured, spec)) is not None:
        faults.append(over)
    return tuple(faults)


@dataclass(frozen=True)
class _Work:
    """What `conform` was given."""

    mix: Path
    scratch: Path
    spec: Spec
    measured: Measurement
    speech: Spans | None
    dialogue: Path | None
    codec: str | None
    container: str | None
    watch: Watch

    @cached_property
    def balance(self) -> Balance | None:
        if self.dialogue is None:
            return None
        return read_balance(
            self.mix,
            self.dialogue,
            measured=self.measured,
            speech=self.speech,
            progress=self.watch.progress,
            cancelled=self.watch.cancelled,
        )


def _make(work: _Work, aim: Aim) -> tuple[Aim, Gains, Path, Rendered]:
    """The mix as planned, planned anew as long as the limiter would take off more than it may."""
    while True:
        gains = plan_gains(work.measured, work.spec, aim, lambda: work.balance)
        path, made = _render(work, gains, aim)
        less = _less_limited(aim, gains, made, work.spec)
        if less is None:
            return aim, gains, path, made
        aim = less


def _render(work: _Work, gains: Gains, aim: Aim) -> tuple[Path, Rendered]:
    peak = work.measured.true_peak_dbtp
    loud = peak is not None and round(peak - aim.ceiling_dbtp, DECIMALS) > 0
    if not (gains.dialogue_db or gains.mix_db or loud):
        return work.mix, Rendered(work.measured, 0.0, 0.0)
    path = work.scratch / "conformed.wav"
    made = render(
        work.mix,
        path,
        gain_db=gains.mix_db,
        ceiling_dbtp=aim.ceiling_dbtp,
        dialogue=work.dialogue,
        dialogue_gain_db=gains.dialogue_db,
        speech=work.speech,
        progress=work.watch.progress,
        cancelled=work.watch.cancelled,
    )
    return path, made


def _less_limited(aim: Aim, gains: Gains, made: Rendered, spec: Spec) -> Aim | None:
    """What to aim at instead where the limiter took off too much; None where it did not or nothing else is left."""
    landed = criterion(made.measurement, spec)
    lost = 0.0
    if gains.planned_lufs is not None and landed is not None and landed.value is not None:
        lost = gains.planned_lufs - aim.shift_lu - landed.value
    excess = made.limited_db - MAX_LIMITED_DB
    if not made.limited_db or (excess <= 0 and lost <= MAX_LIMITER_LOSS_LU):
        return None
    if gains.dialogue_db:
        return replace(aim, dialogue=False)
    # The loss grows faster than the reduction, so this share of it is enough.
    share = max(MAX_LIMITER_LOSS_LU / lost, 0.5) if lost > MAX_LIMITER_LOSS_LU else 1.0
    less = min(aim.max_limited_db - max(excess, 0.0), share * made.limited_db) - _ROOM_DB
    return replace(aim, max_limited_db=less) if less > _LEAST_LIMITED_DB else None


def _delivered(work: _Work, path: Path, rendered: Measurement) -> Measurement:
    """The figures of the sound at ``path`` as it comes out of the deliverable."""
    if work.codec is None or not containers.codec(work.codec).lossy:
        return rendered
    house = containers.container(work.container or _home(work.codec))
    encoded = work.scratch / f"alone{house.suffix}"
    watch = work.watch
    encode_alone(path, encoded, container=house.name, codec=work.codec, cancelled=watch.cancelled)
    try:
        with AudioDecoder(encoded) as decoder:
            meter = Meter(decoder.rate, decoder.layout, where=str(path))
            done = 0
            for block in decoder.blocks():
                meter.process(block)
                done += len(block)
                watch.step(done, decoder.estimated_frames, path)
    finally:
        encoded.unlink(missing_ok=True)
    return meter.measurement(work.speech)


def _home(codec: str) -> str:
    """A container that carries ``codec``: what becomes of the sound does not depend on which."""
    return next(house.name for house in containers.CONTAINERS.values() if codec in house.codecs)


def _taught(aim: Aim, gains: Gains, rendered: Measurement, delivered: Measurement, spec: Spec) -> Aim | None:
    """What to aim at after ``rendered`` was delivered as ``delivered``; None where there is nothing to be learned."""
    ceiling, shift, loudest = aim.ceiling_dbtp, aim.shift_lu, aim.short_term_lu
    if rendered.true_peak_dbtp is not None and delivered.true_peak_dbtp is not None:
        over = delivered.true_peak_dbtp - spec.max_true_peak_dbtp
        if round(over, DECIMALS) > 0:
            ceiling = min(ceiling, rendered.true_peak_dbtp) - over - _ROOM_DB
    if gains.limit is None:
        landed = criterion(delivered, spec)
        if landed is not None and landed.value is not None and gains.planned_lufs is not None and not landed.on_target:
            shift += landed.value - gains.planned_lufs
        if spec.max_short_term_lufs is not None and delivered.max_short_term_lufs is not None:
            loudest += max(delivered.max_short_term_lufs - spec.max_short_term_lufs, 0.0)
    taught = replace(aim, ceiling_dbtp=ceiling, shift_lu=shift, short_term_lu=loudest)
    return taught if taught != aim else None


def _reason(gains: Gains, made: Rendered, faults: tuple[str, ...]) -> str:
    limited = f"; peaks limited by up to {made.limited_db:.2f} dB" if made.limited_db else ""
    missed = f"; delivered, its {faults[0]}" if faults and gains.limit is None else ""
    return f"{gains.reason}{limited}{missed}"

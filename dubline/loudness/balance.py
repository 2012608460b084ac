"""How loud a mix is for every gain on its dialogue, known exactly after one reading.

With the rest of the mix r, the dialogue d and the gain g, K-weighting is linear, so a block's energy is
E(r + g d) = E(r) + g (E(r + d) - E(r) - E(d)) + g^2 E(d): three energies per 10 ms give it for every g.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import brentq

from dubline.audio.spans import Spans
from dubline.audio.wav import Block, WavReader
from dubline.errors import BadInput, Cancelled
from dubline.loudness import windows
from dubline.loudness.energy import Weighing
from dubline.loudness.measurement import Measurement

# Stands for a figure that is undefined because all is silent; under anything a meter shows.
_SILENCE_LUFS = -200.0
# Gains closer than this cannot be told apart by any meter.
_GAIN_RESOLUTION_DB = 1e-4


@dataclass(frozen=True, slots=True)
class Balance:
    """Energies of a ``mix``, of its ``dialogue`` and of the ``rest`` without it, 10 ms by 10 ms.

    ``measured`` are the mix's own figures, ``speech`` the spans that dialogue loudness is measured in.
    """

    mix: windows.Energies
    dialogue: windows.Energies
    rest: windows.Energies
    measured: Measurement
    speech: Spans | None

    def measurement(self, gain_db: float) -> Measurement:
        """The loudness figures with ``gain_db`` on the dialogue; the peaks stay those of the mix as it is."""
        energies = self._energies(gain_db)
        gating_blocks, _ = energies.hops(windows.MOMENTARY_BLOCKS)
        _, short_term = energies.hops(windows.SHORT_TERM_BLOCKS)
        dialogue = windows.ungated(energies.within(self.speech)) if self.speech is not None else None
        return replace(
            self.measured,
            integrated_lufs=windows.integrated(gating_blocks),
            dialogue_lufs=dialogue,
            ungated_lufs=windows.ungated(energies),
            max_short_term_lufs=windows.lufs(float(short_term.max(initial=0.0))),
        )

    def gain_to(self, target_lufs: float, figure: Callable[[Measurement], float | None], *, limit_db: float) -> float:
        """The gain in dB, at most ``limit_db`` either way, that brings ``figure`` to or nearest to ``target_lufs``."""

        def off(gain_db: float) -> float:
            value = figure(self.measurement(gain_db))
            return (_SILENCE_LUFS if value is None else value) - target_lufs

        at_least, at_most = off(-limit_db), off(limit_db)
        if at_least >= 0:
            return -limit_db
        if at_most <= 0:
            return limit_db
        return float(brentq(off, -limit_db, limit_db, xtol=_GAIN_RESOLUTION_DB))

    def _energies(self, gain_db: float) -> windows.Energies:
        gain = 10.0 ** (gain_db / 20.0)
        mix, dialogue, rest = self.mix.sums, self.dialogue.sums, self.rest.sums
        sums = rest + gain * (mix - rest - dialogue) + gain * gain * dialogue
        # What cancels to less than nothing is rounding.
        return replace(self.mix, sums=np.maximum(sums, 0.0, out=sums))


def read_balance(
    mix: Path,
    dialogue: Path,
    *,
    measured: Measurement,
    speech: Spans | None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Balance:
    """Read a mix, which has the figures ``measured``, and the dialogue that lies in it sample by sample, once.

    Raises `BadInput` when the files differ in rate, length or layout, `Cancelled` when asked.
    """
    with WavReader(mix) as whole, WavReader(dialogue) as part:
        require_in_mix(whole, part)
        seconds = _in_step(whole, part, progress, cancelled)
        # Whole seconds hold whole 10 ms blocks at every rate.
        edges = windows.block_edges(0, windows.BLOCKS_PER_SECOND, whole.rate)
        weighings = [Weighing(whole.rate, whole.layout) for _ in range(3)]
        sums: list[list[windows.Floats]] = [[np.zeros(0)] for _ in weighings]
        for block, spoken in seconds:
            inside = edges[edges <= len(block)]
            for weighing, kept, samples in zip(weighings, sums, (block, spoken, block - spoken), strict=True):
                kept.append(weighing.weigh(np.ascontiguousarray(samples.T), inside))
    mixed, dialogued, rest = (windows.Energies(np.concatenate(kept), whole.rate) for kept in sums)
    return Balance(mixed, dialogued, rest, measured, speech)


def _in_step(
    whole: WavReader,
    part: WavReader,
    progress: Callable[[int, int], None] | None,
    cancelled: Callable[[], bool] | None,
) -> Iterator[tuple[Block, Block]]:
    done = 0
    for block, spoken in zip(whole.blocks(whole.rate), part.blocks(whole.rate), strict=True):
        if cancelled is not None and cancelled():
            raise Cancelled("conforming was stopped", str(whole.path), "start it again when ready")
        yield block, spoken
        done += len(block)
        if progress is not None:
            progress(done, whole.frames)


def require_in_mix(mix: WavReader, dialogue: WavReader) -> None:
    """`BadInput` unless ``dialogue`` has the rate, length and layout of ``mix``."""
    ours, theirs = ((file.rate, file.frames, file.layout.name) for file in (mix, dialogue))
    if ours != theirs:
        raise BadInput(
            "the dialogue does not lie in the mix sample by sample: "
            f"{theirs[1]} frames of {theirs[2]} at {theirs[0]} Hz beside {ours[1]} of {ours[2]} at {ours[0]} Hz",
            f"{dialogue.path} with {mix.path}",
            "give the dialogue as it was mixed, or let the whole mix be gained",
        )

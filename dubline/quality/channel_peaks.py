"""The highest peaks of every channel, and when they come."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly

from dubline.audio.layout import Layout
from dubline.loudness.peaks import PeakMeter, oversampling

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ChannelPeak:
    """Sample peak (dBFS) and true peak (dBTP) of a channel and their times; None where it is digital silence."""

    channel: str
    sample_peak_dbfs: float | None
    sample_peak_seconds: float | None
    true_peak_dbtp: float | None
    true_peak_seconds: float | None


class ChannelPeakMeter:
    """Takes a track second by second."""

    def __init__(self, rate: int, layout: Layout) -> None:
        self._rate = rate
        self._tags = layout.tags
        self._meters = [PeakMeter(rate, 1) for _ in layout.tags]
        self._sample_at = np.zeros(layout.channels)
        self._true_at = np.zeros(layout.channels)
        self._seconds = 0

    def second(self, rows: Samples) -> None:
        """The next second, ``(channels, frames)``; only the last one may be shorter."""
        for channel, meter in enumerate(self._meters):
            sample, true = meter.sample_peak, meter.true_peak
            samples = rows[channel]
            meter.process(samples[np.newaxis])
            if meter.sample_peak > sample:
                self._sample_at[channel] = self._seconds + int(np.argmax(np.abs(samples))) / self._rate
            if meter.true_peak > true:
                self._true_at[channel] = self._seconds + self._between(samples)
        self._seconds += 1

    def peaks(self) -> tuple[ChannelPeak, ...]:
        """The peaks of every channel, which ends the track."""
        for meter in self._meters:
            meter.finish()
        return tuple(
            ChannelPeak(tag, None, None, None, None)
            if meter.true_peak <= 0.0
            else ChannelPeak(
                tag,
                _decibels(meter.sample_peak),
                round(float(sample_at), 3),
                _decibels(meter.true_peak),
                round(float(true_at), 3),
            )
            for tag, meter, sample_at, true_at in zip(
                self._tags, self._meters, self._sample_at, self._true_at, strict=True
            )
        )

    def _between(self, samples: Samples) -> float:
        """When in a second its true peak lies: looked for only where a second raises the maximum."""
        factor = oversampling(self._rate)
        finer = resample_poly(samples, factor, 1) if factor > 1 else samples
        return int(np.argmax(np.abs(finer))) / (factor * self._rate)


def _decibels(peak: float) -> float:
    return round(20.0 * math.log10(peak), 2)

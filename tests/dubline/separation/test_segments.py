"""Cuts lie on whole samples at both rates and on the network's frames, whatever the title's rate."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from dubline.separation.network import CONTEXT_SECONDS, SEGMENT_SECONDS
from dubline.separation.segments import segmentation

LENGTHS = {"segment_seconds": SEGMENT_SECONDS, "context_seconds": CONTEXT_SECONDS}

RATES = st.sampled_from([8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 11_127])


@given(rate=RATES, hop=st.sampled_from([256, 512, 1024]), network_rate=st.sampled_from([44_100, 48_000]))
def test_cuts_are_on_both_grids(rate: int, hop: int, network_rate: int) -> None:
    cut = segmentation(10**9, rate=rate, network_rate=network_rate, hop=hop, **LENGTHS)
    for length in (cut.segment, cut.context):
        hops = Fraction(length, rate) * network_rate / hop
        assert hops.denominator == 1
    assert cut.segment / rate >= SEGMENT_SECONDS and cut.context / rate >= CONTEXT_SECONDS


@given(rate=RATES)
def test_the_rates_of_the_trade_cost_no_longer_windows(rate: int) -> None:
    cut = segmentation(10**9, rate=rate, network_rate=48_000, hop=1024, **LENGTHS)
    longest = SEGMENT_SECONDS + (1 if rate % 25 == 0 else 3)
    assert cut.segment / rate < longest and cut.context / rate < 3


@given(frames=st.integers(0, 10**8), rate=RATES)
def test_cores_tile_the_title(frames: int, rate: int) -> None:
    cut = segmentation(frames, rate=rate, network_rate=48_000, hop=1024, **LENGTHS)
    position = 0
    for index in range(cut.count):
        segment = cut[index]
        assert segment.core.start == position < segment.core.stop
        assert segment.window.start <= segment.core.start and segment.core.stop <= segment.window.stop <= frames
        position = segment.core.stop
    assert position == frames


@given(rate=RATES.filter(lambda rate: rate != 11_127))
def test_seconds_are_taken_as_the_decimals_they_are_written_as(rate: int) -> None:
    # 4.16 and 1.92 s are whole in hops of 512 at 48 kHz and in samples at every rate of the trade.
    cut = segmentation(10**9, rate=rate, network_rate=48_000, hop=512, segment_seconds=4.16, context_seconds=1.92)
    assert Fraction(cut.segment, rate) == Fraction(416, 100) and Fraction(cut.context, rate) == Fraction(192, 100)

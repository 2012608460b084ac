"""What the engine promises for any network: nothing lost, nothing moved, joins inaudible, silence kept."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt

from dubline.audio.layout import Layout
from dubline.errors import BadInput, Cancelled
from dubline.separation.compute import Compute
from dubline.separation.engine import Stems, cuts, separate
from dubline.separation.segments import segmentation

Block = npt.NDArray[np.float32]
RATES = [8_000, 16_000, 22_050, 44_100, 48_000, 96_000]
# -90 dBFS.
NOTHING = 10 ** (-90 / 20)
JOIN = 1e-4


def whole(stems: list[Stems], channels: int = 2) -> Stems:
    empty = [np.zeros((0, channels), np.float32)]
    return Stems(*(np.concatenate(empty + [s[k] for s in stems]) for k in range(4)))


@pytest.fixture(scope="session")
def run() -> Callable[..., Stems]:
    def separated(title, network, **options):
        return whole(list(separate(title, network=network, **options)), title.layout.channels)

    return separated


def short(title, network):
    """Cuts of one second with a tenth of context, so that a few seconds have many joins."""
    return segmentation(
        title.frames, rate=title.rate, network_rate=network.rate, hop=network.hop, segment_seconds=1, context_seconds=1
    )


@pytest.mark.parametrize("rate", RATES)
def test_identity_returns_the_mix_as_dialogue_across_joins(rate, identity, source, run) -> None:
    title = source(3.7, rate=rate)
    # Within the passband of the resampler there and back, which ends below half the lower rate.
    corner = 0.35 * min(1.0, 48_000 / rate)
    title.samples[:] = sosfilt(butter(12, corner, output="sos"), title.samples, axis=0)
    stems = run(title, identity, cut=short(title, identity))
    inside = slice(rate // 20, -rate // 20) if rate != 48_000 else slice(None)
    assert stems.dx.shape == title.samples.shape
    assert np.abs(stems.dx - title.samples)[inside].max() < JOIN


@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1", "5.1(side)", "7.1"])
def test_stems_sum_to_the_mix_and_the_lfe_passes(layout, tiny, source, run) -> None:
    title = source(2.3, layout=layout)
    stems = run(title, tiny)
    assert np.abs(stems.dx + stems.mx + stems.fx - title.samples).max() < NOTHING
    assert np.array_equal(stems.me, title.samples - stems.dx)
    lfe = title.layout.lfe
    if lfe is not None:
        assert np.array_equal(stems.fx[:, lfe], title.samples[:, lfe])
        assert np.array_equal(stems.me[:, lfe], title.samples[:, lfe])
        assert not stems.dx[:, lfe].any() and not stems.mx[:, lfe].any()


def test_block_size_threads_and_sharing_out_change_no_bit(tiny, source, run) -> None:
    title = source(5.2)
    cut = short(title, tiny)
    all_at_once = run(title, tiny, cut=cut)
    again = run(title, tiny, cut=cut, compute=Compute(threads=1))
    parts = [run(title, tiny, cut=cut, segments=part) for part in (range(0, 2), range(2, 3), range(3, cut.count))]
    for stem in range(4):
        assert np.array_equal(all_at_once[stem], again[stem])
        assert np.array_equal(all_at_once[stem], np.concatenate([p[stem] for p in parts]))


def test_a_join_is_no_larger_step_than_the_sound_itself(tiny, source, run) -> None:
    title = source(4.0)
    cut = short(title, tiny)
    dx = run(title, tiny, cut=cut).dx
    steps = np.abs(np.diff(dx, axis=0)).max(axis=1)
    joins = [cut[k].core.start - 1 for k in range(1, cut.count)]
    assert steps[joins].max() <= np.percentile(steps, 99.9)


@functools.cache
def _noise(rate: int) -> Block:
    return (0.1 * np.random.default_rng(3).standard_normal((rate, 1))).astype(np.float32)


@settings(deadline=None, max_examples=25)
@given(frames=st.integers(1, 8_000), rate=st.sampled_from(RATES))
def test_any_length_keeps_its_length(frames, rate, tiny, source, run) -> None:
    title = source(1.0, rate=8_000, layout="mono").__class__(_noise(8_000)[:frames], rate, Layout.parse("mono"))
    stems = run(title, tiny)
    assert all(stem.shape == title.samples.shape for stem in stems)
    assert np.abs(stems.dx + stems.mx + stems.fx - title.samples).max() < NOTHING


def test_an_empty_title_has_no_stems(tiny, source) -> None:
    assert list(separate(source(0.0), network=tiny)) == []


@pytest.mark.parametrize("rate", RATES)
def test_impulses_at_both_ends_keep_their_place(rate, identity, source, run) -> None:
    title = source(1.5, rate=rate, layout="mono")
    title.samples[:] = 0
    title.samples[0] = title.samples[-1] = 0.5
    stems = run(title, identity)
    assert np.abs(stems.dx + stems.me - title.samples).max() < NOTHING
    half = len(title.samples) // 2
    if rate == 48_000:
        assert np.abs(stems.dx - title.samples).max() < JOIN
    assert np.argmax(np.abs(stems.dx[:half])) == 0
    # Above the network's rate the last sample may fall between two of the network's.
    last = int(np.argmax(np.abs(stems.dx[half:])))
    assert abs(last - (len(title.samples) - half - 1)) <= (rate > 48_000)


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_silence_stays_exact_silence(rate, tiny, source, run) -> None:
    title = source(1.0, rate=rate, layout="5.1")
    title.samples[:] = 0
    assert not any(stem.any() for stem in run(title, tiny))


def test_a_center_voice_leaves_silent_surrounds_silent(tiny, source, run) -> None:
    title = source(1.0, layout="5.1")
    title.samples[:, [0, 1, 3, 4, 5]] = 0
    stems = run(title, tiny)
    assert stems.dx[:, 2].any()
    assert not any(stem[:, [0, 1, 3, 4, 5]].any() for stem in stems)


def test_dual_mono_is_separated_as_mono(tiny, source, run) -> None:
    mono = source(1.0, layout="mono")
    twice = mono.__class__(np.repeat(mono.samples, 2, axis=1), mono.rate, Layout.parse("stereo"))
    one, two = run(mono, tiny), run(twice, tiny)
    for stem in range(4):
        assert np.array_equal(two[stem][:, 0], one[stem][:, 0])
        assert np.array_equal(two[stem][:, 1], one[stem][:, 0])


def test_other_channel_order_gives_the_same_channels(tiny, source, run) -> None:
    title = source(1.0, layout="5.1(side)")
    order = [2, 0, 1, 5, 4, 3]
    tags = Layout("shuffled", tuple(title.layout.tags[c] for c in order))
    shuffled = title.__class__(np.ascontiguousarray(title.samples[:, order]), title.rate, tags)
    straight, mixed = run(title, tiny), run(shuffled, tiny)
    for stem in range(4):
        np.testing.assert_allclose(mixed[stem], straight[stem][:, order], atol=1e-6)


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf, 1e9])
def test_poisoned_samples_are_refused_with_their_place(poison, tiny, source, run) -> None:
    title = source(1.0)
    title.samples[24_000, 1] = poison
    with pytest.raises(BadInput, match=r"0\.500 s, channel 1"):
        run(title, tiny)


def test_a_source_that_ends_early_is_refused(tiny, source, run) -> None:
    title = source(1.0)

    class Cut(title.__class__):
        frames = title.frames + 1

    with pytest.raises(BadInput, match="ends at frame 48000"):
        run(Cut(title.samples, title.rate, title.layout), tiny)


def test_progress_ends_at_the_total_and_cancelling_stops(tiny, source) -> None:
    title = source(4.0)
    cut = short(title, tiny)
    seen: list[tuple[int, int]] = []
    stems = separate(title, network=tiny, cut=cut, progress=lambda *v: seen.append(v), cancelled=lambda: len(seen) == 2)
    with pytest.raises(Cancelled):
        list(stems)
    assert [total for _, total in seen] == [title.frames] * 2
    list(separate(title, network=tiny, cut=cut, progress=lambda *v: seen.append(v)))
    assert seen[-1] == (title.frames, title.frames)


def test_cuts_are_the_networks_and_do_not_depend_on_what_is_heard(through, source) -> None:
    network = through(2)
    cut = segmentation(48_000, rate=48_000, network_rate=48_000, hop=512, segment_seconds=1.0, context_seconds=0.5)
    assert cuts(source(1.0, seed=1), network) == cuts(source(1.0, seed=2), network) == cut


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("layout", ["mono", "stereo", "3.0", "quad"])
@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_any_network_gets_back_what_it_gives(channels, layout, rate, through, source, run) -> None:
    title = source(3.3, rate=rate, layout=layout)
    title.samples[:, [tag[0] in "BS" for tag in title.layout.tags]] = 0
    stems = run(title, through(channels, rate))
    assert np.abs(stems.dx - title.samples).max() < 1e-6


@settings(deadline=None, max_examples=12)
@given(
    channels=st.sampled_from([1, 2]),
    network_rate=st.sampled_from([16_000, 44_100, 48_000]),
    rate=st.sampled_from(RATES),
    seconds=st.floats(1.5, 4.0),
)
def test_segments_equal_one_piece_at_foreign_rates(channels, network_rate, rate, seconds, through, source, run) -> None:
    title = source(seconds, rate=rate)
    corner = 0.35 * min(1.0, network_rate / rate)
    title.samples[:] = sosfilt(butter(12, corner, output="sos"), title.samples, axis=0)
    network = through(channels, network_rate)
    unit = {"rate": rate, "network_rate": network_rate, "hop": network.hop, "context_seconds": 0.5}
    one_piece = run(title, network, cut=segmentation(title.frames, segment_seconds=60.0, **unit))
    in_segments = run(title, network, cut=segmentation(title.frames, segment_seconds=0.5, **unit))
    assert np.abs(in_segments.dx - one_piece.dx).max() < JOIN


def test_equal_channels_stay_equal_in_a_network_that_tells_left_from_right(source, run, through) -> None:
    class Leaning(through):
        def forward(self, waveform):
            return super().forward(waveform * torch.tensor([[0.9], [0.5]]))

    mono = source(1.0, layout="mono")
    twice = mono.__class__(np.repeat(mono.samples, 2, axis=1), mono.rate, Layout.parse("stereo"))
    stems = run(twice, Leaning(2))
    assert np.array_equal(stems.dx[:, 0], stems.dx[:, 1])
    np.testing.assert_allclose(stems.dx, 0.7 * twice.samples, atol=1e-6)


@pytest.mark.parametrize("layout", ["5.1", "5.1(side)", "7.1"])
def test_surrounds_in_which_nobody_speaks_are_not_touched(layout, through, source, run) -> None:
    title = source(2.0, layout=layout)
    stems = run(title, through(1))
    surrounds = [c for c, tag in enumerate(title.layout.tags) if tag[0] in "BS"]
    assert surrounds and not stems.dx[:, surrounds].any() and not stems.mx[:, surrounds].any()
    assert np.array_equal(stems.fx[:, surrounds], title.samples[:, surrounds])
    fronts = [title.layout.tags.index(tag) for tag in ("FL", "FR", "FC")]
    assert np.abs(stems.dx - title.samples)[:, fronts].max() < 1e-6

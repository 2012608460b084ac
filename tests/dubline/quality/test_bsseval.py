"""BSS Eval version 4 against museval's own figures, and the filters it forgives or does not."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.quality.bsseval import as_images, distortion_filter, filtered_sdr, image_sdr
from dubline.quality.ratios import si_sdr, snr

Floats = npt.NDArray[np.float64]
RATE = 8_000


def three_seconds(channels: int) -> tuple[Floats, Floats, Floats]:
    """Voice, background, and an estimate of the voice: filtered, crossed over, with background, more in second one."""
    rng = np.random.default_rng(11)
    voice, background = (rng.standard_normal((3 * RATE, channels)) for _ in range(2))
    taps = np.array([0.2, 0.0, 0.0, 0.9, -0.3])
    estimate = np.stack([np.convolve(voice[:, c], taps)[: 3 * RATE] for c in range(channels)], axis=1)
    if channels == 2:
        estimate = estimate + 0.2 * voice[:, ::-1]
    estimate = estimate + 0.25 * background
    estimate[:RATE] += 0.5 * background[:RATE]
    return voice, background, estimate


# museval 0.4.1: `bss_eval` with windows and hops of a second, and `bss_eval_sources` over the whole.
@pytest.mark.parametrize(
    ("channels", "images", "sources"),
    [
        (1, [[-3.184696, -2.118316, -2.102789], [-3.262913, -2.037635, -2.040199]], [6.171162, -6.357559]),
        (2, [[-3.367315, -2.154615, -2.15797], [-3.346395, -2.137488, -2.134734]], [6.548734, -5.859182]),
    ],
)
def test_the_figures_are_those_of_museval(channels: int, images: list[list[float]], sources: list[float]) -> None:
    voice, background, estimate = three_seconds(channels)
    rest = voice + background - estimate
    found = image_sdr(np.stack([estimate, rest]), np.stack([voice, background]), RATE)
    np.testing.assert_allclose(found, images, atol=2e-6)
    filtered = [filtered_sdr(estimate, voice), filtered_sdr(rest, background)]
    np.testing.assert_allclose(filtered, sources, atol=2e-6)


@pytest.mark.parametrize(
    "taps",
    [
        pytest.param([0.25], id="gain"),
        pytest.param([0.0] * 40 + [1.0], id="delay"),
        pytest.param([0.5, 0.3, -0.2, 0.0, 0.1], id="filter"),
    ],
)
def test_a_filter_of_the_target_is_found_and_forgiven(taps: list[float]) -> None:
    voice = np.random.default_rng(3).standard_normal((RATE, 1))
    # The last samples are left silent, so that the filter's tail is inside the item.
    voice[-600:] = 0.0
    heard = np.convolve(voice[:, 0], taps)[:RATE, np.newaxis]
    found = distortion_filter(heard, voice)[0, :, 0]
    np.testing.assert_allclose(found, np.pad(taps, (0, 512 - len(taps))), atol=1e-6)
    assert filtered_sdr(heard, voice) > 80
    assert image_sdr(as_images(heard), as_images(voice), RATE)[0, 0] < 5


def test_what_no_filter_explains_counts() -> None:
    time = np.arange(4 * RATE) / RATE * 2 * np.pi
    voice, foreign = np.sin(300 * time), np.sin(700 * time)
    # Where the voice starts and stops, 512 taps make a little of the foreign tone out of it: hence the tolerance.
    assert filtered_sdr(*as_images(voice + 0.1 * foreign, voice)) == pytest.approx(20.0, abs=0.3)


@given(seed=st.integers(0, 10_000), share=st.floats(0.05, 2.0))
def test_a_filter_explains_at_least_what_a_gain_does(seed: int, share: float) -> None:
    voice, error = np.random.default_rng(seed).standard_normal((2, 4_000, 1))
    estimate = voice + share * error
    assert filtered_sdr(estimate, voice) >= si_sdr(estimate, voice) - 1e-6


def test_silence_has_no_filtered_ratio() -> None:
    voice = three_seconds(1)[0]
    assert math.isnan(filtered_sdr(0 * voice, voice))
    assert math.isnan(filtered_sdr(voice, 0 * voice))


def test_the_image_version_is_the_signal_to_noise_ratio_of_each_second() -> None:
    voice, _, estimate = three_seconds(2)
    seconds = [slice(k * RATE, (k + 1) * RATE) for k in range(3)]
    found = image_sdr(as_images(estimate), as_images(voice), RATE)[0]
    assert found == pytest.approx([snr(estimate[s], voice[s]) for s in seconds], abs=1e-6)


def test_a_second_in_which_any_source_is_silent_counts_for_none() -> None:
    voice, background, estimate = three_seconds(1)
    background[RATE : 2 * RATE] = 0.0
    found = image_sdr(np.stack([estimate, background]), np.stack([voice, background]), RATE)
    np.testing.assert_array_equal(np.isnan(found), [[False, True, False]] * 2)
    assert np.isinf(found[1, 0])


def test_an_item_shorter_than_a_second_is_one_window() -> None:
    voice, _, estimate = three_seconds(1)
    found = image_sdr(as_images(estimate[:100]), as_images(voice[:100]), RATE)
    assert found[0] == pytest.approx([snr(estimate[:100], voice[:100])], abs=1e-6)

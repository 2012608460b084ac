"""BSS Eval version 4 against museval's own figures, and the filters it forgives or does not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dubline.quality.bsseval import as_images, distortion_filter, filtered_sdr, image_sdr
from dubline.quality.ratios import snr

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


# museval 0.4.1, `bss_eval` with windows and hops of a second; and with bsseval_sources_version.
@pytest.mark.parametrize(
    ("channels", "images", "sources"),
    [
        (
            1,
            [[-3.184696, -2.118316, -2.102789], [-3.262913, -2.037635, -2.040199]],
            [[2.426424, 11.467474, 11.539427], [-6.642198, -6.266089, -6.173832]],
        ),
        (
            2,
            [[-3.367315, -2.154615, -2.15797], [-3.346395, -2.137488, -2.134734]],
            [[2.754314, 11.738835, 11.749451], [-6.14314, -5.761254, -5.719273]],
        ),
    ],
)
def test_the_figures_are_those_of_museval(channels: int, images: list[list[float]], sources: list[list[float]]) -> None:
    voice, background, estimate = three_seconds(channels)
    rest = voice + background - estimate
    found = image_sdr(np.stack([estimate, rest]), np.stack([voice, background]), RATE)
    np.testing.assert_allclose(found, images, atol=2e-6)
    filtered = [filtered_sdr(estimate, voice, RATE), filtered_sdr(rest, background, RATE)]
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
    assert filtered_sdr(heard, voice, RATE)[0] > 80
    assert image_sdr(as_images(heard), as_images(voice), RATE)[0, 0] < 5


def test_what_no_filter_explains_counts() -> None:
    time = np.arange(RATE) / RATE * 2 * np.pi
    voice, foreign = np.sin(300 * time), np.sin(700 * time)
    # The ends of the second let 512 taps explain a little of the foreign tone: hence the tolerance.
    assert filtered_sdr(*as_images(voice + 0.1 * foreign, voice), RATE)[0] == pytest.approx(20.0, abs=0.8)


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
    assert image_sdr(as_images(estimate[:100]), as_images(voice[:100]), RATE).shape == (1, 1)
    assert filtered_sdr(estimate[: RATE + 100], voice[: RATE + 100], RATE).shape == (1,)

"""Sound delivered without a picture: one broadcast WAV, or one per channel, held against the master it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dubline.audio.bext import LoudnessFields
from dubline.audio.broadcast import write_broadcast, write_channels
from dubline.audio.ixml import Slate
from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader, WavWriter
from dubline.errors import BadInput
from dubline.loudness import specs
from dubline.loudness.meter import measure_wav
from dubline.loudness.specs import Spec
from dubline.media import languages
from dubline.quality.delivery import Expected, check_delivery
from dubline.quality.delivery_report import DeliveryReport

FRENCH = languages.parse("fr-FR")
# The first frame of the film is at one o'clock, at 24 frames a second.
ONE_O_CLOCK = 3600 * 48_000
SLATE = Slate("Glass Harbor", "French mix", ONE_O_CLOCK, Fraction(24), language="fr-FR")
LOUDNESS = ("dialogue_loudness", "programme_loudness", "loudness_range")
NETFLIX = specs.get("netflix-nearfield")

Check = Callable[..., DeliveryReport]


def troubled(report: DeliveryReport) -> dict[str, str]:
    return {one.name: one.verdict for one in report.checks if one.verdict != "pass" and one.name not in LOUDNESS}


@pytest.fixture(scope="module")
def mix(film: Any) -> Path:
    return film.mixes["5.1"]


@pytest.fixture(scope="module")
def samples(mix: Path) -> np.ndarray:
    with WavReader(mix) as reader:
        return reader.read()


@pytest.fixture
def check(film: Any, mix: Path) -> Check:
    def check(files: list[Path], **changed: Any) -> DeliveryReport:
        wanted: dict[str, Any] = {
            "expected": [Expected(FRENCH, mix)],
            "media": film.media["5.1"],
            "ov_mix_frames": 6 * 48_000,
            "spec": NETFLIX,
            "container": "wav",
            "codec": "pcm_s24le",
        }
        return check_delivery(files, **(wanted | changed))

    return check


@pytest.fixture
def broadcast(mix: Path, tmp_path: Path) -> Callable[..., Path]:
    """Writes the mix, or other samples, as the deliverable."""

    def write(other: np.ndarray | None = None, *, slate: Slate = SLATE, **fields: LoudnessFields) -> Path:
        source, out = mix, tmp_path / "glass-harbor_fr.wav"
        if other is not None:
            source = tmp_path / "other.wav"
            with WavWriter(source, rate=48_000, layout=Layout.parse("5.1")) as writer:
                writer.write(other)
        write_broadcast(source, out, slate=slate, sample_format="s24", **fields)
        return out

    return write


def test_a_right_broadcast_wave_has_nothing_to_answer_for(
    check: Check, broadcast: Callable[..., Path], mix: Path
) -> None:
    measured, _ = measure_wav(mix)
    loudness = LoudnessFields(measured.integrated_lufs, measured.lra_lu, measured.true_peak_dbtp, None, None)
    report = check([broadcast(loudness=loudness)])
    assert troubled(report) == {}
    found = {one.name: one for one in report.checks}
    assert found["time_reference"].value == ONE_O_CLOCK
    assert abs(found["stated_loudness"].value) <= 0.01
    # There is no picture to judge, and sound alone says no language.
    assert not {"picture", "color", "chapters", "frame_rate", "default_stream", "timecode"} & set(found)
    assert found["duration_difference"].verdict == "pass"
    assert report.unjudged == ()


def test_sound_two_samples_late_fails_its_lag(
    check: Check, broadcast: Callable[..., Path], samples: np.ndarray
) -> None:
    assert troubled(check([broadcast(np.roll(samples, 2, axis=0))])) == {"lag": "fail", "same_sound": "fail"}


@pytest.mark.parametrize(
    ("spoil", "caught"),
    [
        (lambda sound: sound * np.array([1, 1, 1, 0, 1, 1]), {"channels", "dropouts", "same_sound"}),
        (lambda sound: sound * np.array([1, 1, 1, 1, 1, -1]), {"polarity", "same_sound"}),
        (
            lambda sound: sound * (np.arange(len(sound)) >= 3 * 48_000)[:, None],
            {"head_silence", "dropouts", "same_sound"},
        ),
        (lambda sound: np.clip(12 * sound, -1, 1), {"clipping", "true_peak", "same_sound"}),
        (lambda sound: sound + 0.05, {"dc_offset", "same_sound"}),
    ],
    ids=["no LFE", "a channel upside down", "three seconds of silence at the head", "clipped", "an offset"],
)
def test_spoiled_sound_is_caught_by_the_check_that_is_about_it(
    check: Check, broadcast: Callable[..., Path], samples: np.ndarray, spoil: Callable[..., Any], caught: set[str]
) -> None:
    found = troubled(check([broadcast(spoil(samples).astype(np.float32))]))
    assert caught <= {name for name, verdict in found.items() if verdict == "fail"}


def test_a_start_an_hour_off_and_a_loudness_that_is_another_files_fail(
    check: Check, broadcast: Callable[..., Path]
) -> None:
    assert troubled(check([broadcast(slate=replace(SLATE, time_reference=0))])) == {"time_reference": "fail"}
    found = check([broadcast(loudness=LoudnessFields(-14.0, None, None, None, None))])
    assert troubled(found) == {"stated_loudness": "fail"}
    assert "integrated_lufs by +" in next(one.note for one in found.checks if one.name == "stated_loudness")


def test_a_wave_without_a_broadcast_extension_fails(check: Check, samples: np.ndarray, tmp_path: Path) -> None:
    plain = tmp_path / "plain.wav"
    with WavWriter(plain, rate=48_000, layout=Layout.parse("5.1"), sample_format="s24") as writer:
        writer.write(samples)
    assert troubled(check([plain])) == {"bext": "fail", "time_reference": "fail"}


def test_a_name_the_client_does_not_take_fails(check: Check, broadcast: Callable[..., Path]) -> None:
    file = broadcast()
    assert troubled(check([file], name="Glass Harbor_fr.wav")) == {"name_characters": "fail"}
    spec = Spec.model_validate(NETFLIX.model_dump() | {"naming_template": "{title}_{language}_{layout}"})
    assert troubled(check([file], name="glass-harbor_fr-FR_5.1.wav", spec=spec)) == {}
    for wrong in ("glass-harbor_de-DE_5.1.wav", "glass-harbor_fr-FR_2.0.wav", "glass-harbor.wav"):
        assert troubled(check([file], name=wrong, spec=spec)) == {"name": "fail"}


def test_one_file_per_channel_is_one_track(check: Check, mix: Path, samples: np.ndarray, tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.wav" for name in ("L", "R", "C", "LFE", "Ls", "Rs")]
    write_channels(mix, files, slate=SLATE, sample_format="s24")
    discrete = Spec.model_validate(NETFLIX.model_dump() | {"discrete_channels": True})
    whole = check(files, spec=discrete)
    assert troubled(whole) == {}
    assert whole.measurement == measure_wav(mix)[0]
    assert troubled(check(files)) == {"files": "fail"}

    swapped = [files[at] for at in (0, 2, 1, 3, 4, 5)]
    assert troubled(check(swapped, spec=discrete))["same_sound"] == "fail"
    assert {"mix_layout", "layout"} <= set(troubled(check(files[:5], spec=discrete)))

    with WavWriter(files[5], rate=48_000, layout=Layout.parse("mono"), sample_format="s24") as writer:
        writer.write(samples[: 5 * 48_000, 5:])
    short = troubled(check(files, spec=discrete))
    assert {"files", "dropouts", "same_sound", "bext"} <= set(short)


def test_files_that_are_no_channels_are_refused(check: Check, broadcast: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="where each file is one channel"):
        check([broadcast(), broadcast()])


def test_what_nobody_gave_is_said_and_not_passed(broadcast: Callable[..., Path]) -> None:
    report = check_delivery([broadcast()], expected=[Expected(None, None)], spec=NETFLIX)
    unjudged = {item.name for item in report.unjudged}
    assert {"length", "lag", "same_sound", "polarity", "language", "duration_difference", "time_reference"} <= unjudged
    assert not unjudged & {one.name for one in report.checks}
    assert troubled(report) == {}

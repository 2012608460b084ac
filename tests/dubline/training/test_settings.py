"""Settings from YAML: nested, checked, and wrong ones said by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from dubline.errors import BadInput
from dubline.training.settings import TrainSettings, read_config, settings_of


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(
        "network: {hidden: 32}\nclip: 2\nlosses: {waveform: l1snr, resolutions: [512, 1024]}\n"
        "mixtures: {voice: {line: 0.2}, level: [-24, 3]}\n"
    )
    network, given = read_config(path)
    settings, plain = settings_of(given, str(path)), TrainSettings()
    assert network == {"hidden": 32}
    assert (settings.clip, settings.losses.waveform, settings.losses.resolutions) == (2.0, "l1snr", (512, 1024))
    assert settings.mixtures.voice.line == 0.2 and settings.mixtures.level == (-24.0, 3.0)
    assert settings.mixtures.voice.speed == plain.mixtures.voice.speed
    assert (settings.bank, settings.minutes, settings.losses.me) == (plain.bank, plain.minutes, plain.losses.me)
    assert settings_of({}, "nowhere") == plain


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("learningrate: 1", "unknown setting learningrate.*learning_rate"),
        ("bank: {sise: 3}", r"unknown setting bank\.sise.*use size"),
        ("bank: 3", "bank has settings of its own"),
        ("batch: many", "batch"),
        ("losses: {waveform: sdr}", r"losses\.waveform"),
        ("- a list", "not names with values"),
        ("network: [1]", "not names with values"),
        ("{", "cannot be read"),
    ],
)
def test_what_is_wrong_is_said_by_name(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=said):
        settings_of(read_config(path)[1], str(path))

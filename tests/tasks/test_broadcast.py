"""The step that writes sound alone: what the file says of its loudness is what it has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dubline.audio.bext import UNDEFINED, Bext
from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader, WavWriter, read_chunk
from tasks.broadcast import broadcast
from tasks.step import Made, Work

RATE = 48_000


def written(folder: Path, samples: np.ndarray, layout: str, *, channels: str = "interleaved", **given: str) -> Made:
    """The step's body, on a mix of ``samples``."""
    source = folder / "mix.wav"
    with WavWriter(source, rate=RATE, layout=Layout.parse(layout)) as writer:
        writer.write(samples.astype(np.float32))
    work = Work(folder, lambda *_: None, lambda: False, "cpu", folder)
    return broadcast.body(
        work, source, codec=given.get("codec", "pcm_s24le"), channels=channels, title="T", content="T, French",
        language="fr-FR", time_reference=172_972_800, frame_rate="24000/1001", drop_frame=False,
    )  # fmt: skip


def bext_of(path: Path) -> Bext:
    return Bext.from_bytes(read_chunk(path, b"bext") or b"")


def test_the_loudness_fields_are_those_of_ebu_tech_3341_case_1(tmp_path: Path) -> None:
    tone = 10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * np.arange(20 * RATE) / RATE)
    made = written(tmp_path, np.stack([tone, tone], axis=1), "stereo")
    bext = bext_of(made.files["deliverable"])
    assert bext.time_reference == 172_972_800
    loudness = bext.loudness
    for figure in (loudness.integrated_lufs, loudness.max_momentary_lufs, loudness.max_short_term_lufs):
        assert figure == pytest.approx(-23.0, abs=0.1)
    assert loudness.true_peak_dbtp == pytest.approx(-23.0, abs=0.2)
    assert loudness.lra_lu == pytest.approx(0.0, abs=0.1)


def test_silence_has_no_loudness(tmp_path: Path) -> None:
    made = written(tmp_path, np.zeros((RATE, 2)), "stereo", codec="pcm_f32le")
    assert bext_of(made.files["deliverable"]).loudness.integrated_lufs is None


def test_each_channel_has_a_role_and_a_file_of_its_own(tmp_path: Path) -> None:
    ramp = np.arange(6) / 10 * np.ones((100, 1))
    made = written(tmp_path, ramp, "5.1(side)", channels="files")
    assert list(made.files) == [f"channel_{name}" for name in ("L", "R", "C", "LFE", "Ls", "Rs")]
    for column, path in enumerate(made.files.values()):
        with WavReader(path) as reader:
            np.testing.assert_allclose(reader.read(), np.full((100, 1), column / 10), atol=2**-23)
        assert bext_of(path).loudness == UNDEFINED

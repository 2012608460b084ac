from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubline.audio.layout import Layout
from dubline.audio.spans import Spans
from dubline.errors import BadInput, Cancelled
from dubline.loudness.meter import measure_wav
from dubline.mixing.level import LevelRules
from dubline.mixing.mix import MixReport, mix_dub

Samples = npt.NDArray[np.float32]
Write = Callable[..., Path]
Read = Callable[[Path], Samples]
Noise = Callable[..., Samples]

RATE = 48000
SPEECH = Spans(((0.5, 2.5),))
NONE = Spans()
LAYOUTS = ("mono", "stereo", "5.1", "5.1(side)", "7.1", "7.1.4")


def mix(me: Path, dub: Path, *, ov_dx: Path | None, **options: object) -> tuple[Path, Path, MixReport]:
    master, dx = me.with_name("print_master.wav"), me.with_name("dub_dx.wav")
    settings_: dict[str, object] = {"ov_speech": SPEECH, "dub_speech": SPEECH} | options
    report = mix_dub(me, dub, ov_dx=ov_dx, out_print_master=master, out_dub_dx=dx, **settings_)  # type: ignore[arg-type]
    return master, dx, report


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dub_layout", ["mono", "stereo", "5.0"])
@pytest.mark.parametrize("with_optional", [False, True])
def test_the_me_is_not_altered(
    layout: str, dub_layout: str, with_optional: bool, write: Write, read: Read, noise: Noise
) -> None:
    channels, frames = Layout.parse(layout).channels, RATE * 3
    me, dub = noise(frames, channels, seed=1), noise(frames, Layout.parse(dub_layout).channels, seed=2)
    me[100:200] = -0.0
    optional = np.zeros_like(me)
    if with_optional:
        optional[RATE : RATE * 2, 0] = 0.1
    master, dx, report = mix(
        write(me, layout=layout, name="me.wav"),
        write(dub, layout=dub_layout, name="dub.wav"),
        ov_dx=write(noise(frames, channels, rms=0.1, seed=3), layout=layout, name="ov.wav"),
        optional=write(optional, layout=layout, name="opt.wav") if with_optional else None,
    )
    left = read(master).astype(np.float64) - read(dx) - optional
    assert np.abs(left - me).max() < 1.5 * np.spacing(np.float32(1.0))
    untouched = [at for at in range(channels) if not read(dx)[:, at].any() and not optional[:, at].any()]
    lfe = Layout.parse(layout).lfe
    assert lfe is None or lfe in untouched
    assert read(master)[:, untouched].tobytes() == me[:, untouched].tobytes()
    assert (report.with_optional, report.frames, report.layout) == (with_optional, frames, layout)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dub_layout", ["mono", "stereo"])
@pytest.mark.parametrize("rms", [0.02, 0.15])
def test_the_dub_in_the_mix_is_as_loud_as_the_original_dialogue(
    layout: str, dub_layout: str, rms: float, write: Write, noise: Noise
) -> None:
    frames, channels = RATE * 3, Layout.parse(layout).channels
    original = np.zeros((frames, channels), np.float32)
    original[:, Layout.parse(layout).center or 0] = noise(frames, rms=0.06)[:, 0]
    _, dx, report = mix(
        write(np.zeros_like(original), layout=layout, name="me.wav"),
        write(noise(frames, Layout.parse(dub_layout).channels, rms=rms, seed=2), layout=dub_layout, name="dub.wav"),
        ov_dx=write(original, layout=layout, name="ov.wav"),
    )
    assert not report.gain_limited and report.ov_dialogue_lufs is not None
    assert measure_wav(dx, speech=SPEECH)[0].dialogue_lufs == pytest.approx(report.ov_dialogue_lufs, abs=0.05)


def test_a_mono_dub_is_heard_where_the_picture_is(write: Write, read: Read, noise: Noise) -> None:
    dub = noise(RATE)
    for layout, gains in (("stereo", {"FL": 0.5**0.5, "FR": 0.5**0.5}), ("5.1", {"FC": 1.0})):
        parsed = Layout.parse(layout)
        _, dx, report = mix(
            write(np.zeros((RATE, parsed.channels)), layout=layout, name="me.wav"),
            write(dub, layout="mono", name="dub.wav"),
            ov_dx=None,
        )
        expected = np.stack([dub[:, 0] * np.float32(gains.get(tag, 0.0)) for tag in parsed.tags], axis=1)
        np.testing.assert_allclose(read(dx), expected, atol=1e-7)
        assert report.routing == ("center" if layout == "5.1" else "phantom center")


@pytest.mark.parametrize(
    ("ov", "dub", "spans", "reason"),
    [
        (None, 0.1, SPEECH, "no dialogue to match"),
        (0.0, 0.1, SPEECH, "no dialogue to match"),
        (0.1, 0.0, SPEECH, "no speech was found"),
        (0.1, 0.1, NONE, "no speech was found"),
    ],
)
def test_where_there_is_nothing_to_match_there_is_no_gain(
    ov: float | None, dub: float, spans: Spans, reason: str, write: Write, read: Read, noise: Noise
) -> None:
    sound = noise(RATE * 3, rms=1.0)
    master, dx, report = mix(
        write(sound * 0.01, layout="mono", name="me.wav"),
        write(sound * dub, layout="mono", name="dub.wav"),
        ov_dx=None if ov is None else write(sound * ov, layout="mono", name="ov.wav"),
        dub_speech=spans,
    )
    assert report.gain_db == 0.0 and reason in report.gain_reason
    assert np.array_equal(read(dx), (sound * dub).astype(np.float32)) and np.isfinite(read(master)).all()


@settings(max_examples=15)
@given(gain=st.floats(-24, 24), frames=st.integers(0, 70_000), with_optional=st.booleans())
def test_where_the_dub_and_opt_are_silent_the_print_master_is_the_me_bit_for_bit(
    gain: float, frames: int, with_optional: bool, write: Write, read: Read, noise: Noise
) -> None:
    me, dub, optional = noise(frames, 2, seed=1), noise(frames, seed=2), noise(frames, 2, seed=3)
    dub[frames // 3 :] = 0.0
    optional[: frames // 2] = 0.0
    optional[2 * frames // 3 :] = -0.0
    master, dx, _ = mix(
        write(me, layout="stereo", name="me.wav"),
        write(dub * 10 ** (gain / 20), layout="mono", name="dub.wav"),
        ov_dx=None,
        optional=write(optional, layout="stereo", name="opt.wav") if with_optional else None,
    )
    quiet = ~(read(dx).any(axis=1) | (optional.any(axis=1) & with_optional))
    assert read(master)[quiet].tobytes() == me[quiet].tobytes()


def test_mixing_is_linear(write: Write, read: Read, noise: Noise) -> None:
    """Twice the M&E and twice the dub is twice the mix, to the bit: only powers of two and sums are involved."""
    made = []
    for factor in (1.0, 2.0):
        me = write(noise(RATE, 6, seed=1) * factor, layout="5.1", name="me.wav")
        dub = write(noise(RATE, seed=2) * factor, layout="mono", name="dub.wav")
        made.append(read(mix(me, dub, ov_dx=None)[0]))
    assert np.array_equal(made[0] * 2, made[1])


def test_a_scene_gain_follows_each_scene_and_moves_in_the_pause(write: Write, read: Read, noise: Noise) -> None:
    """The dub is 4 dB too low in its second scene, after six seconds in which nobody speaks."""
    speech, frames = Spans(((0.0, 4.0), (10.0, 14.0))), 14 * RATE
    voice = noise(frames, rms=0.05, seed=2)
    voice[4 * RATE : 10 * RATE] *= 0.01
    dub = voice.copy()
    dub[7 * RATE :] *= np.float32(10 ** (-4 / 20))
    _, dx, report = mix(
        write(np.zeros((frames, 1)), layout="mono", name="me.wav"),
        write(dub, layout="mono", name="dub.wav"),
        ov_dx=write(voice, layout="mono", name="ov.wav"),
        ov_speech=speech,
        dub_speech=speech,
        rules=LevelRules("scene"),
    )
    gains = 20 * np.log10(np.abs(read(dx)[:, 0] / dub[:, 0]))
    one, two = (scene.gain_db for scene in report.scenes)
    assert two - one == pytest.approx(4.0, abs=0.02) and not any(scene.limited for scene in report.scenes)
    assert np.allclose(gains[: 6 * RATE], one, atol=1e-3) and np.allclose(gains[8 * RATE :], two, atol=1e-3)
    assert np.all(np.diff(gains[6 * RATE : 8 * RATE : 100]) > 0)
    assert [scene["gain_db"] for scene in report.to_json()["scenes"]] == [one, two]


def test_sound_in_a_channel_the_me_has_no_place_for_is_refused(write: Write, noise: Noise) -> None:
    dub = np.zeros((RATE, 6), np.float32)
    dub[:, 2] = 0.1
    me = write(noise(RATE, 2), layout="stereo", name="me.wav")
    _, _, report = mix(me, write(dub, layout="5.1", name="dub.wav"), ov_dx=None)
    assert report.routing == "by tag, phantom center, surrounds folded"
    dub[100, 3] = 0.1
    with pytest.raises(BadInput, match="LFE"):
        mix(me, write(dub, layout="5.1", name="dub.wav"), ov_dx=None)


def test_files_of_other_mixes_are_bad_input(write: Write, noise: Noise) -> None:
    me = write(noise(1000, 2), layout="stereo", name="me.wav")
    dub = write(noise(1000), layout="mono", name="dub.wav")
    for wrong in (
        write(noise(999), layout="mono", name="wrong.wav"),
        write(noise(1000, 6), layout="5.1", name="w.wav"),
    ):
        with pytest.raises(BadInput):
            mix(me, wrong, ov_dx=None)
        with pytest.raises(BadInput):
            mix(me, dub, ov_dx=wrong)
        with pytest.raises(BadInput):
            mix(me, dub, ov_dx=None, optional=wrong)


def test_progress_covers_all_passes_and_cancellation_stops(write: Write, noise: Noise) -> None:
    me = write(noise(RATE, 2), layout="stereo", name="me.wav")
    dub = write(noise(RATE), layout="mono", name="dub.wav")
    seen: list[tuple[int, int]] = []
    mix(me, dub, ov_dx=me, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen) and seen[-1] == (3 * RATE, 3 * RATE)
    with pytest.raises(Cancelled):
        mix(me, dub, ov_dx=me, cancelled=lambda: True)

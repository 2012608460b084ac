"""A right deliverable passes every check; one made wrong on purpose fails the one that is about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader, WavWriter
from dubline.errors import BadInput, Cancelled
from dubline.loudness import specs
from dubline.media import ffmpeg
from dubline.quality.delivery_report import DeliveryReport

Deliver = Callable[..., DeliveryReport]

# Judged by the loudness of a mix nobody has conformed here, and not by how it was delivered.
LOUDNESS = ("dialogue_loudness", "programme_loudness", "loudness_range")


def troubled(report: DeliveryReport) -> dict[str, str]:
    return {
        check.name: check.verdict for check in report.checks if check.verdict != "pass" and check.name not in LOUDNESS
    }


def write_wav(path: Path, sound: np.ndarray, *, rate: int = 48_000) -> None:
    with WavWriter(path, rate=rate, layout=Layout.default(sound.shape[1])) as writer:
        writer.write(sound.astype(np.float32))


def samples(path: Path) -> np.ndarray:
    with WavReader(path) as reader:
        return reader.read()


def rewritten(tmp_path: Path, *args: str) -> Callable[[Path], Path]:
    """Runs the deliverable through ffmpeg once more, as someone downstream might."""

    def rewrite(path: Path) -> Path:
        out = tmp_path / f"again{path.suffix}"
        ffmpeg.run(["-y", "-i", str(path), "-map", "0:v", "-map", "0:a", "-map", "0:s?", "-c", "copy", *args, str(out)])
        return out

    return rewrite


@pytest.mark.parametrize(
    ("container", "codec", "layout"),
    [("mov", "pcm_s24le", "5.1"), ("mp4", "aac", "stereo"), ("mkv", "flac", "stereo"), ("mov", "eac3", "5.1")],
)
def test_a_right_deliverable_has_nothing_to_answer_for(
    deliver: Deliver, container: str, codec: str, layout: str
) -> None:
    report = deliver(container=container, codec=codec, layout=layout)
    assert troubled(report) == {}
    found = {check.name: check.value for check in report.checks}
    assert (found["lag"], found["length"]) == (0, 6 * 48_000)
    assert found["picture"] == report.picture_hash is not None
    # The meter reads all channels at once, the channels' peaks are read one by one.
    highest = max(peak.true_peak_dbtp or -120.0 for peak in report.tracks[0].peaks)
    assert highest == pytest.approx(report.measurement.true_peak_dbtp, abs=0.011)
    assert report.measurement.layout.removesuffix("(side)") == layout


@pytest.mark.parametrize(
    ("container", "codec", "lag"), [("mov", "pcm_s24le", 2), ("mp4", "aac", -2), ("mov", "pcm_s24le", 480)]
)
def test_a_shifted_track_fails_its_lag(
    deliver: Deliver, film: Any, tmp_path: Path, container: str, codec: str, lag: int
) -> None:
    from_mix = samples(film.mixes["stereo"])
    late = tmp_path / "late.wav"
    write_wav(late, np.roll(from_mix, lag, axis=0))
    report = deliver(container=container, codec=codec, encoded=late)
    assert troubled(report)["lag"] == "fail"
    assert next(check.value for check in report.checks if check.name == "lag") == lag


def test_one_sample_of_lag_is_allowed_but_another_sound_is_not(deliver: Deliver, film: Any, tmp_path: Path) -> None:
    late = tmp_path / "late.wav"
    write_wav(late, np.roll(samples(film.mixes["stereo"]), 1, axis=0))
    assert troubled(deliver(encoded=late)) == {"same_sound": "fail"}
    other = tmp_path / "other.wav"
    write_wav(other, 0.05 * np.random.default_rng(1).standard_normal((6 * 48_000, 2)))
    found = troubled(deliver(encoded=other))
    assert (found["lag"], found["same_sound"]) == ("fail", "fail")


@pytest.mark.parametrize("difference", [-1, 4800])
def test_a_track_of_another_length_fails(deliver: Deliver, film: Any, tmp_path: Path, difference: int) -> None:
    mix = samples(film.mixes["stereo"])
    resized = tmp_path / "resized.wav"
    write_wav(resized, mix[:difference] if difference < 0 else np.pad(mix, ((0, difference), (0, 0))))
    report = deliver(encoded=resized)
    assert troubled(report)["length"] == "fail"
    assert report.verdict == "fail"
    # A tenth of a second is more than a frame.
    assert ("duration_difference" in troubled(report)) == (difference == 4800)


def test_a_channel_in_another_place_fails(deliver: Deliver, film: Any, tmp_path: Path) -> None:
    swapped = tmp_path / "swapped.wav"
    # Film order in place of ours: C and R exchanged.
    write_wav(swapped, samples(film.mixes["5.1"])[:, [0, 2, 1, 3, 4, 5]])
    for container, codec in (("mov", "pcm_s24le"), ("mp4", "aac")):
        found = troubled(deliver(container=container, codec=codec, layout="5.1", encoded=swapped))
        assert found["same_sound"] == "fail"


def test_a_fold_down_is_another_layout(deliver: Deliver, film: Any, tmp_path: Path) -> None:
    report = deliver(layout="5.1", encoded=film.mixes["stereo"])
    assert {"mix_layout", "lag", "same_sound"} <= set(troubled(report))


def test_another_rate_is_named(deliver: Deliver, film: Any, tmp_path: Path) -> None:
    slow = tmp_path / "slow.wav"
    write_wav(slow, samples(film.mixes["stereo"])[: 6 * 44_100], rate=44_100)
    assert {"mix_rate", "sample_rate", "length", "lag"} <= set(troubled(deliver(encoded=slow)))


def test_a_wrong_language_fails(deliver: Deliver) -> None:
    assert troubled(deliver(tag="de-DE")) == {"language": "fail"}
    # Containers write both as fra; the track's title tells them apart.
    assert troubled(deliver(tag="fr-CA")) == {"language": "fail"}


def test_a_dub_that_is_marked_as_something_else_fails(deliver: Deliver, tmp_path: Path) -> None:
    marked = rewritten(tmp_path, "-disposition:a:0", "default+comment", "-disposition:a:1", "original")
    assert troubled(deliver(container="mkv", codec="flac", after=marked))["dispositions"] == "fail"


def test_a_picture_encoded_again_fails(deliver: Deliver, tmp_path: Path) -> None:
    assert troubled(deliver(after=rewritten(tmp_path, "-c:v", "libx264", "-crf", "20")))["picture"] == "fail"


def test_a_codec_that_was_not_ordered_fails(deliver: Deliver) -> None:
    assert troubled(deliver(codec="pcm_s16le", container="mov"))["bit_depth"] == "fail"
    assert troubled(deliver(codec="alac")) == {}


def test_original_audio_that_was_encoded_again_or_left_out_fails(deliver: Deliver, tmp_path: Path) -> None:
    assert troubled(deliver(after=rewritten(tmp_path, "-c:a:1", "pcm_s16le")))["original_audio"] == "fail"
    assert troubled(deliver(kept=False, keep_original=True))["original_audio"] == "fail"
    assert troubled(deliver(kept=False)) == {}
    assert troubled(deliver(kept=True, keep_original=False)) == {"original_audio": "fail"}


def test_what_the_container_lost_on_the_way_is_named(deliver: Deliver, tmp_path: Path) -> None:
    bare = rewritten(tmp_path, "-map_chapters", "-1", "-write_tmcd", "0", "-map_metadata:s:v", "-1", "-sn")
    lost = troubled(deliver(after=bare))
    assert {name: lost[name] for name in ("chapters", "subtitles", "timecode")} == dict.fromkeys(
        ("chapters", "subtitles", "timecode"), "fail"
    )
    assert (
        troubled(deliver(after=rewritten(tmp_path, "-disposition:a:0", "0", "-disposition:a:1", "default")))[
            "default_stream"
        ]
        == "fail"
    )


def test_a_picture_of_varying_frame_rate_is_refused_where_the_spec_demands(deliver: Deliver, tmp_path: Path) -> None:
    stutter = rewritten(tmp_path, "-c:v", "libx264", "-vf", "setpts='PTS+if(gt(N,70),1,0)*0.5/TB'", "-fps_mode", "vfr")
    assert troubled(deliver(after=stutter))["frame_rate"] == "fail"
    assert troubled(deliver(after=stutter, spec=specs.get("web")))["frame_rate"] == "warn"


def test_silence_passes_with_its_figures_undefined(deliver: Deliver, tmp_path: Path) -> None:
    silent = tmp_path / "silent.wav"
    write_wav(silent, np.zeros((6 * 48_000, 2)))
    report = deliver(container="mp4", codec="aac", encoded=silent, reference=silent)
    found = {check.name: check for check in report.checks}
    assert (found["lag"].value, found["lag"].verdict) == (None, "pass")
    assert report.measurement.integrated_lufs is None
    assert report.verdict != "fail"


def test_the_report_survives_json_and_is_the_same_each_time(deliver: Deliver) -> None:
    report = deliver(container="mp4", codec="aac")
    text = json.dumps(report.to_json(), sort_keys=True, allow_nan=False)
    again = DeliveryReport.from_json(json.loads(text), report.curves, report.pictures)
    assert json.dumps(again.to_json(), sort_keys=True) == text
    assert json.dumps(deliver(container="mp4", codec="aac").to_json(), sort_keys=True) == text


def test_it_stops_when_asked_and_refuses_what_is_not_media(deliver: Deliver, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        deliver(cancelled=lambda: True)
    broken = tmp_path / "broken.mov"
    broken.write_bytes(b"not a film")
    with pytest.raises(BadInput):
        deliver(after=lambda _: broken)


def test_progress_ends_at_the_whole_mix(deliver: Deliver) -> None:
    seen: list[tuple[int, int]] = []
    deliver(progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (6 * 48_000, 6 * 48_000)
    assert seen == sorted(seen)

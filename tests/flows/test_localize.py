"""The whole path on the sample film: nothing lost, nothing adrift, the picture untouched, every byte traced."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from cli.localizing import localize_here
from cli.main import run
from dubline.audio.bext import Bext
from dubline.audio.wav import WavReader, read_chunk
from dubline.media.decode import AudioDecoder
from dubline.media.probe import probe
from flows.deliver import Localized
from tasks.context import means
from tasks.log_file import SharedFile
from tasks.logs import JsonLine
from tests.openlineage_spec import assert_valid
from tests.packets import audio_hash, picture_hash

STEREO, SURROUND = "order.yaml", "order_5.1.yaml"
PAGES = ("manifest.json", "qc/report.html", "qc/report.json", "qc/events.html")
NULL_DBFS = -90.0  # docs/architecture.md, invariant 1


@pytest.fixture(scope="session")
def film_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


@pytest.fixture
def here(film_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One DUBLINE_HOME for all the tests of this module: a film is localized once."""
    monkeypatch.setenv("DUBLINE_HOME", str(film_home / "home"))
    return film_home


@pytest.fixture(scope="session", params=[STEREO, SURROUND])
def film(
    request: pytest.FixtureRequest, prefect_server: str, sample: Path, film_home: Path
) -> Iterator[tuple[Path, Path, Localized]]:
    """Order, master and result of one localized film, stereo and 5.1."""
    before = os.environ.get("DUBLINE_HOME")
    os.environ["DUBLINE_HOME"] = str(film_home / "home")
    order = sample / request.param
    master = sample / order.name.replace("order", "master").replace(".yaml", ".mov")
    with told(film_home / order.stem):
        yield order, master, localize_here(order, film_home / order.stem)
    os.environ.pop("DUBLINE_HOME")
    if before is not None:
        os.environ["DUBLINE_HOME"] = before


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """A log and OpenLineage events of what happens meanwhile, beside ``folder``."""
    log = SharedFile(folder.with_suffix(".log"), limit=2**30, keep=0)
    log.setFormatter(JsonLine())
    loggers = [logging.getLogger(name) for name in ("tasks", "flows", "dubline", "prefect")]
    for logger in loggers:
        logger.addHandler(log)
        logger.setLevel(logging.INFO)
    os.environ["DUBLINE_OPENLINEAGE_URL"] = folder.with_suffix(".events").as_uri()
    yield
    del os.environ["DUBLINE_OPENLINEAGE_URL"]
    for logger in loggers:
        logger.removeHandler(log)
    log.close()


Film = tuple[Path, Path, Localized]


def decoded(path: Path, stream: int = 0) -> np.ndarray[Any, np.dtype[np.float32]]:
    with AudioDecoder(path, stream) as decoder:
        return np.concatenate(list(decoder.blocks()))


def stem(result: Localized, name: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    with WavReader(Path(result.me["me"]).with_name(f"glass-harbor_{name}.wav")) as reader:
        return reader.read()


def dbfs(difference: np.ndarray[Any, np.dtype[np.float32]]) -> float:
    return float(20 * np.log10(max(np.abs(difference).max(), 1e-12)))


def test_every_deliverable_passes_its_check(film: Film) -> None:
    _, _, result = film
    assert {(d.language, d.spec) for d in result.deliverables} == {
        (language, spec) for language in ("fr-FR", "es-419") for spec in ("ebu-r128", "netflix-nearfield")
    }
    assert {d.verdict for d in result.deliverables} <= {"pass", "warn"}


def test_every_line_of_the_log_says_which_title_run_and_step_it_is_of(film: Film, film_home: Path) -> None:
    order, _, result = film
    lines = [json.loads(line) for line in (film_home / order.stem).with_suffix(".log").read_text().splitlines()]
    of_run = [line for line in lines if line["run"] == result.run_id]
    assert {line["title"] for line in of_run} == {"glass-harbor"}
    assert len({line["flow_run"] for line in of_run}) == 1
    of_steps = [line for line in lines if line["logger"] in ("tasks.step", "prefect.task_runs")]
    assert all(line["title"] and line["run"] and line["step"] and line["flow_run"] for line in of_steps)
    begun = Counter((line["step"], line["subject"]) for line in of_run if line["message"] == "begins" and line["step"])
    assert sum(begun.values()) == result.executed_steps + result.cached_steps
    assert {"demux", "separate", "clean", "check"} <= {step for step, _ in begun}
    assert {line["step"] for line in lines if line["logger"] == "dubline.media.ffmpeg"} >= {"conform", "remux"}


def test_openlineage_is_told_of_the_title_and_of_each_step_from_what_to_what(film: Film, film_home: Path) -> None:
    order, master, result = film
    told = (film_home / order.stem).with_suffix(".events").read_text().splitlines()
    events = [json.loads(line) for line in told]
    for event in events:
        assert_valid(event)
    kinds = Counter((event["run"]["runId"], event["eventType"] == "START") for event in events)
    assert set(kinds.values()) == {1}  # each run begins once and ends once
    titles = [event for event in events if event["job"]["facets"]["jobType"]["jobType"] == "TITLE"]
    begun, ended = titles[:2]
    assert (begun["eventType"], ended["eventType"]) == ("START", "COMPLETE")
    assert {one["name"] for one in ended["outputs"]} == {f"sha256:{one.sha256}" for one in result.deliverables}
    assert f"sha256:{hashlib.sha256(master.read_bytes()).hexdigest()}" in {one["name"] for one in ended["inputs"]}
    parents = [one["run"]["facets"]["parent"]["run"]["runId"] for one in events if one not in titles]
    assert parents.count(begun["run"]["runId"]) == 2 * (result.executed_steps + result.cached_steps)


def test_nothing_is_lost_the_stems_sum_to_the_mix_in_every_channel(film: Film) -> None:
    _, master, result = film
    mix = decoded(master)
    assert dbfs(stem(result, "dx") + stem(result, "mx") + stem(result, "fx") - mix) < NULL_DBFS


def test_what_was_taken_out_and_what_was_not_sum_to_the_mix(film: Film, here: Path) -> None:
    report = json.loads(Path(film[2].me["report"]).read_text())
    assert report["null_error_dbfs"] is None or report["null_error_dbfs"] < NULL_DBFS


def test_the_lfe_passes_through_bit_exact(film: Film) -> None:
    order, master, result = film
    if "5.1" not in order.name:
        with WavReader(Path(result.me["me"])) as reader:
            assert reader.layout.lfe is None
        return
    with WavReader(Path(result.me["me"])) as reader:
        lfe = reader.layout.lfe
        assert lfe is not None
        np.testing.assert_array_equal(reader.read()[:, lfe], decoded(master)[:, lfe])


def test_every_delivered_track_has_the_length_of_the_mix(film: Film) -> None:
    _, master, result = film
    frames = len(decoded(master))
    assert {len(decoded(d.path)) for d in result.deliverables} == {frames}


def test_the_picture_and_the_kept_original_are_the_master_s_bits(film: Film) -> None:
    _, master, result = film
    for delivered in result.deliverables:
        assert picture_hash(delivered.path) == picture_hash(master)
        assert audio_hash(delivered.path, 1) == audio_hash(master, 0)


def test_timecode_chapters_subtitles_color_and_languages_survive(film: Film) -> None:
    _, master, result = film
    before = probe(master)
    for delivered in result.deliverables:
        after = probe(delivered.path)
        assert after.timecode == before.timecode == "01:00:00:00"
        assert [c.title for c in after.chapters] == [c.title for c in before.chapters] != []
        assert len(after.subtitles) == len(before.subtitles) == 1
        assert after.picture.color == before.picture.color
        assert [s.language for s in after.audio] == [{"fr-FR": "fra", "es-419": "spa"}[delivered.language], "eng"]
        assert [s.default for s in after.audio] == [True, False]


def test_the_manifest_names_every_file_by_its_hash(film: Film) -> None:
    _, _, result = film
    folder = result.deliverables[0].path.parents[1]
    manifest = json.loads((folder / "manifest.json").read_text())
    for item in manifest["deliverables"] + manifest["me"]:
        assert hashlib.sha256((folder / item["path"]).read_bytes()).hexdigest() == item["sha256"]
    assert {item["language"] for item in manifest["deliverables"]} == {"fr-FR", "es-419"}


def test_what_was_delivered_is_what_the_order_wanted(film: Film, here: Path) -> None:
    catalog = means().catalog
    title = catalog.title("glass-harbor")
    delivered = {(d.language, d.spec_id, d.container, d.codec) for d in title.deliverables if d.state == "candidate"}
    wanted = catalog.wanted(title.summary.version_id)
    assert {(w.language, w.spec_id, w.container, w.codec) for w in wanted} <= delivered


SHAPES = """\
deliver:
  - {spec: netflix-nearfield, container: wav, codec: pcm_s24le}
  - {spec: web, container: wav, codec: pcm_s24le, channels: files, naming: "{title}_{version}_{layout}_{language}"}
  - {spec: ebu-r128, container: mkv, codec: flac, languages: all}
"""


@pytest.mark.parametrize("film", [pytest.param(STEREO, marks=pytest.mark.slow), SURROUND], indirect=True)
def test_sound_alone_by_channel_and_all_languages_in_one_file(film: Film, here: Path) -> None:
    order, master, _ = film
    # Beside the first order, and after it: what is made already is not made again.
    other = order.with_name(f"shapes_{order.name}")
    head, _, tail = order.read_text().partition("deliver:\n")
    other.write_text(head + SHAPES + tail[tail.index("options:") :])
    result = localize_here(other, here / f"shapes_{order.stem}")
    folder = here / f"shapes_{order.stem}" / "glass-harbor"
    manifest = json.loads((folder / "manifest.json").read_text())
    mix = decoded(master)
    names = ["L", "R"] if mix.shape[1] == 2 else ["L", "R", "C", "LFE", "Ls", "Rs"]
    assert [(d.language, d.spec, d.verdict) for d in result.deliverables] == [
        *((language, spec, "pass") for language in ("fr-FR", "es-419") for spec in ("netflix-nearfield", "web")),
        ("mul", "ebu-r128", "pass"),
    ]
    for made, listed in zip(result.deliverables, manifest["deliverables"], strict=True):
        assert [file["path"] for file in made.files] == [str(folder / file["path"]) for file in listed["files"]]
        for file in listed["files"]:
            body = (folder / file["path"]).read_bytes()
            assert (len(body), hashlib.sha256(body).hexdigest()) == (file["bytes"], file["sha256"])
            assert hashlib.md5(body).hexdigest() == file["md5"]
        match made.spec:
            case "netflix-nearfield":
                with WavReader(made.path) as reader:
                    whole = reader.read()
                    assert len(whole) == len(mix)
                bext = Bext.from_bytes(read_chunk(made.path, b"bext") or b"")
                assert bext.time_reference == 3600 * 48_000  # 24 fps
                assert bext.loudness.integrated_lufs == pytest.approx(made.measurement["integrated_lufs"], abs=0.011)
            case "web":
                stem = f"glass-harbor_theatrical_{'2.0' if len(names) == 2 else '5.1'}_{made.language}"
                assert [Path(file["path"]).name for file in made.files] == [f"{stem}.{name}.wav" for name in names]
                listing = "".join(f"{file['sha256']}  {Path(file['path']).name}\n" for file in made.files)
                assert made.path.read_text() == listing
                assert {len(decoded(Path(file["path"]))) for file in made.files} == {len(mix)}
            case "ebu-r128":
                assert made.languages == ("fr-FR", "es-419")
                assert [stream.language for stream in probe(made.path).audio] == ["fra", "spa", "eng"]
                assert [track["language"] for track in listed["tracks"]] == ["fr-FR", "es-419", "en"]
                assert {len(decoded(made.path, stream)) for stream in range(3)} == {len(mix)}
                assert picture_hash(made.path) == picture_hash(master)


def test_the_second_run_does_nothing_and_gives_the_same_bytes(film: Film, here: Path) -> None:
    order, _, first = film
    files = {path: path.stat().st_mtime_ns for path in first.deliverables[0].path.parents[1].rglob("*")}
    again = localize_here(order, here / order.stem)
    assert again.executed_steps == 0
    # What stands is what is made: there is nothing to compare.
    assert again.cached_steps == first.executed_steps + first.cached_steps - len(first.differences)
    assert {path: path.stat().st_mtime_ns for path in files} == files
    assert again.deliverables == first.deliverables


@pytest.mark.parametrize("film", [STEREO, pytest.param(SURROUND, marks=pytest.mark.slow)], indirect=True)
def test_the_same_order_in_another_home_gives_the_same_bytes(
    film: Film, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, _, first = film
    other = localize_here(order, tmp_path / "out")
    assert [d.sha256 for d in other.deliverables] == [d.sha256 for d in first.deliverables]
    for name in (*PAGES, "qc/loudness.parquet", "qc/events.parquet", "me/report.json"):
        one, two = (d[0].path.parents[1] / name for d in (first.deliverables, other.deliverables))
        assert one.read_bytes() == two.read_bytes(), name


def test_a_deliverable_is_traced_to_its_master_model_and_spec(
    film: Film, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, master, result = film
    assert run(["catalog", "lineage", str(result.deliverables[0].path), "--json"]) == 0
    tree = capsys.readouterr().out
    assert hashlib.sha256(master.read_bytes()).hexdigest() in tree
    assert "bandsplit" in tree


def test_the_model_is_traced_to_what_it_made(film: Film, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "lineage", "bandsplit-small", "--down", "--json"]) == 0
    assert film[2].deliverables[0].sha256 in capsys.readouterr().out


def test_the_curves_are_kept_per_language_and_spec(film: Film) -> None:
    table = pq.read_table(film[2].report.with_name("loudness.parquet"))
    assert set(table["language"].to_pylist()) == {"fr-FR", "es-419"}
    assert set(table["spec"].to_pylist()) == {"ebu-r128", "netflix-nearfield"}


def test_a_second_run_of_a_title_is_refused_while_the_first_holds_it(
    film: Film, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog = means().catalog
    version = catalog.register_title(
        slug="glass-harbor", name="Glass Harbor", original_language="en", version_label="theatrical"
    )
    holder = catalog.start_run(version, trigger="user", host="here")
    with catalog.title_lock(version, holder):
        assert run(["localize", str(film[0]), "--out", str(here / "second")]) == 5
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert f"run {holder}" in said
    catalog.finish_run(holder, "cancelled")

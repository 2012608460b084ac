"""The QC page says what was measured, fetches nothing, and lets no title write into it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from dubline.errors import Cancelled
from dubline.loudness import specs
from dubline.quality.delivery_report import DeliveryReport, Unjudged
from dubline.quality.page import MOST_EVENTS, MOST_SPECTROGRAMS, EventRow, LineageRow, Page, page_json, write_page
from dubline.vocalization.events import Event

Deliver = Callable[..., DeliveryReport]
EVIL = '<script>alert("x")</script><img src=http://a.example/b.png onerror=alert(1)>&amp;'


class Reader(HTMLParser):
    """Tags, attributes and text of a page; an unclosed element is an error."""

    VOID = frozenset({"meta", "br", "col", "path", "rect", "image", "use"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def event() -> Event:
    return Event(1.5, 2.3, ("FL", "FR"), "laughter", 0.93, 8.5, "optional", "filled")


def written(tmp_path: Path, page: Page, **sources: Any) -> tuple[str, Reader]:
    out = tmp_path / "report.html"
    write_page(out, page, **sources)
    html = out.read_text(encoding="utf-8")
    return html, Reader(html)


def test_it_shows_verdicts_figures_events_notes_and_lineage(
    deliver: Deliver, film: Any, tmp_path: Path, event: Event
) -> None:
    report = deliver(tag="de-DE")
    page = Page(
        "Glass Harbor",
        "theatrical",
        "English",
        (report,),
        events=(EventRow(event, 31.5, "room tone"),),
        notes=("the master is mono",),
        facts=(("Model", "glass-v1"),),
        lineage=(LineageRow("master", "c1" * 32, "ingest 1", "7"),),
    )
    _, read = written(tmp_path, page, sources=[("OV mix", film.mixes["stereo"]), ("M&E", film.mixes["5.1"])])
    for wanted in (
        "Glass Harbor", "✕ fail", "French (France)", "netflix-nearfield",
        f"{report.measurement.integrated_lufs:.1f}".replace("-", "\N{MINUS SIGN}"),
        "0:01.5 \N{EN DASH} 0:02.3", "laughter", "room tone", "31.5",
        "the master is mono", "glass-v1", "c1" * 32, "players will not know this track as French (France)",
    ):  # fmt: skip
        assert wanted in read.text
    # The loudness, the OV mix shown again beside the deliverable, and three spectrograms.
    assert read.tags.count("svg") == 5
    assert read.tags.count("image") == 3
    assert ("href", "#source-0") in read.attributes


def test_peaks_limits_and_what_is_uncertain_are_shown(deliver: Deliver, tmp_path: Path) -> None:
    report = deliver(layout="5.1", spec=specs.get("disney-plus"))
    assert not report.spec.verified
    report = replace(report, unjudged=(Unjudged("lag", "no reference was given"),))
    html, read = written(tmp_path, Page("T", "v", "English", (report,)))
    assert "was not verified against its publisher's own text" in read.text
    assert "Not judged: lag (no reference was given)" in read.text
    peaks = {peak.channel: peak for peak in report.tracks[0].peaks}
    assert list(peaks) == ["FL", "FR", "FC", "LFE", "BL", "BR"]
    for word in ("LFE", "Ls", "Rs", f"{peaks['FC'].true_peak_dbtp:.2f}".replace("-", "\N{MINUS SIGN}")):
        assert word in read.words
    loudest = max(peak.true_peak_dbtp for peak in peaks.values() if peak.true_peak_dbtp is not None)
    assert loudest == pytest.approx(report.measurement.true_peak_dbtp, abs=0.01)
    for line in ("tolerance", "target", "measured", "short-term"):
        assert f'class="{line}"' in html


def test_what_did_not_pass_comes_first(deliver: Deliver, tmp_path: Path) -> None:
    _, read = written(tmp_path, Page("T", "v", "English", (deliver(tag="de-DE"),)))
    assert read.words.index("language") < read.words.index("length")


def test_the_same_is_there_as_json(deliver: Deliver, event: Event) -> None:
    report = deliver()
    page = Page("T", "v", "English", (report,), (EventRow(event, 1.0, "room tone"),), ("a note",), (("a", "b"),))
    body = json.loads(json.dumps(page_json(page), allow_nan=False))
    assert (body["title"], body["verdict"], body["notes"]) == ("T", report.verdict, ["a note"])
    assert body["deliverables"][0]["checks"] == [asdict(check) for check in report.checks]
    assert body["deliverables"][0]["tracks"][0]["peaks"][0]["channel"] == "FL"
    assert body["events"][0]["label"] == "laughter"


def test_a_page_of_a_hundred_languages_leaves_out_spectrograms(deliver: Deliver, tmp_path: Path) -> None:
    report = deliver()
    track = replace(report.tracks[0], curves=report.tracks[0].curves.slice(0, 0))
    many = replace(report, tracks=(track,) * (MOST_SPECTROGRAMS + 1))
    html, read = written(tmp_path, Page("T", "v", "English", (many,)))
    assert "image" not in read.tags
    assert len(html) < 1_000_000


def test_a_title_cannot_write_into_the_page(deliver: Deliver, tmp_path: Path, event: Event) -> None:
    report = replace(deliver(), deliverable=EVIL, container=EVIL)
    report = replace(report, checks=tuple(replace(check, note=EVIL, limit=EVIL) for check in report.checks))
    rows = (EventRow(event, 1.0, EVIL),)
    page = Page(EVIL, EVIL, EVIL, (report,), rows, (EVIL,), ((EVIL, EVIL),), (LineageRow(EVIL, EVIL, EVIL, EVIL),))
    _, read = written(tmp_path, page)
    assert not {"script", "img", "iframe", "object", "link"} & set(read.tags)
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    assert EVIL in read.text


def test_a_file_named_by_its_hash_is_named_shortly(deliver: Deliver, tmp_path: Path) -> None:
    report = replace(deliver(), deliverable=f"{'0123456789ab' * 5}cdef.mov")
    _, read = written(tmp_path, Page("T", "v", "English", (report,)))
    assert "0123456789ab\N{HORIZONTAL ELLIPSIS}.mov" in read.text


def test_progress_counts_the_pictures_and_cancelling_stops_them(film: Any, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    sources = {"sources": [("OV mix", film.mixes["stereo"]), ("M&E", film.mixes["5.1"])]}
    page = Page("T", "v", "English", ())
    write_page(tmp_path / "a.html", page, **sources, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 2), (1, 2), (2, 2)]
    with pytest.raises(Cancelled):
        write_page(tmp_path / "b.html", page, **sources, cancelled=lambda: True)
    assert not (tmp_path / "b.html").exists()


def test_it_needs_nothing_from_anywhere(deliver: Deliver, film: Any, tmp_path: Path) -> None:
    html, read = written(tmp_path, Page("T", "v", "English", (deliver(),)), sources=[("OV mix", film.mixes["stereo"])])
    links = [value or "" for name, value in read.attributes if name in ("href", "src", "xlink:href", "action")]
    assert all(link.startswith(("data:image/png;base64,", "#source-")) for link in links)
    assert not re.search(r"url\(|@import|https?:", html)


def test_the_same_content_is_the_same_bytes(deliver: Deliver, film: Any, tmp_path: Path) -> None:
    page = Page("T", "v", "English", (deliver(),))
    first, _ = written(tmp_path, page, sources=[("OV mix", film.mixes["stereo"])])
    second, _ = written(tmp_path, page, sources=[("OV mix", film.mixes["stereo"])])
    assert first == second


def test_an_empty_run_and_thousands_of_events_both_make_a_page(tmp_path: Path, event: Event) -> None:
    _, read = written(tmp_path, Page("T", "v", "English", ()))
    assert "Nothing was delivered" in read.text
    assert "No voice was found" in read.text
    _, read = written(tmp_path, Page("T", "v", "English", (), events=(EventRow(event),) * (MOST_EVENTS + 5)))
    assert "5 more in the events file" in read.text
    assert read.text.count("laughter") == MOST_EVENTS

"""How long the review desk's board takes with ten thousand titles: makes such a catalog, asks for its pages, prints.

    python bench/board.py [--titles 10000] [--url sqlite:////tmp/board/catalog.db]

Times are the server's, from a request to its last byte, without a network; on a busy machine the processor's tell more.
A catalog that has titles already is measured as it is.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import func, insert, select

from dashboards.app import create_app
from dashboards.settings import ReviewSettings
from db import models as m
from db.catalog import Catalog

LANGUAGES = ("fr-FR", "es-419", "de-DE", "pt-BR", "it-IT", "ja-JP", "pl-PL", "tr-TR", "ko-KR", "hi-IN")
SPECS = (("ebu-r128", "mov", "pcm_s24le"), ("netflix-nearfield", "mp4", "aac"), ("web", "mp4", "aac"))
WORDS = ("Glass", "Harbor", "Silent", "River", "Northern", "Winter", "Paper", "Copper", "Hollow", "Signal", "Velvet")
TODAY = date(2026, 11, 22)
_AT_ONCE = 2000


def fill(catalog: Catalog, titles: int, *, seed: int = 8) -> None:
    """Write ``titles`` titles with two to five languages in one to three specs each, at every stage of work."""
    draw = random.Random(seed)
    start = datetime(2026, 9, 1, tzinfo=UTC)
    with catalog.write() as session:
        session.execute(
            insert(m.Spec),
            [
                {"id": k, "spec_id": spec, "version": "1", "body": {"name": spec}, "body_sha256": _hash(spec)}
                for k, (spec, _, _) in enumerate(SPECS, start=1)
            ],
        )
    made = 0
    for first in range(1, titles + 1, _AT_ONCE):
        tables: dict[type[m.Base], list[dict[str, Any]]] = {
            table: [] for table in (m.Title, m.Version, m.Run, m.Asset, m.MediaFile, m.QcResult)
        }
        tables |= {m.Deliverable: [], m.Wanted: [], m.Slot: []}
        for k in range(first, min(first + _AT_ONCE, titles + 1)):
            name = f"{draw.choice(WORDS)} {draw.choice(WORDS)} {k}"
            tables[m.Title].append(
                {"id": k, "slug": name.lower().replace(" ", "-"), "name": name, "original_language": "en"}
            )
            tables[m.Version].append({"id": k, "title_id": k, "label": "theatrical", "fps_num": 24, "fps_den": 1})
            began = start + timedelta(minutes=8 * k)
            state = draw.choices(("completed", "failed", "running", "crashed"), (960, 25, 1, 5))[0]
            tables[m.Run].append(
                {
                    "id": k, "version_id": k, "trigger": "user", "state": state, "started_at": began,
                    "ended_at": None if state == "running" else began + timedelta(hours=2), "host": "studio-1",
                    "pid": 1, "process_started": "0", "error": "out of sync" if state == "failed" else None,
                }
            )  # fmt: skip
            day = TODAY + timedelta(days=draw.randrange(-30, 300)) if draw.random() < 0.8 else None
            for language in draw.sample(LANGUAGES, draw.randrange(2, 6)):
                for spec, (spec_id, container, codec) in enumerate(SPECS[: draw.randrange(1, 4)], start=1):
                    place = {
                        "version_id": k, "language": language, "spec_id": spec_id, "container": container,
                        "codec": codec, "due": day,
                    }  # fmt: skip
                    tables[m.Wanted].append(place)
                    slot = {**place, "wanted": True, "deliverable_id": None, "state": "missing", "verdict": None}
                    slot |= {"stale": None, "changed_at": began}
                    if state == "completed" and draw.random() < 0.97:
                        made += 1
                        _deliver(tables, slot, made, spec=spec, draw=draw)
                    tables[m.Slot].append(slot)
        with catalog.write() as session:
            for table, rows in tables.items():
                session.execute(insert(table), rows)


def _deliver(
    tables: dict[type[m.Base], list[dict[str, Any]]], slot: dict[str, Any], made: int, *, spec: int, draw: random.Random
) -> None:
    """A delivered file of a slot, judged and mostly decided."""
    digest = _hash(str(made))
    verdict = draw.choices(("pass", "warn", "fail"), (95, 3, 2))[0]
    state = draw.choices(("candidate", "approved", "delivered"), (30, 40, 30))[0] if verdict != "fail" else "candidate"
    tables[m.Asset].append(
        {
            "sha256": digest,
            "bytes": 10**9,
            "suffix": f".{slot['container']}",
            "storage_uri": f"store:{digest[:2]}/{digest}",
        }
    )
    file = {"id": made, "version_id": slot["version_id"], "asset_sha256": digest, "role": "deliverable"}
    tables[m.MediaFile].append(file | {"language": slot["language"], "suffix": f".{slot['container']}"})
    tables[m.QcResult].append({"media_file_id": made, "spec_id": spec, "verdict": verdict, "items": []})
    tables[m.Deliverable].append(
        {
            "id": made, "version_id": slot["version_id"], "language": slot["language"], "spec_id": spec,
            "container": slot["container"], "codec": slot["codec"], "media_file_id": made,
            "path": f"/deliveries/{made}.{slot['container']}", "state": state,
        }
    )  # fmt: skip
    slot |= {"deliverable_id": made, "state": "failed" if verdict == "fail" else state, "verdict": verdict}
    slot["stale"] = "separate: bandsplit-small 2 -> bandsplit-small 3" if draw.random() < 0.05 else None


def _hash(words: str) -> str:
    return sha256(words.encode()).hexdigest()


PAGES = (
    ("board, by delivery date", "/"),
    ("its 150th page", "/?page=150"),
    ("by name", "/?sort=name"),
    ("last changed first", "/?sort=changed"),
    ("search", "/?search=harbor"),
    ("search that finds nothing", "/?search=zzzz"),
    ("failed checks", "/?state=failed"),
    ("approved", "/?state=approved"),
    ("stale", "/?state=stale"),
    ("running", "/?state=running"),
    ("stopped", "/?state=stopped"),
    ("one language and spec, this week", "/?language=fr-FR&spec=ebu-r128&due=week"),
    ("the same for programs", "/api/board"),
)


def measure(url: str, home: Path, *, repeat: int) -> None:
    """Ask for every page and print the median and the longest in milliseconds."""
    # A desk does not begin a store for a catalog that counts on bytes in one.
    (home / "store" / "objects").mkdir(parents=True)
    settings = ReviewSettings(
        home=home, database_url=url, store_url=str(home / "store"), review_token=SecretStr("bench")
    )
    with TestClient(create_app(settings, local=True), base_url="http://127.0.0.1") as client:
        client.get("/enter", params={"token": "bench"})
        for words, address in PAGES:
            spent, worked = [], []
            for _ in range(repeat):
                began, begun = time.perf_counter(), time.process_time()
                answer = client.get(address)
                spent.append(1000 * (time.perf_counter() - began))
                worked.append(1000 * (time.process_time() - begun))
                assert answer.status_code == 200, answer.text
            size = len(answer.content) / 1024
            told = f"{statistics.median(spent):6.0f} ms, longest {max(spent):6.0f} ms"
            print(f"{words:34}{told}, processor {statistics.median(worked):4.0f} ms, {size:4.0f} KiB")


def main() -> None:
    """Make the catalog and measure."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--titles", type=int, default=10_000)
    options.add_argument("--url", help="of the catalog; a SQLite file in a temporary folder by default")
    options.add_argument("--repeat", type=int, default=9)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = chosen.url or f"sqlite:///{folder}/catalog.db"
        catalog = Catalog.open(url)
        with catalog.read() as session:
            there = session.execute(select(func.count()).select_from(m.Title)).scalar_one()
        if not there:
            began = time.perf_counter()
            fill(catalog, chosen.titles)
            print(f"{chosen.titles} titles made in {time.perf_counter() - began:.0f} s")
        with catalog.read() as session:
            slots = session.execute(select(func.count()).select_from(m.Slot)).scalar_one()
        print(f"{slots} lines of language and spec, {catalog.server()}")
        measure(url, Path(folder), repeat=chosen.repeat)


if __name__ == "__main__":
    main()

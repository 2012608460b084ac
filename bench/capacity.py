"""How long a catalog takes, what holds it up, and what a title costs: a model fed with measured step costs.

``python -m bench.capacity [--titles 100000] [--gpus 4] [--workers 64] …`` from the root of the checkout.

Titles of several lengths (`--lengths MINUTES:SHARE,…`) wait in the queue `nightly`; `--rush-per-day N` more arrive one
by one in the queue `rush`. The studio is simulated title by title and part by part (`bench/queueing.py`), with the
seconds that a minute of film takes in each stage: measured ones (`bench/costs.yaml`), or those of a catalog of yours
(`--catalog URL`).

The table is of one core's seconds, so a worker here is one core that holds one title; one of four cores counts as four.
How much faster than such a core a GPU separates has not been measured: `--gpu-speed-up` is yours to say.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.costs import Costs, from_catalog, read_table
from bench.queueing import Night, Title, simulate
from flows.separate import PART_SECONDS

HOUR, DAY = 3600.0, 86_400.0
RUSH, NIGHTLY = 0, 2


@dataclass(frozen=True, slots=True)
class Studio:
    """What a studio has, what it pays by the hour, and what it asks for."""

    workers: int
    gpus: int
    gpu_speed_up: float
    worker_price: float
    gpu_price: float
    dubs: int
    specs: int


def main() -> None:
    """Simulate and print."""
    given = _arguments()
    costs = from_catalog(given.catalog, read_table()) if given.catalog else read_table()
    studio = Studio(
        workers=given.workers, gpus=given.gpus, gpu_speed_up=given.gpu_speed_up, worker_price=given.worker_price,
        gpu_price=given.gpu_price, dubs=given.dubs, specs=given.specs,
    )  # fmt: skip
    minutes = lengths(given.titles, given.lengths, seed=given.seed)
    report = forecast(minutes, studio, costs, rush_per_day=given.rush_per_day, seed=given.seed)
    print(json.dumps(report, indent=2) if given.json else "\n".join(_lines(report)))


def lengths(count: int, shares: Sequence[tuple[float, float]], *, seed: int) -> list[float]:
    """Minutes of ``count`` titles, drawn by the shares of each length."""
    draw = random.Random(seed)
    return draw.choices([minutes for minutes, _ in shares], [share for _, share in shares], k=count)


# Of a worker's seconds, what comes before separation: probing, taking the mix out, placing the dubs.
_BEFORE = 0.1


def title_of(minutes: float, studio: Studio, costs: Costs, *, priority: int = NIGHTLY, arrives: float = 0.0) -> Title:
    """A film of ``minutes`` as work for ``studio``."""
    own = costs.on_worker(minutes, dubs=studio.dubs, specs=studio.specs)
    part = PART_SECONDS / 60.0
    whole, rest = divmod(minutes, part)
    film = [part] * int(whole) + ([rest] if rest else [])
    return Title(
        before=costs.title_start + _BEFORE * own,
        parts=tuple(costs.separation(length) / studio.gpu_speed_up for length in film),
        after=(1.0 - _BEFORE) * own,
        priority=priority,
        arrives=arrives,
    )


def forecast(
    minutes: Sequence[float], studio: Studio, costs: Costs, *, rush_per_day: float = 0.0, seed: int = 1
) -> dict[str, Any]:
    """Hours, bottleneck, cost, and how long titles of each queue wait."""
    nightly = [title_of(length, studio, costs) for length in minutes]
    alone = sum(title.before + title.after for title in nightly) / studio.workers
    rush = list(_rush(minutes, rush_per_day, until=alone, seed=seed))
    titles = [*nightly, *(title_of(length, studio, costs, priority=RUSH, arrives=at) for length, at in rush)]
    night = simulate(titles, workers=studio.workers, gpus=studio.gpus, share_start=costs.share_start)
    hours = night.seconds / HOUR
    price = studio.workers * studio.worker_price + studio.gpus * studio.gpu_price
    return {
        "titles": len(titles),
        "film_hours": (sum(minutes) + sum(length for length, _ in rush)) / 60.0,
        "costs": costs.measured,
        "studio": asdict(studio),
        "hours": hours,
        "days": night.seconds / DAY,
        "workers_at_work": night.worker_seconds / (studio.workers * night.seconds),
        "workers_waiting_for_gpus": night.waiting_seconds / (studio.workers * night.seconds),
        "gpus_at_work": night.gpu_seconds / (studio.gpus * night.seconds),
        "bottleneck": bottleneck(night, studio),
        "cost": hours * price,
        "cost_per_title": hours * price / len(titles),
        "queues": _queues(titles, night),
    }


def bottleneck(night: Night, studio: Studio) -> str:
    """The pool of which more would help: the one that is at work for the larger part of the time."""
    workers = night.worker_seconds / studio.workers
    gpus = night.gpu_seconds / studio.gpus
    return "workers" if workers >= gpus else "gpus"


def _rush(minutes: Sequence[float], per_day: float, *, until: float, seed: int) -> Iterator[tuple[float, float]]:
    """Length and arrival of urgent titles, at random moments (a Poisson process) of the time the rest takes."""
    draw, at = random.Random(f"rush {seed}"), 0.0
    while per_day:
        at += draw.expovariate(per_day / DAY)
        if at >= until:
            return
        yield draw.choice(minutes), at


def _queues(titles: Sequence[Title], night: Night) -> dict[str, dict[str, float]]:
    """Of each queue: titles, and minutes until begun and until done, median and 95 of 100."""
    found = {}
    for name, priority in (("rush", RUSH), ("nightly", NIGHTLY)):
        mine = [k for k, title in enumerate(titles) if title.priority == priority]
        if mine:
            queued, done = (sorted(times[k] / 60.0 for k in mine) for times in (night.queued, night.turned_round))
            found[name] = {
                "titles": len(mine),
                "begun_after_median_minutes": statistics.median(queued),
                "begun_after_p95_minutes": queued[int(0.95 * (len(queued) - 1))],
                "done_after_median_minutes": statistics.median(done),
                "done_after_p95_minutes": done[int(0.95 * (len(done) - 1))],
            }
    return found


def _lines(report: dict[str, Any]) -> Iterator[str]:
    studio = report["studio"]
    yield (
        f"{report['titles']} titles, {studio['dubs']} dubs, {studio['specs']} specs, on {studio['workers']} workers and"
        f" {studio['gpus']} GPUs, each taken to separate {studio['gpu_speed_up']:g} times as fast as a core"
    )
    yield f"step costs: {report['costs']}"
    yield f"{report['hours']:.1f} hours ({report['days']:.1f} days); the {report['bottleneck']} hold it up"
    yield (
        f"workers {report['workers_at_work']:.0%} at work, {report['workers_waiting_for_gpus']:.0%} waiting for GPUs;"
        f" GPUs {report['gpus_at_work']:.0%} at work"
    )
    yield f"cost {report['cost']:.0f}, {report['cost_per_title']:.3f} a title"
    for name, row in report["queues"].items():
        yield (
            f"queue {name}: {row['titles']:.0f} titles, begun after {row['begun_after_median_minutes']:.1f} min"
            f" ({row['begun_after_p95_minutes']:.1f} in the 95th of 100),"
            f" done after {row['done_after_median_minutes']:.1f} ({row['done_after_p95_minutes']:.1f})"
        )


def _shares(text: str) -> list[tuple[float, float]]:
    pairs = (part.split(":") for part in text.split(","))
    return [(float(minutes), float(share)) for minutes, share in pairs]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--titles", type=int, default=100_000)
    parser.add_argument("--lengths", type=_shares, default="22:0.35,45:0.45,100:0.2", metavar="MINUTES:SHARE,…")
    parser.add_argument("--dubs", type=int, default=2)
    parser.add_argument("--specs", type=int, default=2)
    parser.add_argument("--workers", type=int, default=64, help="cores, each with a title at a time")
    parser.add_argument("--gpus", type=int, default=4)
    parser.add_argument("--gpu-speed-up", type=float, default=20.0, help="against a core; not measured")
    parser.add_argument("--worker-price", type=float, default=0.05, help="of a worker and hour")
    parser.add_argument("--gpu-price", type=float, default=2.0, help="of a GPU and hour")
    parser.add_argument("--rush-per-day", type=float, default=0.0)
    parser.add_argument("--catalog", metavar="URL", help="take the costs from the steps of this catalog")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()

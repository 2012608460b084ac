"""What a minute of film costs, stage by stage: the table that was measured, or the same out of a catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from sqlalchemy import create_engine, text

from bench.night.ask import moment

TABLE = Path(__file__).with_name("costs.yaml")

# What the GPUs take over; the rest is the worker's.
SEPARATE = "separate"

# Every execution of a stage, and the minutes of film it was for. Seconds are added up here, not by the database: the
# two databases subtract moments in words of their own.
_STEPS = """
SELECT c.stage, s.started_at, s.ended_at, v.duration_frames * 1.0 * v.fps_den / v.fps_num / 60.0 AS minutes
FROM step s JOIN recipe c ON c.key = s.recipe_key JOIN run r ON r.id = s.run_id JOIN version v ON v.id = r.version_id
WHERE s.state = 'completed' AND NOT s.cache_hit AND v.duration_frames > 0
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """Seconds a minute of film each time, and how often: so many times a title, a dub, and a deliverable."""

    seconds_a_minute: float
    title: int = 0
    dub: int = 0
    deliverable: int = 0

    def seconds(self, minutes: float, *, dubs: int, specs: int) -> float:
        """What it takes of a whole title."""
        times = self.title + self.dub * dubs + self.deliverable * dubs * specs
        return self.seconds_a_minute * minutes * times


@dataclass(frozen=True, slots=True)
class Costs:
    """Stages by name, and the seconds a process takes before its first step; ``measured`` says when and where."""

    measured: str
    title_start: float
    share_start: float
    stages: Mapping[str, Stage]

    def on_worker(self, minutes: float, *, dubs: int, specs: int) -> float:
        """Seconds of a title's work on its worker: all but separation and starting."""
        stages = (stage for name, stage in self.stages.items() if name != SEPARATE)
        return sum(stage.seconds(minutes, dubs=dubs, specs=specs) for stage in stages)

    def separation(self, minutes: float) -> float:
        """Seconds of separating so much film, where it was measured."""
        return self.stages[SEPARATE].seconds(minutes, dubs=0, specs=0)


def read_table(path: Path = TABLE) -> Costs:
    """The table that was measured."""
    body = yaml.safe_load(path.read_text(encoding="utf-8"))
    stages = {name: Stage(**given) for name, given in body.pop("stages").items()}
    return Costs(stages=stages, **body)


def from_catalog(url: str, table: Costs) -> Costs:
    """``table`` with the seconds a minute that the steps of a catalog took; a stage that is not in it keeps its own.

    A catalog knows the clock's seconds of what was executed, not the processor's: steps that ran side by side are each
    counted whole, and those on a busy machine took longer than their work.
    """
    spent: dict[str, float] = {}
    film: dict[str, float] = {}
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        for stage, begun, ended, minutes in connection.execute(text(_STEPS)):
            spent[stage] = spent.get(stage, 0.0) + (moment(ended) - moment(begun)).total_seconds()
            film[stage] = film.get(stage, 0.0) + float(minutes)
    engine.dispose()
    measured = {name: spent[name] / film[name] for name in spent}
    stages = {
        name: replace(stage, seconds_a_minute=measured.get(name, stage.seconds_a_minute))
        for name, stage in table.stages.items()
    }
    return replace(table, measured=f"steps of {engine.url.render_as_string(hide_password=True)}", stages=stages)

"""Many processes at work in one catalog and store: none is refused, no step is lost, nothing is written twice."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from db import models as m

if TYPE_CHECKING:
    from conftest import Studio

# Its own titles, and one that all work on in turn; all make the same bytes, in opposite orders.
WORK = """
import json, sys, time
from pathlib import Path
from db.catalog import Catalog
from db.recipes import Recipe
from db.stores import open_store
me, titles, folder = int(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5])
catalog = Catalog.open(sys.argv[1])
store = open_store(sys.argv[2], cache=folder / "cache", cache_limit=2**30)
slowest = 0.0
for number in range(titles):
    for slug in (f"own-{me}-{number}", f"shared-{number}"):
        version = catalog.register_title(slug=slug, name="x", original_language="en", version_label="v")
        run = catalog.start_run(version, trigger="user", host="here")
        with catalog.title_lock(version, run, wait_seconds=120):
            for stage in ("demux", "separate", "mix"):
                started = time.monotonic()
                recipe = Recipe(stage, 1, {"title": slug}, {})
                found = catalog.find_outputs(recipe.key)
                if found is not None:
                    catalog.reuse_step(run, recipe, found.step_id)
                else:
                    step = catalog.begin_step(run, recipe)
                    made = {}
                    for role in ("a", "b", "c")[:: 1 if me % 2 else -1]:
                        path = folder / f"{me}-{role}"
                        path.write_text(f"{stage} {role} {number}")
                        made[role] = store.put(path, suffix=".wav")
                    catalog.finish_step(step, made, measurements={"lufs": -23.0})
                slowest = max(slowest, time.monotonic() - started)
        catalog.finish_run(run, "completed")
print(json.dumps(slowest))
"""


@pytest.mark.parametrize(("processes", "titles"), [(3, 2), pytest.param(8, 4, marks=pytest.mark.slow)])
def test_processes_write_at_once_and_none_is_refused(
    studio: Studio,
    catalog_url: str,
    python: Callable[..., subprocess.Popen[str]],
    tmp_path: Path,
    processes: int,
    titles: int,
) -> None:
    started = [python(WORK, catalog_url, studio.store.where, me, titles, tmp_path) for me in range(processes)]
    answers = [process.communicate(timeout=300) for process in started]
    assert [error for _, error in answers] == [""] * processes
    assert max(json.loads(slowest) for slowest, _ in answers) < 60
    with studio.catalog.read() as session:
        executed = select(m.Step.recipe_key).where(~m.Step.cache_hit, m.Step.state == "completed")
        keys = session.scalars(executed).all()
        assert len(keys) == len(set(keys)) == 3 * titles * (processes + 1)
        reused = select(func.count()).where(m.Step.cache_hit)
        assert session.execute(reused).scalar_one() == 3 * titles * (processes - 1)
        assert session.scalars(select(m.Run.state).distinct()).all() == ["completed"]
        assert session.scalars(select(m.TitleLock)).all() == []
    assert studio.catalog.verify(studio.store).faults == ()

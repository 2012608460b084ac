"""The mechanism: done once, answered afterwards, never half-written, always traceable."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dubline.errors import BadInput
from tasks.context import means
from tasks.ingest import ingest_file
from tasks.step import Made, RunRef, StepResult, Work, step

calls: list[str] = []


@step("upper", version=1)
def upper(work: Work, text: Path, *, mark: str) -> Made:
    """Upper-case a text."""
    calls.append("upper")
    out = work.scratch / "out.txt"
    out.write_text(text.read_text().upper() + mark)
    return Made({"upper": out}, {"letters": len(out.read_text()), "mark": mark})


@step("join", version=1)
def join(work: Work, texts: list[Path], extra: Path | None, *, fail: bool = False) -> Made:
    """Join texts."""
    calls.append("join")
    if fail:
        raise BadInput("asked to fail", "join", "ask for something else")
    out = work.scratch / "joined.txt"
    out.write_text("".join(path.read_text() for path in [*texts, *([extra] if extra else [])]))
    return Made({"joined": out})


@step("slow", version=1)
def slow(work: Work, text: Path) -> Made:
    """Copy a text, in no hurry."""
    calls.append("slow")
    time.sleep(0.2)
    out = work.scratch / "out.txt"
    out.write_text(text.read_text())
    return Made({"text": out})


@step("same", version=1)
def same(work: Work, text: Path) -> Made:
    """Hand the input back."""
    return Made({"same": text})


@pytest.fixture
def run(home: Path) -> RunRef:
    calls.clear()
    return new_run()


def new_run() -> RunRef:
    catalog = means().catalog
    version = catalog.register_title(
        slug="t", name="T", original_language="en", eidr=None, version_label="original", fps=(24, 1)
    )
    return RunRef(catalog.start_run(version, trigger="user", host="here"), version, "t")


def source(home: Path, name: str, text: str) -> str:
    path = home.parent / name
    path.write_text(text)
    return ingest_file(path)


def content(sha256: str) -> str:
    using = means()
    with using.store.lend(using.catalog.asset(sha256)) as path:
        return path.read_text()


def test_the_second_run_is_answered_from_the_catalog_with_the_same_facts(home: Path, run: RunRef) -> None:
    text = source(home, "a.txt", "abc")
    first = upper(run, text=text, mark="!")
    again = upper(new_run(), text=text, mark="!")
    assert content(first["upper"]) == "ABC!"
    assert calls == ["upper"]
    assert again.outputs == first.outputs
    assert again.values == first.values == {"letters": 4, "mark": "!"}


def test_what_two_ask_for_at_once_is_made_once(home: Path, run: RunRef) -> None:
    text = source(home, "a.txt", "abc")
    together = threading.Barrier(4, timeout=30)

    def ask(_: int) -> StepResult:
        together.wait()
        return slow(run, text=text)

    with ThreadPoolExecutor(4) as pool:
        asked = list(pool.map(ask, range(4)))
    assert calls == ["slow"]
    assert all(one == asked[0] for one in asked)


def test_a_parameter_or_an_input_of_another_value_is_another_recipe(home: Path, run: RunRef) -> None:
    upper(run, text=source(home, "a.txt", "abc"), mark="!")
    upper(run, text=source(home, "a.txt", "abc"), mark="?")
    upper(run, text=source(home, "b.txt", "abd"), mark="!")
    assert calls == ["upper"] * 3


def test_the_same_bytes_under_another_name_are_the_same_input(home: Path, run: RunRef) -> None:
    upper(run, text=source(home, "a.txt", "abc"), mark="!")
    (home.parent / "a.txt").unlink()
    upper(run, text=source(home, "elsewhere.txt", "abc"), mark="!")
    assert calls == ["upper"]


def test_corrupt_bytes_in_the_store_are_noticed_and_made_again(home: Path, run: RunRef) -> None:
    text = source(home, "a.txt", "abc")
    made = upper(run, text=text, mark="!")
    with means().store.lend(means().catalog.asset(made["upper"])) as stored:
        stored.chmod(0o644)
        stored.write_text("rot!")
    again = upper(run, text=text, mark="!")
    assert calls == ["upper", "upper"]
    assert content(again["upper"]) == "ABC!"


def test_many_inputs_under_one_role_keep_their_order_and_an_absent_one_is_none(home: Path, run: RunRef) -> None:
    a, b = source(home, "a.txt", "a"), source(home, "b.txt", "b")
    assert content(join(run, texts=[b, a, b])["joined"]) == "bab"
    assert content(join(run, texts=[a], extra=b)["joined"]) == "ab"


def test_an_input_handed_back_is_the_same_asset_and_not_a_copy(home: Path, run: RunRef) -> None:
    made = upper(run, text=source(home, "a.txt", "abc"), mark="!")
    assert same(run, text=made["upper"]).outputs == {"same": made["upper"]}


def test_a_body_that_fails_leaves_no_output_and_no_scratch_and_its_error_passes(home: Path, run: RunRef) -> None:
    with pytest.raises(BadInput, match="asked to fail"):
        join(run, texts=[source(home, "a.txt", "a")], fail=True)
    assert not list((home / "scratch").iterdir())
    assert means().catalog.step_counts(run.run_id) == (0, 0)


def test_an_output_is_traced_to_the_file_it_came_from(home: Path, run: RunRef) -> None:
    text = source(home, "a.txt", "abc")
    joined = join(run, texts=[upper(run, text=text, mark="!")["upper"]])
    tree = means().catalog.lineage(joined["joined"])
    assert text in str(tree.to_json())


def test_killed_inside_a_body_nothing_is_lost_and_the_next_run_makes_it(home: Path) -> None:
    program = textwrap.dedent(
        """
        import sys, time
        sys.path.insert(0, sys.argv[1])
        from pathlib import Path
        from test_step import new_run, source, upper
        from tasks.step import Made, step

        @step("slow", version=1)
        def slow(work, text: Path):
            (work.scratch / "half").write_text("half")
            print("inside", flush=True)
            time.sleep(60)

        home = Path(sys.argv[2])
        run = new_run()
        made = upper(run, text=source(home, "a.txt", "abc"), mark="!")
        slow(run, text=made["upper"])
        """
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(Path(__file__).parent), str(home)],
        stdout=subprocess.PIPE,
        env={**os.environ, "DUBLINE_HOME": str(home)},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"inside\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    calls.clear()
    upper(new_run(), text=source(home, "a.txt", "abc"), mark="!")
    assert calls == []

"""An order for the workers: refused here when it is wrong, and delivered once when it is not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from cli.main import run
from flows.server import free_port
from tests.studio import DUBLINE, studio_up


@pytest.fixture
def nowhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No Prefect server is known, not even the one that other tests of this process have in their settings.

    With it, `dubline worker` would become a worker, in place of the tests.
    """
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        yield


@pytest.mark.usefixtures("nowhere")
def test_a_queue_that_is_none_is_a_mistake_of_usage(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["submit", str(sample / "order.yaml"), "--queue", "soon"]) == 2
    assert "rush, normal, nightly" in capsys.readouterr().err


@pytest.mark.usefixtures("nowhere")
def test_a_wrong_order_is_refused_before_any_server_is_asked(
    sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order = tmp_path / "order.yaml"
    order.write_text((sample / "order.yaml").read_text().replace("master.mov", "nowhere.mov"))
    assert run(["submit", str(order)]) == 3
    assert "nowhere.mov" in capsys.readouterr().err


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("command", [["submit", "order.yaml"], ["deploy"], ["worker", "cpu"]])
def test_without_a_server_it_says_how_to_get_one(
    command: list[str], sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([str(sample / word) if word.endswith(".yaml") else word for word in command]) == 5
    assert "dubline up" in capsys.readouterr().err


@pytest.mark.usefixtures("nowhere")
def test_a_server_that_is_gone_is_not_taken_for_one(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    note = home / "prefect" / "server.url"
    note.parent.mkdir(parents=True)
    note.write_text(f"http://127.0.0.1:{free_port()}/api")
    assert run(["deploy"]) == 5
    assert "does not answer" in capsys.readouterr().err


@pytest.fixture
def studio(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """`dubline up` on this machine."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    with studio_up(tmp_path / "up.log", gpu_workers=1) as up:
        yield up


@pytest.mark.slow
def test_a_studio_delivers_and_one_interrupt_ends_it(
    studio: subprocess.Popen[bytes], sample: Path, home: Path, tmp_path: Path
) -> None:
    command = [*DUBLINE, "submit", str(sample / "order.yaml"), "--out", str(tmp_path / "out"), "--follow", "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=1200)
    assert json.loads(done.stdout)["state"] == "Completed"
    manifest = json.loads((tmp_path / "out" / "glass-harbor" / "manifest.json").read_text())
    assert len(manifest["deliverables"]) == 4
    assert "in pool gpu" in (home / "logs" / "cpu.log").read_text()
    studio.send_signal(signal.SIGINT)
    assert studio.wait(120) == 0
    left = [path for path in Path("/proc").glob("[0-9]*/environ") if _works_for(path, home)]
    assert left == [] or left == [Path(f"/proc/{os.getpid()}/environ")]


def _works_for(environ: Path, home: Path) -> bool:
    try:
        return f"DUBLINE_HOME={home}\0".encode() in environ.read_bytes()
    except OSError:
        return False  # it ended while we looked

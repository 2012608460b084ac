"""The process wrapper: what it reports, whom it blames, and that nothing outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dubline.errors import BadInput, Cancelled, EnvironmentFault
from dubline.media import ffmpeg

ENDLESS = ["-re", "-f", "lavfi", "-i", "anullsrc", "-f", "null", "-"]


def _descendants(of: int) -> set[int]:
    """Processes whose parent is ``of``, and theirs."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if stat[0] != "Z":
                parents[int(entry.name)] = int(stat[1])
    found, fresh = set(), {of}
    while fresh := {child for child, parent in parents.items() if parent in fresh} - found:
        found |= fresh
    return found


@pytest.fixture
def restored() -> object:
    yield
    ffmpeg.use(None)


def test_version_is_what_the_binary_says() -> None:
    said = subprocess.run([ffmpeg.binary(), "-version"], capture_output=True, text=True, check=True).stdout
    assert f"ffmpeg version {ffmpeg.version()} " in said


def test_progress_rises_to_the_end(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    args = ["-f", "lavfi", "-i", "sine=d=3", "-y", str(tmp_path / "sine.wav")]
    ffmpeg.run(args, duration_seconds=3, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (3_000_000, 3_000_000)
    assert seen == sorted(seen)


def test_bad_media_is_blamed_with_ffmpegs_reason(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mov"
    broken.write_bytes(b"not a film" * 100)
    with pytest.raises(BadInput, match="moov atom not found") as caught:
        ffmpeg.run(["-i", f"file:{broken}", "-f", "null", "-"], where="broken.mov")
    assert caught.value.where == "broken.mov"
    assert "0x" not in str(caught.value)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_the_machines_fault() -> None:
    with pytest.raises(EnvironmentFault, match="No space left"):
        ffmpeg.run(["-f", "lavfi", "-i", "sine=d=5", "-f", "wav", "-y", "/dev/full"])


def test_a_missing_folder_is_the_machines_fault(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault):
        ffmpeg.run(["-f", "lavfi", "-i", "sine=d=0.1", str(tmp_path / "gone" / "out.wav")])


def test_a_missing_binary_is_the_machines_fault(tmp_path: Path, restored: None) -> None:
    chosen = ffmpeg.binary()
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(EnvironmentFault):
            ffmpeg.use(path)
    assert ffmpeg.binary() == chosen


def test_a_binary_that_is_no_ffmpeg_is_the_machines_fault(tmp_path: Path, restored: None) -> None:
    script = tmp_path / "ffmpeg"
    script.write_text("#!/bin/sh\nexit 3\n")
    script.chmod(0o755)
    ffmpeg.use(script)
    with pytest.raises(EnvironmentFault):
        ffmpeg.version()


def test_a_chosen_binary_is_the_one_run(tmp_path: Path, restored: None) -> None:
    script = tmp_path / "my ffmpeg"
    script.write_text(f'#!/bin/sh\ntouch "{tmp_path}/ran"\n')
    script.chmod(0o755)
    ffmpeg.use(script)
    ffmpeg.run([])
    assert (tmp_path / "ran").exists()


def test_cancelling_stops_at_once_and_leaves_nothing() -> None:
    before, began = _descendants(os.getpid()), time.monotonic()
    with pytest.raises(Cancelled):
        ffmpeg.run(ENDLESS, cancelled=lambda: time.monotonic() - began > 0.5)
    assert time.monotonic() - began < 5
    assert _descendants(os.getpid()) <= before


def test_an_exception_in_progress_leaves_nothing() -> None:
    def fail(done: int, total: int) -> None:
        raise RuntimeError("the bar broke")

    before = _descendants(os.getpid())
    with pytest.raises(RuntimeError):
        ffmpeg.run(ENDLESS, progress=fail)
    assert _descendants(os.getpid()) <= before


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's leash is Linux's")
def test_ffmpeg_dies_with_its_parent() -> None:
    script = f"from dubline.media import ffmpeg; ffmpeg.run({ENDLESS!r})"
    parent = subprocess.Popen([sys.executable, "-c", script])
    deadline = time.monotonic() + 20
    while not (children := _descendants(parent.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    children = _descendants(parent.pid)
    assert children
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    while (alive := {pid for pid in children if Path(f"/proc/{pid}/exe").exists()}) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive

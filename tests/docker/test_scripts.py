"""The two small programs inside the images: secrets out of files, and whether a service is well."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.server import free_port
from tests.docker.conftest import DOCKER


def environment_behind(tmp_path: Path, **given: str) -> dict[str, str]:
    """What a command sees when it is started with these variables."""
    words = [str(DOCKER / "with_secrets.sh"), "env", "-0"]
    done = subprocess.run(words, env={"PATH": os.environ["PATH"], **given}, stdout=subprocess.PIPE, check=True)
    return dict(pair.split("=", 1) for pair in done.stdout.decode().split("\0") if pair)


def test_a_secret_is_what_stands_in_its_file_to_the_letter(tmp_path: Path) -> None:
    secret = tmp_path / "a file's name"
    secret.write_text("""studio:pa$$ "word" `id` 'x'\n""")
    seen = environment_behind(
        tmp_path,
        PREFECT_API_AUTH_STRING_FILE=str(secret),
        AWS_SECRET_ACCESS_KEY_FILE=str(secret),
        AWS_SHARED_CREDENTIALS_FILE="/none",
        DUBLINE_DATABASE_URL_FILE="/none",
    )
    assert seen["PREFECT_API_AUTH_STRING"] == seen["AWS_SECRET_ACCESS_KEY"] == """studio:pa$$ "word" `id` 'x'"""
    assert "PREFECT_API_AUTH_STRING_FILE" not in seen
    assert seen["AWS_SHARED_CREDENTIALS_FILE"] == seen["DUBLINE_DATABASE_URL_FILE"] == "/none"


def test_without_its_secret_nothing_is_started(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        environment_behind(tmp_path, PREFECT_API_AUTH_STRING_FILE=str(tmp_path / "none"))


@pytest.fixture
def service() -> Iterator[tuple[str, list[int]]]:
    """A URL, and the status that it answers with."""
    status = [200]

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status[0])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/health", status
        server.shutdown()


def is_well(url: str) -> bool:
    command = [sys.executable, str(DOCKER / "healthy.py")]
    return subprocess.run(command, env={"HEALTH_URL": url}, stderr=subprocess.DEVNULL, check=False).returncode == 0


def test_well_is_who_answers_with_success(service: tuple[str, list[int]]) -> None:
    url, status = service
    assert is_well(url)
    status[0] = 503
    assert not is_well(url)
    assert not is_well(f"http://127.0.0.1:{free_port()}/health")

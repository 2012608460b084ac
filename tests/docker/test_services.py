"""The very commands of `compose.yaml`, run by hand as processes: a studio comes up, delivers, and keeps its secrets.

What a container would give is given here: secrets are files in another folder, hosts are ports of this machine.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from dubline.process import leashed
from flows.server import free_port
from tests.docker.conftest import DOCKER
from tests.postgres import ROLE, Cluster

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (shutil.which("redis-server") and shutil.which("psql")), reason="no redis-server or psql"),
]

BIN = Path(sys.executable).parent
ENTRYPOINT = str(DOCKER / "with_secrets.sh")
# What a service may take to say that it is well, on a machine that has other things to do.
READY_SECONDS = 300
IN_ORDER = ("redis", "prefect", "prefect-services", "deploy", "cpu-worker", "gpu-worker", "review", "metrics")


@dataclass
class Studio:
    """The services of a compose file as processes of this machine; ``places`` says what stands for a container's."""

    services: dict[str, dict[str, Any]]
    folder: Path
    places: dict[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    ports: dict[str, str] = field(default_factory=dict)

    def here(self, name: str, text: str) -> str:
        """A word of service ``name``, with the container's places and hosts exchanged for this machine's."""
        text = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", text).replace("$$", "$")
        for place, ours in {**self.places, "8080": self.port(name)}.items():
            text = text.replace(place, ours)
        return text

    def port(self, name: str) -> str:
        """Where the worker of service ``name`` says that it is well."""
        return self.ports.setdefault(name, str(free_port()))

    def environment(self, name: str) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("DUBLINE_", "PREFECT_"))}
        given = self.services[name].get("environment", {})
        return {
            **kept,
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(DOCKER.parent),
            # From the image.
            "DO_NOT_TRACK": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DUBLINE_HOME": str(self.folder / "home" / name),
            "PREFECT_HOME": str(self.folder / "prefect" / name),
            "PREFECT_WORKER_WEBSERVER_PORT": self.port(name),
            **{key: self.here(name, str(value)) for key, value in given.items()},
        }

    def command(self, name: str) -> list[str]:
        """The image's entrypoint and the service's command; Redis has an image of its own."""
        words = [self.here(name, word) for word in self.services[name]["command"]]
        return [ENTRYPOINT, *words] if "build" in self.services[name] else [str(shutil.which(words[0])), *words[1:]]

    def start(self, name: str) -> None:
        with self.log(name).open("wb") as log:
            self.running[name] = subprocess.Popen(
                leashed(self.command(name)), env=self.environment(name), cwd=self.folder, stdout=log, stderr=log
            )

    def run(self, name: str, command: list[str]) -> str:
        """Run a command where the service runs; what it says."""
        done = subprocess.run(
            command,
            env=self.environment(name),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=1200,
            check=False,
        )
        self.log(f"run-{name}").write_text(done.stdout + done.stderr)
        assert done.returncode == 0, f"{name}: {done.stderr}"
        return done.stdout

    def wait_for(self, name: str) -> None:
        """Until its health check, as the container engine would run it, finds it well."""
        if self.services[name]["healthcheck"].get("disable"):
            return
        kind, *words = (self.here(name, word) for word in self.services[name]["healthcheck"]["test"])
        command = ["sh", "-c", *words] if kind == "CMD-SHELL" else words
        deadline = time.monotonic() + READY_SECONDS
        while subprocess.run(command, env=self.environment(name), capture_output=True, check=False).returncode:
            assert self.running[name].poll() is None, self.log(name).read_text()
            assert time.monotonic() < deadline, self.log(name).read_text()
            time.sleep(1)

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def stop(self) -> None:
        for process in reversed(self.running.values()):
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def studio(compose: dict[str, Any], tmp_path: Path, postgres: Cluster) -> Iterator[Studio]:
    """Secrets, a PostgreSQL in which `databases.sh` made the two databases, and nothing running yet."""
    shutil.copy(DOCKER / "make_secrets.sh", tmp_path)
    subprocess.run(["sh", tmp_path / "make_secrets.sh"], check=True)
    redis, prefect, review, metrics = (str(free_port()) for _ in range(4))
    secrets = tmp_path / "secrets"
    for path in secrets.iterdir():
        text = re.sub(r"@postgres:5432/(\w+)", rf"@/\1?host={postgres.folder}", path.read_text())
        path.chmod(0o600)
        path.write_text(text.replace("redis:6379", f"127.0.0.1:{redis}"))
    with (secrets / "redis_conf").open("a") as conf:
        conf.write(f"\nport {redis}\nbind 127.0.0.1\n")
    script = (DOCKER / "postgres" / "databases.sh").read_text().replace("/run/secrets", str(secrets))
    user = {"POSTGRES_USER": ROLE, "PGHOST": str(postgres.folder), "PGDATABASE": "postgres"}
    subprocess.run(["sh", "-c", script], env={**os.environ, **user}, check=True, stdout=subprocess.DEVNULL)
    made = Studio(
        compose["services"],
        tmp_path,
        {
            "/run/secrets": str(secrets),
            "/opt/dubline/bin": str(DOCKER),
            "/opt/dubline/prefect.yaml": str(DOCKER.parent / "prefect.yaml"),
            "/tmp/prefect": str(tmp_path / "prefect"),
            "/tmp/dubline": str(tmp_path / "prefect-home"),
            "/media:/deliveries": str(tmp_path.parent),
            "/store": str(tmp_path / "store"),
            "/data": str(tmp_path),
            "redis-cli": f"redis-cli -p {redis}",
            "prefect:4200": f"127.0.0.1:{prefect}",
            "0.0.0.0": "127.0.0.1",
            "4200": prefect,
            "8400": review,
            "9464": metrics,
            "cuda": "cpu",
        },
    )
    yield made
    made.stop()


def test_the_services_come_up_as_they_stand_there_deliver_a_title_and_keep_their_secrets(
    studio: Studio, sample: Path, tmp_path: Path
) -> None:
    for name in IN_ORDER:
        if name == "deploy":
            studio.run(name, studio.command(name))
        else:
            studio.start(name)
            studio.wait_for(name)
    words = ["dubline", "submit", str(sample / "order.yaml"), "--out", str(tmp_path / "out"), "--follow", "--json"]
    assert json.loads(studio.run("cpu-worker", [ENTRYPOINT, *words]))["state"] == "Completed"
    manifest = json.loads((tmp_path / "out" / "glass-harbor" / "manifest.json").read_text())
    assert len(manifest["deliverables"]) == 4
    assert "in pool gpu" in studio.log("cpu-worker").read_text()

    api = studio.environment("cpu-worker")["PREFECT_API_URL"]
    user, _, word = (tmp_path / "secrets" / "prefect_auth").read_text().partition(":")
    assert httpx.get(f"{api}/admin/version").status_code == 401
    assert httpx.get(f"{api}/admin/version", auth=(user, word)).status_code == 200
    asks = "from dashboards.prefect import Prefect; from dashboards.settings import ReviewSettings;"
    asks += "print(sorted(Prefect(ReviewSettings.load()).waiting()))"
    assert studio.run("review", [ENTRYPOINT, sys.executable, "-c", asks]) == "[]\n"
    figures = httpx.get(studio.environment("metrics")["HEALTH_URL"]).text
    assert "dubline" in figures

    # The nightly run stands in the calendar.
    asks = "from prefect.client.orchestration import get_client\nwith get_client(sync_client=True) as client:"
    asks += "\n    print(sum(run.state_type.value == 'SCHEDULED' for run in client.read_flow_runs()))"
    assert int(studio.run("cpu-worker", [ENTRYPOINT, sys.executable, "-c", asks])) > 0

    studio.stop()
    assert all(process.returncode is not None for process in studio.running.values())
    for secret in ("dubline_password", "prefect_password", "redis_password", "review_secret"):
        said = (tmp_path / "secrets" / secret).read_text()
        assert not [log.name for log in tmp_path.glob("*.log") if said in log.read_text()], secret
    assert not [log.name for log in tmp_path.glob("*.log") if word in log.read_text()]
    assert "telemetry" not in studio.log("prefect-services").read_text()

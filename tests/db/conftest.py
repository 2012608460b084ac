"""A catalog, a store and a small studio at work in them: on SQLite and a folder, and on PostgreSQL and S3."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from db.assets import Fingerprint, StoredAsset, hash_file
from db.bucket_store import BucketStore
from db.catalog import Catalog
from db.recipes import ModelFacts, Recipe
from db.store import Store, stored
from db.stores import open_store
from tests.object_store import BUCKET, Endpoint
from tests.postgres import Cluster

MODEL: ModelFacts = {"id": "bandsplit", "name": "Band split", "version": "1", "sha256": "b" * 64, "licence": "CC0-1.0"}


@dataclass
class Studio:
    """What a flow does, in a line or two each."""

    catalog: Catalog
    store: Store
    folder: Path
    model: ModelFacts = field(default_factory=lambda: MODEL)

    def version(self, slug: str = "glass-harbor", label: str = "theatrical") -> int:
        return self.catalog.register_title(
            slug=slug, name=slug.title(), original_language="en", version_label=label, fps=(24, 1), duration_frames=240
        )

    def run(self, version_id: int) -> int:
        return self.catalog.start_run(version_id, trigger="user", host="here")

    def write(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def put(self, content: bytes, suffix: str = ".wav") -> StoredAsset:
        return self.store.put(self.write(f"scratch/{uuid.uuid4().hex}", content), suffix=suffix)

    def contents(self) -> set[bytes]:
        """All that the store holds."""
        found = set()
        for one in self.store.objects():
            with self.store.lend(stored(one.sha256, one.bytes, one.name[64:])) as path:
                found.add(path.read_bytes())
        return found

    def lose(self, content: bytes) -> None:
        """An object disappears from the store, by no doing of ours."""
        name = f"{sha256_of(content)}.wav"
        if isinstance(self.store, BucketStore):
            self.store._bucket.delete(f"objects/{name[:2]}/{name}")
        else:
            (self.store.local / "objects" / name[:2] / name).unlink()

    def spoil(self, content: bytes, changed: bytes) -> None:
        """An object changes where it lies, looking as it did."""
        name = f"{sha256_of(content)}.wav"
        if isinstance(self.store, BucketStore):
            self.store._bucket.put(f"objects/{name[:2]}/{name}", changed)
            return
        path = self.store.local / "objects" / name[:2] / name
        before = path.stat()
        path.chmod(0o644)
        path.write_bytes(changed)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def master(self, content: bytes = b"master", *, version_id: int | None = None, name: str = "master.mov") -> str:
        path = self.write(name, content)
        fingerprint = Fingerprint.of(path)
        sha256 = hash_file(path)
        self.catalog.register_external(path, sha256, len(content), fingerprint, version_id=version_id)
        return sha256

    def step(
        self,
        run_id: int,
        stage: str,
        inputs: Mapping[str, str],
        outputs: Mapping[str, bytes],
        *,
        version: int = 1,
        models: Sequence[ModelFacts] = (),
        spec: tuple[str, str] | None = None,
        tools: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        """Run a step, or take it from the catalog; returns SHA-256 by output role."""
        recipe = Recipe(
            stage=stage,
            stage_version=version,
            params={"stage": stage} | ({"model": models[0]["id"]} if models else {}),
            inputs=inputs,
            models=models,
            spec={"id": spec[0], "version": spec[1]} if spec else None,
            tools=tools or {},
        )
        found = self.catalog.find_outputs(recipe.key)
        if found is not None and all(self.store.verify(asset) for asset in found.outputs.values()):
            self.catalog.reuse_step(run_id, recipe, found.step_id)
            return {role: asset.sha256 for role, asset in found.outputs.items()}
        step_id = self.catalog.begin_step(run_id, recipe)
        made = {role: self.put(content) for role, content in outputs.items()}
        self.catalog.finish_step(step_id, made)
        return {role: asset.sha256 for role, asset in made.items()}

    def deliver(
        self,
        version_id: int,
        sha256: str,
        *,
        language: str = "fr-FR",
        spec_id: str = "ebu-r128",
        spec_version: str = "1",
    ) -> int:
        return self.catalog.record_deliverable(
            version_id,
            language=language,
            spec_id=spec_id,
            spec_version=spec_version,
            spec_body={"target": -23.0},
            sha256=sha256,
            path=self.folder / "out" / f"{language}.mov",
            container="mov",
            codec="pcm_s24le",
            verdict="pass",
            checks=[{"name": "integrated", "verdict": "pass"}],
            measurement={"integrated_lufs": -23.0, "layout": "5.1", "dialogue_lufs": None, "channels": 6},
        )

    def localize(self, slug: str = "glass-harbor", master: bytes = b"master", *, spec_version: str = "1") -> int:
        """A whole run: demux, separate, mix, conform; returns the deliverable's id."""
        version_id = self.version(slug)
        source = self.master(master, version_id=version_id, name=f"{slug}.mov")
        run_id = self.run(version_id)
        ov = self.step(run_id, "demux", {"master": source}, {"ov_mix": master + b" ov"}, tools={"ffmpeg": "7"})
        stems = {"dx": master + b" dx", "me": master + b" me"}
        made = self.step(run_id, "separate", {"ov_mix": ov["ov_mix"]}, stems, models=[self.model])
        mix = self.step(run_id, "mix", {"me": made["me"]}, {"dub_mix": master + b" mix"})
        final = self.step(
            run_id,
            "conform",
            {"mix": mix["dub_mix"]},
            {"deliverable": master + b" final " + spec_version.encode()},
            spec=("ebu-r128", spec_version),
        )
        deliverable_id = self.deliver(version_id, final["deliverable"], spec_version=spec_version)
        self.catalog.finish_run(run_id, "completed")
        return deliverable_id

    def two_specs(self) -> dict[str, int]:
        """One mix, delivered under two specs whose conforms have nothing to do; deliverable ids by spec."""
        version = self.version()
        source = self.master(version_id=version)
        run = self.run(version)
        mix = self.step(run, "mix", {"me": source}, {"print_master": b"mix"})
        delivered = {}
        for spec in ("web", "hulu"):
            same = self.step(run, "conform", mix, {"conformed": b"mix"}, spec=(spec, "1"))
            file = self.step(run, "remux", same, {"file": spec.encode()}, tools={"container": spec})["file"]
            delivered[spec] = self.deliver(version, file, spec_id=spec)
        return delivered


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


SQLITE, POSTGRESQL = "sqlite+folder", "postgresql+s3"


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def place(request: pytest.FixtureRequest) -> str:
    """On what catalog and store a test runs: what one machine has by itself, or what a studio has."""
    kind: str = request.param
    return kind


@pytest.fixture
def url(place: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database of its own."""
    if place == SQLITE:
        yield f"sqlite:///{tmp_path / 'catalog.db'}"
        return
    server: Cluster = request.getfixturevalue("postgres")
    with server.database() as name:
        yield server.url(name)


@pytest.fixture(scope="session")
def template(postgres: Cluster) -> Iterator[str]:
    """A migrated PostgreSQL catalog to copy."""
    with postgres.database() as name:
        Catalog.open(postgres.url(name)).close()
        yield name


@pytest.fixture(scope="session")
def empty_catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite catalog to copy: making one syncs the disk for every table."""
    path = tmp_path_factory.mktemp("catalog") / "empty.db"
    Catalog.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def catalog_url(place: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A catalog of its own, with nothing in it."""
    if place == SQLITE:
        shutil.copyfile(request.getfixturevalue("empty_catalog"), tmp_path / "catalog.db")
        yield f"sqlite:///{tmp_path / 'catalog.db'}"
        return
    server: Cluster = request.getfixturevalue("postgres")
    with server.database(request.getfixturevalue("template")) as name:
        yield server.url(name)


@pytest.fixture
def catalog(catalog_url: str) -> Iterator[Catalog]:
    opened = Catalog.open(catalog_url)
    yield opened
    opened.close()


@pytest.fixture
def far(s3: Endpoint, monkeypatch: pytest.MonkeyPatch) -> str:
    """URL of a place of its own in the bucket, reachable from this process and its children."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/{uuid.uuid4().hex}"


@pytest.fixture
def store(place: str, tmp_path: Path, request: pytest.FixtureRequest) -> Store:
    where = tmp_path / "store" if place == SQLITE else request.getfixturevalue("far")
    return open_store(where, cache=tmp_path / "cache", cache_limit=2**30)


@pytest.fixture
def studio(catalog: Catalog, store: Store, tmp_path: Path) -> Studio:
    return Studio(catalog, store, tmp_path)


@pytest.fixture
def python() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a real process with some Python; whatever still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, *map(str, arguments)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()

"""Settings: from the environment or ``.env``, prefix ``DUBLINE_``."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Self

from pydantic import ByteSize, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from dubline.errors import EnvironmentFault
from dubline.separation.compute import DEFAULT_PRECISION, Precision

AUTO, NONE = "auto", "none"


class Settings(BaseSettings):
    """Where dubline keeps things and what it runs on; every field can be set as ``DUBLINE_<FIELD>``."""

    # A studio's .env may hold other programs' settings too; those are not ours to refuse.
    model_config = SettingsConfigDict(env_prefix="DUBLINE_", env_file=".env", extra="ignore", frozen=True)

    home: Path = Field(default_factory=lambda: Path.home() / ".dubline")
    database_url: str | None = None
    store_url: str | None = None
    cache_dir: Path | None = None
    cache_limit: ByteSize = Field(default=ByteSize(200 * 2**30), gt=0)
    device: str = AUTO
    # Where separation runs: in the pool `gpu` if a worker lives there, in this process, or in the pool of this name.
    gpu_pool: str = AUTO
    precision: Precision = DEFAULT_PRECISION
    models_dir: Path | None = None
    specs_dir: Path | None = None
    policies_dir: Path | None = None
    asr_model: Path | None = None
    ffmpeg: Path | None = None
    # Folders that orders may name, separated like PATH; unset, any.
    roots: str | None = None
    # Seconds for which what may pass (a database that restarts, a full disk) is tried again; a worker's runs have more.
    patience: float = Field(default=0.0, ge=0)
    jobs: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)

    @classmethod
    def load(cls) -> Self:
        """Read the settings; raises `EnvironmentFault` naming the first one that is wrong."""
        try:
            return cls()
        except ValidationError as error:
            first = error.errors()[0]
            name = "DUBLINE_" + "_".join(str(part) for part in first["loc"]).upper()
            raise EnvironmentFault(f"setting {name} is wrong", "environment or .env", first["msg"]) from error

    @cached_property
    def order_roots(self) -> tuple[Path, ...]:
        """Folders that orders may read from and deliver to; empty where they may name any."""
        return tuple(Path(root).absolute() for root in (self.roots or "").split(os.pathsep) if root)

    @cached_property
    def catalog_url(self) -> str:
        """SQLAlchemy URL of the catalog."""
        return self.database_url or f"sqlite:///{self.home.absolute() / 'catalog.db'}"

    @cached_property
    def store_place(self) -> str:
        """Folder or URL of the content-addressed store."""
        return self.store_url or str(self.home.absolute() / "store")

    @cached_property
    def cache_root(self) -> Path:
        """Folder for copies of what lies in a store far away."""
        return self.cache_dir or self.home.absolute() / "cache"

    @cached_property
    def scratch_root(self) -> Path:
        """Folder in which running steps work."""
        return self.home.absolute() / "scratch"

    @cached_property
    def models_root(self) -> Path:
        """Folder of the checkpoints the studio registered itself."""
        return self.models_dir or self.home.absolute() / "models"

    @cached_property
    def specs_root(self) -> Path:
        """Folder of the delivery specs the studio wrote itself."""
        return self.specs_dir or self.home.absolute() / "specs"

    @cached_property
    def policies_root(self) -> Path:
        """Folder of the disposition policies the studio wrote itself."""
        return self.policies_dir or self.home.absolute() / "policies"

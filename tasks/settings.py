"""Settings: from the environment or ``.env``, prefix ``DUBLINE_``."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from dubline.separation.compute import DEFAULT_PRECISION, Precision
from tasks.log_settings import LogSettings
from tasks.outbox import sender

AUTO, NONE = "auto", "none"


class Settings(LogSettings):
    """Where dubline keeps things and what it runs on; every field can be set as ``DUBLINE_<FIELD>``."""

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
    # Where OpenLineage events of titles and steps go: file:///PATH or http(s)://HOST/PATH; unset, nowhere.
    openlineage_url: str | None = None
    openlineage_namespace: str = "dubline"
    # What the Prefect server calls when a delivery check fails, and where a title's page on the review desk is.
    webhook_url: str | None = None
    review_url: str | None = None

    @field_validator("openlineage_url")
    @classmethod
    def _can_be_sent_to(cls, url: str | None) -> str | None:
        if url:
            sender(url)
        return url

    @field_validator("webhook_url", "review_url")
    @classmethod
    def _is_of_the_web(cls, url: str | None) -> str | None:
        if url and urlsplit(url).scheme not in ("http", "https"):
            raise ValueError("it is not http(s)://HOST/PATH")
        return url

    @cached_property
    def order_roots(self) -> tuple[Path, ...]:
        """Folders that orders may read from and deliver to; empty where they may name any."""
        return tuple(Path(root).absolute() for root in (self.roots or "").split(os.pathsep) if root)

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

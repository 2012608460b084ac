"""Settings of the log; apart from the others because Prefect reads them while it is being imported."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import ByteSize, Field

from db.settings import Places


class LogSettings(Places):
    """How the log is written, and where; every field can be set as ``DUBLINE_<FIELD>``."""

    log: Literal["none", "text", "json"] = "none"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    # Standard error where there is none.
    log_file: Path | None = None
    # A file that has grown so large is set aside, and as many of those are kept.
    log_limit: ByteSize = Field(default=ByteSize(50 * 2**20), ge=2**10)
    log_keep: int = Field(default=5, ge=0)

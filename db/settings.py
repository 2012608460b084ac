"""Where the catalog and the store are: the settings that whoever opens them reads, prefix ``DUBLINE_``."""

from __future__ import annotations

import os
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Self, TypeVar

from pydantic import ByteSize, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from db.errors import DbError
from db.secret_files import SecretFiles


class Places(BaseSettings):
    """Catalog, store and the folder they lie in by default; every field can be set as ``DUBLINE_<FIELD>``."""

    # A studio's .env may hold other programs' settings too; those are not ours to refuse.
    model_config = SettingsConfigDict(env_prefix="DUBLINE_", env_file=".env", extra="ignore", frozen=True)

    home: Path = Field(default_factory=lambda: Path.home() / ".dubline")
    database_url: str | None = None
    store_url: str | None = None
    cache_dir: Path | None = None
    cache_limit: ByteSize = Field(default=ByteSize(200 * 2**30), gt=0)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, then ``.env``, then files that the environment names."""
        return init_settings, env_settings, dotenv_settings, SecretFiles(settings_cls)

    @classmethod
    def load(cls) -> Self:
        """The settings as they are now; raises `DbError` naming the first one that is wrong."""
        try:
            read: Self = _read(cls, _sources())
        except ValidationError as error:
            first = error.errors()[0]
            name = "DUBLINE_" + "_".join(str(part) for part in first["loc"]).upper()
            raise DbError(f"setting {name} is wrong", "environment or .env", first["msg"]) from error
        return read

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


_Any = TypeVar("_Any", bound=Places)


@lru_cache(maxsize=16)
def _read(settings: type[_Any], _: object) -> _Any:
    """Read once for each state of their sources: every step asks for its settings, and reading them takes 10 ms."""
    return settings()


def _sources() -> tuple[object, ...]:
    """What settings are read from, in so far as it tells whether they may have changed."""
    ours = {name: value for name, value in os.environ.items() if name.upper().startswith(("DUBLINE_", "HOME"))}
    files = [Path(".env").absolute(), *(Path(value) for name, value in ours.items() if name.upper().endswith("_FILE"))]
    return (*ours.items(), *((file, _state(file)) for file in files))


def _state(file: Path) -> tuple[int, ...] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns

"""Where the catalog and the store are: the settings that whoever opens them reads, prefix ``DUBLINE_``."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Self

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
        """Read the settings; raises `DbError` naming the first one that is wrong."""
        try:
            return cls()
        except ValidationError as error:
            first = error.errors()[0]
            name = "DUBLINE_" + "_".join(str(part) for part in first["loc"]).upper()
            raise DbError(f"setting {name} is wrong", "environment or .env", first["msg"]) from error

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

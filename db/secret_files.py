"""Settings out of files: ``DUBLINE_DATABASE_URL_FILE=/run/secrets/database_url`` instead of the URL itself.

A secret in a file is in no process listing and in no compose file; Docker, Kubernetes and systemd hand them out so.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from db.errors import DbError

_SUFFIX = "_FILE"


class SecretFiles(PydanticBaseSettingsSource):
    """What stands, less the space around it, in the file that ``<NAME>_FILE`` names; ``<NAME>`` itself comes first."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The setting's value or None, and its name; raises `DbError` for a file that cannot be read."""
        # `log_file` is a setting of its own, not the file that `log` stands in.
        own = f"{field_name}{_SUFFIX}".lower() in self.settings_cls.model_fields
        named = os.environ.get(f"{self.config.get('env_prefix', '')}{field_name}{_SUFFIX}".upper())
        if own or not named:
            return None, field_name, False
        try:
            return Path(named).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            said = getattr(error, "strerror", None) or str(error)
            raise DbError(
                f"cannot read the setting {field_name}: {said}", named, "correct the path or the file"
            ) from error

    def __call__(self) -> dict[str, Any]:
        """Every setting that stands in a file."""
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}

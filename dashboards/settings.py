"""Settings of the review desk: from the environment or ``.env``, prefix ``DUBLINE_``."""

from __future__ import annotations

import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr

from db.settings import Places

Role = Literal["viewer", "reviewer", "admin"]

# Where `dubline up` and `dubline server` of this machine write down how they are reached.
_PREFECT_NOTE = Path("prefect") / "server.url"


class ReviewSettings(Places):
    """Where the catalog is, and how people come in."""

    # Signs media addresses and forms; several desks behind one name share it. Made and kept in HOME where unset.
    review_secret: SecretStr | None = None
    # The address people type, where that is not the one the desk listens at: https:// here makes cookies secure.
    review_url: str | None = None
    # A reverse proxy's header that says who it let in, the addresses it may come from, and the role of those who are
    # not in the catalog; without one they are refused.
    review_proxy_header: str | None = None
    review_proxy_addresses: str = "127.0.0.1,::1"
    review_proxy_role: Role | None = None
    # Lets whoever knows it in, on this machine, for as long as the desk runs; made anew at each start where unset.
    review_token: SecretStr | None = None
    review_session_hours: float = Field(default=12.0, gt=0)
    prefect_api_url: str | None = Field(default=None, validation_alias=AliasChoices("PREFECT_API_URL"))
    # USER:PASSWORD, where Prefect's server asks for it.
    prefect_auth: SecretStr | None = Field(default=None, validation_alias=AliasChoices("PREFECT_API_AUTH_STRING"))
    prefect_ui_url: str | None = Field(default=None, validation_alias=AliasChoices("PREFECT_UI_URL"))

    @cached_property
    def secret(self) -> str:
        """The key of signatures."""
        if self.review_secret is not None:
            return self.review_secret.get_secret_value()
        return _kept_secret(self.home.absolute() / "review.secret")

    @cached_property
    def proxy_addresses(self) -> frozenset[str]:
        """Addresses whose header is believed."""
        return frozenset(part.strip() for part in self.review_proxy_addresses.split(",") if part.strip())

    @property
    def prefect_api(self) -> str | None:
        """Prefect's API: the configured one, or that of the studio on this machine; None where there is none."""
        if self.prefect_api_url:
            return self.prefect_api_url.rstrip("/")
        note = self.home.absolute() / _PREFECT_NOTE
        return note.read_text(encoding="utf-8").strip() if note.is_file() else None

    @property
    def prefect_ui(self) -> str | None:
        """Prefect's pages, which lie beside its API unless said otherwise."""
        api = self.prefect_api
        return (self.prefect_ui_url or (api.removesuffix("/api") if api else "")).rstrip("/") or None


def _kept_secret(path: Path) -> str:
    """The secret in a file that only its owner reads, written at the first start."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}")
        part.touch(mode=0o600)
        part.write_text(secrets.token_urlsafe(32), encoding="utf-8")
        try:
            os.link(part, path)  # of two desks that start at once one is first
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return path.read_text(encoding="utf-8").strip()

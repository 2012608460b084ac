"""What every page works with: settings, catalog, store, signatures; opened once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request
from itsdangerous import URLSafeSerializer

from dashboards.live import Live
from dashboards.prefect import Prefect
from dashboards.settings import ReviewSettings
from dashboards.summary import Summary
from dashboards.waiting import Waiting
from db.catalog import Catalog
from db.store import Store
from db.stores import store_of


@dataclass(slots=True)
class Desk:
    """An open review desk. ``local`` lets whoever sits at this machine in by ``token``, once unless it was set."""

    settings: ReviewSettings
    catalog: Catalog
    store: Store
    prefect: Prefect
    waiting: Waiting
    live: Live
    summary: Summary
    media: URLSafeSerializer
    local: bool = False
    token: str | None = None

    @classmethod
    def open(cls, settings: ReviewSettings, *, local: bool = False) -> Desk:
        """Open catalog and store; raises DbError."""
        catalog = Catalog.open(settings.catalog_url)
        prefect = Prefect(settings)
        waiting = Waiting(prefect)
        return cls(
            settings=settings,
            catalog=catalog,
            store=store_of(catalog, settings),
            prefect=prefect,
            waiting=waiting,
            live=Live(catalog, waiting),
            summary=Summary(catalog),
            media=URLSafeSerializer(settings.secret, salt="media"),
            local=local,
            token=_token(settings) if local else None,
        )

    def close(self) -> None:
        """Let go of the catalog and of Prefect."""
        self.catalog.close()
        self.prefect.close()


def _token(settings: ReviewSettings) -> str:
    given = settings.review_token
    return given.get_secret_value() if given is not None else secrets.token_urlsafe(24)


def this_desk(request: Request) -> Desk:
    """The desk that serves this request."""
    return cast(Desk, request.app.state.desk)


TheDesk = Annotated[Desk, Depends(this_desk)]

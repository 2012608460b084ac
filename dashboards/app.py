"""The review desk as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

from dashboards import errors, media
from dashboards.access.csrf import csrf_checked
from dashboards.api import API_ROUTERS
from dashboards.desk import Desk
from dashboards.pages import PAGE_ROUTERS
from dashboards.security import Guard
from dashboards.settings import ReviewSettings
from dashboards.templating import STATIC

_ABOUT = """Titles, deliverables, decisions, lineage and reports of a dubline catalog.

A program logs in as a person does, or is let in by the studio's reverse proxy. An unsafe method takes the header
`X-CSRF-Token` with the token that `GET /api/me` gives.
"""


def create_app(settings: ReviewSettings, *, local: bool = False) -> FastAPI:
    """The application over the catalog of ``settings``; raises DbError where it cannot be opened.

    ``local`` lets whoever has the desk's token in as an admin, which is meant for a desk that nobody else reaches.
    """
    desk = Desk.open(settings, local=local)
    app = FastAPI(
        title="dubline review desk",
        version=version("dubline"),
        description=_ABOUT,
        openapi_url="/api/openapi.json",
        docs_url=None,  # its page comes from a CDN
        redoc_url=None,
        lifespan=_alive,
        dependencies=[Depends(csrf_checked)],
        responses=errors.RESPONSES,
    )
    app.state.desk = desk
    for router in API_ROUTERS:
        app.include_router(router, prefix="/api")
    app.include_router(media.router)
    for router in PAGE_ROUTERS:
        app.include_router(router, include_in_schema=False)
    app.mount("/static", Kept(directory=STATIC), name="static")
    errors.install(app)
    app.add_middleware(Guard, https=(settings.review_url or "").startswith("https:"))
    return app


@asynccontextmanager
async def _alive(app: FastAPI) -> AsyncIterator[None]:
    desk: Desk = app.state.desk
    with desk.live.watching():
        yield
    desk.close()


class Kept(StaticFiles):
    """Files whose address has their hash in it (see `static_url`): browsers may keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if scope["query_string"]:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

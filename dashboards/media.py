"""Media by signed, short-lived addresses: of the catalog's assets, by hash; no path ever comes from a request."""

from __future__ import annotations

import mimetypes
import time
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from itsdangerous import BadSignature
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from dashboards.access import Viewer
from dashboards.desk import Desk, TheDesk
from db.assets import StoredAsset
from db.errors import DbError, NotFound
from db.recipes import SHA256
from db.store import Store

router = APIRouter()

# What a browser may show in our name; anything else (a report is a page of its own) is handed over as a file.
_SHOWN = ("audio/", "video/", "image/")
_SHOWN_TYPES = {"application/json", "application/octet-stream"}
_TYPES = {
    ".mov": "video/quicktime", ".wav": "audio/wav", ".mka": "audio/x-matroska", ".mkv": "video/x-matroska",
    ".json": "application/json", ".opus": "audio/ogg", ".parquet": "application/vnd.apache.parquet",
}  # fmt: skip


def signed(desk: Desk, asset_sha256: str, role: str, seconds: float) -> str:
    """The address of an asset for the next ``seconds``; ``role`` names what it is to the page (and to the log)."""
    return f"/media/{desk.media.dumps([asset_sha256, role, int(time.time() + seconds)])}"


@router.get("/media/{token}", tags=["media"], response_class=Response, responses={206: {}, 404: {}, 410: {}, 416: {}})
async def media(token: str, request: Request, desk: TheDesk, person: Viewer) -> Response:
    """The bytes of an asset, whole or by ranges (RFC 9110, 14.2)."""
    try:
        sha256, _, until = desk.media.loads(token)
    except (BadSignature, ValueError) as error:
        raise HTTPException(404, "There is nothing here.") from error
    if until < time.time():
        raise HTTPException(410, "This address was good for a while only. Load its page again.")
    if not SHA256.match(sha256):
        raise HTTPException(404, "There is nothing here.")
    etag = f'"{sha256}"'
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": etag})
    try:
        asset = await run_in_threadpool(desk.catalog.asset, sha256)
    except NotFound as error:
        raise HTTPException(404, "The catalog does not know these bytes.") from error
    return Lent(desk.store, asset)


class Lent(Response):
    """An asset's file, lent by the store for as long as it is being sent."""

    def __init__(self, store: Store, asset: StoredAsset) -> None:
        super().__init__()
        self._store, self._asset = store, asset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        lent = self._store.lend(self._asset)
        try:
            path = await run_in_threadpool(lent.__enter__)
        except (DbError, OSError) as error:
            raise HTTPException(404, "These bytes are not in the store any more.") from error
        try:
            if not path.is_file():
                raise HTTPException(404, "These bytes are not in the store any more.")
            await FileResponse(path, **_manner(self._asset))(scope, receive, send)
        finally:
            await run_in_threadpool(lent.__exit__, None, None, None)


def _manner(asset: StoredAsset) -> dict[str, Any]:
    """Type, headers and, for what is no media, the name to save it under."""
    suffix = asset.suffix.lower()
    kind = _TYPES.get(suffix) or mimetypes.types_map.get(suffix, "application/octet-stream")
    headers = {"ETag": f'"{asset.sha256}"', "Cache-Control": "private, max-age=3600, immutable"}
    if kind.startswith(_SHOWN) or kind in _SHOWN_TYPES:
        return {"media_type": kind, "headers": headers}
    return {"media_type": "application/octet-stream", "headers": headers, "filename": f"{asset.sha256[:12]}{suffix}"}

"""What goes out with every answer, and how much may come in."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Everything from here, nothing from elsewhere, and no script or style that stands in a page.
CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "worker-src 'self' blob:",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    # Whatever is not said to be kept is somebody's own.
    "Cache-Control": "no-store",
}
_HSTS = "max-age=31536000"
# A note or an edit is a few kilobytes.
LARGEST_BODY = 1024 * 1024


class Guard:
    """Security headers on every answer; bodies over `LARGEST_BODY` are refused (413) before they are read.

    Plain ASGI, so that media and events stream through unhindered.
    """

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers = HEADERS | ({"Strict-Transport-Security": _HSTS} if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        told = dict(scope["headers"]).get(b"content-length", b"0")
        if not told.isdigit() or int(told) > LARGEST_BODY:
            await _too_large()(scope, receive, guarded)
            return
        await self._app(scope, _Counted(receive), guarded)


class _Counted:
    """``receive`` that gives up on a body which never ends; one in chunks does not tell its length."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._count = receive, 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._count += len(message.get("body", b""))
        return message if self._count <= LARGEST_BODY else {"type": "http.disconnect"}


def _too_large() -> PlainTextResponse:
    return PlainTextResponse("That is more than this page takes.", status_code=413)

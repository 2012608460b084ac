"""What is going on now, as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from dashboards.access import Viewer
from dashboards.desk import Desk, TheDesk

router = APIRouter(tags=["live"])

# Proxies close a connection that says nothing for a minute.
_HEARTBEAT_SECONDS = 20.0
_GLANCE_SECONDS = 0.5
# Half an hour; a browser comes back by itself, and whether it still may is asked anew.
_GLANCES = 3600


@router.get(
    "/live",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "Events `now`: runs at work, titles waiting."}
    },
)
def live(desk: TheDesk, person: Viewer, once: bool = False) -> StreamingResponse:
    """Runs at work with their steps, titles that wait, when the board changed last; again with every change.

    With ``once`` the present moment alone.
    """
    return StreamingResponse(
        _events(desk, once=once), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


async def _events(desk: Desk, *, once: bool) -> AsyncIterator[str]:
    """Waits without a thread: there are fewer of those than there may be open pages."""
    known, silent = -1, 0.0
    with desk.live.listening():
        await run_in_threadpool(desk.live.look)
        yield "retry: 3000\n\n"
        for _ in range(_GLANCES):
            now = desk.live.now
            if now.number != known:
                known, silent = now.number, 0.0
                yield f"event: now\ndata: {json.dumps(asdict(now))}\n\n"
            elif silent > _HEARTBEAT_SECONDS:
                silent = 0.0
                yield ": still here\n\n"
            if once or desk.live.stopped:
                return
            await asyncio.sleep(_GLANCE_SECONDS)
            silent += _GLANCE_SECONDS

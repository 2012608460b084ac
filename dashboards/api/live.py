"""What is going on now, as server-sent events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from dashboards.access import Viewer
from dashboards.desk import Desk, TheDesk

router = APIRouter(tags=["live"])

# Proxies close a connection that says nothing for a minute.
_HEARTBEAT_SECONDS = 20.0
# A browser comes back by itself; meanwhile its thread and its session's rights are looked at anew.
_BEATS = 90


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


def _events(desk: Desk, *, once: bool) -> Iterator[str]:
    known = -1
    with desk.live.listening():
        yield "retry: 3000\n\n"
        for _ in range(_BEATS):
            now = desk.live.wait(known, _HEARTBEAT_SECONDS)
            if now.number != known:
                known = now.number
                yield f"event: now\ndata: {json.dumps(asdict(now))}\n\n"
            else:
                yield ": still here\n\n"
            if once or desk.live.stopped:
                return

"""Prefect's API, asked over HTTP: what waits there, and runs it should start."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from dashboards.settings import ReviewSettings

# The deployment that `dubline submit` runs (flows/deployments.py), as flow and name.
LOCALIZE = "localize/localize"
# What starts a run may take its time; what a page is waiting for may not.
_START_SECONDS, _GLANCE_SECONDS = 5.0, 1.0
# Runs that a server tells of at a time.
_MOST = 200
_TAG = "title-"
# What a server's refusal of such requests means, by HTTP status.
_REFUSALS = {
    401: "does not let the desk in: set PREFECT_API_AUTH_STRING",
    404: f"has no deployment {LOCALIZE}: run `dubline deploy`",
}


class PrefectAway(Exception):
    """Prefect cannot do what was asked; the message is for people."""


class Prefect:
    """A client for the few things the desk asks; every method raises `PrefectAway`."""

    def __init__(self, settings: ReviewSettings) -> None:
        self._settings = settings
        self._client = httpx.Client(auth=_auth(settings))

    def close(self) -> None:
        """Close the connections that were kept."""
        self._client.close()

    @property
    def is_known(self) -> bool:
        """Whether there is a server to ask."""
        return self._settings.prefect_api is not None

    def run_url(self, flow_run_id: str | None) -> str | None:
        """The page of a run on Prefect's own dashboard."""
        pages = self._settings.prefect_ui
        return f"{pages}/runs/flow-run/{flow_run_id}" if pages and flow_run_id else None

    def waiting(self, slugs: Collection[str] | None = None) -> frozenset[str]:
        """Slugs of titles with a run that is scheduled and not started: of these, or of the next 200 runs."""
        runs: dict[str, Any] = {"state": {"type": {"any_": ["SCHEDULED", "PENDING"]}}}
        if slugs is not None:
            runs["tags"] = {"any_": [f"{_TAG}{slug}" for slug in sorted(slugs)]}
        body = {
            "flow_runs": runs,
            "flows": {"name": {"any_": ["localize"]}},
            "sort": "EXPECTED_START_TIME_ASC",
            "limit": _MOST,
        }
        with _understood():
            found = self._ask("POST", "/flow_runs/filter", body, seconds=_GLANCE_SECONDS)
            tags = [tag for run in found for tag in run["tags"]]
        return frozenset(tag.removeprefix(_TAG) for tag in tags if tag.startswith(_TAG))

    def start(self, slug: str, version_id: int, *, order_path: str, out: str, queue: str, who: str) -> str:
        """Hand a version's stored order to the deployment; returns the flow run's id.

        What nobody has approved gives way to what the run makes, for somebody asks for it.
        """
        body = {
            "parameters": {
                "order_path": order_path,
                "out": out,
                "wait_seconds": 3600.0,
                "version_id": version_id,
                "replace_candidates": True,
            },
            "tags": [f"{_TAG}{slug}", queue, f"asked-by-{who}"],
            "work_queue_name": queue,
            "state": {"type": "SCHEDULED"},
        }
        with _understood():
            deployment = self._ask("GET", f"/deployments/name/{LOCALIZE}", None, seconds=_START_SECONDS)["id"]
            path = f"/deployments/{deployment}/create_flow_run"
            return str(self._ask("POST", path, body, seconds=_START_SECONDS)["id"])

    def _ask(self, method: str, path: str, body: dict[str, Any] | None, *, seconds: float) -> Any:
        url = self._settings.prefect_api
        if url is None:
            raise PrefectAway("No Prefect server is known: run `dubline up`, or set PREFECT_API_URL.")
        try:
            answer = self._client.request(method, url + path, json=body, timeout=seconds)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise PrefectAway("The Prefect server does not answer.") from error
        if not answer.is_success:
            said = _REFUSALS.get(answer.status_code, f"refuses (status {answer.status_code}): see its log")
            raise PrefectAway(f"The Prefect server {said}.")
        return answer.json()


@contextmanager
def _understood() -> Iterator[None]:
    """An answer that is none of Prefect's becomes `PrefectAway`."""
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        raise PrefectAway("What answers is no Prefect server: set PREFECT_API_URL to the API of one.") from error


def _auth(settings: ReviewSettings) -> tuple[str, str] | None:
    if settings.prefect_auth is None:
        return None
    user, _, password = settings.prefect_auth.get_secret_value().partition(":")
    return user, password

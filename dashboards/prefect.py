"""Prefect's API, asked over HTTP: what waits there, and runs it should start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from dashboards.settings import ReviewSettings

# The deployment that `dubline submit` runs (flows/deployments.py), as flow and name.
LOCALIZE = "localize/localize"
_TIMEOUT_SECONDS = 5.0


class PrefectAway(Exception):
    """Prefect cannot do what was asked; the message is for people."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that Prefect has not started yet, by the slug of its title."""

    flow_run_id: str
    slug: str
    state: str


class Prefect:
    """A client for the few things the desk asks; every method raises `PrefectAway`."""

    def __init__(self, settings: ReviewSettings) -> None:
        self._settings = settings

    @property
    def is_known(self) -> bool:
        """Whether there is a server to ask."""
        return self._settings.prefect_api is not None

    def run_url(self, flow_run_id: str | None) -> str | None:
        """The page of a run on Prefect's own dashboard."""
        pages = self._settings.prefect_ui
        return f"{pages}/runs/flow-run/{flow_run_id}" if pages and flow_run_id else None

    def waiting(self) -> list[Waiting]:
        """Runs scheduled and not started, the next one first."""
        body = {
            "flow_runs": {"state": {"type": {"any_": ["SCHEDULED", "PENDING"]}}},
            "flows": {"name": {"any_": ["localize"]}},
            "sort": "EXPECTED_START_TIME_ASC",
            "limit": 200,
        }
        found: list[dict[str, Any]] = self._ask("POST", "/flow_runs/filter", body)
        return [
            Waiting(run["id"], tag.removeprefix("title-"), run["state_name"])
            for run in found
            for tag in run["tags"]
            if tag.startswith("title-")
        ]

    def start(self, slug: str, *, order_path: str, out: str, queue: str, who: str) -> str:
        """Hand a title's stored order to the deployment; returns the flow run's id."""
        deployment = self._ask("GET", f"/deployments/name/{LOCALIZE}", None)
        body = {
            "parameters": {"order_path": order_path, "out": out, "wait_seconds": 3600.0},
            "tags": [f"title-{slug}", queue, f"asked-by-{who}"],
            "work_queue_name": queue,
            "state": {"type": "SCHEDULED"},
        }
        return str(self._ask("POST", f"/deployments/{deployment['id']}/create_flow_run", body)["id"])

    def _auth(self) -> tuple[str, str] | None:
        if self._settings.prefect_auth is None:
            return None
        user, _, password = self._settings.prefect_auth.get_secret_value().partition(":")
        return user, password

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        url = self._settings.prefect_api
        if url is None:
            raise PrefectAway("No Prefect server is known: run `dubline up`, or set PREFECT_API_URL.")
        try:
            answer = httpx.request(method, url + path, json=body, auth=self._auth(), timeout=_TIMEOUT_SECONDS)
        except httpx.HTTPError as error:
            raise PrefectAway("The Prefect server does not answer.") from error
        if answer.status_code == 404:
            raise PrefectAway(f"The Prefect server has no deployment {LOCALIZE}: run `dubline deploy`.")
        if not answer.is_success:
            raise PrefectAway(f"The Prefect server refuses (status {answer.status_code}).")
        return answer.json()

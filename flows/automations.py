"""What the Prefect server does by itself when a run falls silent, never starts, crashes, or delivers what fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import cast
from uuid import UUID

from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import CallWebhook, ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from pydantic import SecretStr

from flows.notify import FAILED, RESOURCE

WEBHOOK = "dubline: a delivery check failed"
_BLOCK = "dubline-delivery-failed"

# Prefect takes no shorter time for something that does not happen.
SHORTEST_SECONDS = 10.0

Labels = dict[str, str | list[str]]

_RUNS: Labels = {"prefect.resource.id": "prefect.flow-run.*"}
_TITLES: Labels = {"prefect.resource.role": "deployment", "prefect.resource.name": "localize"}
_OF_EACH_RUN = {"prefect.resource.id"}
_SETTLED = timedelta(seconds=15)
_ANYTHING = {"prefect.flow-run.*"}
_TAKEN_BY_A_WORKER = {f"prefect.flow-run.{state}" for state in ("Pending", "Submitting", "InfrastructurePending")}


def automations(zombie_after: float) -> Iterator[AutomationCore]:
    """The automations of dubline; silence of ``zombie_after`` seconds says that a run's process is gone."""
    silence = timedelta(seconds=max(zombie_after, SHORTEST_SECONDS))
    yield AutomationCore(
        name="dubline: a silent run has crashed",
        description="Its process, its worker or their machine is gone: nobody else can say so.",
        trigger=_silence_after({"prefect.flow-run.heartbeat"}, silence),
        actions=[_turn(StateType.CRASHED, "Crashed", f"not heard of for {silence}")],
    )
    yield AutomationCore(
        name="dubline: a run that does not start is offered again",
        description="The worker that took it is gone.",
        trigger=_silence_after(_TAKEN_BY_A_WORKER, silence),
        actions=[_again(f"taken by a worker, and not heard of for {silence}")],
    )
    yield AutomationCore(
        name="dubline: a crashed title is taken up again",
        description="Finished steps are answered from the catalog; how often is bounded by the flow itself.",
        # Not at once: a worker reports a process it lost twice, and cannot take a run again before it is done with it.
        trigger=_silence_after({"prefect.flow-run.Crashed"}, _SETTLED, match_related=_TITLES),
        actions=[_again("crashed: taken up again")],
    )


def set_up_automations(client: SyncPrefectClient, *, zombie_after: float) -> None:
    """Make the automations, or bring those of the same name up to date."""
    for one in automations(zombie_after):
        _make(client, one)


def set_up_webhook(client: SyncPrefectClient, url: str | None) -> None:
    """Have the server call ``url`` (http or https) for each delivery check that fails, or no longer call any.

    The address lies in a Prefect block, as a secret: it is in no automation, event or log.
    """
    known = client.read_automations_by_name(WEBHOOK)
    if not url:
        for one in known:
            client.delete_automation(one.id)
        with suppress(ValueError):  # how Prefect says that there is none
            Webhook.delete(f"webhook/{_BLOCK}")
        return
    block = cast(UUID, Webhook(url=SecretStr(url)).save(_BLOCK, overwrite=True))
    wanted = AutomationCore(
        name=WEBHOOK,
        description="Tells DUBLINE_WEBHOOK_URL which title, language and spec, and what failed.",
        trigger=EventTrigger(
            expect={FAILED},
            match={"prefect.resource.id": f"{RESOURCE}.*"},
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=[CallWebhook(block_document_id=block, payload="{{ event.payload | tojson }}")],
    )
    _make(client, wanted)


def _make(client: SyncPrefectClient, wanted: AutomationCore) -> None:
    known = client.read_automations_by_name(wanted.name)
    if known:
        client.update_automation(known[0].id, wanted)
    else:
        client.create_automation(wanted)


def _silence_after(event: set[str], silence: timedelta, match_related: Labels | None = None) -> EventTrigger:
    return EventTrigger(
        posture=Posture.Proactive,
        match=_RUNS,
        match_related=match_related or {},
        for_each=_OF_EACH_RUN,
        after=event,
        expect=_ANYTHING,
        threshold=1,
        within=silence,
    )


def _again(why: str) -> ChangeFlowRunState:
    return _turn(StateType.SCHEDULED, "AwaitingRetry", why)


def _turn(state: StateType, name: str, why: str) -> ChangeFlowRunState:
    return ChangeFlowRunState(state=state, name=name, message=why, force=False)

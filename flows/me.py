"""From the OV mix to a clean M&E: separate, detect, clean, look at what was done."""

from __future__ import annotations

from dataclasses import dataclass

from dubline.vocalization.rules import standard
from flows.clock import start_of_day
from flows.preflight import Plan
from flows.separate import separate_stems
from flows.source import Source
from tasks.clean import clean
from tasks.detect import detect
from tasks.events_page import events_page
from tasks.language import language
from tasks.measure import measure
from tasks.package import package
from tasks.residual import residual
from tasks.speech import speech
from tasks.step import Pending, RunRef, StepResult


@dataclass(frozen=True, slots=True)
class Sound:
    """The title's stems and what was made of them; steps that may still be running.

    ``residual`` has the cleaning's report with what was read of language left, and the DX guide's text where there is
    a recognizer; ``language`` holds the original dialogue against its tag.
    """

    stems: StepResult
    ov_speech: Pending
    events: Pending
    cleaned: Pending
    residual: Pending
    language: Pending
    events_page: Pending
    me_level: Pending
    package: Pending


def make_me(run: RunRef, plan: Plan, source: Source) -> Sound:
    """Separate the OV mix, find what stayed of the voice, take it out and show it; package the stems for delivery."""
    stems = separate_stems(run, source.ov, plan.model)
    ov_speech = speech.submit(run, "OV", dialogue=stems["dx"])
    events = detect.submit(run, me=stems["me"], dx=stems["dx"], rules=standard().body())
    cleaned = clean.submit(
        run,
        me=stems["me"],
        dx=stems["dx"],
        events=events["events"],
        edits=source.edits,
        policy=plan.policy.model_dump(mode="json"),
        rules=standard().body(),
        model=plan.model,
    )
    reported = residual.submit(
        run,
        me_filled=cleaned["me_filled"],
        dx_guide=cleaned["dx_guide"],
        speech=ov_speech["speech"],
        report=cleaned["report"],
        language=plan.original.bcp47,
    )
    return Sound(
        stems=stems,
        ov_speech=ov_speech,
        events=events,
        cleaned=cleaned,
        residual=reported,
        language=language.submit(run, "OV", dialogue=stems["dx"], speech=ov_speech["speech"], tag=plan.original.bcp47),
        events_page=events_page.submit(
            run,
            me=stems["me"],
            me_filled=cleaned["me_filled"],
            dx=stems["dx"],
            dx_guide=cleaned["dx_guide"],
            report=reported["report"],
            title=plan.order.title.name,
        ),
        # The M&E is never gained as its own deliverable; it is measured so that its peaks are known.
        me_level=measure.submit(run, "M&E", track=cleaned["me_filled"]),
        package=package.submit(
            run,
            me=cleaned["me_filled"],
            optional=cleaned["optional"],
            dx_guide=cleaned["dx_guide"],
            dx=stems["dx"],
            mx=stems["mx"],
            fx=stems["fx"],
            title=plan.order.title.name,
            **start_of_day(source),
        ),
    )

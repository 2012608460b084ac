"""From one dub to its deliverables: mix onto the M&E, then per spec conform, remux and check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dubline.media import containers
from flows.me import Sound
from flows.order import Delivery, Dub
from flows.preflight import Plan
from flows.source import Source
from tasks.check import check
from tasks.conform import conform
from tasks.measure import measure
from tasks.mix import mix
from tasks.remux import remux
from tasks.speech import speech
from tasks.step import Pending, RunRef


@dataclass(frozen=True, slots=True)
class Deliverable:
    """One language for one spec: the steps that make it, which may still be running."""

    dub: Dub
    row: Delivery
    placed: Pending
    mixed: Pending
    conformed: Pending
    remuxed: Pending
    checked: Pending


def localize_language(run: RunRef, plan: Plan, source: Source, sound: Sound, dub: Dub) -> Iterator[Deliverable]:
    """Submit the steps of one dub; the languages of a title run side by side as far as the machine allows."""
    language, placed = plan.languages[dub.language], source.placed[dub.language]
    spoken = speech.submit(run, dub.language, dialogue=placed["dub_dx"])
    mixed = mix.submit(
        run,
        dub.language,
        me_filled=sound.cleaned["me_filled"],
        dub_dx=placed["dub_dx"],
        dx=sound.stems["dx"],
        ov_speech=sound.ov_speech["speech"],
        dub_speech=spoken["speech"],
        optional=sound.cleaned["optional"] if plan.order.options.include_optional else None,
    )
    level = measure.submit(run, dub.language, track=mixed["print_master"], speech=spoken["speech"])
    for row in plan.order.deliver:
        spec = plan.specs[row.spec].model_dump(mode="json")
        subject = f"{dub.language} {row.spec}"
        conformed = conform.submit(
            run,
            subject,
            print_master=mixed["print_master"],
            measurement=level["measurement"],
            spec=spec,
            peak_allowance_db=containers.codec(row.codec).peak_allowance_db,
        )
        delivery = {
            "container": row.container,
            "codec": row.codec,
            "audio_stream": plan.order.master.audio_stream,
            "keep_original": plan.order.options.keep_original,
        }
        remuxed = remux.submit(
            run,
            subject,
            master=source.master,
            media=source.media_asset,
            conformed=conformed["conformed"],
            original_language=plan.original.bcp47,
            language=language.bcp47,
            **delivery,
        )
        checked = check.submit(
            run,
            subject,
            deliverables=[remuxed["deliverable"]],
            media=source.media_asset,
            references=[conformed["conformed"]],
            speech=[spoken["speech"]],
            languages=[language.bcp47],
            name=f"{plan.order.title.id}_{dub.language}_{row.spec}{containers.container(row.container).suffix}",
            spec=spec,
            frames=source.frames,
            **delivery,
        )
        yield Deliverable(dub, row, placed, mixed, conformed, remuxed, checked)

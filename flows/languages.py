"""From the dubs to their deliverables: mix onto the M&E, then per spec conform, write the file and check it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from db.stale import Place
from db.standing import Standing
from dubline.audio.speakers import speaker_names
from dubline.loudness.specs import Spec
from dubline.media import containers
from dubline.media.languages import MULTIPLE
from flows.clock import start_of_day
from flows.me import Sound
from flows.naming import channels_of, stem_of
from flows.order import Delivery, Dub
from flows.preflight import Plan
from flows.source import Source
from flows.stored import recorded
from flows.sync import Synced
from tasks.broadcast import broadcast, channel_role
from tasks.check import check
from tasks.conform import conform
from tasks.language import language
from tasks.measure import measure
from tasks.mix import mix
from tasks.remux import remux
from tasks.speech import speech
from tasks.step import Pending, RunRef, Settled


@dataclass(frozen=True, slots=True)
class Dubbed:
    """One dub laid on the M&E: the steps that make its full mix, which may still be running.

    ``synced`` is the check against the original dialogue, None where the order does not want one; ``language`` holds
    the dub against its tag.
    """

    dub: Dub
    placed: Pending
    synced: Pending | None
    spoken: Pending
    language: Pending
    mixed: Pending
    level: Pending


@dataclass(frozen=True, slots=True)
class Deliverable:
    """What one spec gets of one dub, or of all of them in one file; its steps may still be running.

    ``dubbed`` and ``conformed`` go together, in the order of the file's streams. ``channels`` are the names of the
    channels that have a file each, empty where one file holds them all. What is ``kept`` is an earlier run's, with the
    spec and the steps of then.
    """

    row: Delivery
    spec: Spec
    language: str
    stem: str
    dubbed: tuple[Dubbed, ...]
    conformed: tuple[Pending, ...]
    written: Pending
    channels: tuple[str, ...]
    checked: Pending
    kept: bool = False


def mix_language(run: RunRef, plan: Plan, sound: Sound, dub: Dub, aligned: Synced) -> Dubbed:
    """Submit the mix of one dub as it lies (`sync_dub`); languages run side by side as far as the machine allows."""
    placed, synced = aligned
    spoken = speech.submit(run, dub.language, dialogue=placed["dub_dx"])
    heard = language.submit(
        run, dub.language, dialogue=placed["dub_dx"], speech=spoken["speech"], tag=plan.languages[dub.language].bcp47
    )
    mixed = mix.submit(
        run,
        dub.language,
        me_filled=sound.cleaned["me_filled"],
        dub_dx=placed["dub_dx"],
        dx=sound.stems["dx"],
        ov_speech=sound.ov_speech["speech"],
        dub_speech=spoken["speech"],
        optional=sound.cleaned["optional"] if plan.order.options.include_optional else None,
        level=plan.order.level_of(dub).rules(),
    )
    level = measure.submit(run, dub.language, track=mixed["print_master"], speech=spoken["speech"])
    return Dubbed(dub, placed, synced, spoken, heard, mixed, level)


def make_deliverables(
    run: RunRef, plan: Plan, source: Source, dubbed: Sequence[Dubbed], kept: Mapping[Place, Standing]
) -> Iterator[Deliverable]:
    """Submit all that the order asks for, but what is ``kept``: what holds one language, dub by dub, then what holds
    them all.
    """
    for row, spoken, dubs in _wanted(plan, dubbed):
        stands = kept.get(plan.place(row, spoken))
        if stands is None:
            yield _make(run, plan, source, row, spoken, dubs)
        else:
            yield _keep(run, plan, source, row, spoken, dubs, stands)


def _wanted(plan: Plan, dubbed: Sequence[Dubbed]) -> Iterator[tuple[Delivery, str, tuple[Dubbed, ...]]]:
    for one in dubbed:
        yield from ((row, one.dub.language, (one,)) for row in plan.rows if row.languages == "one")
    yield from ((row, MULTIPLE, tuple(dubbed)) for row in plan.rows if row.languages == "all")


def _keep(
    run: RunRef,
    plan: Plan,
    source: Source,
    row: Delivery,
    language: str,
    dubbed: tuple[Dubbed, ...],
    stands: Standing,
) -> Deliverable:
    """What stands, as it was made: only its check is asked for again, by the recipe it was checked by."""
    spec, house = Spec.model_validate(stands.spec), containers.container(row.container)
    by_file = house.audio_only and channels_of(row, spec) == "files"
    return Deliverable(
        row,
        spec,
        language,
        stem_of(plan.order, row, spec, language=language, layout=source.layout),
        dubbed,
        tuple(Pending(Settled(recorded(key))) for key in stands.conformed),
        Pending(Settled(recorded(stands.written))),
        speaker_names(source.layout) if by_file else (),
        check.submit(run, f"{language} {row.spec}", **stands.check_inputs, **stands.check_params),
        kept=True,
    )


def _make(
    run: RunRef, plan: Plan, source: Source, row: Delivery, language: str, dubbed: tuple[Dubbed, ...]
) -> Deliverable:
    spec, house = plan.specs[row.spec], containers.container(row.container)
    subject = f"{language} {row.spec}"
    stem = stem_of(plan.order, row, spec, language=language, layout=source.layout)
    conformed = tuple(
        conform.submit(
            run,
            f"{one.dub.language} {row.spec}",
            print_master=one.mixed["print_master"],
            mixed_dx=one.mixed["mixed_dx"],
            measurement=one.level["measurement"],
            speech=one.spoken["speech"],
            spec=spec.body(),
            container=row.container,
            codec=row.codec,
        )
        for one in dubbed
    )
    channels = speaker_names(source.layout) if channels_of(row, spec) == "files" else ()
    write = _write_sound if house.audio_only else _write_film
    written = write(run, plan, source, row, subject, dubbed, conformed)
    checked = check.submit(
        run,
        subject,
        deliverables=[written[role] for role in roles_of(channels)],
        media=source.media_asset,
        references=[one["conformed"] for one in conformed],
        speech=[one.spoken["speech"] for one in dubbed],
        languages=[plan.languages[one.dub.language].bcp47 for one in dubbed],
        name=f"{stem}{house.suffix}",
        spec=spec.body(),
        frames=source.frames,
        container=row.container,
        codec=row.codec,
        audio_stream=plan.order.master.audio_stream,
        keep_original=keeps_original(plan, row),
    )
    return Deliverable(row, spec, language, stem, dubbed, conformed, written, channels, checked)


def _write_film(
    run: RunRef,
    plan: Plan,
    source: Source,
    row: Delivery,
    subject: str,
    dubbed: Sequence[Dubbed],
    conformed: Sequence[Pending],
) -> Pending:
    """The mixes under the picture."""
    return remux.submit(
        run,
        subject,
        master=source.master,
        media=source.media_asset,
        conformed=[one["conformed"] for one in conformed],
        container=row.container,
        codec=row.codec,
        languages=[plan.languages[one.dub.language].bcp47 for one in dubbed],
        original_language=plan.original.bcp47,
        audio_stream=plan.order.master.audio_stream,
        keep_original=plan.order.options.keep_original,
    )


def _write_sound(
    run: RunRef,
    plan: Plan,
    source: Source,
    row: Delivery,
    subject: str,
    dubbed: Sequence[Dubbed],
    conformed: Sequence[Pending],
) -> Pending:
    """The one mix alone."""
    title, language = plan.order.title, plan.languages[dubbed[0].dub.language]
    return broadcast.submit(
        run,
        subject,
        conformed=conformed[0]["conformed"],
        codec=row.codec,
        channels=channels_of(row, plan.specs[row.spec]),
        title=title.name,
        content=f"{title.name} ({title.version}), {language.name}",
        language=language.bcp47,
        **start_of_day(source),
    )


def keeps_original(plan: Plan, row: Delivery) -> bool:
    """Whether the OV audio goes along: never into a file that holds one sound and nothing else."""
    return plan.order.options.keep_original and not containers.container(row.container).audio_only


def roles_of(channels: Sequence[str]) -> tuple[str, ...]:
    """The outputs of a written deliverable that are delivered: one, or one per channel in the order of the layout."""
    return tuple(map(channel_role, channels)) or ("deliverable",)

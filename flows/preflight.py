"""Everything an order asks for is looked at before any work is done."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from db.orders import StoredOrder
from db.stale import Place
from dubline.audio.layout import Layout
from dubline.errors import BadInput, EnvironmentFault
from dubline.loudness import specs
from dubline.loudness.specs import Spec
from dubline.media import containers, languages
from dubline.media.files import check_file
from dubline.media.languages import MULTIPLE, Language
from dubline.media.streams import Media
from dubline.separation import registry
from dubline.vocalization import policies
from dubline.vocalization.edits import read_edits
from dubline.vocalization.policies import Policy
from flows.naming import channels_of, check_names
from flows.order import Delivery, Dub, Order, read_order
from flows.refused import Refused
from flows.roots import check_inside
from tasks.recognition import configured
from tasks.settings import Settings


@dataclass(frozen=True, slots=True)
class Plan:
    """An order whose every name is known."""

    order: Order
    order_path: Path
    out: Path
    specs: dict[str, Spec]
    # By spec id: shipped, added by the studio, or overriding a shipped version.
    standing: dict[str, str]
    model: str
    policy: Policy
    original: Language
    languages: dict[str, Language]
    # An order that the catalog kept.
    again: bool = False
    # What comes of it is laid beside what stands, approved or not.
    beside: bool = False
    refused: tuple[Refused, ...] = ()

    @property
    def dubs(self) -> tuple[Dub, ...]:
        """The order's dubs, but those that cannot be used."""
        without = {one.language for one in self.refused}
        return tuple(dub for dub in self.order.dubs if dub.language not in without)

    @property
    def rows(self) -> tuple[Delivery, ...]:
        """The order's deliveries, but a file of all languages where one of them is missing."""
        return tuple(row for row in self.order.deliver if row.languages == "one" or not self.refused)

    def without(self, refused: Sequence[Refused]) -> Plan:
        """The plan that goes on without some dubs; raises what is wrong with the first where nothing is left to do."""
        plan = replace(self, refused=(*self.refused, *refused))
        if refused and not (plan.dubs and plan.rows):
            raise refused[0].error
        return plan

    def delivered_as(self, language: str) -> str:
        """The BCP-47 tag under which an order's language is delivered; ``mul``, several languages, is itself."""
        return MULTIPLE if language == MULTIPLE else self.languages[language].bcp47

    def place(self, row: Delivery, language: str) -> Place:
        """What a row's deliverable in an order's language is known by."""
        return self.delivered_as(language), row.spec, row.container, row.codec


def preflight(order_path: Path, out: Path, settings: Settings) -> Plan:
    """Read the order and look up each spec, policy, model and language; `BadInput` names the first unknown one."""
    check_inside([order_path, out], settings.order_roots, where="the order and its output")
    order = read_order(order_path)
    check_inside(files_of(order), settings.order_roots, where=str(order_path))
    return look_at_files(plan_of(order, order_path, out, settings), settings)


def preflight_again(stored: StoredOrder, settings: Settings) -> Plan:
    """`preflight` of an order that the catalog kept: the file it came from may be gone."""
    plan = plan_again(stored, settings)
    check_inside([plan.out, *files_of(plan.order)], settings.order_roots, where=str(plan.order_path))
    return look_at_files(plan, settings)


def plan_again(stored: StoredOrder, settings: Settings) -> Plan:
    """The plan of an order that the catalog kept, without a look at any file; raises `BadInput`."""
    try:
        order = Order.model_validate(stored.body)
    except ValidationError as error:
        mend = "run it again with `dubline localize`, corrected"
        raise BadInput("the stored order is of another dubline", str(stored.path), mend) from error
    return replace(plan_of(order, stored.path, stored.out, settings), again=True)


def plan_of(order: Order, order_path: Path, out: Path, settings: Settings) -> Plan:
    """Everything the order names, looked up; `BadInput` says what is not known."""
    card = registry.card_of(order.options.model, settings.models_root)
    known = {dub.language: languages.parse(dub.language) for dub in order.dubs}
    _refuse_same_language(known, order_path)
    wanted = {row.spec: specs.get(row.spec, settings.specs_root) for row in order.deliver}
    for number, row in enumerate(order.deliver, start=1):
        _check_row(row, wanted[row.spec], where=f"{order_path}, delivery {number}")
    check_names(order, wanted, where=str(order_path))
    return Plan(
        order=order,
        order_path=order_path,
        out=out,
        specs=wanted,
        standing=specs.standing(settings.specs_root),
        model=card.id,
        policy=policies.get(order.options.policy, settings.policies_root),
        original=languages.parse(order.master.language),
        languages=known,
    )


def look_at_files(plan: Plan, settings: Settings) -> Plan:
    """The same plan, once every file it reads is known to be there and its output place takes files.

    It goes on without a dub whose files cannot be read, where others are left.
    """
    check_file(plan.order.master.path)
    plan = plan.without([one for dub in plan.dubs if (one := _unreadable(dub)) is not None])
    if plan.order.options.edits is not None:
        read_edits(plan.order.options.edits)
    configured(settings.asr_model)
    _writable(plan.out)
    return plan


def _unreadable(dub: Dub) -> Refused | None:
    try:
        for path in dub.files:
            check_file(path)
    except BadInput as error:
        return Refused(dub.language, error)
    return None


def files_of(order: Order) -> list[Path]:
    """Every file that an order has read."""
    edits = [order.options.edits] if order.options.edits is not None else []
    return [order.master.path, *(path for dub in order.dubs for path in dub.files), *edits]


def check_media(plan: Plan, media: Media) -> None:
    """Refuse what the master cannot become; `BadInput` with what would work."""
    order = plan.order
    where = str(order.master.path)
    stream = media.audio_stream(order.master.audio_stream)
    layout = stream.channel_layout(where=where)
    for number, row in enumerate(order.deliver, start=1):
        delivery = f"{plan.order_path}, delivery {number}"
        house, _ = containers.check_pair(row.container, row.codec, layout=layout, rate=stream.rate, where=delivery)
        _check_form(row, plan.specs[row.spec], layout=layout, rate=stream.rate, where=delivery)
        if not house.audio_only:
            containers.check_picture(row.container, media.picture.codec, where=delivery)
        if order.options.keep_original and not house.audio_only:
            ends = media.ends_with_picture(stream)
            containers.check_original(
                row.container, stream.codec, rate=stream.rate, ends_with_picture=ends, where=delivery
            )
        if plan.specs[row.spec].requires_constant_frame_rate and not media.picture.constant_frame_rate:
            raise BadInput(
                f"the picture's frame rate varies and spec '{row.spec}' demands a constant one",
                where,
                "conform the picture first",
            )


def _check_row(row: Delivery, spec: Spec, *, where: str) -> None:
    """What can be said of a delivery before the master is known."""
    if spec.material != "print_master":
        mend = "order a spec for print masters; the M&E and the dubs are judged by `dubline measure FILE --spec ID`"
        raise BadInput(f"{spec.id} is no spec for a print master", where, mend)
    _, codec = containers.check_codec(row.container, row.codec, where=where)
    if row.languages == "all":
        containers.check_languages(row.container, where=where)
    channels = channels_of(row, spec)
    if channels == "files":
        containers.check_channel_files(row.container, where=where)
    if row.container not in spec.containers:
        return  # a screener: the client's own format is another
    if spec.codecs and row.codec not in spec.codecs:
        raise BadInput(f"{spec.id} does not take {row.codec}", where, f"use {', '.join(spec.codecs)}")
    if spec.bit_depths and codec.bits is not None and codec.bits not in spec.bit_depths:
        depths = ", ".join(map(str, spec.bit_depths))
        raise BadInput(f"{spec.id} does not take {codec.bits}-bit samples", where, f"use a codec of {depths} bits")
    if spec.discrete_channels is not None and spec.discrete_channels != (channels == "files"):
        shape = "a file for each channel" if spec.discrete_channels else "all channels in one file"
        raise BadInput(f"{spec.id} takes {shape}", where, "leave the key channels out")
    if spec.languages_per_file == "one" and row.languages == "all":
        raise BadInput(f"{spec.id} takes one language per file", where, "set languages: one")


def _check_form(row: Delivery, spec: Spec, *, layout: Layout, rate: int, where: str) -> None:
    """A layout or rate the client never takes in its own container: everything is delivered as the master has it."""
    if row.container not in spec.containers:
        return
    if spec.layouts and layout.name not in spec.layouts:
        raise BadInput(f"{spec.id} does not take {layout.name}", where, f"use a master in {', '.join(spec.layouts)}")
    if spec.sample_rates and rate not in spec.sample_rates:
        rates = ", ".join(map(str, spec.sample_rates))
        raise BadInput(f"{spec.id} does not take {rate} Hz", where, f"use a master at {rates} Hz")


def _refuse_same_language(known: dict[str, Language], where: Path) -> None:
    seen: dict[str, str] = {}
    for given, language in known.items():
        if language.bcp47 in seen:
            raise BadInput(
                f"'{given}' and '{seen[language.bcp47]}' are one language", str(where), "keep one dub per language"
            )
        seen[language.bcp47] = given


def _writable(out: Path) -> None:
    """The nearest existing folder above ``out`` must take files."""
    folder = next(parent for parent in (out.absolute(), *out.absolute().parents) if parent.exists())
    if not folder.is_dir():
        raise EnvironmentFault("the output place is not a folder", str(folder), "give --out a folder")
    probe = folder / f".dubline-write-test-{os.getpid()}"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise EnvironmentFault(
            f"cannot write: {error.strerror}", str(folder), "give --out a writable folder"
        ) from error

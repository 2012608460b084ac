"""Where each deliverable of an order lies under its title's folder, and what it is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from dubline.audio.layout import Layout
from dubline.audio.speakers import format_name
from dubline.errors import BadInput
from dubline.loudness.specs import Spec
from dubline.media import containers
from dubline.media.languages import MULTIPLE
from dubline.media.naming import DEFAULT_TEMPLATE, file_stem
from flows.order import Delivery, Order

# Suffix of the list of a set's files; the format is that of `sha256sum --check`.
LISTING_SUFFIX = ".sha256"
# Every layout's name is digits and dots: one stands for all until the master's is known.
_SOME_LAYOUT = Layout.parse("5.1")


def channels_of(row: Delivery, spec: Spec) -> Literal["interleaved", "files"]:
    """Whether the row's channels share a file: as it says, else as its spec wants its own delivery to be."""
    if row.channels is not None:
        return row.channels
    return "files" if spec.discrete_channels and containers.container(row.container).audio_only else "interleaved"


def languages_of(order: Order, row: Delivery) -> list[str]:
    """The languages the row is delivered in, each in a file or set of its own; ``mul`` for one with all of them."""
    return [MULTIPLE] if row.languages == "all" else [dub.language for dub in order.dubs]


def stem_of(order: Order, row: Delivery, spec: Spec, *, language: str, layout: Layout, where: str = "deliver") -> str:
    """The deliverable's name without suffix; raises `BadInput` for one that the client or a disk would refuse."""
    fields = {
        "title": order.title.id,
        "version": order.title.version,
        "language": language,
        "spec": row.spec,
        "layout": format_name(layout),
    }
    template = row.naming or spec.naming_template or DEFAULT_TEMPLATE
    return file_stem(template, fields, allowed=spec.allowed_characters, where=where)


def check_names(order: Order, specs: Mapping[str, Spec], *, where: str) -> None:
    """Refuse names that no client takes, and two deliverables under one name; `BadInput` says which."""
    seen: dict[str, int] = {}
    for number, row in enumerate(order.deliver, start=1):
        place = f"{where}, delivery {number}"
        for language in languages_of(order, row):
            stem = stem_of(order, row, specs[row.spec], language=language, layout=_SOME_LAYOUT, where=place)
            # Disks of clients may not tell upper from lower case.
            path = f"{language}/{stem}{containers.container(row.container).suffix}".lower()
            if path in seen:
                raise BadInput(
                    f"deliveries {seen[path]} and {number} are both called {path}", where, "give one of them a naming"
                )
            seen[path] = number

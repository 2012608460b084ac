"""Dubs that an order names and that cannot be used: the other languages go on without them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dubline.errors import BadInput
from tasks.step import Pending

if TYPE_CHECKING:
    from flows.deliver import Localized


@dataclass(frozen=True, slots=True)
class Refused:
    """A dub, by its order's language, and what is wrong with it."""

    language: str
    error: BadInput

    def to_json(self) -> dict[str, Any]:
        """As `dubline localize --json` and the manifest tell it."""
        return {"language": self.language, "error": str(self.error)}


def refusals(submitted: Mapping[str, Pending]) -> list[Refused]:
    """Wait for steps of dubs, by language; those that refused theirs. Raises what else one ended with."""
    refused = []
    for language, pending in submitted.items():
        try:
            pending.result()
        except BadInput as error:
            refused.append(Refused(language, error))
    return refused


class DubsRefused(BadInput):
    """Some dubs could not be used; every other language was delivered: ``localized`` says what."""

    def __init__(self, refused: Sequence[Refused], localized: Localized) -> None:
        first, others = refused[0].error, "; the other languages are delivered"
        if len(refused) == 1:
            super().__init__(first.what, first.where, first.mend + others)
        else:
            languages = ", ".join(one.language for one in refused)
            told = " | ".join(str(one.error) for one in refused)
            super().__init__(f"{len(refused)} dubs cannot be used", languages, told + others)
        self.localized = localized

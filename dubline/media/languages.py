"""Language tags: BCP-47 in orders and manifests, ISO 639-2/T inside containers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import langcodes
from langcodes.registry_parser import parse_registry
from langcodes.tag_parser import LanguageTagError

from dubline.errors import BadInput

# ISO 639-2 for "several languages": a file that holds more than one dub.
MULTIPLE = "mul"

_MEND = "use a BCP-47 tag such as fr-FR, es-419 or cmn-Hans"


@dataclass(frozen=True, slots=True)
class Language:
    """One language: ``bcp47`` as given with its case put right, the code containers carry, an English name."""

    bcp47: str
    iso639_2t: str
    name: str


@lru_cache(maxsize=256)
def parse(tag: str, *, where: str = "language") -> Language:
    """The language ``tag`` names (BCP-47, RFC 5646; subtags from the IANA registry).

    The container's code is the terminological one of ISO 639-2 (``fra``, never ``fre``); a language that
    ISO 639-2 does not list on its own travels under its macrolanguage (``cmn`` as ``zho``).
    Raises `BadInput` for a tag that is malformed, unregistered or names no language.
    """
    try:
        language = langcodes.Language.get(tag, normalize=False)
        subtag = language.language or ""
        code = langcodes.Language.get(_container_subtag(subtag), normalize=False).to_alpha3(variant="T")
    except (LanguageTagError, LookupError) as error:
        raise BadInput(f"unknown language '{tag}'", where, _MEND) from error
    if not language.is_valid():
        known = langcodes.Language.get(tag)
        mend = f"write '{known.to_tag()}'" if known.is_valid() else _MEND
        raise BadInput(f"'{tag}' is not a registered BCP-47 tag", where, mend)
    return Language(language.to_tag(), code, _name(language))


@lru_cache(maxsize=1)
def _registry() -> tuple[dict[str, str], dict[str, str]]:
    """Two tables of the IANA registry: subtag (kind:subtag) to English name, language to macrolanguage."""
    names: dict[str, str] = {}
    macros: dict[str, str] = {}
    for entry in parse_registry():  # type: ignore[no-untyped-call]
        subtag = entry.get("Subtag")
        if subtag is None:
            continue
        names[f"{entry['Type']}:{subtag}"] = _first(entry["Description"])
        if "Macrolanguage" in entry:
            macros[subtag] = _first(entry["Macrolanguage"])
    return names, macros


def _first(value: str | list[str]) -> str:
    return value if isinstance(value, str) else value[0]


def _container_subtag(subtag: str) -> str:
    # Two-letter languages are in ISO 639-2 themselves, even those inside a macrolanguage (nb, nn).
    return _registry()[1].get(subtag, subtag) if len(subtag) == 3 else subtag


def _name(language: langcodes.Language) -> str:
    names, _ = _registry()
    parts = [("script", language.script), ("region", language.territory)]
    details = [names.get(f"{kind}:{subtag}", subtag) for kind, subtag in parts if subtag]
    name = names.get(f"language:{language.language}", language.to_tag())
    return f"{name} ({', '.join(details)})" if details else name

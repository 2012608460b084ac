"""Checks of a deliverable's name: the client's template and the characters it takes."""

from __future__ import annotations

import re
import string
from pathlib import PurePath

from dubline.audio.layout import Layout
from dubline.audio.speakers import format_name
from dubline.loudness.specs import Spec
from dubline.loudness.verdict import Check

# What a title's id and a version's label may be (`flows.order`).
_WORD = r"[A-Za-z0-9][A-Za-z0-9._-]*"


def check_name(name: str, spec: Spec, *, language: str | None, layout: Layout) -> tuple[Check, ...]:
    """The name the file is published under holds the template and the characters of ``spec``, as far as it has any.

    ``language`` is a BCP-47 tag, None where nobody said which it is.
    """
    checks = []
    if spec.allowed_characters is not None:
        odd = sorted(
            {character for character in PurePath(name).stem if not re.fullmatch(spec.allowed_characters, character)}
        )
        note = f"not taken: {' '.join(map(repr, odd))}" if odd else ""
        limit = f"only {spec.allowed_characters}"
        checks.append(Check("name_characters", name, "", None, limit, "fail" if odd else "pass", note))
    if spec.naming_template is not None:
        fields = {"language": language, "spec": spec.id, "layout": format_name(layout)}
        good = re.fullmatch(_pattern(spec.naming_template, fields), PurePath(name).stem) is not None
        limit = spec.naming_template
        checks.append(Check("name", name, "", limit, limit, "pass" if good else "fail"))
    return tuple(checks)


def _pattern(template: str, fields: dict[str, str | None]) -> str:
    """``template`` as a regular expression: fields that are known as they are, the others as any word."""
    parts = []
    for text, field, _, _ in string.Formatter().parse(template):
        parts.append(re.escape(text))
        if field is not None:
            known = fields.get(field)
            parts.append(re.escape(known) if known is not None else _WORD)
    return "".join(parts)

"""What delivered files are called: a template, filled in and held against what file systems and the client take."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping

from dubline.errors import BadInput

DEFAULT_TEMPLATE = "{title}_{language}_{spec}"

# No file system of a client's takes these (Windows is the strictest), and half a character is not written at all.
_NEVER = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\ud800-\udfff]')
# File systems take 255 bytes; a candidate's mark, a channel's name and the suffix need room.
_MAX_BYTES = 200


def file_stem(template: str, fields: Mapping[str, str], *, allowed: str | None = None, where: str = "naming") -> str:
    """The name of a file, without its suffix: ``template`` with ``fields`` put into its braces.

    ``allowed`` is a regular expression for one character of it. Raises `BadInput` for a field that is not there, and
    for a name the client or a file system would refuse.
    """
    _check_template(template, fields, where)
    name = template.format(**fields)
    length = len(name.encode("utf-8", "surrogatepass"))
    if not 1 <= length <= _MAX_BYTES:
        raise BadInput(f"a file name of {length} bytes", where, f"have 1 to {_MAX_BYTES}")
    if _NEVER.search(name) or name[0] in ". -" or name[-1] in ". ":
        raise BadInput(
            f"'{name}' is no file name on every system", where, 'leave out / \\ : * ? " < > |, and . at the ends'
        )
    refused = {character for character in name if allowed is not None and not re.fullmatch(allowed, character)}
    if refused:
        raise BadInput(
            f"'{name}' has characters the client does not take: {' '.join(sorted(refused))}",
            where,
            f"set naming to a template of {allowed}",
        )
    return name


def _check_template(template: str, fields: Mapping[str, str], where: str) -> None:
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise BadInput(f"'{template}' is no template: {error}", where, "close every brace") from error
    for _, field, form, conversion in parts:
        if field is not None and (field not in fields or form or conversion):
            raise BadInput(
                f"'{{{field}}}' is no naming field", where, f"use {', '.join(f'{{{name}}}' for name in fields)}"
            )

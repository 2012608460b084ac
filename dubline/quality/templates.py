"""What the templates of the QC pages work with: HTML that escapes what it is given, and how figures are written."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2

from dubline.loudness.verdict import Check
from dubline.quality.axis import clock, instant

_HASH_NAME = re.compile(r"[0-9a-f]{64}")
NONE = "\N{EN DASH}"


def environment() -> jinja2.Environment:
    """The templates beside this file."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "clock": clock,
        "instant": instant,
        "moment": _moment,
        "number": number,
        "figure": _figure,
        "short": _short,
        "file_name": _file_name,
    }
    return environment


def number(value: float | None, places: int = 1) -> str:
    """A figure with a true minus sign, or a dash where there is none."""
    return NONE if value is None else f"{value:.{places}f}".replace("-", "\N{MINUS SIGN}")


def _moment(seconds: float | None) -> str:
    return NONE if seconds is None else clock(seconds)


def _figure(check: Check) -> str:
    """A check's value as a person reads it: hashes cut short, numbers without noise."""
    value = check.value
    if value is None:
        return NONE
    if check.unit == "sha256":
        return _short(str(value))
    text = number(value, 2) if isinstance(value, float) else str(value)
    return f"{text} {check.unit}".strip()


def _file_name(name: str) -> str:
    """A file's name; one that is a hash, as files in a store are called, cut short."""
    return _HASH_NAME.sub(lambda match: _short(match[0]) + "\N{HORIZONTAL ELLIPSIS}", name)


def _short(digest: str) -> str:
    return digest[:12]

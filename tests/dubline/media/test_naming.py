"""Names of delivered files: what clients ask for, and what no disk takes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.errors import BadInput
from dubline.media.naming import DEFAULT_TEMPLATE, file_stem

FIELDS = {"title": "glass-harbor", "version": "theatrical", "language": "fr-FR", "spec": "wbd", "layout": "5.1"}
NETFLIX = "[a-zA-Z0-9._-]"


@pytest.mark.parametrize(
    ("template", "name"),
    [
        (DEFAULT_TEMPLATE, "glass-harbor_fr-FR_wbd"),
        ("{title}_{version}_{language}_{layout}", "glass-harbor_theatrical_fr-FR_5.1"),
        ("GH_s01_e02_{language}", "GH_s01_e02_fr-FR"),
        ("{{{title}}}", "{glass-harbor}"),
    ],
)
def test_templates_are_filled_in(template: str, name: str) -> None:
    assert file_stem(template, FIELDS) == name


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{title}_{year}", "'{year}' is no naming field"),
        ("{title.__class__}", "is no naming field"),
        ("{title[0]}", "is no naming field"),
        ("{}", "'{}' is no naming field"),
        ("{title:>400}", "is no naming field"),
        ("{title!r}", "is no naming field"),
        ("{title", "is no template"),
        ("a/{title}", "is no file name"),
        ("..", "is no file name"),
        (".{title}", "is no file name"),
        ("-{title}", "is no file name"),
        ("{title} ", "is no file name"),
        ("{title}?", "is no file name"),
        ("\ud800{title}", "is no file name"),
        ("", "0 bytes"),
        ("x" * 201, "201 bytes"),
        ("\N{CJK UNIFIED IDEOGRAPH-7247}" * 70, "210 bytes"),
    ],
)
def test_what_is_no_name_is_refused(template: str, said: str) -> None:
    with pytest.raises(BadInput, match=re.escape(said)):
        file_stem(template, FIELDS)


def test_the_client_s_characters_are_held() -> None:
    assert file_stem("{title}", FIELDS, allowed=NETFLIX) == "glass-harbor"
    with pytest.raises(BadInput, match="does not take: - é"):
        file_stem("é_{title}", FIELDS, allowed="[A-Za-z0-9_]")


@given(st.text())
def test_a_template_gives_a_name_or_a_reason(template: str) -> None:
    try:
        name = file_stem(template, FIELDS, allowed=NETFLIX)
    except BadInput:
        return
    assert re.fullmatch(f"{NETFLIX}{{1,200}}", name)
    assert name[0] not in ".-"

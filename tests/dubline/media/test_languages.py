"""Language tags: BCP-47 as people write it, ISO 639-2/T as containers hold it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.errors import BadInput
from dubline.media import languages


@pytest.mark.parametrize(
    ("tag", "bcp47", "code"),
    [
        ("fr-FR", "fr-FR", "fra"),
        ("FR-fr", "fr-FR", "fra"),
        ("es-419", "es-419", "spa"),
        ("pt_br", "pt-BR", "por"),
        ("de", "de", "deu"),
        ("cs", "cs", "ces"),
        ("zh-hant-tw", "zh-Hant-TW", "zho"),
        # ISO 639-2 has no code for Mandarin or Cantonese alone.
        ("cmn-Hans", "cmn-Hans", "zho"),
        ("yue", "yue", "zho"),
        ("nb", "nb", "nob"),
        ("fil", "fil", "fil"),
    ],
)
def test_a_tag_keeps_its_form_and_gets_a_terminological_code(tag: str, bcp47: str, code: str) -> None:
    language = languages.parse(tag)
    assert (language.bcp47, language.iso639_2t) == (bcp47, code)


def test_names_are_english() -> None:
    assert languages.parse("fr-CA").name == "French (Canada)"
    assert languages.parse("es-419").name == "Spanish (Latin America and the Caribbean)"


@pytest.mark.parametrize("tag", ["", "xx", "french", "fr-FRA-", "en-QQQQ-ZZZZ", "x-private", "und", "fr FR", "--"])
def test_tags_that_name_no_language_are_refused(tag: str) -> None:
    with pytest.raises(BadInput):
        languages.parse(tag)


def test_a_three_letter_code_is_answered_with_its_tag() -> None:
    with pytest.raises(BadInput, match="write 'fr'"):
        languages.parse("fra")


@given(st.text(max_size=20))
def test_any_text_is_a_language_or_bad_input(text: str) -> None:
    try:
        language = languages.parse(text)
    except BadInput:
        return
    assert len(language.iso639_2t) == 3
    assert languages.parse(language.bcp47) == language

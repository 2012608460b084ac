"""iXML is XML, whatever a title is called."""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from dubline.audio.ixml import Slate, ixml_chunk


def test_a_reader_finds_speed_tracks_and_language() -> None:
    slate = Slate("Glass Harbor", "French mix", 2**32 + 7, Fraction(30000, 1001), True, "fr-FR")
    root = ElementTree.fromstring(ixml_chunk(slate, rate=48_000, bits=24, tracks=["L", "R", "C", "LFE", "Ls", "Rs"]))
    text = {element.tag: element.text for element in root.iter()}
    assert root.tag == "BWFXML"
    assert (text["PROJECT"], text["NOTE"], text["LANGUAGE"]) == ("Glass Harbor", "French mix", "fr-FR")
    assert (text["TIMECODE_RATE"], text["TIMECODE_FLAG"]) == ("30000/1001", "DF")
    assert (text["TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI"], text["TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO"]) == ("1", "7")
    assert (text["FILE_SAMPLE_RATE"], text["AUDIO_BIT_DEPTH"], text["TRACK_COUNT"]) == ("48000", "24", "6")
    tracks = [[track.findtext(key) for key in ("INTERLEAVE_INDEX", "NAME")] for track in root.iter("TRACK")]
    assert tracks == [["1", "L"], ["2", "R"], ["3", "C"], ["4", "LFE"], ["5", "Ls"], ["6", "Rs"]]


def test_without_a_picture_s_clock_there_is_no_timecode() -> None:
    root = ElementTree.fromstring(ixml_chunk(Slate("T", "M&E", 0), rate=44_100, bits=32, tracks=["L", "R"]))
    assert root.find("SPEED/TIMECODE_RATE") is None
    assert root.find("USER") is None


@given(st.text())
def test_any_title_survives_but_for_what_xml_cannot_say(title: str) -> None:
    body = ixml_chunk(Slate(title, title, 0), rate=48_000, bits=24, tracks=["L"])
    found = ElementTree.fromstring(body).findtext("PROJECT") or ""
    # A reader takes every end of line for a line feed (XML 1.0, 2.11).
    said = "".join(character for character in title if character in "\t\n\r" or character.isprintable())
    heard = "".join(character for character in found if character in "\t\n" or character.isprintable())
    assert heard == said.replace("\r\n", "\n").replace("\r", "\n")

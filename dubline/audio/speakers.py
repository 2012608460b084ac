"""What studios call the channels of a mix: ``L R C LFE Ls Rs``, not the tags of a channel mask."""

from __future__ import annotations

from dubline.audio.layout import Layout

# One surround pair is Ls and Rs wherever its tags put it; with two, the side pair is Lss Rss and the back pair
# Lrs Rrs (SMPTE ST 428-12, ST 377-4 tag symbols).
_BED = {"FL": "L", "FR": "R", "FC": "C", "LFE": "LFE"}
_ONE_PAIR = {"BL": "Ls", "BR": "Rs", "SL": "Ls", "SR": "Rs"}
_TWO_PAIRS = {"BL": "Lrs", "BR": "Rrs", "SL": "Lss", "SR": "Rss"}
_HEIGHT = {"TFL": "Ltf", "TFR": "Rtf", "TBL": "Ltr", "TBR": "Rtr"}


def speaker_names(layout: Layout) -> tuple[str, ...]:
    """The name of each channel of ``layout``, in its order."""
    surround = _TWO_PAIRS if {"BL", "SL"} <= set(layout.tags) else _ONE_PAIR
    names = _BED | surround | _HEIGHT
    return tuple(names[tag] for tag in layout.tags)


def format_name(layout: Layout) -> str:
    """``2.0``, ``5.1``, ``7.1.4``: floor channels, LFE, height channels if any."""
    height = sum(tag.startswith("T") for tag in layout.tags)
    lfe = layout.tags.count("LFE")
    floor = f"{layout.channels - lfe - height}.{lfe}"
    return f"{floor}.{height}" if height else floor

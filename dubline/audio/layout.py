"""Channel layouts: which loudspeaker each channel feeds, by tag and never by index.

Tags and layout names are ffmpeg's; tag order inside a layout is the order of the WAVE channel mask
(Microsoft, *Multiple channel audio data and WAVE files*), which is L R C LFE Ls Rs for 5.1. Tags that begin with T
are loudspeakers above the listener.
"""

from __future__ import annotations

from dataclasses import dataclass

from dubline.errors import BadInput

# Tag -> bit in dwChannelMask (ksmedia.h SPEAKER_*).
MASK_BITS: dict[str, int] = {
    "FL": 0x1,
    "FR": 0x2,
    "FC": 0x4,
    "LFE": 0x8,
    "BL": 0x10,
    "BR": 0x20,
    "BC": 0x100,
    "SL": 0x200,
    "SR": 0x400,
    "TFL": 0x1000,
    "TFR": 0x4000,
    "TBL": 0x8000,
    "TBR": 0x20000,
}

_NAMED: dict[str, tuple[str, ...]] = {
    "mono": ("FC",),
    "stereo": ("FL", "FR"),
    "3.0": ("FL", "FR", "FC"),
    "quad": ("FL", "FR", "BL", "BR"),
    "5.0": ("FL", "FR", "FC", "BL", "BR"),
    "5.0(side)": ("FL", "FR", "FC", "SL", "SR"),
    "5.1": ("FL", "FR", "FC", "LFE", "BL", "BR"),
    "5.1(side)": ("FL", "FR", "FC", "LFE", "SL", "SR"),
    "7.1": ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
    "5.1.2": ("FL", "FR", "FC", "LFE", "SL", "SR", "TFL", "TFR"),
    "5.1.2(back)": ("FL", "FR", "FC", "LFE", "BL", "BR", "TFL", "TFR"),
    "5.1.4": ("FL", "FR", "FC", "LFE", "SL", "SR", "TFL", "TFR", "TBL", "TBR"),
    "7.1.2": ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR", "TFL", "TFR"),
    "7.1.4": ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR", "TFL", "TFR", "TBL", "TBR"),
}

# Ten channels may be 5.1.4 or 7.1.2: they have no customary layout.
_DEFAULT_BY_COUNT = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 8: "7.1", 12: "7.1.4"}

_PAIRS = (("FL", "FR"), ("SL", "SR"), ("BL", "BR"), ("TFL", "TFR"), ("TBL", "TBR"))


@dataclass(frozen=True, slots=True)
class Layout:
    """A named arrangement of channels; ``tags[i]`` says where channel ``i`` of a block goes."""

    name: str
    tags: tuple[str, ...]

    @classmethod
    def parse(cls, name: str, *, where: str = "layout") -> Layout:
        """The layout ffmpeg calls ``name``; raises `BadInput` for one dubline does not know."""
        if name not in _NAMED:
            raise BadInput(
                f"channel layout '{name}' has no name dubline knows",
                where,
                f"deliver one of {', '.join(_NAMED)}",
            )
        return cls(name, _NAMED[name])

    @classmethod
    def default(cls, channels: int, *, where: str = "layout") -> Layout:
        """The customary layout of an untagged stream of ``channels`` channels; `BadInput` if there is none."""
        if channels not in _DEFAULT_BY_COUNT:
            raise BadInput(
                f"{channels} channels without a layout",
                where,
                f"tag the stream with one of {', '.join(_NAMED)}",
            )
        return cls.parse(_DEFAULT_BY_COUNT[channels])

    @classmethod
    def from_mask(cls, mask: int, channels: int, *, where: str = "layout") -> Layout:
        """The layout of a WAVE channel mask; mask 0 means untagged and takes the customary layout."""
        if mask == 0:
            return cls.default(channels, where=where)
        for name, tags in _NAMED.items():
            if sum(MASK_BITS[tag] for tag in tags) == mask and len(tags) == channels:
                return cls(name, tags)
        raise BadInput(
            f"channel mask 0x{mask:X} with {channels} channels has no name dubline knows",
            where,
            f"deliver one of {', '.join(_NAMED)}",
        )

    @property
    def channels(self) -> int:
        """Number of channels."""
        return len(self.tags)

    @property
    def mask(self) -> int:
        """The WAVE dwChannelMask."""
        return sum(MASK_BITS[tag] for tag in self.tags)

    def index(self, tag: str) -> int:
        """Column of ``tag`` in a block; raises `KeyError` where the layout lacks it."""
        if tag not in self.tags:
            raise KeyError(tag)
        return self.tags.index(tag)

    @property
    def lfe(self) -> int | None:
        """Column of the low-frequency effects channel, if there is one."""
        return self.tags.index("LFE") if "LFE" in self.tags else None

    @property
    def center(self) -> int | None:
        """Column of the center channel, if there is one (a mono layout is its center)."""
        return self.tags.index("FC") if "FC" in self.tags else None

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Columns of the left/right pairs: front, side, back, above, as far as the layout has them."""
        return tuple(
            (self.index(left), self.index(right)) for left, right in _PAIRS if left in self.tags and right in self.tags
        )

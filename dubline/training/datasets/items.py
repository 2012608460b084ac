"""The items of a Divide and Remaster folder, version 3 or 2, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from dubline.errors import BadInput
from dubline.training.datasets.presets import SPLITS, Split

Samples = npt.NDArray[np.float32]

STEMS = ("speech", "music", "sfx")
# Version 2 and the releases of version 3 name things their own way.
_FOLDERS_V2: dict[Split, str] = {"train": "tr", "val": "cv", "test": "tt"}
_VARIANT_V2 = "v2"
_SUFFIXES = (".wav", ".flac")


class ItemFolder:
    """The items of one split of the folder ``root``.

    ``root`` holds ``audio/{variant}/{split}/{item}`` (version 3, WAV or FLAC), ``npy32/...`` of the same form (used
    where there is no audio), or ``{tr,cv,tt}/{item}`` (version 2). ``variants`` chooses some of a version 3 folder's
    variants, usually languages; all by default. ``names[k]`` is item k as ``variant/item``, ``variant_of[k]`` its
    variant, ``rate`` the sample rate in Hz. Raises `BadInput` for a folder without such items.
    """

    def __init__(self, root: Path, split: Split = "test", *, variants: Sequence[str] | None = None) -> None:
        self.root = root
        self._folders = _items(root, split, variants)
        if not self._folders:
            wanted = f" of {', '.join(variants)}" if variants else ""
            mend = "name a Divide and Remaster folder, or another split"
            raise BadInput(f"no items{wanted} in the split {split}", str(root), mend)
        self.variant_of = tuple(variant for variant, _ in self._folders)
        self.names = tuple(f"{variant}/{folder.name}" for variant, folder in self._folders)
        self.rate = _rate(self._folders[0][1])

    def __len__(self) -> int:
        return len(self._folders)

    def stems(self, k: int) -> Samples:
        """Speech, music and sfx of item ``k``: ``(3, frames)`` float32; `BadInput` for a file that cannot be read."""
        _, folder = self._folders[k]
        loaded = [_load(folder, stem, self.rate) for stem in STEMS]
        if len({len(samples) for samples in loaded}) > 1:
            raise BadInput("stems differ in length", str(folder), "render the item again")
        return np.stack(loaded)

    def frames(self, k: int) -> int:
        """Length of item ``k``, by its speech."""
        return _length(self._folders[k][1], STEMS[0])

    def excerpt(self, k: int, start: int, frames: int) -> Samples:
        """``(3, n)``: n is ``frames``, or less where the item ends; only this part is read."""
        _, folder = self._folders[k]
        loaded = [_load(folder, stem, self.rate, start, frames) for stem in STEMS]
        shortest = min(map(len, loaded))
        return np.stack([samples[:shortest] for samples in loaded])

    def delivered(self, k: int) -> Samples:
        """The mixture of item ``k`` as it was written: ``(frames,)`` float32."""
        _, folder = self._folders[k]
        return _load(folder, "mixture" if _found(folder, "mixture") else "mix", self.rate)


def variants(root: Path) -> tuple[str, ...]:
    """The variants there are in ``root``, in order."""
    folders = [folder for kind in ("audio", "npy32") if (root / kind).is_dir() for folder in (root / kind).iterdir()]
    if folders:
        return tuple(sorted({folder.name for folder in folders if folder.is_dir()}))
    return (_VARIANT_V2,) if any((root / name).is_dir() for name in _FOLDERS_V2.values()) else ()


def splits(root: Path) -> tuple[Split, ...]:
    """The splits of which ``root`` has items."""
    return tuple(split for split in SPLITS if _items(root, split, None))


def _items(root: Path, split: Split, chosen: Sequence[str] | None) -> list[tuple[str, Path]]:
    """Variant and folder of every item, in order."""
    parents = [
        (variant, root / kind / variant / split)
        for variant in variants(root)
        for kind in ("audio", "npy32")
        if (root / kind / variant / split).is_dir()
    ]
    parents.append((_VARIANT_V2, root / _FOLDERS_V2[split]))
    # Audio comes first: an item that is there both ways is one item.
    found: dict[tuple[str, str], Path] = {}
    for variant, parent in parents:
        if parent.is_dir() and (chosen is None or variant in chosen):
            for folder in sorted(path for path in parent.iterdir() if path.is_dir()):
                found.setdefault((variant, folder.name), folder)
    return [(variant, folder) for (variant, _), folder in sorted(found.items())]


def _found(folder: Path, stem: str) -> Path | None:
    paths = (folder / f"{stem}{suffix}" for suffix in (*_SUFFIXES, ".npy"))
    return next((path for path in paths if path.is_file()), None)


def _rate(folder: Path) -> int:
    """Sample rate of an item; arrays do not carry one and are at 48 kHz, as Bandit's loader has them."""
    path = _found(folder, STEMS[0])
    if path is None or path.suffix == ".npy":
        return 48_000
    try:
        return int(soundfile.info(path).samplerate)
    except (soundfile.LibsndfileError, OSError) as error:
        raise BadInput(f"cannot be read as audio: {error}", str(path), "render the item again") from error


def _length(folder: Path, stem: str) -> int:
    path = _there(folder, stem)
    try:
        if path.suffix == ".npy":
            return int(np.load(path, mmap_mode="r", allow_pickle=False).shape[-1])
        return int(soundfile.info(path).frames)
    except (soundfile.LibsndfileError, OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _load(folder: Path, stem: str, rate: int, start: int = 0, frames: int = -1) -> Samples:
    """``frames`` samples from ``start`` on, by default all."""
    path = _there(folder, stem)
    try:
        if path.suffix == ".npy":
            row = np.load(path, mmap_mode="r", allow_pickle=False)[0]
            return np.array(row[start : None if frames < 0 else start + frames], np.float32)
        block, found = soundfile.read(path, start=start, frames=frames, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if found != rate:
        raise BadInput(f"is at {found} Hz and not {rate}", str(path), "bring all items to one rate")
    mono: Samples = block.mean(axis=1)
    return mono


def _there(folder: Path, stem: str) -> Path:
    path = _found(folder, stem)
    if path is None:
        raise BadInput(f"no {stem} in the item", str(folder), "render the item again")
    return path


def _unreadable(path: Path, error: Exception) -> BadInput:
    return BadInput(f"cannot be read as audio: {error}", str(path), "render the item again")

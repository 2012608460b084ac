"""Separation from file to files: four stems beside each other, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from dubline.audio.wav import WavReader, WavWriter
from dubline.separation.compute import DEFAULT_COMPUTE, Compute
from dubline.separation.engine import Progress, Stems, cuts, separate
from dubline.separation.registry import Model

# Stem -> file name.
NAMES = {"dx": "dialogue.wav", "mx": "music.wav", "fx": "effects.wav", "me": "me.wav"}


@dataclass(frozen=True, slots=True)
class SeparatedFile:
    """The files by stem (dx, mx, fx, me, or those asked for), and the device that separated last.

    That is the CPU when a GPU's memory was full.
    """

    stems: dict[str, Path]
    device: str
    fell_back: bool


def separate_file(
    path_in: Path,
    out_dir: Path,
    *,
    model: Model,
    frames: range | None = None,
    stems: Collection[str] = tuple(NAMES),
    compute: Compute = DEFAULT_COMPUTE,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> SeparatedFile:
    """Write ``dialogue.wav music.wav effects.wav me.wav`` into ``out_dir``.

    32-bit float at the rate, layout and length of ``path_in``, a WAV or RF64 file. ``frames`` picks the segments that
    start in it, ``stems`` some of the files. They appear together at the end. Raises `BadInput` as `separate` and
    `WavReader` do, `Cancelled` when asked to stop.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    finished = {stem: out_dir / name for stem, name in NAMES.items() if stem in stems}
    growing = {stem: path.with_name(f".{path.name}.part") for stem, path in finished.items()}
    fell_back = [model.fell_back]
    try:
        with ExitStack() as stack:
            source = stack.enter_context(WavReader(path_in))
            writers = {
                stem: stack.enter_context(WavWriter(path, rate=source.rate, layout=source.layout))
                for stem, path in growing.items()
            }
            cut = cuts(source, model.network)
            for made in separate(
                source,
                network=model.network,
                segments=cut.starting_in(frames) if frames is not None else None,
                cut=cut,
                compute=compute,
                progress=progress,
                cancelled=cancelled,
                fell_back=lambda: fell_back.append(True),
            ):
                _write(writers, made)
        for stem, path in growing.items():
            path.replace(finished[stem])
    finally:
        for path in growing.values():
            path.unlink(missing_ok=True)
    return SeparatedFile(finished, "cpu" if any(fell_back) else model.device, any(fell_back))


def _write(writers: dict[str, WavWriter], made: Stems) -> None:
    blocks = made._asdict()
    for stem, writer in writers.items():
        writer.write(blocks[stem])

"""Parts of a title that were separated apart, joined into its four stems to the last bit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from dubline.audio.wav import WavReader, WavWriter
from dubline.errors import BadInput, Cancelled
from dubline.separation.engine import Progress
from dubline.separation.files import NAMES


def join_stems(
    mix: Path,
    dx: Sequence[Path],
    mx: Sequence[Path],
    out_dir: Path,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> dict[str, Path]:
    """The stems dx, mx, fx and me of ``mix`` from the consecutive parts ``dx`` and ``mx``, which `separate_file` made.

    M&E = mix - DX and FX = M&E - MX by the same float32 operations as when the whole is separated, so that the bytes
    do not depend on how it was shared out. A single part is the stem itself and is given back as it is. Raises
    `BadInput` where the parts do not add up to the mix, `Cancelled` when asked to stop.
    """
    given = {stem: parts[0] for stem, parts in (("dx", dx), ("mx", mx)) if len(parts) == 1}
    written = {stem: out_dir / name for stem, name in NAMES.items() if stem not in given}
    done = 0
    with ExitStack() as stack:
        whole = stack.enter_context(WavReader(mix))
        writers = {
            stem: stack.enter_context(WavWriter(path, rate=whole.rate, layout=whole.layout))
            for stem, path in written.items()
        }
        for dx_part, mx_part in zip(dx, mx, strict=True):
            with WavReader(dx_part) as one, WavReader(mx_part) as other:
                _check(whole, one, other)
                for dialogue, music, mixed in zip(one.blocks(), other.blocks(), whole.blocks(start=done), strict=False):
                    if cancelled is not None and cancelled():
                        raise Cancelled("joining stopped", f"after {done} of {whole.frames} frames", "start it again")
                    me = mixed[: len(dialogue)] - dialogue
                    stems = {"dx": dialogue, "mx": music, "fx": me - music, "me": me}
                    for stem, writer in writers.items():
                        writer.write(stems[stem])
                    done += len(dialogue)
                    if progress is not None:
                        progress(done, whole.frames)
        if done != whole.frames:
            raise BadInput(f"the parts have {done} frames, the mix {whole.frames}", str(mix), "separate it again")
    return given | written


def _check(whole: WavReader, *parts: WavReader) -> None:
    for part in parts:
        same = part.rate == whole.rate and part.layout == whole.layout and part.frames == parts[0].frames
        if not same:
            raise BadInput("a part does not belong to the mix", str(part.path), "separate the mix again")

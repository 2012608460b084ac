"""The picture: a sky that changes with the scenes, a moon, a sea, and the timecode burnt in."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib

from dubline.media import ffmpeg
from samples.script import FPS, SCENES, START_TIMECODE, TITLE, Scene

SIZE = (320, 180)
HORIZON = 118
MOON = 228

# Tags, not a guess from the frame size, say which matrix made the colors.
_BT709 = (
    "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,"
    "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
)


def render(out: Path, *, seconds: float) -> None:
    """Encode ``seconds`` of picture into ``out`` (QuickTime, H.264, 24 frames a second, no sound)."""
    scenes = [scene for scene in SCENES if scene.start < seconds]
    inputs = [argument for scene in scenes for argument in ("-f", "lavfi", "-i", _sky(scene, seconds))]
    ffmpeg.run([
        "-y", *inputs,
        "-filter_complex", _graph(len(scenes)),
        "-map", "[picture]", "-frames:v", str(round(seconds * FPS)),
        "-c:v", "libx264", "-preset", "veryfast", "-crf", "30", "-g", "48", "-threads", "2",
        "-video_track_timescale", str(FPS * 1000), "-flags:v", "+bitexact", "-fflags", "+bitexact", str(out),
    ])  # fmt: skip


def _sky(scene: Scene, seconds: float) -> str:
    top, bottom = scene.colors
    duration = min(scene.end, seconds) - scene.start
    return (
        f"gradients=size={SIZE[0]}x{SIZE[1]}:rate={FPS}:duration={duration}:seed=7:speed=0.004:"
        f"c0={top}:c1={bottom}:x0=0:y0=0:x1=120:y1={SIZE[1]}"
    )


def _graph(scenes: int) -> str:
    joined = "".join(f"[{number}:v]" for number in range(scenes)) + f"concat=n={scenes}:v=1:a=0"
    # The font travels with matplotlib: no system font is needed.
    font = _escaped(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSansMono.ttf"))
    text = f"drawtext=fontfile={font}"
    timecode = _escaped(START_TIMECODE)
    return ",".join((
        joined,
        f"{text}:fontcolor=white@0.85:text=●:fontsize=34:x={MOON}:y=22",
        f"drawbox=x=0:y={HORIZON}:w=iw:h=ih-{HORIZON}:color=0x04101C@0.55:t=fill",
        *(_glint(row) for row in range(6)),
        f"{text}:fontcolor=white@0.9:text={TITLE.upper()}:fontsize=22:x=(w-tw)/2:y=72:enable='lt(t,2.5)'",
        f"{text}:fontcolor=white:timecode={timecode}:rate={FPS}:fontsize=16:box=1:boxcolor=black@0.6:boxborderw=4:"
        "x=(w-tw)/2:y=h-26",
        _BT709 + "[picture]",
    ))  # fmt: skip


def _glint(row: int) -> str:
    """One line of the moon's light on the water, wider the nearer."""
    left, width = MOON - 1 - 3 * row + 5 * (row % 2), 20 + 4 * row
    return f"drawbox=x={left}:y={HORIZON + 4 + 6 * row}:w={width}:h=1:color=white@0.35:t=fill"


def _escaped(value: str) -> str:
    """``value`` safe inside a filter's option inside a graph (ffmpeg-filters, notes on escaping)."""
    option = re.sub(r"([\\':])", r"\\\1", value)
    return re.sub(r"([\\'\[\],;])", r"\\\1", option)

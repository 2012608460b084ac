"""Checks of a delivered track as sound: silences, clipping, offset and phase, beside the same faults of its mix.

What the mix has already is named and warned of; what came on the way to the deliverable fails.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from dubline.audio.speakers import speaker_names
from dubline.loudness.specs import Spec
from dubline.loudness.verdict import Check, Grade
from dubline.quality.activity import SILENCE_DBFS, Stretch
from dubline.quality.axis import clock
from dubline.quality.clipping import LEAST_RUN
from dubline.quality.condition import Condition
from dubline.quality.phase import Phase

# Longer than a pause that is played for effect; players and broadcasters' silence alarms react to less.
LONG_SILENCE_SECONDS = 10.0
# First and last sounds are found to a tenth of a second, and coders ring a little before and after them.
EDGE_SECONDS = 0.2
# An offset under -50 dBFS costs no headroom; one over -30 does, and clicks at every cut.
OFFSET_WARN_DBFS, OFFSET_FAIL_DBFS = -50.0, -30.0
# Wide stereo passes zero; a pair that stays near -1 for seconds is one sound with a lead turned over.
OPPOSED, OPPOSED_SECONDS = -0.7, 3.0
# Unrelated channels lose nothing in mono. Losing 3 dB is heard; over 6, most of what was there is gone: the dialogue.
MONO_WARN_DB, MONO_FAIL_DB, MONO_SECONDS = 3.0, 6.0, 3.0

_NAMED = 3


def check_head(track: Condition, mix: Condition | None, spec: Spec) -> Check:
    """The first sound comes when the mix's does, up to the head padding the spec allows."""
    seconds, pad = track.activity.head_seconds, spec.head_pad_max_seconds or 0.0
    if mix is None:
        return _edge_alone("head_silence", seconds, pad)
    most = mix.activity.head_seconds
    limit = f"the mix's {most:.1f}" + (f" and {pad:g} of padding" if pad else "")
    return _edge("head_silence", seconds, most, limit, lost=seconds - most - pad)


def check_tail(track: Condition, mix: Condition | None, spec: Spec) -> Check:
    """The last sound ends when the mix's does; without a mix, not long before the end of the file."""
    seconds = track.activity.tail_seconds
    if mix is None:
        return _edge_alone("tail_silence", seconds, spec.tail_pad_max_seconds or 0.0)
    ends, ended = mix.activity.last_seconds, track.activity.last_seconds
    return _edge(
        "tail_silence", seconds, mix.activity.tail_seconds, f"the last sound at {clock(ends)}", lost=ends - ended
    )


def check_silence(track: Condition, mix: Condition | None) -> Check:
    """No long stretch without any sound between the first and the last."""
    found = [stretch for stretch in track.activity.silences() if stretch.seconds > LONG_SILENCE_SECONDS]
    longest = max((stretch.seconds for stretch in track.activity.silences()), default=0.0)
    known = mix is not None and bool(found) and len(_long(mix)) >= len(found)
    note = f"under {SILENCE_DBFS:g} dBFS at {_places(found)}" if found else ""
    if known:
        note += "; the mix is silent there as well"
    limit = f"at most {LONG_SILENCE_SECONDS:g} at a time"
    return Check("silence", round(longest, 1), "s", None, limit, "warn" if found else "pass", note)


def check_channels(track: Condition, mix: Condition | None) -> Check:
    """Every channel but the LFE sounds at some time; one that sounds in the mix has to."""
    names, silent = speaker_names(track.layout), track.activity.silent_channels()
    lost = [names[column] for column in silent if mix and mix.layout == track.layout and column not in _silent(mix)]
    idle = [names[column] for column in silent if column != track.layout.lfe]
    limit = "every channel sounds, the LFE may not"
    value = len(names) - len(silent)
    if lost:
        return Check(
            "channels", value, "", len(names), limit, "fail", f"silent, though not in the mix: {', '.join(lost)}"
        )
    note = f"silent all along: {', '.join(idle)}" if idle else ""
    return Check("channels", value, "", len(names), limit, "warn" if idle else "pass", note)


def check_dropouts(track: Condition, mix: Condition) -> Check:
    """Nowhere is a channel silent that is well audible in the mix."""
    alike = track.layout.channels == mix.layout.channels
    names = speaker_names(mix.layout)
    missing = mix.activity.missing_from(track.activity) if alike else ()
    value = round(sum(stretch.seconds for _, stretch in missing), 1)
    note = _listed([f"{names[channel]} {_span(stretch)}" for channel, stretch in missing])
    limit = f"not under {SILENCE_DBFS:g} dBFS where the mix sounds"
    return Check("dropouts", value, "s", 0.0, limit, "fail" if missing else "pass", note)


def check_clipping(track: Condition, mix: Condition | None) -> Check:
    """No runs of samples at full scale, but those that the mix has in the same places."""
    clips = track.clips
    new = clips.new_since(mix.clips) if mix else clips.count
    grade: Grade = "pass" if not clips.count else "fail" if new else "warn"
    note = ""
    if clips.count:
        since = f"first at {clock(clips.first_seconds or 0.0)}, longest {clips.longest} samples"
        note = f"{since}; {clips.count - new} of them in the mix" if mix else since
    return Check("clipping", clips.count, "runs", 0, f"no {LEAST_RUN} samples in a row at full scale", grade, note)


def check_offset(track: Condition, mix: Condition | None) -> Check:
    """No channel leans away from zero; one that leans in the mix as well is warned of."""
    column = int(np.argmax(np.abs(track.offset)))
    value = _dbfs(float(track.offset[column]))
    inherited = mix is not None and mix.layout == track.layout and _dbfs(float(mix.offset[column])) > OFFSET_WARN_DBFS
    grade: Grade = "pass" if value <= OFFSET_WARN_DBFS else "warn"
    if value > OFFSET_FAIL_DBFS and not inherited:
        grade = "fail"
    note = "" if grade == "pass" else f"{speaker_names(track.layout)[column]}{', as in the mix' if inherited else ''}"
    limit = f"at most {OFFSET_WARN_DBFS:g}, refused above {OFFSET_FAIL_DBFS:g}"
    return Check("dc_offset", value, "dBFS", None, limit, grade, note)


def check_phase(track: Condition) -> Check | None:
    """No pair is in opposite phase for long: the dialogue would vanish in mono. None for a track without pairs."""
    if not track.phases:
        return None
    found = [(phase, at) for phase in track.phases for at in phase.opposed(OPPOSED) if at.seconds >= OPPOSED_SECONDS]
    known = [float(np.nanmin(phase.correlation)) for phase in track.phases if not np.isnan(phase.correlation).all()]
    value = round(min(known), 2) if known else None
    limit = f"above {OPPOSED:g}, shorter than {OPPOSED_SECONDS:g} s else"
    return Check("phase", value, "", None, limit, "warn" if found else "pass", _pairs(found))


def check_mono(track: Condition, mix: Condition | None) -> Check | None:
    """The front pair keeps its level when it is played in mono. None for a track without one."""
    front = next((phase for phase in track.phases if phase.left == "FL"), None)
    if front is None:
        return None
    warned, failed = (_sustained(front, most) for most in (MONO_WARN_DB, MONO_FAIL_DB))
    before = next((phase for phase in mix.phases if phase.left == "FL"), None) if mix else None
    inherited = before is not None and bool(_sustained(before, MONO_FAIL_DB if failed else MONO_WARN_DB))
    grade: Grade = "pass" if not warned else "fail" if failed and not inherited else "warn"
    note = _places(failed or warned) + ("; so it is in the mix" if warned and inherited else "")
    losses = front.loss_db[~np.isnan(front.loss_db)]
    value = round(float(losses.max()), 1) if len(losses) else None
    limit = f"at most {MONO_WARN_DB:g} for {MONO_SECONDS:g} s, refused above {MONO_FAIL_DB:g}"
    return Check("mono_sum_loss", value, "dB", None, limit, grade, note)


def _edge(name: str, seconds: float, mix_seconds: float, limit: str, *, lost: float) -> Check:
    note = f"{lost:.1f} s of the mix are not there" if lost > EDGE_SECONDS else ""
    return Check(name, round(seconds, 1), "s", round(mix_seconds, 1), limit, "fail" if note else "pass", note)


def _edge_alone(name: str, seconds: float, pad: float) -> Check:
    """Nobody says how much of it is the film's own: only a long silence is warned of."""
    most = pad + LONG_SILENCE_SECONDS
    return Check(name, round(seconds, 1), "s", None, f"at most {most:g}", "pass" if seconds <= most else "warn")


def _long(condition: Condition) -> list[Stretch]:
    return [
        stretch for stretch in condition.activity.silences() if stretch.seconds > LONG_SILENCE_SECONDS - EDGE_SECONDS
    ]


def _silent(condition: Condition) -> tuple[int, ...]:
    return condition.activity.silent_channels()


def _sustained(phase: Phase, most_db: float) -> list[Stretch]:
    return [stretch for stretch in phase.lost(most_db) if stretch.seconds >= MONO_SECONDS]


def _pairs(found: Iterable[tuple[Phase, Stretch]]) -> str:
    words = [f"{phase.left}/{phase.right} {_span(stretch)}" for phase, stretch in found]
    return _listed(words)


def _places(found: Iterable[Stretch]) -> str:
    return _listed([_span(stretch) for stretch in found])


def _span(stretch: Stretch) -> str:
    return f"{clock(stretch.start_seconds)}\N{EN DASH}{clock(stretch.end_seconds)}"


def _listed(words: list[str]) -> str:
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return ", ".join(words[:_NAMED]) + more


def _dbfs(offset: float) -> float:
    """Never under -120: less is rounding."""
    return round(20.0 * math.log10(max(abs(offset), 1e-6)), 1)

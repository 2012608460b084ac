"""Make the spoken lines under ``sources/``: the only part of the sample that needs a tool of its own.

Run ``python -m samples.speak`` with Debian's ``espeak-ng`` (1.51) installed, after changing a line in
`samples.script`. What it makes is committed, so that nobody else needs the synthesizer.
"""

from __future__ import annotations

import io
import subprocess
from math import gcd

import numpy as np
import soundfile
from scipy import signal

from samples.dialogue import SOURCES, STORED_LEVEL_DB
from samples.dsp import Signal, bell, gain, highpass, rms, saturate
from samples.script import LINES

# The synthesizer has nothing above 11 kHz: 24 kHz keeps all of it at half the size of 48 kHz.
STORED_RATE = 24_000

# Speaker and language -> voice with variant, pitch (0-99), words a minute. Each dub has actors of its own.
VOICES = {
    ("mara", "en"): ("en-gb-x-rp+f2", 52, 152),
    ("tom", "en"): ("en-us+m3", 36, 156),
    ("mara", "fr"): ("fr-fr+f4", 56, 160),
    ("tom", "fr"): ("fr-fr+m7", 34, 160),
    ("mara", "es"): ("es-419+f5", 50, 166),
    ("tom", "es"): ("es-419+m1", 40, 164),
}

# Samples under this are the silence around a line, not the line.
SILENCE = 10.0 ** (-50.0 / 20.0)


def speak(text: str, *, voice: str, pitch: int, speed: int) -> Signal:
    """``text`` as the synthesizer says it, ``(frames,)`` at `STORED_RATE`, trimmed, warmed and leveled."""
    command = ["espeak-ng", "-v", voice, "-p", str(pitch), "-s", str(speed), "-g", "2", "--stdout", text]
    spoken = subprocess.run(command, check=True, capture_output=True).stdout
    # The stream's header claims an endless file; the length is the bytes that came.
    samples = np.frombuffer(spoken[44:], dtype="<i2").astype(np.float64) / 32768.0
    rate = soundfile.info(io.BytesIO(spoken)).samplerate
    common = gcd(rate, STORED_RATE)
    return _finish(signal.resample_poly(samples, STORED_RATE // common, rate // common))


def _finish(line: Signal) -> Signal:
    """Trim, take out the buzz and the box of the synthesizer, and bring to the stored level."""
    heard = np.flatnonzero(np.abs(line) > SILENCE)
    line = line[max(heard[0] - STORED_RATE // 50, 0) : heard[-1] + STORED_RATE // 10]
    line = highpass(line, 70.0, STORED_RATE)
    line = bell(line, center=190.0, gain_db=3.0, width=1.2, rate=STORED_RATE)
    line = bell(line, center=2900.0, gain_db=-5.0, width=1.0, rate=STORED_RATE)
    line = bell(line, center=7500.0, gain_db=3.0, width=1.5, rate=STORED_RATE)
    line = saturate(line / rms(line) * 0.1, drive=2.0)
    ramp = np.minimum(1.0, np.arange(len(line)) / (0.01 * STORED_RATE))
    return line * ramp * ramp[::-1] / rms(line) * gain(STORED_LEVEL_DB)


def main() -> None:
    """Speak every line of the script in every language into ``sources/``."""
    for line in LINES:
        for language, text in line.text.items():
            voice, pitch, speed = VOICES[line.speaker, language]
            samples = speak(text, voice=voice, pitch=pitch, speed=speed)
            soundfile.write(SOURCES / line.source(language), samples, STORED_RATE, subtype="PCM_16")


if __name__ == "__main__":
    main()

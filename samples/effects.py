"""The effects of *Glass Harbor*: wind, waves, footsteps, a knock, a bell, the ferry."""

from __future__ import annotations

import numpy as np

from samples.dsp import Signal, add, bandpass, drift, gain, lowpass, noise, ramps, resonator, rms, room
from samples.script import RATE, SCENES
from samples.stems import Stem, place, silence

INSIDE = SCENES[1]
STEPS = (20.6, 21.15, 21.7, 22.3, 22.85, 23.2)
RUN = (46.3, 46.6, 46.88, 47.15)
KNOCKS = (24.1, 24.42, 24.74)
BELLS = (42.4, 43.9, 57.6)
ENGINE = (43.5, 57.5)
# Against the levels of the single effects below.
EFFECTS_LEVEL_DB = 6.5


def effects(frames: int) -> Stem:
    """The effects stem: ``(frames, 6)``; weather all around, things in front, the ferry in the LFE."""
    stem = silence(frames)
    for seed, (tag, level) in enumerate({"FL": 1.0, "FR": 1.0, "BL": 0.7, "BR": 0.7}.items()):
        place(stem, level * _weather(seed, frames), **{tag: 1.0})
    things = _things(frames)
    place(stem, things, FC=0.6, FL=0.35, FR=0.35)
    answer = room(things, seconds=0.8, brightness=5000.0, rate=RATE, seed=900)
    place(stem, gain(-13.0) * answer, FL=0.7, FR=0.7, BL=0.5, BR=0.5)
    engine, bell = _engine(frames), _bells(frames)
    place(stem, engine, FL=0.35, FR=0.75, BR=0.3)
    place(stem, lowpass(engine, 100.0, RATE), LFE=0.9)
    place(stem, bell, FL=0.3, FR=0.8, BL=0.1, BR=0.3)
    return gain(EFFECTS_LEVEL_DB) * stem


def _weather(seed: int, frames: int) -> Signal:
    """Wind and waves for one channel; duller and softer inside the boathouse."""
    wind = bandpass(noise(frames, 10 + seed), 180.0, 800.0, RATE)
    wind *= gain(-44.0) / rms(wind) * (0.4 + 1.6 * drift(frames, hertz=0.4, rate=RATE, seed=20 + seed // 2))
    at = np.arange(frames) / RATE
    swell = (0.5 + 0.5 * np.sin(2.0 * np.pi * at / 6.7 + 0.35 * seed)) ** 3
    body = lowpass(noise(frames, 30 + seed), 700.0, RATE)
    spray = bandpass(noise(frames, 40 + seed), 2000.0, 9000.0, RATE)
    waves = gain(-37.0) * (0.15 + swell) * body / rms(body) + gain(-51.0) * swell**2 * spray / rms(spray)
    outside = wind + waves
    edges = (INSIDE.start - 0.05, INSIDE.start + 0.05, INSIDE.end - 0.05, INSIDE.end + 0.05)
    indoors = np.interp(at, edges, (0.0, 1.0, 1.0, 0.0))
    return (1.0 - indoors) * outside + indoors * gain(-7.0) * lowpass(outside, 500.0, RATE)


def _things(frames: int) -> Signal:
    track = np.zeros(frames)
    for number, at in enumerate((*STEPS, *RUN)):
        add(track, _footstep(number) * gain(-24.0 if at in STEPS else -21.0), start=at, rate=RATE)
    for number, at in enumerate(KNOCKS):
        add(track, _knock(number) * gain(-15.0), start=at, rate=RATE)
    return track


def _footstep(number: int) -> Signal:
    """Heel, then sole, on planks."""
    frames = int(0.25 * RATE)
    at = np.arange(frames) / RATE
    hit = noise(frames, 200 + number) * (np.exp(-at * 90.0) + 0.4 * np.exp(-np.maximum(at - 0.07, 0.0) * 60.0))
    planks = resonator(hit, center=140.0 + 9.0 * (number % 3), bandwidth=60.0, rate=RATE)
    step = planks / rms(planks) + 0.5 * bandpass(hit, 900.0, 4500.0, RATE)
    return step / float(np.max(np.abs(step))) * ramps(frames, rise=0.001, fall=0.05, rate=RATE)


def _knock(number: int) -> Signal:
    frames = int(0.35 * RATE)
    strike = np.zeros(frames)
    strike[:48] = np.hanning(48)
    door = np.zeros(frames)
    for center, level in ((175.0, 1.0), (388.0, 0.6), (790.0, 0.35), (1650.0, 0.15)):
        door += level * resonator(strike, center=center * (1.0 + 0.01 * number), bandwidth=28.0, rate=RATE)
    return door / float(np.max(np.abs(door)))


def _bells(frames: int) -> Signal:
    """A harbor bell: the partials of a cast bell, hum to nominal."""
    track = np.zeros(frames)
    at = np.arange(int(3.2 * RATE)) / RATE
    partials = ((0.5, 0.5, 0.7), (1.0, 0.8, 1.0), (1.2, 0.6, 1.2), (1.5, 0.4, 1.6), (2.0, 1.0, 1.8), (2.67, 0.4, 3.0))
    tone = np.sum(
        [level * np.exp(-fall * at) * np.sin(2.0 * np.pi * 587.0 * ratio * at) for ratio, level, fall in partials],
        axis=0,
    )
    tone *= ramps(len(at), rise=0.002, fall=0.6, rate=RATE) * gain(-20.0) / np.max(np.abs(tone))
    for start in BELLS:
        add(track, tone, start=start, rate=RATE)
    return track


def _engine(total: int) -> Signal:
    """The ferry coming in: firing strokes at 17 Hz through an exhaust, and water churned behind it."""
    start, end = ENGINE
    frames = round((end - start) * RATE)
    at = np.arange(frames) / RATE
    turn = np.cumsum(17.0 * (1.0 + 0.03 * (drift(frames, hertz=2.0, rate=RATE, seed=300) - 0.5))) / RATE
    stroke = np.exp(-14.0 * (turn % 1.0)) * (1.0 + 0.2 * noise(frames, 301))
    exhaust = np.zeros(frames)
    for center, bandwidth, level in ((52.0, 25.0, 1.0), (104.0, 40.0, 0.7), (260.0, 90.0, 0.35), (610.0, 200.0, 0.15)):
        exhaust += level * resonator(stroke - stroke.mean(), center=center, bandwidth=bandwidth, rate=RATE)
    churn = bandpass(noise(frames, 302), 300.0, 3000.0, RATE)
    near = np.interp(at, (0.0, 6.0, 9.0, 14.0), (-22.0, -3.0, 0.0, -9.0))
    engine = exhaust / rms(exhaust) + 0.25 * churn / rms(churn)
    track = np.zeros(total)
    window = 10.0 ** ((near - 33.0) / 20.0) * ramps(frames, rise=2.0, fall=2.5, rate=RATE)
    add(track, engine * window, start=start, rate=RATE)
    return track

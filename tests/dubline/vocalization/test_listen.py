from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from dubline.audio.layout import Layout
from dubline.vocalization.chances import any_voice
from dubline.vocalization.ear import FRAME_SECONDS
from dubline.vocalization.events import LABELS
from dubline.vocalization.groups import groups_of
from dubline.vocalization.listen import Listener, listen
from dubline.vocalization.rules import standard

Samples = npt.NDArray[np.float32]
RATE = 48000
LAYOUT = Layout.parse("5.1")
GROUPS = groups_of(LAYOUT)


def test_speech_is_heard_in_its_group_and_at_its_time(
    voice: Callable[[int], Samples], noise: Callable[..., Samples]
) -> None:
    sentence = voice(RATE)
    samples = noise(8 * RATE, LAYOUT.channels, rms=0.003)
    samples[2 * RATE : 2 * RATE + len(sentence), LAYOUT.index("FC")] += sentence
    listened = listen(samples, rate=RATE, groups=GROUPS)
    heard = np.stack([any_voice(listened.chances(at, standard())) for at in range(len(GROUPS))], axis=1)
    there, elsewhere = (slice(round(a / FRAME_SECONDS), round(b / FRAME_SECONDS)) for a, b in ((2.0, 5.9), (7.0, 8.0)))
    threshold = standard().voice.threshold
    assert heard[there, 0].max() > threshold > heard[elsewhere, 0].max()
    assert heard[:, 1:].max() < threshold


@pytest.mark.parametrize("frames", [0, 100, 4800])
@pytest.mark.parametrize("loud", [0.0, 0.1])
def test_every_piece_has_scores_however_short_or_silent(frames: int, loud: float) -> None:
    samples = np.full((frames, LAYOUT.channels), loud, np.float32)
    heard = listen(samples, rate=RATE, groups=GROUPS, stem=samples[:, :1])
    assert heard.scores.shape == (*heard.level.shape, len(LABELS)) == (-(-frames // 1536), len(GROUPS), len(LABELS))
    assert (
        np.isfinite(heard.level).all() and heard.scores.min(initial=0.0) >= 0.0 and heard.scores.max(initial=0.0) <= 1
    )


def test_a_stream_is_heard_the_same_however_it_is_cut(voice: Callable[[int], Samples]) -> None:
    sound = np.stack([voice(16_000), np.zeros_like(voice(16_000))], axis=1)
    whole, pieces = Listener(2), Listener(2)
    whole.process(sound, sound[:, :1])
    for piece in np.array_split(sound, 13):
        pieces.process(piece, piece[:, :1])
    one, other = whole.heard(), pieces.heard()
    np.testing.assert_allclose(other.scores.astype(np.float32), one.scores.astype(np.float32), atol=2e-3)
    np.testing.assert_allclose(other.speech.astype(np.float32), one.speech.astype(np.float32), atol=2e-3)
    np.testing.assert_allclose(other.level, one.level, atol=1e-3)
    assert (one.scores[:, 1] == 0.0).all()


def test_what_is_said_elsewhere_counts() -> None:
    sound = (0.05 * np.random.default_rng(0).standard_normal((4 * RATE, LAYOUT.channels))).astype(np.float32)
    alone, beside = (listen(sound, rate=RATE, groups=GROUPS, stem=stem) for stem in (None, sound[:, :1]))
    assert (alone.level == beside.level).all() and (alone.scores != beside.scores).any()

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dubline.vocalization.chances import any_voice, chances_of
from dubline.vocalization.events import LABELS
from dubline.vocalization.rules import standard

SPEECH = LABELS.index("speech")
Shares = npt.NDArray[np.float32]
shares = st.floats(0.0, 1.0, width=32)
scores = arrays.arrays(np.float32, (7, len(LABELS)), elements=shares)
speech = arrays.arrays(np.float32, (7,), elements=shares)


def test_a_score_at_its_midpoint_is_an_even_chance() -> None:
    rules = standard()
    at = np.array([[rules.labels[label].midpoint for label in LABELS]])
    np.testing.assert_allclose(chances_of(at, np.zeros(1), rules), 0.5, atol=1e-3)
    silent = np.zeros((1, len(LABELS)))
    assert abs(chances_of(silent, np.array([rules.silero.midpoint]), rules)[0, SPEECH] - 0.5) < 1e-3


def test_either_is_believed_who_hears_speech_and_silero_speaks_of_nothing_else() -> None:
    nothing = np.zeros((1, len(LABELS)), np.float32)
    sure = chances_of(nothing, np.array([0.98]), standard())[0]
    assert sure[SPEECH] > standard().voice.threshold
    assert not np.delete(sure, SPEECH).any()


@given(scores, speech, speech)
def test_a_surer_listener_never_makes_speech_less_likely(heard: Shares, one: Shares, other: Shares) -> None:
    less, more = np.minimum(one, other), np.maximum(one, other)
    before, after = chances_of(heard, less, standard()), chances_of(heard, more, standard())
    assert (after >= before).all() and (after <= 1.0).all() and (before >= 0.0).all()
    assert (any_voice(after) >= after.max(axis=-1) - 1e-6).all()

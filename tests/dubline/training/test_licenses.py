"""Licenses as manifests write them, usable or not."""

from __future__ import annotations

import numpy as np
import pytest

from dubline.training.corpus import Clip, Corpus
from dubline.training.licenses import refused, usable, usable_part

USABLE = [
    "CC0-1.0", "CC0", "Public-Domain", "CC-BY-3.0", "CC BY 4.0", "CC-BY-SA-4.0", "GPL", "GPLv2+", "GPL-2.0-or-later",
    "LGPL-2.1", "Apache-2.0 (repo LICENSE; own recordings)", "ODbL-1.0", "Free-Art-License", "FAL 1.3", "MIT",
    "CC0/CC-BY-3.0/CC-BY-SA-3.0 (mods/*/README.txt)", "CC-BY-SA-3.0 or GPLv2/3",
    "CC-BY-4.0 (LICENSE.md; mirror carries no licence file)",
]  # fmt: skip
REFUSED = [
    "", "unknown", "CC-BY-NC-4.0", "CC BY-NC-SA 3.0", "CC-BY-ND-4.0", "Creative Commons Non-Commercial", "custom",
    "AGPL-3.0 (repo LICENSE)", "GNU Affero GPL", "CC0/permissive per README (file-level licence not stated)",
    "research only", "All rights reserved", "free for noncommercial use, GPL otherwise", "GFDL",
]  # fmt: skip


@pytest.mark.parametrize("license", USABLE)
def test_a_studio_may_use_what_is_trained_on(license: str) -> None:
    assert usable(license)


@pytest.mark.parametrize("license", REFUSED)
def test_a_studio_may_not_or_nobody_knows(license: str) -> None:
    assert not usable(license)


def test_a_corpus_without_what_is_refused_and_its_names() -> None:
    made = [("a", "CC0-1.0"), ("b", "AGPL-3.0"), ("b", "AGPL-3.0"), ("c", "")]
    clips = tuple(Clip("effects", f"{k}.wav", *source, "", "", "x", 0, 1) for k, source in enumerate(made))
    corpus = Corpus(clips, np.zeros(1, np.int16))
    assert [clip.source for clip in usable_part(corpus).clips] == ["a"]
    assert refused(clips) == ["b (AGPL-3.0)", "c (no license)"]

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dubline.training.corpus import KINDS, open_corpus
from dubline.training.gather.debian import files_of, packages, rules_of, write_manifest
from dubline.training.hearing.material import LABEL_OF
from dubline.training.licenses import usable


def test_every_package_has_a_license_that_a_studio_can_live_with_and_labels_that_are_taught() -> None:
    assert all(usable(package["license"]) for package in packages())
    rules = [rule for package in packages() for rule in rules_of(package)]
    assert {rule.kind for rule in rules} == set(KINDS)
    assert {rule.label for rule in rules if rule.kind == "vocalizations"} <= set(LABEL_OF)


def test_a_rule_names_the_label_and_who_is_heard_by_its_path() -> None:
    hedgewars = next(rules_of(package) for package in packages() if package["package"] == "hedgewars-data")
    path = "games/hedgewars/Data/Sounds/voices/Pirate/Laugh.ogg"
    row = next(filter(None, (rule.row(path) for rule in hedgewars)))
    assert row == {"kind": "vocalizations", "label": "laughter", "speaker": "hw-pirate", "language": ""}
    robot = path.replace("Pirate", "Robot")
    assert not any(rule.row(robot) for rule in hedgewars)


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="no dpkg-deb here")
def test_sound_is_found_in_a_package_and_in_its_archives_and_makes_a_corpus(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    root = tmp_path / "package"
    sounds = root / "usr" / "share" / "game" / "sounds"
    sounds.mkdir(parents=True)
    soundfile.write(sounds / "hit.wav", 0.1 * rng.standard_normal(8000), 16_000)
    (sounds / "readme.txt").write_text("no sound")
    with zipfile.ZipFile(sounds / "data.pk3", "w") as archive:
        archive.write(sounds / "hit.wav", "sound/inside.wav")
    (root / "DEBIAN").mkdir()
    about = ("Package: sounds", "Version: 1", "Architecture: all", "Maintainer: us <us@example.org>", "Description: x")
    (root / "DEBIAN" / "control").write_text("\n".join(about) + "\n")
    made = tmp_path / "sounds.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", str(root), str(made)], check=True, capture_output=True)
    found = dict(files_of(made))
    assert set(found) == {"game/sounds/hit.wav", "data.pk3/sound/inside.wav"}
    assert set(found.values()) == {(sounds / "hit.wav").read_bytes()}

    (tmp_path / "corpus" / "effects").mkdir(parents=True)
    (tmp_path / "corpus" / "effects" / "hit.wav").write_bytes(found["game/sounds/hit.wav"])
    row = {"kind": "effects", "path": "effects/hit.wav", "source_repo": "debian/sounds", "source_path": "hit.wav"}
    write_manifest(tmp_path / "corpus", [row | {"license": "MIT", "language": "", "speaker": "", "label": "hit"}])
    assert [clip.frames for clip in open_corpus(tmp_path / "corpus", tmp_path / "cache").clips] == [24_000]

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from dubline.errors import BadInput
from dubline.vocalization import rules
from dubline.vocalization.events import LABELS


def test_every_label_has_rules() -> None:
    assert set(rules.standard().labels) == set(LABELS)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("voice", {"release": 0.9999}),
        ("voice", {"threshold": 0.0}),
        ("voice", {"beside": 0.01}),
        ("speech", {"midpoint": 1.0}),
        ("speech", {"merge_seconds": -1}),
        ("speech", {"on": 0.5}),
        ("hum", {}),
    ],
)
def test_rules_that_make_no_sense_are_bad_input(part: str, change: dict[str, float], tmp_path: Path) -> None:
    body = rules.standard().body()
    of = body if part == "voice" else body["labels"]
    of[part] = of.get(part, body["labels"]["speech"]) | change
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(body), encoding="utf-8")
    with pytest.raises(BadInput, match=r"mine\.yaml"):
        rules.load(tmp_path / "mine.yaml")


def test_no_label_may_be_left_out(tmp_path: Path) -> None:
    body = rules.standard().body()
    del body["labels"]["crowd"]
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(body), encoding="utf-8")
    with pytest.raises(BadInput, match="no rules for crowd"):
        rules.load(tmp_path / "mine.yaml")

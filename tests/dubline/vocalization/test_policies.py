from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from dubline.errors import BadInput
from dubline.vocalization import policies
from dubline.vocalization.decide import decide
from dubline.vocalization.events import LABELS, Event, Label, Stem


def event(label: Label, *, level_db: float = 0.0, seconds: float = 1.0, stem: Stem = "me") -> Event:
    return Event(0.0, seconds, ("FC",), label, 0.9, level_db, stem=stem)


def dispose(events: list[Event], policy: str) -> list[Event]:
    """In the order given: `decide` sorts them by time."""
    decided = {event.id: event for event in decide(events, policy=policies.get(policy)).events}
    return [decided[event.id] for event in events]


def test_three_policies_ship() -> None:
    assert [policy.id for policy in policies.list_policies()] == ["clean", "keep", "netflix"]


@pytest.mark.parametrize(
    ("label", "level_db", "disposition"),
    [
        ("speech", 0.0, "remove"),
        ("shout", 0.0, "optional"),
        ("exertion", 0.0, "optional"),
        ("cough", 0.0, "optional"),
        ("breath", 0.0, "keep"),
        ("breath", 12.0, "optional"),
        ("crowd", 20.0, "keep"),
    ],
)
def test_netflix_parts_language_exertions_and_light_breaths(label: Label, level_db: float, disposition: str) -> None:
    decided = dispose([event(label, level_db=level_db)], "netflix")
    assert [one.disposition for one in decided] == [disposition]


def test_length_and_stem_decide_too() -> None:
    gasp, panting, kept_nowhere = event("breath"), event("breath", seconds=3.0), event("breath", stem="dx")
    decided = dispose([gasp, panting, kept_nowhere], "netflix")
    assert [one.disposition for one in decided] == ["keep", "optional", "optional"]


def test_a_rule_says_its_limits_in_words() -> None:
    light = next(rule for rule in policies.get("netflix").rules if rule.max_level_db is not None)
    assert light.limits == "at most 6.0 dB, at most 2.0 s"
    assert light.model_copy(update={"stem": "dx"}).limits.startswith("in the dx stem, ")


def test_a_studio_writes_its_own_policy_or_a_newer_one_of_ours(tmp_path: Path) -> None:
    shipped = policies.get("clean")
    for own in ({"id": "house"}, {"version": shipped.version + 1}):
        path = tmp_path / f"{own.get('id', 'clean')}.yaml"
        path.write_text(yaml.safe_dump(shipped.body() | own))
    assert policies.get("house", tmp_path).rules == shipped.rules
    assert policies.get("clean", tmp_path).version == shipped.version + 1
    assert policies.standing(tmp_path)["house"] == "added"


def test_a_policy_that_leaves_a_stem_undecided_is_refused(tmp_path: Path) -> None:
    body = policies.get("clean").body()
    body["rules"][0]["stem"] = "me"
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(body))
    with pytest.raises(BadInput, match="no rule without limits for speech in the stem dx"):
        policies.load(tmp_path / "mine.yaml")


def test_clean_leaves_no_voice_and_keep_every_one() -> None:
    voices = [event(label) for label in LABELS]
    assert all(one.disposition != "keep" for one in dispose(voices, "clean"))
    assert dispose(voices, "keep") == voices


def test_an_unknown_policy_names_the_nearest() -> None:
    with pytest.raises(BadInput, match=r"unknown policy 'netfilx' \(policy\): use one of netflix$"):
        policies.get("netfilx")


def test_the_digest_tells_policies_apart() -> None:
    assert len({policy.digest() for policy in policies.list_policies()}) == 3


@pytest.mark.parametrize(
    "text",
    [
        "id: [",
        "id: mine",
        "{id: mine, version: 1, name: Mine, source: me, verified: true, rules: []}",
        "{id: mine, version: 1, name: Mine, source: me, verified: true, rules: [{label: hum, disposition: keep}]}",
    ],
)
def test_a_file_that_is_no_policy_is_bad_input(text: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(BadInput, match=r"mine\.yaml"):
        policies.load(tmp_path / "mine.yaml")
    with pytest.raises(BadInput):
        policies.load(tmp_path / "none.yaml")

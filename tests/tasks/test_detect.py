"""What of detection and cleaning is part of their recipes."""

from __future__ import annotations

from typing import Any

import pytest

from dubline.vocalization import classifier
from dubline.vocalization.policies import get
from dubline.vocalization.rules import standard
from tasks.clean import clean
from tasks.context import means
from tasks.detect import detect
from tasks.step import Step

CLEAN: dict[str, Any] = {"policy": get("clean").model_dump(mode="json"), "model": "default"}


@pytest.mark.parametrize(("step", "params"), [(detect, {}), (clean, CLEAN)])
def test_rules_and_weights_are_part_of_the_recipe(step: Step, params: dict[str, Any], home: Any) -> None:
    body = standard().body()
    changed = body | {"voice": body["voice"] | {"beside": 0.999}}
    one, other = (step.recipe({"me": "0" * 64}, params | {"rules": rules}, means()) for rules in (body, changed))
    assert one.key != other.key
    assert classifier.card().sha256 in {model["sha256"] for model in one.models}

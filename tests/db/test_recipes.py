"""A recipe's key names its content and nothing else."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.recipes import ModelFacts, Recipe, canonical_json

SHA = st.binary(min_size=1, max_size=4).map(lambda content: hashlib.sha256(content).hexdigest())
SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
CONTENT = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)
PARAMS = st.dictionaries(st.text(min_size=1), CONTENT, max_size=4)
MODEL: ModelFacts = {"id": "m", "name": "M", "version": "1", "sha256": "a" * 64, "licence": None}


def recipe(**changes: Any) -> Recipe:
    content: dict[str, Any] = {
        "stage": "separate",
        "stage_version": 1,
        "params": {"segment_seconds": 8.0},
        "inputs": {"mix": "1" * 64},
        "models": [MODEL],
        "spec": {"id": "ebu-r128", "version": "1"},
        "tools": {"torch": "2"},
    }
    return Recipe(**(content | changes))


@given(PARAMS)
def test_canonical_json_reads_back_as_it_was(content: dict[str, Any]) -> None:
    assert json.loads(canonical_json(content)) == content


@given(PARAMS, st.randoms(use_true_random=False))
def test_order_of_keys_does_not_matter(params: dict[str, Any], random: Any) -> None:
    keys = list(params)
    random.shuffle(keys)
    shuffled = {key: params[key] for key in keys}
    assert recipe(params=params).key == recipe(params=shuffled).key


@given(PARAMS, PARAMS)
def test_keys_are_equal_exactly_when_the_parameters_are(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = canonical_json(one) == canonical_json(other)
    assert (recipe(params=one).key == recipe(params=other).key) == same
    # 1, 1.0 and True are equal in Python and not the same parameter; -0.0 and 0.0 are not either.
    if one != other:
        assert not same


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_floats_are_told_apart_to_the_last_bit(one: float, other: float) -> None:
    assert (recipe(params={"x": one}).key == recipe(params={"x": other}).key) == (repr(one) == repr(other))


@pytest.mark.parametrize(
    "change",
    [
        {"stage": "clean"},
        {"stage_version": 2},
        {"params": {"segment_seconds": 8}},
        {"inputs": {"mix": "2" * 64}},
        {"inputs": {"ov_mix": "1" * 64}},
        {"inputs": {"mix": ["1" * 64, "2" * 64]}},
        {"models": [MODEL | {"sha256": "c" * 64}]},
        {"models": []},
        {"spec": {"id": "ebu-r128", "version": "2"}},
        {"spec": {"id": "web", "version": "1"}},
        {"spec": None},
        {"tools": {"torch": "3"}},
    ],
)
def test_every_part_that_decides_the_bytes_changes_the_key(change: dict[str, Any]) -> None:
    assert recipe(**change).key != recipe().key


@pytest.mark.parametrize("change", [{"name": "Renamed"}, {"licence": "MIT"}, {"id": "other"}, {"version": "1.1"}])
def test_of_a_model_only_its_weights_count(change: dict[str, Any]) -> None:
    assert recipe(models=[MODEL | change]).key == recipe().key


def test_order_of_inputs_in_one_role_matters() -> None:
    one, other = "1" * 64, "2" * 64
    assert recipe(inputs={"dubs": [one, other]}).key != recipe(inputs={"dubs": [other, one]}).key


def test_the_key_is_the_same_on_every_machine_and_day() -> None:
    assert recipe().key == "95617a864105918983c2cc6cc53b3170bcfcccd91510039a035499210610d89c"


@pytest.mark.parametrize("params", [{"x": float("nan")}, {"x": float("inf")}, {"x": [-float("inf")]}])
def test_what_no_number_is_has_no_place(params: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no place in a recipe"):
        _ = recipe(params=params).key


@pytest.mark.parametrize("params", [{1: "x"}, {"x": {None: 1}}, {"x": {1, 2}}, {"x": b"bytes"}])
def test_what_json_cannot_say_exactly_is_refused(params: dict[Any, Any]) -> None:
    with pytest.raises(TypeError):
        _ = recipe(params=params).key


@given(SHA.map(str.upper) | SHA.map(lambda sha: sha[:-1]) | st.text(max_size=70))
def test_an_input_is_a_sha256_or_nothing(digest: str) -> None:
    if len(digest) == 64 and set(digest) <= set("0123456789abcdef"):
        return
    with pytest.raises(ValueError, match="not a SHA-256"):
        recipe(inputs={"mix": digest})

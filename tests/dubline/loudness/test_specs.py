import pytest
import yaml
from pydantic import ValidationError

from dubline.errors import BadInput
from dubline.loudness.specs import Spec, get, list_specs, load

IDS = [
    "aes-td1008",
    "amazon-originals",
    "apple-tv-plus",
    "arib-tr-b32",
    "atsc-a85",
    "disney-plus",
    "ebu-r128",
    "ebu-r128-s1",
    "ebu-r128-s2",
    "ebu-r128-s4",
    "hulu",
    "netflix-nearfield",
    "netflix-theatrical",
    "op-59",
    "wbd",
    "web",
]

MINIMAL = {
    "id": "studio-x",
    "version": 1,
    "name": "Studio X",
    "verified": False,
    "sources": ["its delivery document"],
    "max_true_peak_dbtp": -2.0,
    "qc_max_true_peak_dbtp": -1.0,
}
PROGRAMME = {
    "gate": "programme",
    "algorithm": "bs1770-4",
    "target_lufs": -23.0,
    "tol_low": 1.0,
    "tol_high": 1.0,
    "reject_low": 2.0,
    "reject_high": 2.0,
}
DIALOGUE = PROGRAMME | {"gate": "dialogue", "fallback": PROGRAMME}


def test_every_spec_ships():
    assert [spec.id for spec in list_specs()] == IDS


def test_files_are_named_after_their_spec():
    assert all(get(spec_id).id == spec_id for spec_id in IDS)


def test_only_what_was_read_at_its_publisher_is_verified():
    assert {spec.id for spec in list_specs() if spec.verified} == {"ebu-r128", "netflix-nearfield"}
    assert all(spec.notes for spec in list_specs() if not spec.verified)


def test_netflix_figures():
    spec = get("netflix-nearfield")
    assert (spec.loudness.gate, spec.loudness.target_lufs, spec.loudness.tol_low) == ("dialogue", -27.0, 2.0)
    assert (spec.loudness.reject_high, spec.loudness.min_speech_percent) == (3.0, 15.0)
    assert (spec.loudness.fallback.gate, spec.loudness.fallback.target_lufs) == ("programme", -24.0)
    assert (spec.max_true_peak_dbtp, spec.qc_max_true_peak_dbtp) == (-2.0, -1.0)


@pytest.mark.parametrize(
    ("typed", "offered"), [("netflix", "netflix-nearfield"), ("ebu-r12", "ebu-r128"), ("nothing like it", "web")]
)
def test_an_unknown_spec_names_the_near_misses(typed, offered):
    with pytest.raises(BadInput, match=rf"unknown spec '{typed}' \(spec\): use one of .*{offered}"):
        get(typed)


@pytest.mark.parametrize(
    "changed",
    [
        {"surprise": 1},
        {"id": "Studio X"},
        {"version": 0},
        {"sources": []},
        {"layouts": ["6.1"]},
        {"qc_max_true_peak_dbtp": -3.0},
        {"loudness": PROGRAMME | {"reject_low": 0.5}},
        {"loudness": PROGRAMME | {"fallback": PROGRAMME}},
        {"loudness": PROGRAMME | {"gate": "dialogue"}},
        {"loudness": PROGRAMME | {"either_accepted": True}},
        {"loudness": PROGRAMME | {"loudest": 1}},
    ],
    ids=str,
)
def test_a_spec_file_that_says_something_else_is_refused(changed, tmp_path):
    path = tmp_path / "studio-x.yaml"
    path.write_text(yaml.safe_dump(MINIMAL | changed))
    with pytest.raises(BadInput, match="studio-x"):
        load(path)


@pytest.mark.parametrize("loudness", [None, PROGRAMME, DIALOGUE], ids=["none", "programme", "dialogue"])
def test_a_studio_writes_its_own(loudness, tmp_path):
    path = tmp_path / "studio-x.yaml"
    path.write_text(yaml.safe_dump(MINIMAL | {"loudness": loudness}))
    assert load(path).id == "studio-x"


@pytest.mark.parametrize("text", ["{", "- a list", "", "\0"])
def test_not_a_spec(text, tmp_path):
    path = tmp_path / "odd.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match="the spec"):
        load(path)
    with pytest.raises(BadInput, match="cannot be read"):
        load(tmp_path / "missing.yaml")


def test_digest_follows_the_content_and_nothing_else(tmp_path):
    spec = get("ebu-r128")
    assert Spec.model_validate(spec.model_dump(mode="json")).digest() == spec.digest()
    assert spec.model_copy(update={"version": 2}).digest() != spec.digest()
    # Pinned: a recipe made on one machine must be found on another.
    minimal = Spec.model_validate(MINIMAL)
    assert minimal.digest() == PINNED


def test_a_spec_cannot_be_changed_in_place():
    with pytest.raises(ValidationError, match="frozen"):
        get("web").version = 2


PINNED = "b30ed9e69bcb325db73161c24b4b5567baece18234c83b22f15bba864cf1fcc9"

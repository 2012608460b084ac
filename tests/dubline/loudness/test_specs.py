import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from dubline.errors import BadInput
from dubline.loudness import specs
from dubline.loudness.specs import Spec, get, list_specs, load

DOCS = Path(__file__).parents[3] / "docs"
FILES = sorted((Path(specs.__file__).parent / "specs").glob("*.yaml"))

# The published figures, written down apart from the files that ship: measure, target, tolerance, refused beyond,
# true peak asked for and refused (all in LUFS, LU and dBTP), of the fallback where there is one.
# Sources: partnerhelp.netflixstudios.com 360050414014 (QC: -27 and -24 with 3, peak -1), its mix specification (-27 and
# -24 with 2, peak -2, fallback under 15 % dialogue), tech.ebu.ch/publications/r128 (version 4.0: -23, QC 0.2,
# production 1, peak -1); the others as their files say.
TABLE = {
    "netflix-nearfield": ("dialogue", -27.0, 2.0, 3.0, -2.0, -1.0, ("programme", -24.0, 2.0, 3.0)),
    "netflix-me": (None, None, None, None, -2.0, -1.0, None),
    "netflix-theatrical": (None, None, None, None, 0.0, 0.0, None),
    "netflix-premix-dialogue": (None, None, None, None, -6.0, -6.0, None),
    "amazon-originals": ("dialogue", -27.0, 2.0, 2.0, -2.0, -2.0, ("programme", -24.0, 2.0, 2.0)),
    "prime-video-licensed": (None, None, None, None, 0.0, 0.0, None),
    "disney-plus": ("programme", -24.0, 0.4, 0.4, -2.0, -2.0, None),
    "apple-tv-plus": ("dialogue", -27.0, 2.0, 2.0, -2.0, -2.0, ("programme", -24.0, 2.0, 2.0)),
    "wbd": ("programme", -24.0, 1.0, 1.0, -2.0, -2.0, None),
    "hulu": ("programme", -24.0, 2.0, 2.0, -2.0, -2.0, None),
    "discovery-global-v4": ("programme", -24.0, 1.0, 1.0, -2.0, -2.0, None),
    "yandex-plus-studio": (None, None, None, None, 0.0, 0.0, None),
    "ebu-r128": ("programme", -23.0, 0.2, 1.0, -1.0, -1.0, None),
    "ebu-r128-s1": ("programme", -23.0, 0.2, 1.0, -1.0, -1.0, None),
    "ebu-r128-s2": ("programme", -18.0, 2.0, 2.0, -1.0, -1.0, None),
    "ebu-r128-s4": ("programme", -23.0, 0.2, 1.0, -1.0, -1.0, None),
    "atsc-a85": ("dialogue", -24.0, 2.0, 2.0, -2.0, -2.0, ("programme", -24.0, 2.0, 2.0)),
    "arib-tr-b32": ("programme", -24.0, 1.0, 1.0, -1.0, -1.0, None),
    "op-59": ("programme", -24.0, 1.0, 1.0, -2.0, -2.0, None),
    "aes-td1008": ("dialogue", -18.0, 2.0, 2.0, -1.0, -1.0, ("programme", -18.0, 2.0, 2.0)),
    "web": ("programme", -14.0, 1.0, 1.0, -1.0, -1.0, None),
}

# What was read at its publisher; every other figure is a third party's, a copy's or remembered.
VERIFIED = {"ebu-r128", "netflix-nearfield", "netflix-me"}

# Content of every version that ever shipped. A line is added for a new version, none is ever changed.
SHIPPED = {
    ("aes-td1008", 2): "e458124d1fef7a30",
    ("amazon-originals", 2): "76f90ebf065fa14c",
    ("apple-tv-plus", 2): "a84f505cb2b9d145",
    ("arib-tr-b32", 2): "8f1dcd4e0260a1a2",
    ("atsc-a85", 2): "0adb076e42057887",
    ("discovery-global-v4", 1): "4b43fba677a288ba",
    ("disney-plus", 2): "b2f31790e6954716",
    ("ebu-r128", 2): "8b5b50cd2bd85d98",
    ("ebu-r128-s1", 2): "ecb0852281c78743",
    ("ebu-r128-s2", 2): "dc312ed1906c817d",
    ("ebu-r128-s4", 2): "d3cc8acfd7bc5b63",
    ("hulu", 2): "752011e5d896fb97",
    ("netflix-me", 1): "0628d8c9db2ba50b",
    ("netflix-nearfield", 2): "e6258a79097ccc1f",
    ("netflix-premix-dialogue", 1): "7e27543987f7aa5f",
    ("netflix-theatrical", 2): "04143eb1a7769f88",
    ("op-59", 2): "4836aa7b3219c95c",
    ("prime-video-licensed", 1): "1438db4ae26c23c6",
    ("wbd", 2): "78d26a88b4c38ace",
    ("web", 2): "665e2664f402c53f",
    ("yandex-plus-studio", 1): "76721b092d3bd1a3",
}

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


def written(folder, body, name=None):
    folder.mkdir(exist_ok=True)
    path = folder / (name or f"{body['id']}-{body['version']}.yaml")
    path.write_text(yaml.safe_dump(body))
    return path


def test_every_spec_ships_under_the_name_of_its_file():
    assert [spec.id for spec in list_specs()] == sorted(TABLE)
    assert sorted(path.stem for path in FILES) == sorted(TABLE)


@pytest.mark.parametrize("spec_id", TABLE)
def test_figures_are_the_published_ones(spec_id):
    gate, target, tolerance, refused, peak, refused_peak, fallback = TABLE[spec_id]
    spec = get(spec_id)
    assert (spec.max_true_peak_dbtp, spec.qc_max_true_peak_dbtp) == (peak, refused_peak)
    if gate is None:
        assert spec.loudness is None
        return
    limit = spec.loudness
    assert (limit.gate, limit.target_lufs) == (gate, target)
    assert (limit.tol_low, limit.tol_high, limit.reject_low, limit.reject_high) == (
        tolerance, tolerance, refused, refused
    )  # fmt: skip
    other = limit.fallback
    assert fallback == (None if other is None else (other.gate, other.target_lufs, other.tol_high, other.reject_high))
    assert limit.min_speech_percent == 15
    assert limit.either_accepted == (spec_id == "netflix-nearfield")
    assert limit.each_segment == (spec_id == "discovery-global-v4")


def test_figures_of_form():
    netflix, wbd, prime = get("netflix-nearfield"), get("wbd"), get("prime-video-licensed")
    assert netflix.lra_recommended_lu == (4.0, 18.0)
    assert netflix.dialogue_lra_max_lu == 10.0
    assert (netflix.head_pad_max_seconds, netflix.tail_pad_max_seconds) == (0.0, 0.0)
    assert netflix.allowed_characters == "[a-zA-Z0-9._-]"
    assert (wbd.head_pad_max_seconds, wbd.tail_pad_max_seconds, wbd.som_timecode) == (5.0, 0.0, "01:00:00:00")
    assert set(wbd.containers) == {"wav", "mxf"}
    assert (prime.max_av_duration_delta_seconds, prime.languages_per_file) == (2.0, "one")
    assert get("netflix-premix-dialogue").layouts == ("mono",)
    assert get("ebu-r128-s1").max_short_term_lufs == -18.0
    assert get("ebu-r128-s4").max_programme_over_dialogue_lu == 5.0
    assert get("discovery-global-v4").max_short_term_over_programme_lu == 4.0
    for spec_id in ("netflix-nearfield", "netflix-me", "amazon-originals", "wbd"):
        spec = get(spec_id)
        assert (spec.bit_depths, spec.sample_rates, spec.codecs) == ((24,), (48_000,), ("pcm_s24le",))
        assert set(spec.layouts) == {"stereo", "5.1", "5.1(side)"}


def test_only_what_was_read_at_its_publisher_is_verified():
    assert {spec.id for spec in list_specs() if spec.verified} == VERIFIED
    assert all(spec.notes.startswith("Not verified") for spec in list_specs() if not spec.verified)
    assert all(any("https://" in source for source in get(spec_id).sources) for spec_id in VERIFIED)


def test_what_is_no_print_master_says_so():
    assert {spec.id: spec.material for spec in list_specs() if spec.material != "print_master"} == {
        "netflix-me": "me",
        "netflix-premix-dialogue": "dialogue",
    }


def test_a_shipped_spec_that_changes_gets_a_new_version():
    assert {(spec.id, spec.version): spec.digest()[:16] for spec in list_specs()}.items() <= SHIPPED.items()


def test_the_published_schema_is_the_models():
    published = json.loads((DOCS / "spec.schema.json").read_text(encoding="utf-8"))
    assert published == specs.schema(), "write it anew: dubline specs schema > docs/spec.schema.json"
    jsonschema.Draft202012Validator.check_schema(published)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_shipped_file_is_valid_by_the_schema(path):
    jsonschema.validate(yaml.safe_load(path.read_text()), specs.schema(), jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    "changed",
    [
        {"surprise": 1},
        {"id": "Studio X"},
        {"version": 0},
        {"sources": []},
        {"max_true_peak_dbtp": None},
        {"max_true_peak_dbtp": 1.0},
        {"som_timecode": "25:00:00:00"},
        {"languages_per_file": "two"},
        {"loudness": {"gate": "programme"}},
        {"loudness": PROGRAMME | {"loudest": 1}},
    ],
    ids=str,
)
def test_the_schema_refuses_what_it_can_see(changed):
    jsonschema.validate(MINIMAL, specs.schema(), jsonschema.Draft202012Validator)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(MINIMAL | changed, specs.schema(), jsonschema.Draft202012Validator)


def test_every_field_is_explained():
    text = (DOCS / "specs.md").read_text(encoding="utf-8")
    fields = {**Spec.model_fields, **specs.LoudnessLimit.model_fields}
    assert [name for name in fields if f"`{name}`" not in text] == []
    assert [name for name, field in fields.items() if not field.description] == []


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
        {"max_true_peak_dbtp": None},
        {"max_true_peak_dbtp": float("nan")},
        {"max_short_term_lufs": float("inf")},
        {"lra_recommended_lu": [18.0, 4.0]},
        {"naming_template": "{title}_{day}"},
        {"naming_template": "{title"},
        {"allowed_characters": "[a-"},
        {"som_timecode": "1:00:00:00"},
        {"effective_from": "last year"},
        {"languages_per_file": "two"},
        {"loudness": PROGRAMME | {"reject_low": 0.5}},
        {"loudness": PROGRAMME | {"fallback": PROGRAMME}},
        {"loudness": PROGRAMME | {"gate": "dialogue"}},
        {"loudness": DIALOGUE | {"fallback": DIALOGUE}},
        {"loudness": PROGRAMME | {"either_accepted": True}},
        {"loudness": PROGRAMME | {"loudest": 1}},
    ],
    ids=str,
)
def test_a_spec_file_that_says_something_else_is_refused_in_one_line(changed, tmp_path):
    path = written(tmp_path, MINIMAL | changed, "studio-x.yaml")
    with pytest.raises(BadInput, match=r"^the spec .*\(.*studio-x\.yaml\): ") as refused:
        load(path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("loudness", [None, PROGRAMME, DIALOGUE], ids=["none", "programme", "dialogue"])
def test_a_studio_writes_its_own(loudness, tmp_path):
    written(tmp_path, MINIMAL | {"loudness": loudness})
    assert get("studio-x", tmp_path).loudness == get("studio-x", tmp_path).loudness
    assert [spec.id for spec in list_specs(tmp_path)] == sorted([*TABLE, "studio-x"])
    assert specs.standing(tmp_path)["studio-x"] == "added"
    with pytest.raises(BadInput, match="unknown spec 'studio-x'"):
        get("studio-x")


@pytest.mark.parametrize(("day", "read"), [("2023-11-03", "2023-11-03"), ("2023-11", "2023-11"), ("2023", "2023")])
def test_days_need_no_quotes(day, read, tmp_path):
    path = written(tmp_path, MINIMAL)
    path.write_text(path.read_text() + f"effective_from: {day}\n")
    assert load(path).effective_from == read


@pytest.mark.parametrize(
    "text",
    ["{", "- a list", "", "\0", "a: 1\na: 2", "effective_from: 2023-13-45", "[" * 1000, "{? [1]: 2}"],
    ids=["brace", "list", "empty", "nul", "twice", "no day", "deep", "odd key"],
)
def test_not_a_spec(text, tmp_path):
    path = tmp_path / "odd.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match="the spec"):
        load(path)
    with pytest.raises(BadInput, match="cannot be read"):
        load(tmp_path / "missing.yaml")


def override(spec_id, version, **changes):
    return yaml.safe_load(json.dumps(get(spec_id).body())) | {"version": version} | changes


def test_a_higher_version_overrides_what_ships_and_says_so(tmp_path):
    version = get("hulu").version
    written(tmp_path, override("hulu", version + 1, max_true_peak_dbtp=-3.0))
    assert get("hulu", tmp_path).max_true_peak_dbtp == -3.0
    assert get("hulu").max_true_peak_dbtp == -2.0
    standing = specs.standing(tmp_path)
    assert standing["hulu"] == f"overrides shipped version {version}"
    assert {text for spec_id, text in standing.items() if spec_id != "hulu"} == {"shipped"}


def test_the_highest_of_a_studios_versions_counts(tmp_path):
    for version in (2, 10, 9):
        written(tmp_path, MINIMAL | {"version": version})
    assert get("studio-x", tmp_path).version == 10


def test_the_same_content_twice_is_one_spec(tmp_path):
    written(tmp_path, MINIMAL, "one.yaml")
    written(tmp_path, MINIMAL | {"notes": "", "layouts": []}, "two.yml")
    written(tmp_path, override("web", get("web").version), "web.yaml")
    assert len(list_specs(tmp_path)) == len(TABLE) + 1
    assert specs.standing(tmp_path)["web"] == "shipped"


def test_a_changed_spec_is_a_new_version(tmp_path):
    written(tmp_path, MINIMAL, "one.yaml")
    written(tmp_path, MINIMAL | {"max_true_peak_dbtp": -3.0}, "two.yaml")
    with pytest.raises(BadInput, match=r"'studio-x' version 1 is known with other content .*: .* give it version 2"):
        list_specs(tmp_path)


@pytest.mark.parametrize(
    ("version", "said"), [(2, "version 2 is known with other content"), (1, "is older than version 2, which ships")]
)
def test_a_shipped_version_cannot_be_reworded(version, said, tmp_path):
    newest = get("web").version
    path = written(tmp_path, override("web", version, notes="louder", max_true_peak_dbtp=-3.0))
    assert newest == 2
    for look in (lambda: get("ebu-r128", tmp_path), lambda: specs.check(path)):
        with pytest.raises(BadInput, match=rf"{said}.*give it version {newest + 1}"):
            look()


def test_other_files_of_the_folder_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("no spec")
    assert list_specs(tmp_path) == list_specs()
    assert list_specs(tmp_path / "not there") == list_specs()


def test_a_file_is_checked_before_it_is_put_into_the_folder(tmp_path):
    written(tmp_path / "specs", MINIMAL)
    changed = written(tmp_path, MINIMAL | {"name": "Other"}, "new.yaml")
    with pytest.raises(BadInput, match=r"known with other content \(.*new\.yaml\)"):
        specs.check(changed, tmp_path / "specs")
    assert specs.check(written(tmp_path, MINIMAL | {"version": 2}), tmp_path / "specs").version == 2
    # One that lies there already is not held against itself.
    assert specs.check(tmp_path / "specs" / "studio-x-1.yaml", tmp_path / "specs").version == 1


def test_digest_follows_the_content_and_nothing_else():
    spec = get("ebu-r128")
    assert Spec.model_validate(spec.model_dump(mode="json")).digest() == spec.digest()
    assert Spec.model_validate(spec.body()).digest() == spec.digest()
    assert spec.model_copy(update={"version": 99}).digest() != spec.digest()
    # Pinned: a recipe made on one machine must be found on another, and fields added later must not change it.
    assert Spec.model_validate(MINIMAL).digest() == PINNED


def test_a_spec_cannot_be_changed_in_place():
    with pytest.raises(ValidationError, match="frozen"):
        get("web").version = 2


PINNED = "b30ed9e69bcb325db73161c24b4b5567baece18234c83b22f15bba864cf1fcc9"

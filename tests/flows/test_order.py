"""Orders: what is read, and what is refused with one line that says how to mend it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dubline.errors import BadInput
from flows.order import Order, read_order

GOOD = {
    "title": {"id": "glass-harbor", "name": "Glass Harbor", "version": "theatrical", "eidr": None},
    "master": {"path": "master.mov", "audio_stream": 0, "language": "en"},
    "dubs": [
        {"language": "fr-FR", "dialogue": "dub_fr.wav"},
        {"language": "es-419", "dialogue": "dub_es.wav", "start": "00:00:02:12"},
    ],
    "deliver": [{"spec": "ebu-r128", "container": "mov", "codec": "pcm_s24le"}],
    "options": {"model": "default", "policy": "netflix", "include_optional": False, "keep_original": True},
}


def written(tmp_path: Path, body: object) -> Path:
    path = tmp_path / "order.yaml"
    path.write_text(body if isinstance(body, str) else yaml.safe_dump(body), encoding="utf-8")
    return path


def changed(**parts: object) -> dict[str, object]:
    return {**GOOD, **parts}


def test_paths_are_relative_to_the_order(tmp_path: Path) -> None:
    order = read_order(written(tmp_path, GOOD))
    assert order.master.path == tmp_path / "master.mov"
    assert [dub.dialogue for dub in order.dubs] == [tmp_path / "dub_fr.wav", tmp_path / "dub_es.wav"]


def test_an_absolute_path_stays_as_it_is(tmp_path: Path) -> None:
    order = read_order(written(tmp_path, changed(master={"path": "/films/a 'b' \u00e9.mov", "language": "en"})))
    assert order.master.path == Path("/films/a 'b' \u00e9.mov")


def test_options_may_be_left_out(tmp_path: Path) -> None:
    body = {key: value for key, value in GOOD.items() if key != "options"}
    assert read_order(written(tmp_path, body)).options.model == "default"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("title: [", "not YAML"),
        ("- a\n- b\n", "not a mapping"),
        ("", "not a mapping"),
        ("title: {id: a}\ntitle: {id: b}\n", "key 'title' stands twice"),
        (changed(colour="red"), "unknown key 'colour'"),
        (changed(options={"polcy": "clean"}), "unknown key 'options.polcy'"),
        (changed(title={"id": "a"}), "key 'title.name' is missing"),
        (changed(title={"id": "../up", "name": "x"}), "key 'title.id' is wrong"),
        (changed(title={"id": "a", "name": "x", "eidr": "10.5240/1"}), "key 'title.eidr' is wrong"),
        (changed(dubs=[]), "key 'dubs' is wrong"),
        (changed(deliver=[]), "key 'deliver' is wrong"),
        (changed(dubs=[GOOD["dubs"][0]] * 2), "2 dubs of language 'fr-fr'"),  # type: ignore[index]
        (changed(deliver=GOOD["deliver"] * 2), "2 deliveries of spec 'ebu-r128' as pcm_s24le in mov"),  # type: ignore[operator]
        (changed(master={"path": "m.mov", "language": "en", "audio_stream": -1}), "key 'master.audio_stream'"),
        (changed(options={"sync": "always"}), "key 'options.sync' is wrong"),
        (changed(options={"dub_level": {"scene": {"widen_db": 3}}}), "unknown key 'options.dub_level.scene.widen_db'"),
        (changed(options={"dub_level": {"scene": {"within_db": 30}}}), "key 'options.dub_level.scene.within_db'"),
        (changed(dubs=[{"language": "fr", "dialogue": "a.wav", "start": "bwf", "start_samples": 3}]), "keep one"),
        (changed(dubs=[{"language": "fr", "dialogue": {"L": "a.wav", "X": "b.wav"}}]), "no channel is called 'X'"),
        (changed(dubs=[{"language": "fr", "dialogue": {}}]), "key 'dubs.0.dialogue"),
        (changed(deliver=[{"spec": "web", "container": "mp4", "codec": "aac", "due": 20261224}]), "2026-12-24"),
        (changed(deliver=[{"spec": "web", "container": "mp4", "codec": "aac", "due": "soon"}]), "key 'deliver.0.due'"),
    ],
)
def test_what_is_wrong_is_named_in_one_line(tmp_path: Path, body: object, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_order(written(tmp_path, body))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "order.yaml") in str(caught.value)


def test_a_dub_may_be_one_file_per_channel(tmp_path: Path) -> None:
    dubs = [{"language": "fr", "dialogue": {"C": "c.wav", "L": "/l.wav", "R": "r.wav"}}]
    (dub,) = read_order(written(tmp_path, changed(dubs=dubs))).dubs
    assert dub.channels == ("C", "L", "R") and dub.files == (tmp_path / "c.wav", Path("/l.wav"), tmp_path / "r.wav")


def test_a_dub_s_own_wish_stands_before_the_options(tmp_path: Path) -> None:
    """And a bare `off`, a boolean to YAML 1.1, is the word."""
    text = yaml.safe_dump(changed(options={}, dubs=[]))
    text = text.replace("options: {}", "options: {sync: off, dub_level: {match: off, max_gain_db: 6}}")
    text = text.replace(
        "dubs: []",
        "dubs: [{language: fr, dialogue: a.wav, sync: fail, level: {match: scene}}, {language: de, dialogue: b.wav}]",
    )
    order = read_order(written(tmp_path, text))
    assert [order.sync_of(dub) for dub in order.dubs] == ["fail", "off"]
    assert [order.level_of(dub).match for dub in order.dubs] == ["scene", "off"]
    # What has no effect makes nothing stale.
    assert order.level_of(order.dubs[1]).rules()["max_gain_db"] == 12.0


def test_an_order_comes_back_from_its_json_whole(tmp_path: Path) -> None:
    dubs = [{"language": "fr", "dialogue": {"R": "r.wav", "L": "l.wav"}, "level": {"match": "scene"}, "sync": "off"}]
    rows = [{"spec": "web", "container": "mp4", "codec": "aac", "due": "2026-12-24"}]
    order = read_order(written(tmp_path, changed(dubs=dubs, deliver=rows)))
    assert Order.model_validate(json.loads(json.dumps(order.body()))) == order
    assert order.deliver[0].due == date(2026, 12, 24)


@pytest.mark.parametrize("due", ["2026-12-24", "'2026-12-24'"])
def test_a_due_day_may_stand_in_quotes(tmp_path: Path, due: str) -> None:
    text = yaml.safe_dump(changed(deliver=[])).replace(
        "deliver: []", f"deliver: [{{spec: web, container: mp4, codec: aac, due: {due}}}]"
    )
    assert read_order(written(tmp_path, text)).deliver[0].due == date(2026, 12, 24)


def test_an_unknown_key_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="language, dialogue, start"):
        read_order(written(tmp_path, changed(dubs=[{"language": "fr-FR", "dialogue": "a.wav", "offset": 3}])))


@pytest.mark.parametrize("make", ["missing", "directory", "loop", "latin"])
def test_an_order_that_cannot_be_read_is_bad_input(tmp_path: Path, make: str) -> None:
    path = tmp_path / "order.yaml"
    if make == "directory":
        path.mkdir()
    elif make == "loop":
        path.symlink_to(path)
    elif make == "latin":
        path.write_bytes("title: caf\u00e9".encode("latin-1"))
    with pytest.raises(BadInput):
        read_order(path)


@given(text=st.text(max_size=200))
def test_any_text_is_an_order_or_bad_input(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("order") / "order.yaml"
    path.write_text(text, encoding="utf-8", errors="replace")
    with pytest.raises(BadInput):
        read_order(path)

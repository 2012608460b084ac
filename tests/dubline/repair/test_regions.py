from __future__ import annotations

from dubline.audio.layout import Layout
from dubline.repair.regions import Region, regions_of, removals_of
from dubline.vocalization.events import Event

RATE = 1000
FRAMES = 60_000


def plan(*spans: tuple[float, float], tags: tuple[str, ...] = ("FL", "FR"), frames: int = FRAMES) -> list[Region]:
    events = [Event(start, end, tags, "speech", 0.9, 0.0, "remove") for start, end in spans]
    removals = removals_of(events, Layout.parse("5.1"), rate=RATE, frames=frames)
    return regions_of(removals, rate=RATE, frames=frames)


def test_a_region_holds_the_fades() -> None:
    (region,) = plan((10.0, 12.0))
    assert (region.start, region.end, region.columns) == (9_980, 12_200, (0, 1))


def test_events_whose_fades_meet_share_a_region() -> None:
    assert [(one.start, one.end, len(one.removals)) for one in plan((10.0, 11.0), (11.2, 12.0), (13.0, 14.0))] == [
        (9_980, 12_200, 2),
        (12_980, 14_200, 1),
    ]


def test_room_tone_is_the_nearest_second_before_rather_than_after() -> None:
    assert [one.tone for one in plan((10.0, 11.0))] == [(5_980, 9_980)]
    assert [one.tone for one in plan((0.5, 11.0))] == [(11_200, 15_200)]


def test_room_tone_is_looked_for_further_out_where_events_are_dense() -> None:
    tones = [one.tone for one in plan((0.1, 11.0), (11.5, 20.0), (20.5, 30.0))]
    assert tones == [(30_200, 34_200)] * 3


def test_a_short_passage_serves_where_there_is_no_longer_one() -> None:
    assert [one.tone for one in plan((0.5, 2.0), frames=2_000)] == [(0, 480)]
    assert [one.tone for one in plan((0.0, 2.0), frames=2_000)] == [None]


def test_scenes_without_a_common_channel_do_not_disturb_each_other() -> None:
    layout = Layout.parse("5.1")
    events = [
        Event(1.0, 59.0, ("FC",), "speech", 0.9, 0.0, "remove"),
        Event(30.0, 31.0, ("FL", "FR"), "speech", 0.9, 0.0, "optional"),
        Event(40.0, 41.0, ("LFE",), "speech", 0.9, 0.0, "remove"),
        Event(50.0, 51.0, ("BL", "BR"), "speech", 0.9, 0.0, "keep"),
    ]
    removals = removals_of(events, layout, rate=RATE, frames=FRAMES)
    regions = regions_of(removals, rate=RATE, frames=FRAMES)
    assert [(one.columns, one.tone) for one in regions] == [((2,), (0, 980)), ((0, 1), (25_980, 29_980))]

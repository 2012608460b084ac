from __future__ import annotations

from dubline.audio.layout import Layout
from dubline.repair.regions import Region, moved_of, regions_of, removals_of, voices_of
from dubline.vocalization.events import Event

RATE = 1000
FRAMES = 60_000
SURROUND = Layout.parse("5.1")


def plan(*spans: tuple[float, float], tags: tuple[str, ...] = ("FL", "FR"), frames: int = FRAMES) -> list[Region]:
    events = [Event(start, end, tags, "speech", 0.9, 0.0, "remove") for start, end in spans]
    return regions_of(removals_of(events, SURROUND, rate=RATE, frames=frames), rate=RATE, frames=frames)


def test_a_region_holds_the_fades() -> None:
    (region,) = plan((10.0, 12.0))
    assert (region.start, region.end, region.columns) == (9_980, 12_200, (0, 1))


def test_events_whose_fades_meet_share_a_region() -> None:
    assert [(one.start, one.end, len(one.removals)) for one in plan((10.0, 11.0), (11.2, 12.0), (13.0, 14.0))] == [
        (9_980, 12_200, 2),
        (12_980, 14_200, 1),
    ]


def test_the_background_is_the_eight_seconds_that_touch_the_region() -> None:
    (region,) = plan((20.0, 21.0))
    assert (region.before, region.after) == (((11_980, 19_980),), ((21_200, 29_200),))


def test_where_events_are_dense_more_background_is_fetched_from_further_away_in_order_of_time() -> None:
    first, second, third = plan((10.0, 11.0), (11.7, 12.7), (13.4, 14.4))
    assert second.before == ((2_460, 9_980), (11_200, 11_680))
    assert second.after == ((12_900, 13_380), (14_600, 22_120))
    assert third.before[-1] == (12_900, 13_380) and first.after[0] == (11_200, 11_680)


def test_at_the_ends_of_the_file_there_is_background_on_one_side_or_none() -> None:
    assert [(one.before, one.after) for one in plan((0.0, 1.0), frames=2_000)] == [((), ((1_200, 2_000),))]
    assert [(one.before, one.after) for one in plan((1.5, 2.0), frames=2_000)] == [(((0, 1_480),), ())]
    assert [(one.before, one.after) for one in plan((0.0, 2.0), frames=2_000)] == [((), ())]


def test_a_voice_that_stays_is_no_background() -> None:
    events = [
        Event(10.0, 11.0, ("FC",), "speech", 0.9, 0.0, "remove"),
        Event(8.0, 9.5, ("FC",), "crowd", 0.9, 0.0, "keep"),
        Event(5.0, 9.9, ("FL", "FR"), "crowd", 0.9, 0.0, "keep"),
    ]
    (region,) = regions_of(
        removals_of(events, SURROUND, rate=RATE, frames=FRAMES),
        rate=RATE,
        frames=FRAMES,
        voices=voices_of(events, SURROUND, rate=RATE, frames=FRAMES),
    )
    assert region.before == ((480, 8_000), (9_500, 9_980))


def test_scenes_without_a_common_channel_do_not_disturb_each_other() -> None:
    events = [
        Event(1.0, 59.0, ("FC",), "speech", 0.9, 0.0, "remove"),
        Event(30.0, 31.0, ("FL", "FR"), "speech", 0.9, 0.0, "optional"),
        Event(40.0, 41.0, ("LFE",), "speech", 0.9, 0.0, "remove"),
        Event(50.0, 51.0, ("BL", "BR"), "speech", 0.9, 0.0, "keep"),
    ]
    regions = regions_of(removals_of(events, SURROUND, rate=RATE, frames=FRAMES), rate=RATE, frames=FRAMES)
    assert [(one.columns, one.before) for one in regions] == [((2,), ((0, 980),)), ((0, 1), ((21_980, 29_980),))]


def test_of_the_dialogue_stem_only_what_goes_to_opt_moves() -> None:
    events = [
        Event(1.0, 2.0, ("FC",), "laughter", 0.9, 0.0, "optional", stem="dx"),
        Event(3.0, 4.0, ("FC",), "laughter", 0.9, 0.0, "remove", stem="dx"),
        Event(5.0, 6.0, ("FC",), "laughter", 0.9, 0.0, "optional"),
    ]
    assert [one.event for one in moved_of(events, SURROUND, rate=RATE, frames=FRAMES)] == [0]
    assert [one.event for one in removals_of(events, SURROUND, rate=RATE, frames=FRAMES)] == [2]

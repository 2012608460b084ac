"""What detection finds in a cleaned M&E: what remains, and what follows an event that was taken out."""

from __future__ import annotations

from dataclasses import replace

from dubline.audio.layout import Layout
from dubline.repair.regions import removals_of
from dubline.repair.verify import come_to_light, sort_out
from dubline.vocalization import policies
from dubline.vocalization.decide import Decided, decide
from dubline.vocalization.events import Event, Label

RATE = 1000
STEREO = Layout.parse("stereo")
PAIR = ("FL", "FR")


def event(start: float, end: float, label: Label = "speech", tags: tuple[str, ...] = PAIR) -> Event:
    return Event(start, end, tags, label, 0.9, 6.0)


def decided(*events: Event) -> Decided:
    return decide(events, policy=policies.get("netflix"))


def lit(before: Decided, *found: Event, policy: bool = True) -> list[tuple[float, str]]:
    leaving = removals_of(before.events, STEREO, rate=RATE, frames=60_000)
    heard = sort_out(found, leaving, STEREO, rate=RATE)
    chosen = policies.get("netflix") if policy else None
    made = come_to_light(heard, before, leaving, STEREO, rate=RATE, policy=chosen)
    return [(one.event.start_seconds, one.event.disposition) for one in made]


def test_what_meets_a_removed_event_remains_and_the_rest_is_elsewhere() -> None:
    before = decided(event(10.0, 12.0))
    leaving = removals_of(before.events, STEREO, rate=RATE, frames=60_000)
    found = [event(11.5, 12.5), event(12.1, 13.0), replace(event(11.0, 11.5), stem="dx"), event(40.0, 41.0)]
    heard = sort_out(found, leaving, STEREO, rate=RATE)
    assert [one.start_seconds for one in heard.remaining] == [11.5]
    assert [one.start_seconds for one in heard.elsewhere] == [12.1, 40.0]


def test_the_rest_of_an_event_follows_it_by_the_policy() -> None:
    before = decided(event(10.0, 12.0))
    assert lit(before, event(9.0, 10.4)) == [(9.0, "remove")]
    assert lit(before, event(12.3, 12.9, "laughter")) == [(12.3, "optional")]
    assert lit(before, event(12.3, 12.9, "crowd")) == []


def test_without_a_policy_it_goes_where_the_event_went() -> None:
    before = decide([replace(event(10.0, 12.0), disposition="optional")])
    assert lit(before, event(12.3, 12.9), policy=False) == [(12.3, "optional")]


def test_what_lies_inside_far_away_or_in_other_channels_does_not_follow() -> None:
    before = decided(event(10.0, 12.0))
    assert lit(before, event(10.5, 12.05)) == []
    assert lit(before, event(13.0, 14.0)) == []
    assert lit(decided(event(10.0, 12.0, tags=("FL",))), event(9.0, 10.5, tags=("FR",))) == []


def test_what_stays_by_the_policy_or_by_a_persons_word_is_left_alone() -> None:
    kept = event(11.9, 13.0, "crowd")
    assert lit(decided(event(10.0, 12.0), kept), event(12.0, 13.0)) == []
    given = decided(event(10.0, 12.0), event(12.2, 13.0))
    dropped = Decided(given.decisions[:1], dropped=(given.decisions[1],))
    assert lit(dropped, event(12.2, 13.0)) == []

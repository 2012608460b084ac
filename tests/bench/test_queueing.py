"""The queueing model: no work is lost or made up, more machines never hurt, the textbook is met where it applies."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.queueing import Title, shares_of, simulate
from flows.pool import share_out

SECONDS = st.integers(1, 500).map(float)
TITLES = st.lists(
    st.builds(
        Title,
        before=SECONDS,
        parts=st.lists(SECONDS, min_size=1, max_size=6).map(tuple),
        after=SECONDS,
        priority=st.integers(0, 2),
        arrives=st.integers(0, 2000).map(float),
    ),
    min_size=1,
    max_size=12,
)
FEW = settings(max_examples=30)


@FEW
@given(titles=TITLES, workers=st.integers(1, 6), gpus=st.integers(1, 6))
def test_all_work_is_done_once_and_nobody_is_busier_than_always(titles: list[Title], workers: int, gpus: int) -> None:
    night = simulate(titles, workers=workers, gpus=gpus)
    assert night.worker_seconds == pytest.approx(sum(title.before + title.after for title in titles))
    assert night.gpu_seconds == pytest.approx(sum(sum(title.parts) for title in titles))
    assert night.worker_seconds + night.waiting_seconds <= workers * night.seconds * (1 + 1e-12)
    assert night.gpu_seconds <= gpus * night.seconds * (1 + 1e-12)
    for title, queued, done in zip(titles, night.queued, night.turned_round, strict=True):
        assert queued >= 0
        assert done >= queued + title.before + title.after + max(shares_of(title.parts, gpus))


@FEW
@given(titles=TITLES)
def test_with_machines_for_all_nobody_waits(titles: list[Title]) -> None:
    # As many GPUs as titles and parts: every title has its own, one for each part.
    gpus = 6 * len(titles)
    night = simulate(titles, workers=len(titles), gpus=gpus)
    assert max(night.queued) == 0
    ends = [title.arrives + title.before + max(title.parts) + title.after for title in titles]
    assert night.seconds == pytest.approx(max(ends))


@pytest.mark.parametrize("gpus", [1, 2, 3, 5])
def test_where_gpus_bind_the_hours_are_their_work_over_their_number(gpus: int) -> None:
    titles = [Title(before=1.0, parts=(60.0,) * gpus, after=1.0)] * 400
    night = simulate(titles, workers=50, gpus=gpus)
    # But for the first title's start and the last one's end.
    assert night.seconds == pytest.approx(400 * 60.0, abs=2.0)


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_where_workers_bind_the_hours_are_what_a_title_keeps_one_over_their_number(workers: int) -> None:
    titles = [Title(before=10.0, parts=(5.0,), after=90.0)] * (workers * 40)
    night = simulate(titles, workers=workers, gpus=workers)
    assert night.seconds == pytest.approx(40 * 105.0)
    assert night.waiting_seconds == pytest.approx(5.0 * len(titles))


@FEW
@given(titles=TITLES, workers=st.integers(1, 4), gpus=st.integers(1, 4))
def test_doubled_machines_are_no_slower_than_the_bound_of_any_list_schedule(
    titles: list[Title], workers: int, gpus: int
) -> None:
    before = simulate(titles, workers=workers, gpus=gpus)
    after = simulate(titles, workers=2 * workers, gpus=2 * gpus)
    # Graham's anomalies: an order of work may get worse, by no more than the longest title takes alone.
    longest = max(title.before + sum(title.parts) + title.after for title in titles)
    assert after.seconds <= before.seconds + longest


def test_the_urgent_are_taken_first_and_the_others_in_their_order() -> None:
    waiting = [Title(10.0, (1.0,), 10.0, priority=2) for _ in range(5)]
    urgent = Title(10.0, (1.0,), 10.0, priority=0, arrives=25.0)
    night = simulate([*waiting, urgent], workers=1, gpus=1)
    # It comes while the second is at work, and is the third.
    assert night.queued == [0.0, 21.0, 63.0, 84.0, 105.0, 17.0]


@FEW
@given(parts=st.lists(SECONDS, min_size=1, max_size=40), gpus=st.integers(1, 50))
def test_shares_are_those_that_the_flow_makes(parts: list[float], gpus: int) -> None:
    made = share_out([str(k) for k in range(len(parts))], gpus)
    assert shares_of(parts, gpus) == [sum(parts[int(name)] for name in share) for share in made]

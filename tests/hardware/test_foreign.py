"""A card is given only if it is known to be free, and if not, the reason is exact."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orp_tui.hardware.foreign import GpuSettings, cards, no_cards
from orp_tui.hardware.gpus import GpuProcess, GpuReport, GpuSample

GIB = 1 << 30
NOW = 1000.0
RUN = "exp_20261124_101010_abcd"
MARIA = GpuProcess(4001, 14 * GIB, "maria", None, "python")
OWN = GpuProcess(4002, 6 * GIB, "me", RUN, "python")
HIDDEN = GpuProcess(None, 3 * GIB)


def gpu(*processes, index=0, used=None, load=0.0, **rest):
    used = sum(process.bytes or 0 for process in processes) if used is None else used
    return GpuSample(index, f"GPU-{index}", "A", 24 * GIB, used, load, processes=processes, **rest)


def looks(*samples, last=NOW - 0.5):
    """One report a second, each of one or several GPUs, the last just now."""
    listed = [sample if isinstance(sample, tuple) else (sample,) for sample in samples]
    return [GpuReport(last - len(listed) + 1 + number, gpus) for number, gpus in enumerate(listed)]


def judged(*samples, booked=None, now=NOW, **settings):
    more = {name: settings.pop(name) for name in ("ours", "own_pids") if name in settings}
    return cards(looks(*samples), booked=booked or {}, settings=GpuSettings(**settings), now=now, **more)


def one(*samples, **rest):
    (card,) = judged(*samples, **rest)
    return card


def test_a_card_with_nobody_on_it_is_free_to_the_last_byte():
    card = one(gpu(), gpu(), gpu())

    assert (card.whole, card.shut, card.why) == (True, False, "")
    assert card.free == card.memory == 24 * GIB


def test_little_memory_that_nobody_explains_is_nobody():
    card = one(*[gpu(used=GIB)] * 3)

    assert (card.whole, card.free) == (True, 24 * GIB)


@pytest.mark.parametrize(
    ("sample", "why"),
    [
        (gpu(MARIA), "held by maria (14.0 GiB)"),
        (
            gpu(MARIA, dataclasses.replace(MARIA, pid=7, user="jo", bytes=GIB)),
            "held by maria (14.0 GiB) and jo (1.0 GiB)",
        ),
        (gpu(dataclasses.replace(MARIA, bytes=None)), "held by maria"),
        (gpu(HIDDEN), "in use by another program (3.0 GiB)"),
        (gpu(GpuProcess(None, None)), "in use by another program"),
        (gpu(used=2 * GIB), "in use by another program (2.0 GiB)"),
        (gpu(load=0.43), "in use by another program (busy: 43 %)"),
        (gpu(trouble="lost"), "lost"),
        (gpu(trouble="does not answer"), "does not answer"),
    ],
)
def test_who_is_on_a_card_is_said_and_shuts_it(sample, why):
    card = one(gpu(), gpu(), sample)

    assert (card.shut, card.whole, card.why) == (True, False, why)


def test_who_was_there_a_moment_ago_may_be_back():
    assert one(gpu(MARIA), gpu(), gpu()).why == "held by maria (14.0 GiB)"
    assert one(gpu(MARIA), gpu(), gpu(), gpu()).why == ""


def test_a_card_is_looked_at_more_than_once_before_it_is_given():
    card = one(gpu(), gpu())

    assert (card.shut, card.why) == (True, "first looked at 2 s ago")


def test_old_looks_say_nothing():
    card = one(gpu(), gpu(), gpu(), now=NOW + 60)

    assert (card.shut, card.why) == (True, "last looked at 60 s ago")


def test_looks_from_before_the_clock_was_set_back_say_nothing():
    assert one(gpu(), gpu(), gpu(), now=NOW - 3600).shut


def test_made_up_cards_are_given_at_the_first_look():
    report = GpuReport(NOW, (gpu(),), source="fake")

    assert not cards([report], booked={}, settings=GpuSettings(), now=NOW)[0].shut


def test_a_card_that_was_lost_for_a_moment_is_looked_at_anew():
    lost = gpu(trouble="lost")

    assert one(lost, lost, gpu()).why.startswith("first looked at")
    assert one(gpu(), gpu(), lost, gpu()).why == ""


def test_processes_of_runs_are_not_foreign_and_their_bookings_count():
    card = one(*[gpu(OWN, load=0.9)] * 3, booked={0: 8 * GIB}, ours={0: 8 * GIB})

    assert (card.shut, card.whole, card.free) == (False, False, 16 * GIB)
    assert card.why == "8.0 GiB held by this queue"


def test_a_run_that_uses_more_than_it_booked_leaves_less():
    assert one(*[gpu(OWN)] * 3, booked={0: 2 * GIB}).free == 18 * GIB


def test_processes_named_by_pid_are_own_too():
    mine = dataclasses.replace(OWN, run_id=None)

    assert one(*[gpu(mine)] * 3, booked={0: 8 * GIB}).shut is True
    assert one(*[gpu(mine)] * 3, booked={0: 8 * GIB}, own_pids={4002}).shut is False


def test_a_card_of_another_queue_says_so():
    assert one(*[gpu()] * 3, booked={0: "whole"}).why == "held by another queue on this machine"
    assert one(*[gpu()] * 3, booked={0: 24 * GIB}).free == 0
    part = one(*[gpu()] * 3, booked={0: 8 * GIB}, ours={0: 6 * GIB})
    assert (part.why, part.free, part.shut) == (
        "2.0 GiB held by another queue on this machine",
        16 * GIB,
        False,
    )


def test_a_run_on_a_card_that_it_does_not_hold_keeps_others_off_it():
    card = one(*[gpu(OWN)] * 3)

    assert (card.shut, card.why) == (True, f"in use by {RUN}, which holds no claim on it any more")


def test_a_card_is_given_again_as_soon_as_the_run_on_it_has_gone():
    assert one(gpu(OWN, load=0.9), gpu(OWN, load=0.9), gpu()).why == ""
    assert one(gpu(OWN), gpu(OWN), gpu(load=0.4)).why == ""  # load is a mean over the last second


def test_memory_that_a_run_leaves_behind_for_a_moment_is_waited_for():
    card = one(gpu(OWN), gpu(OWN), gpu(HIDDEN))
    assert (card.shut, card.why) == (True, "the memory of a run that has ended is not yet free (3.0 GiB)")

    assert one(gpu(OWN), gpu(HIDDEN), gpu()).why == ""


def test_where_no_process_can_be_told_bookings_explain_what_is_used():
    seen = gpu(HIDDEN, load=0.9)

    assert one(*[seen] * 3, booked={0: 4 * GIB}).shut is False
    assert one(*[seen] * 3, booked={0: 2 * GIB}).why == "in use by another program (1.0 GiB)"
    assert one(*[seen] * 3).why == "in use by another program (3.0 GiB)"


def test_screens_are_nobody_but_their_memory_is_not_given():
    card = one(*[gpu(GpuProcess(9, GIB, "root", None, "Xorg", graphics=True))] * 3)

    assert (card.whole, card.why, card.free) == (True, "", 23 * GIB)


def test_only_allowed_cards_are_given_and_instances_with_their_gpu():
    instance = gpu(index=200, mig=True, parent=1)
    both = (gpu(index=0), instance)

    first, second = judged(both, both, both, allowed=frozenset({1}))

    assert (first.shut, first.why) == (True, "not in gpus: [1]")
    assert (second.shut, second.index) == (False, 200)


def test_cards_are_left_free_from_the_end():
    four = tuple(gpu(index=index) for index in range(4))

    found = judged(four, four, four, leave_free=1)

    assert [card.shut for card in found] == [False, False, False, True]
    assert found[3].why == "left free (leave_free: 1)"


def test_a_card_that_somebody_is_on_is_not_one_that_is_left_free():
    three = (gpu(index=0), gpu(index=1), gpu(MARIA, index=2))

    assert [card.shut for card in judged(three, three, three, leave_free=1)] == [False, True, True]
    assert [card.shut for card in judged(three, three, three, leave_free=5)] == [True, True, True]


def test_a_card_with_a_tolerated_user_is_not_one_that_is_left_free():
    two = (gpu(index=0), gpu(MARIA, index=1))

    found = judged(two, two, two, leave_free=1, ignore_users=frozenset({"maria"}))

    assert [card.why for card in found] == ["left free (leave_free: 1)", "held by maria (14.0 GiB)"]
    assert not found[1].shut


def test_memory_in_use_beyond_what_runs_have_booked_is_not_given():
    seen = gpu(OWN, HIDDEN)

    assert one(seen, seen, seen, booked={0: 8 * GIB}).free == 15 * GIB


def test_others_may_be_tolerated_below_a_limit():
    card = one(*[gpu(MARIA)] * 3, allow_below=15 * GIB)
    assert (card.shut, card.whole, card.why, card.free) == (False, True, "held by maria (14.0 GiB)", 10 * GIB)

    assert one(*[gpu(MARIA)] * 3, allow_below=14 * GIB).shut
    assert one(*[gpu(dataclasses.replace(MARIA, bytes=None))] * 3, allow_below=15 * GIB).shut


def test_users_may_be_ignored_but_their_memory_is_theirs():
    card = one(*[gpu(MARIA, load=0.9)] * 3, ignore_users=frozenset({"maria"}))

    assert (card.shut, card.why, card.free) == (False, "held by maria (14.0 GiB)", 10 * GIB)


def test_without_cards_the_reason_is_the_newest_one():
    gone = GpuReport(NOW, trouble="the NVIDIA driver is not loaded")

    assert cards([*looks(gpu()), gone], booked={}, settings=GpuSettings(), now=NOW) == ()
    assert no_cards([*looks(gpu()), gone]) == "the NVIDIA driver is not loaded"
    assert no_cards([]) == "the GPUs of this machine have not been looked at yet"


sizes = st.one_of(st.none(), st.integers(0, 30 * GIB))
programs = st.builds(
    GpuProcess,
    pid=st.one_of(st.none(), st.integers(2, 9)),
    bytes=sizes,
    user=st.sampled_from([None, "maria", "jo"]),
    run_id=st.sampled_from([None, None, RUN]),
    graphics=st.booleans(),
)


@st.composite
def situations(draw):
    """A few looks at up to four cards, what is booked, and settings."""
    count = draw(st.integers(1, 4))
    at = sorted(draw(st.lists(st.floats(NOW - 15, NOW), min_size=1, max_size=5)))
    reports = [
        GpuReport(
            moment,
            tuple(
                GpuSample(
                    index, f"GPU-{index}", "A", 24 * GIB, draw(sizes), draw(st.one_of(st.none(), st.floats(0, 1))),
                    processes=tuple(draw(st.lists(programs, max_size=2))),
                    trouble=draw(st.sampled_from([None, None, None, "lost"])),
                )
                for index in range(count)
            ),
        )
        for moment in at
    ]  # fmt: skip
    booked = draw(st.dictionaries(st.integers(0, 3), st.one_of(st.just("whole"), st.integers(0, 24 * GIB))))
    settings = GpuSettings(
        allowed=draw(st.one_of(st.none(), st.frozensets(st.integers(0, 3)))),
        leave_free=draw(st.integers(0, 2)),
        allow_below=draw(st.one_of(st.none(), st.integers(0, 4 * GIB))),
        ignore_users=draw(st.frozensets(st.sampled_from(["maria", "jo"]))),
    )
    return reports, booked, settings


@given(situations())
def test_what_is_given_is_never_somebody_elses(situation):
    reports, booked, settings = situation

    found = cards(reports, booked=booked, settings=settings, now=NOW)

    for card, sample in zip(found, reports[-1].gpus, strict=True):
        held = 24 * GIB if booked.get(card.index) == "whole" else booked.get(card.index, 0)
        assert 0 <= card.free <= card.memory - held
        assert not card.whole or held == 0
        assert card.shut <= bool(card.why)
        if card.shut:
            assert not card.whole
            continue
        assert sample.trouble is None
        assert settings.allowed is None or card.index in settings.allowed
        assert sum(NOW - report.at <= 10 for report in reports) >= settings.samples
        strangers = [
            item
            for item in sample.processes
            if item.pid
            and item.run_id is None
            and not item.graphics
            and item.user not in settings.ignore_users
        ]
        if settings.allow_below is None:
            assert not strangers
        assert sum(item.bytes or 0 for item in strangers) <= (settings.allow_below or 0)


@given(situations(), st.integers(0, 3))
def test_so_many_cards_are_left_with_nobody_on_them(situation, leave_free):
    reports, booked, settings = situation
    none = cards(reports, booked=booked, settings=dataclasses.replace(settings, leave_free=0), now=NOW)

    some = cards(
        reports, booked=booked, settings=dataclasses.replace(settings, leave_free=leave_free), now=NOW
    )

    empty = [card for card in none if card.whole and not card.why]
    given_now = [card for card in some if card.whole and not card.why]
    assert given_now == empty[: max(0, len(empty) - leave_free)]
    for before, after in zip(none, some, strict=True):
        assert before in empty or after == before

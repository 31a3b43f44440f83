from __future__ import annotations

from orp_tui.tui.output_stage.pacing import FREE_BYTES, MOST_MISSES, RETRY_S, Pace


def asks(pace: Pace, size: int, now: float) -> bool:
    """Whether so many bytes are sent with a question behind them; the one before them is answered at once."""
    before, behind = pace.questions(size, now)
    if before:
        pace.answered(now)
    return behind


def live_pace() -> Pace:
    """A pace whose terminal has answered once, at second 0."""
    pace = Pace()
    pace.start()
    assert asks(pace, 100, 0.0)
    pace.answered(0.0)
    return pace


def test_nothing_waits_for_a_terminal_that_was_never_seen_to_answer():
    pace = Pace()
    pace.start()

    asked = [asks(pace, 900, second / 10) for second in range(60)]

    assert all(pace.may_send(second / 10) for second in range(60))
    assert asked.count(True) == 2
    assert asked[0]
    assert asked[int(RETRY_S * 10)]


def test_nobody_is_asked_where_nobody_reads_the_answers():
    pace = Pace()

    assert not asks(pace, 900, 0.0)
    assert pace.may_send(0.0)
    assert not pace.waiting


def test_a_frame_waits_until_the_terminal_has_taken_the_last():
    pace = live_pace()

    assert asks(pace, 900, 1.0)

    assert not pace.may_send(1.1)
    assert 0 < pace.wait_s(1.1) < 2
    pace.answered(1.2)
    assert pace.may_send(1.2)
    assert pace.wait_s(1.2) is None
    assert round(pace.last_delay_s, 3) == 0.2


def test_a_few_bytes_on_their_way_hold_nothing_back():
    pace = live_pace()

    sent = 0
    while pace.may_send(1.0):
        asks(pace, 60, 1.0)
        sent += 60

    assert FREE_BYTES <= sent <= FREE_BYTES + 60


def test_tiny_frames_ask_only_now_and_then():
    pace = live_pace()
    asked = []
    for second in range(30):
        asked.append(asks(pace, 20, float(second)))
        if asked[-1]:
            pace.answered(float(second))

    assert 1 < asked.count(True) < 6


def test_an_answer_that_does_not_come_is_not_waited_for_long():
    pace = live_pace()
    asks(pace, 900, 1.0)

    assert not pace.may_send(1.5)
    assert pace.may_send(1.0 + 1.0 + 1000 / 8000)
    assert pace.misses == 1


def test_a_terminal_that_stops_answering_is_no_longer_waited_for_until_it_answers_again():
    pace = live_pace()
    now = 1.0
    for _ in range(MOST_MISSES):
        asks(pace, 900, now)
        now += pace.wait_s(now)
        assert pace.may_send(now)

    assert not pace.live
    asked = [asks(pace, 900, now + second) for second in range(8)]
    assert True in asked
    assert all(pace.may_send(now + second) for second in range(8))

    pace.answered(now + 8)
    assert pace.live
    assert asks(pace, 900, now + 9)
    assert not pace.may_send(now + 9)


def test_a_link_that_proves_slower_than_thought_is_given_more_time():
    pace = live_pace()
    now, delay = 1.0, 3.0
    waited = []
    for _ in range(8):
        asks(pace, 100 + FREE_BYTES, now)
        waited.append(min(pace.wait_s(now), delay))
        now += waited[-1]
        pace.may_send(now)
        pace.answered(now)

    assert waited[0] < delay
    assert pace.misses <= 3


def test_an_answer_that_nobody_waits_for_is_no_matter():
    pace = live_pace()
    for _ in range(5):
        pace.answered(1.0)

    assert asks(pace, 900, 2.0)
    assert not pace.may_send(2.0)


def test_at_the_end_the_last_answer_is_worth_a_moment():
    pace = live_pace()
    assert pace.stop(0.5) == 0.0

    pace = live_pace()
    asks(pace, 900, 1.0)
    assert 0.5 < pace.stop(1.0) < 3.0
    assert pace.may_send(1.0)
    assert not asks(pace, 900, 1.0)
    assert pace.waiting
    pace.answered(1.2)
    assert not pace.waiting
    assert not pace.live


def test_at_the_end_a_terminal_that_never_answered_is_given_less():
    pace = Pace()
    pace.start()
    assert asks(pace, 900, 1.0)

    assert 0.2 < pace.stop(1.0) <= 0.5

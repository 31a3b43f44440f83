"""What an alert says, when, and how often."""

from __future__ import annotations

import dataclasses
import json
import math
import random

import pytest

from orp_tui.core.alert_conditions import parse_condition
from orp_tui.core.alert_rules import AlertRule, Moment, rules_of
from orp_tui.core.alerts import AlertWatch
from orp_tui.core.series import Points

NAN, INF = math.nan, math.inf


def rule(text, *do, goals=None):
    return AlertRule(text, parse_condition(text, goals), do or ("notify",))


def at(clock, *, logged=0, quiet=0.0):
    """A look `clock` seconds after the run was started."""
    return Moment(1e9 + clock, 5000.0 + clock, clock, logged, quiet)


def values(*numbers, first=0, every=1, name="loss", times=()):
    steps = range(first, first + every * len(numbers), every)
    return {name: Points.of(steps, numbers, times)}


def told(watch, *batches, clock=0.0):
    """Step and words of what is told of these batches, one a second."""
    found = []
    for number, batch in enumerate(batches):
        found += watch.look(batch, at(clock + number))
    return [(item.step, item.words) for item in found]


def steps(watch, *batches, clock=0.0):
    return [step for step, _ in told(watch, *batches, clock=clock)]


def copy(watch, *rules):
    """The same, through a file as another process would have it."""
    return AlertWatch(rules, json.loads(json.dumps(watch.state)), clock=1e9)


def test_a_nan_is_told_at_its_step_and_once_an_episode():
    watch = AlertWatch([rule("nan(loss)")])

    assert told(watch, values(1.0, NAN, NAN)) == [(1, "loss is NaN at step 1")]
    assert steps(watch, values(NAN, NAN, first=3)) == []
    assert steps(watch, values(0.5, NAN, first=5)) == [6]


def test_only_its_own_metric_is_looked_at_and_infinity_is_no_nan():
    watch = AlertWatch([rule("nan(loss)"), rule("inf(loss)")])

    assert told(watch, values(NAN, name="val_loss") | values(1.0, INF, -INF)) == [
        (1, "loss is inf at step 1")
    ]


def test_each_source_of_a_metric_has_episodes_of_its_own():
    watch = AlertWatch([rule("nan(loss)")])
    batch = values(1.0, NAN, name="loss [runs/a]") | values(NAN, NAN, name="loss [runs/b]")

    assert sorted(item.metric for item in watch.look(batch, at(0))) == ["loss [runs/a]", "loss [runs/b]"]


@pytest.mark.parametrize(
    ("text", "numbers", "wanted"),
    [
        ("loss > 10", (1.0, 10.0, 10.5, 11.0, 2.0, 12.0), [2, 5]),
        ("loss >= 10", (1.0, 10.0, 2.0), [1]),
        ("loss < -1e-3", (0.0, -1.0), [1]),
        ("loss <= 0", (1.0, -INF), [1]),
        ("loss == 3", (3.0, 3.0, 2.0, 3.0), [0, 3]),
        ("loss != 0", (0.0, 0.0, 1.0), [2]),
        ("loss > 10", (NAN, INF), [1]),
        ("loss != 0", (NAN, 0.0), []),
    ],
)
def test_a_threshold_is_told_whenever_it_is_crossed_and_nan_crosses_none(text, numbers, wanted):
    assert steps(AlertWatch([rule(text)]), values(*numbers)) == wanted


def test_values_that_come_in_other_pieces_tell_the_same():
    some = random.Random(3)
    numbers = [some.choice([1.0, 1.0, 1.0, 20.0, NAN]) for _ in range(20)]
    whole = steps(AlertWatch([rule("loss > 10")]), values(*numbers), clock=0)

    watch, pieces = AlertWatch([rule("loss > 10")]), []
    for step, number in enumerate(numbers):
        watch = copy(watch, rule("loss > 10"))
        pieces += steps(watch, values(number, first=step))
    assert pieces == whole
    assert whole


def test_an_observer_that_follows_tells_nothing_twice_though_values_come_again():
    watch = AlertWatch([rule("nan(loss)")])
    batch = values(1.0, NAN, 1.0, NAN)
    assert steps(watch, batch) == [1, 3]

    after = copy(watch, rule("nan(loss)"))
    assert steps(after, batch) == []
    assert steps(after, values(1.0, NAN, first=4)) == [5]


def test_what_is_told_already_by_the_file_is_not_told_again_without_a_state():
    watch = AlertWatch([rule("nan(loss)")])
    watch.remember_told("nan(loss)", "loss", 1.0, NAN)

    assert steps(watch, values(1.0, NAN, 1.0, NAN)) == [3]


def test_what_comes_and_goes_all_the_time_is_told_five_times_then_once_a_minute_with_the_number():
    watch = AlertWatch([rule("loss > 1")])
    flapping = [2.0, 0.0] * 50
    assert len(steps(watch, values(*flapping))) == 5

    later = told(watch, values(2.0, 0.0, 2.0, first=1000), clock=61.0)
    assert later == [(1000, "loss is 2 at step 1000; 45 times more before, untold")]


@pytest.mark.parametrize("state", [None, {}, {"rules": 3}, {"clock": "x"}, [], {"clock": 1.0, "rules": {"nan(loss)": {"series": 7}}},
                                   {"clock": 1.0, "rules": {"nan(loss)": {"tokens": None, "series": {"loss": []}}}}])  # fmt: skip
def test_a_damaged_state_counts_for_nothing(state):
    assert steps(AlertWatch([rule("nan(loss)")], state, clock=6000.0), values(NAN)) == [0]


def test_silence_of_the_logs_is_told_once_and_again_after_a_line():
    watch = AlertWatch([rule("no_log > 10m")])
    look = lambda clock, size: [item.words for item in watch.look({}, at(clock, logged=size))]  # noqa: E731

    assert look(0, 5) == []
    assert look(599, 5) == []
    assert look(601, 5) == ["no line in its logs for 10m01s"]
    assert look(2000, 5) == []
    assert look(2001, 6) == []
    assert look(2602, 6) == ["no line in its logs for 10m01s"]


def test_silence_goes_on_over_a_change_of_observers():
    watch = AlertWatch([rule("no_log > 10m"), rule("no_metric > 20m")])
    watch.look({}, at(0, logged=5))
    after = copy(watch, rule("no_log > 10m"), rule("no_metric > 20m"))

    assert [item.rule.text for item in after.look({}, at(700, logged=5))] == ["no_log > 10m"]
    assert [item.rule.text for item in after.look({}, at(1300, logged=5))] == ["no_metric > 20m"]


def test_the_first_look_asks_the_file_how_long_its_log_is_silent():
    said = AlertWatch([rule("no_log > 10m")]).look({}, at(4000, logged=5, quiet=700))
    assert [item.words for item in said] == ["no line in its logs for 11m40s"]
    assert AlertWatch([rule("no_log > 10m")]).look({}, at(60, logged=0, quiet=1e9)) == []


def test_a_metric_ends_the_silence_of_metrics_but_not_what_the_observer_itself_samples():
    watch = AlertWatch([rule("no_metric > 1m")])
    watch.look({}, at(0))
    assert watch.look(values(1.0), at(50)) == []
    assert watch.look(values(1.0, name="sys/cpu"), at(100)) == []
    assert len(watch.look(values(1.0, name="sys/cpu"), at(111))) == 1


def noisy(count, seed=1, level=2.0, noise=0.05):
    some = random.Random(seed)
    return [level + some.gauss(0, noise) for _ in range(count)]


def test_a_spike_is_told_and_the_noise_around_it_is_not():
    numbers = noisy(300)
    numbers[200] = 4.0
    [(step, words)] = told(AlertWatch([rule("spike(loss)")]), values(*numbers))
    assert step == 200
    assert words.startswith("loss is 4, ")
    assert "times the usual deviation from 2" in words


def test_a_fall_is_no_spike_unless_higher_is_better():
    numbers = noisy(300)
    numbers[200] = 0.5
    assert steps(AlertWatch([rule("spike(loss)")]), values(*numbers)) == []
    assert steps(AlertWatch([rule("spike(loss, 8, max)")]), values(*numbers)) == [200]
    assert steps(AlertWatch([rule("spike(loss)", goals={"loss": "maximize"})]), values(*numbers)) == [200]


def test_a_lower_number_of_deviations_finds_smaller_spikes():
    numbers = noisy(300)
    numbers[200] = 2.0 + 0.3
    assert steps(AlertWatch([rule("spike(loss, 50)")]), values(*numbers)) == []
    assert 200 in steps(AlertWatch([rule("spike(loss, 4)")]), values(*numbers))


def test_a_new_level_is_one_spike_and_then_the_usual():
    assert steps(AlertWatch([rule("spike(loss)")]), values(*noisy(100), *noisy(200, 2, level=9.0))) == [100]


def test_a_file_that_is_read_anew_has_no_spike_where_it_begins():
    numbers = [5.0 * 0.97**step + 0.5 for step in range(200)]
    watch = AlertWatch([rule("spike(loss)")])
    assert steps(watch, values(*numbers), values(*numbers), values(*numbers)) == []


def test_no_spike_is_told_before_enough_values_are_known():
    assert steps(AlertWatch([rule("spike(loss)")]), values(*[1.0] * 10, 100.0)) == []


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_a_curve_that_falls_is_no_plateau_and_one_that_has_stopped_to_is(noise):
    some = random.Random(1)
    falling = [5.0 - 0.002 * step + some.gauss(0, noise) for step in range(2000)]
    flat = [1.0 + some.gauss(0, noise) for _ in range(1500)]
    watch = AlertWatch([rule("plateau(loss, 1000)")])

    assert steps(watch, values(*falling)) == []
    [step] = steps(watch, values(*flat, first=2000))
    assert 2800 <= step <= 3300


def test_a_plateau_is_told_again_after_an_improvement():
    numbers = [1.0] * 300 + [1.0 - 0.01 * step for step in range(60)] + [0.4] * 300
    found = steps(AlertWatch([rule("plateau(loss, 100)")]), values(*numbers))
    assert len(found) == 2
    assert found[0] == 100
    assert found[1] > 360


def test_a_seldom_value_has_to_beat_the_best_before_the_span():
    watch = AlertWatch([rule("plateau(val, 1000)")])
    numbers = [1.0, 0.8, 0.6, 0.61, 0.62, 0.5, 0.55, 0.51]
    found = told(watch, values(*numbers, every=500, name="val"))
    assert [step for step, _ in found] == [2000, 3500]
    assert found[0][1].startswith("val has not improved by 0.004 over the last 1000 steps, it is about 0.62")


def test_where_higher_is_better_a_fall_is_a_plateau():
    watch = AlertWatch([rule("plateau(acc, 100, 0.001, max)")])
    numbers = [step / 200 for step in range(200)] + [1.0 - step / 400 for step in range(200)]
    found = steps(watch, values(*numbers, name="acc"))
    assert len(found) == 1
    assert 220 <= found[0] <= 300


def test_a_plateau_in_time_goes_by_the_times_of_the_values():
    watch = AlertWatch([rule("plateau(loss, 1h)")])
    times = [1e9 + 60 * minute for minute in range(80)]
    assert steps(watch, values(*[1.0] * 80, times=times)) == [60]


def test_a_training_that_goes_back_begins_its_span_anew():
    watch = AlertWatch([rule("plateau(loss, 100)")])
    assert steps(watch, values(*[1.0] * 90)) == []
    assert steps(watch, values(*[1.0] * 90, first=50)) == []
    assert steps(watch, values(*[1.0] * 90, first=140)) == [150]


def logging(watch, clock, seconds, a_second):
    """What is told while a run logs at that pace."""
    found = []
    for second in range(seconds):
        batch = values(*[1.0] * a_second) if a_second else {}
        found += watch.look(batch, at(clock + second))
    return found


def test_a_run_that_slows_down_is_told_against_its_own_median():
    watch = AlertWatch([rule("throughput < 70%")])
    assert logging(watch, 0, 1200, 10) == []
    [fired] = logging(watch, 1200, 600, 4)
    assert fired.words == "6.98 values a second, 70% of its median 10/s"
    assert logging(watch, 1800, 600, 10) == []
    assert len(logging(watch, 2400, 600, 2)) == 1


def test_a_pause_shorter_than_the_window_allows_and_a_burst_that_waited_are_no_slowness():
    watch = AlertWatch([rule("throughput < 70%")])
    watch.look(values(*[1.0] * 100_000), at(0))
    assert logging(watch, 1, 1200, 10) == []
    assert logging(watch, 1201, 80, 0) == []
    assert logging(watch, 1281, 600, 10) == []


def test_values_that_an_observer_catches_up_with_are_no_pace():
    watch = AlertWatch([rule("throughput < 70%")])
    for second in range(200):
        watch.look(values(*[1.0] * 5000), dataclasses.replace(at(second), is_behind=True))
    assert logging(watch, 200, 1200, 10) == []


def test_a_first_look_at_a_run_that_is_old_waits_for_its_values():
    watch = AlertWatch([rule("no_metric > 10m")])
    assert watch.look({}, at(7200)) == []
    assert watch.look({}, at(7801)) != []


def test_a_run_that_logs_once_in_ten_minutes_has_a_pace_too():
    watch = AlertWatch([rule("throughput < 70%")])
    looks = [watch.look(values(1.0) if minute % 10 == 0 else {}, at(60.0 * minute)) for minute in range(300)]
    assert not any(looks)
    assert any(watch.look({}, at(60.0 * minute)) for minute in range(300, 360))


def test_a_stop_is_in_what_has_fired():
    [fired] = AlertWatch([rule("nan(loss)", "notify", "stop")]).look(values(NAN), at(7))
    assert (fired.rule.do, fired.at, fired.metric) == (("notify", "stop"), 1e9 + 7, "loss")
    assert math.isnan(fired.value)


def test_the_rules_of_an_experiment_know_which_way_its_primary_goes():
    experiment = {"metrics": {
        "primary": {"name": "acc", "goal": "maximize", "at": {"best": "val", "goal": "minimize"}},
        "alerts": [{"when": "spike(acc)", "do": ["notify"]}, {"when": "spike(val)", "do": ["stop"]}, {"when": "odd", "do": []}, 3],
    }}  # fmt: skip
    found = rules_of(experiment)
    assert [(item.condition.maximize, item.do) for item in found] == [(True, ("notify",)), (False, ("stop",))]
    assert rules_of({}) == rules_of({"metrics": None}) == rules_of({"metrics": {"alerts": None}}) == ()


@pytest.mark.parametrize(
    "text",
    ["nan(loss)", "spike(loss)", "plateau(loss, 50)", "plateau(loss, 10s)", "throughput < 70%", "loss > 1"],
)
def test_no_values_make_it_raise_and_its_state_stays_small_json(text):
    some, watch = random.Random(text), AlertWatch([rule(text)])
    for second in range(200):
        numbers = [some.choice([0.0, 1.0, -1e308, 1e308, NAN, INF, -INF, 1e-300]) for _ in range(20)]
        batch = {"loss": Points.of([some.choice([0.0, -5.0, 1e300, NAN, 7.0]) for _ in numbers], numbers)}
        watch.look(batch, at(second))
        watch = copy(watch, rule(text))
    assert len(json.dumps(watch.state)) < 20_000

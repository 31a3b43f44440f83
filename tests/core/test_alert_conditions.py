"""Every form of a condition, and what is said of what is none."""

from __future__ import annotations

import pytest

from orp_tui.core.alert_conditions import (
    NonFinite,
    Plateau,
    Silence,
    Spike,
    Threshold,
    Throughput,
    in_words,
    parse_condition,
)


@pytest.mark.parametrize(
    ("text", "condition", "words"),
    [
        ("nan(loss)", NonFinite("loss", "nan"), "loss is NaN"),
        (" inf( val/loss ) ", NonFinite("val/loss", "inf"), "val/loss is infinite"),
        ("loss > 10", Threshold("loss", ">", 10.0), "loss > 10"),
        ("train loss<=-1e-3", Threshold("train loss", "<=", -0.001), "train loss <= -0.001"),
        ("metrics/mAP50(B) < .5", Threshold("metrics/mAP50(B)", "<", 0.5), "metrics/mAP50(B) < 0.5"),
        ('"a<b" != 0', Threshold("a<b", "!=", 0.0), "a<b != 0"),
        ("nan('a,b')", NonFinite("a,b", "nan"), "a,b is NaN"),
        ("no_log > 10m", Silence("no_log", 600.0), "no line in the logs for 10m00s"),
        ("no_metric>1h30m", Silence("no_metric", 5400.0), "no metric logged for 1h30m"),
        ("spike(loss)", Spike("loss", 8.0, 51, False), "loss above its median by 8 MADs"),
        ("spike(acc, 5, 101, max)", Spike("acc", 5.0, 101, True), "acc below its median by 5 MADs"),
        ("plateau(loss, 1000)", Plateau("loss", 1000.0, True), "loss no lower over 1000 steps"),
        ("plateau(acc,2h,0.01,max)", Plateau("acc", 7200.0, False, 0.01, True), "acc no higher over 2h00m"),
        ("throughput < 70%", Throughput(0.7), "throughput below 70% of its median"),
        ('"throughput" < 70', Threshold("throughput", "<", 70.0), "throughput < 70"),
    ],
)
def test_each_form_is_read_and_told(text, condition, words):
    found = parse_condition(text)
    assert found == condition
    assert in_words(found) == words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty; write nan(loss)"),
        ("x" * 600, "has 600 characters"),
        ("a\x1b[31m > 3", "holds a character that can't be shown"),
        ("loss", "loss is no condition; write nan(loss)"),
        ("nam(loss)", "nam(…) is no condition; did you mean nan(…)?"),
        ("splike(loss)", "splike(…) is no condition; did you mean spike(…)?"),
        ("drop(loss)", "drop(…) is no condition; known: nan(…), inf(…), spike(…), plateau(…)"),
        ("nan()", "no metric is named; write nan(loss)"),
        ('nan("loss)', "no metric is named; write nan(loss)"),
        ("nan(loss, 3)", "nan(…) takes a metric and nothing else; write nan(loss)"),
        ("nan(loss) or inf(loss)", "loss) or inf(loss is no name of a metric; an alert holds one condition"),
        ("nan(loss) > 3", "nan(loss) stands for itself and compares with nothing"),
        ("loss => 10", "=> is no comparison; known: > >= < <= == !="),
        ("loss > high", "high is no number; write loss > 10"),
        ("loss >", "nothing is no number; write loss > 10"),
        ("loss > 1 and b < 3", "1 and b < 3 is no number; write loss > 10, one condition an alert"),
        ("loss > 1e999", "1e999 is more than a number can be"),
        ("loss == nan", "nothing compares with nan; write nan(loss)"),
        ("loss < 70%", "70% is a share, which goes with throughput alone"),
        ("> 3", "no metric is named; write loss > 10"),
        ("5 > 3", "5 is no name of a metric"),
        ("no_log < 3m", "no_log says how long nothing was heard; write no_log > 10m"),
        ("no_log > soon", "'soon' is no duration"),
        ("no_log > 0s", "0s is shorter than anybody looks"),
        ("no_metric(3m)", "no_metric is compared, not called; write no_metric > 10m"),
        ("throughput > 70%", "a run that is fast needs no alert"),
        ("throughput < 70", "70 is no share of the run's own median; write throughput < 70%"),
        ("throughput < 170%", "170% of the median says nothing"),
        ("throughput(70%)", "throughput is compared, not called"),
        ("spike(loss, x)", "x is no number; write spike(loss)"),
        ("spike(loss, )", "nothing is no number; write spike(loss)"),
        ("spike(loss, 0)", "0 deviations are too few to be a spike"),
        ("spike(loss, 5, 3)", "3 values can't be looked at"),
        ("spike(loss, 1, 20, 3)", "spike(…) takes at most two numbers"),
        ("plateau(loss)", "plateau(…) needs to know for how long; write plateau(loss, 1000) for steps"),
        ("plateau(loss, soon)", "soon is no length"),
        ("plateau(loss, 0)", "a plateau of 0 is none"),
        ("plateau(loss, 9, -1)", "-1 is no least improvement"),
        ("plateau(loss, 1, 2, 3)", "plateau(…) takes a length and a least improvement"),
    ],
)
def test_what_is_no_condition_is_told_with_what_to_write(text, said):
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the text is looked at
        parse_condition(text)
    assert str(raised.value).startswith(said)


def test_the_goal_of_a_metric_is_taken_from_whoever_knows_it():
    assert parse_condition("spike(acc)", {"acc": "maximize"}).maximize
    assert not parse_condition("spike(acc, 8, min)", {"acc": "maximize"}).maximize

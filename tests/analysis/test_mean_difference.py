"""By how much one mean is above another, after Welch."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orp_tui.analysis.intervals import Sample, mean_difference

VALUES = st.lists(st.integers(-1000, 1000), min_size=2, max_size=8)


def test_the_interval_is_that_of_a_textbook():
    # By scipy.stats.ttest_ind(..., equal_var=False), as R: t.test(c(3, 4, 4.4), c(1, 2, 3.5, 2.2)).
    found = mean_difference(Sample.of([1, 2, 3.5, 2.2]), Sample.of([3, 4, 4.4]))

    assert found.difference == pytest.approx(1.625)
    assert (found.low, found.high) == (pytest.approx(-0.0749031178), pytest.approx(3.3249031178))
    assert str(found) == "+1.6 ± 1.7 (n=4, 3)"


@pytest.mark.parametrize(("before", "after"), [([1.0], [2.0, 3.0]), ([1.0, 2.0], [3.0])])
def test_one_value_has_no_scatter_and_no_interval(before, after):
    found = mean_difference(Sample.of(before), Sample.of(after))

    assert (found.low, found.high) == (None, None)
    assert str(found).endswith("no interval)")


def test_values_that_do_not_scatter_at_all_leave_no_doubt():
    found = mean_difference(Sample.of([1.0, 1.0]), Sample.of([0.5, 0.5, 0.5]))

    assert (found.difference, found.low, found.high) == (-0.5, -0.5, -0.5)
    assert str(found) == "-0.5 ± 0 (n=2, 3)"


def test_variances_whose_squares_are_no_numbers_any_more_have_an_interval():
    found = mean_difference(Sample.of([0.0, 1e-170]), Sample.of([1e-170, 3e-170]))

    assert found.high is not None
    assert math.isfinite(found.high)


@settings(deadline=None)
@given(VALUES, VALUES)
def test_it_is_what_scipy_says(before, after):
    from scipy.stats import ttest_ind

    assume(min(Sample.of(before).m2, Sample.of(after).m2) > 0.1)  # else scipy warns of a loss of precision

    found = mean_difference(Sample.of(before), Sample.of(after))

    known = ttest_ind(after, before, equal_var=False).confidence_interval()
    scale = max(1.0, *map(abs, (*before, *after)))
    assert (found.low, found.high) == (
        pytest.approx(known.low, rel=1e-6, abs=1e-8 * scale),
        pytest.approx(known.high, rel=1e-6, abs=1e-8 * scale),
    )

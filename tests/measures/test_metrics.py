from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from sklearn import metrics as sk

from maskwright.errors import GridError, InputError
from maskwright.measures import metrics
from maskwright.measures.metrics import Counts, Levels

sizes = st.tuples(st.integers(1, 7), st.integers(1, 7))


@st.composite
def masks(draw: st.DrawFn, many: int = 2) -> list[np.ndarray]:
    """Bool masks of one small size, all, none and single pixels included."""
    size = draw(sizes)
    return [draw(hnp.arrays(np.bool_, size)) for _ in range(many)]


@st.composite
def levels_and_truth(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Levels with many ties, and a truth."""
    size = draw(sizes)
    return draw(hnp.arrays(np.uint8, size, elements=st.sampled_from([0, 1, 16, 128, 254, 255]))), draw(
        hnp.arrays(np.bool_, size)
    )


@given(masks())
def test_f1_iou_and_mcc_are_scikit_learns(both: list[np.ndarray]) -> None:
    predicted, truth = both
    flat = truth.ravel(), predicted.ravel()
    assert metrics.pixel_f1(*both) == pytest.approx(sk.f1_score(*flat, zero_division=1.0))
    if truth.any() or predicted.any():
        assert metrics.pixel_iou(*both) == pytest.approx(sk.jaccard_score(*flat))
    if truth.any() and not truth.all():
        assert metrics.mcc(*both) == pytest.approx(sk.matthews_corrcoef(*flat))


@given(masks(3))
def test_an_ignored_pixel_counts_for_nobody(three: list[np.ndarray]) -> None:
    predicted, truth, ignore = three
    with_ignore = metrics.count(predicted, truth, ignore=ignore)
    without = metrics.count(predicted[~ignore], truth[~ignore])
    assert with_ignore == without
    assert with_ignore.tp + with_ignore.fp + with_ignore.fn + with_ignore.tn == np.count_nonzero(~ignore)


@given(masks(4))
def test_counts_of_the_parts_add_to_the_counts_of_the_whole(four: list[np.ndarray]) -> None:
    a, b, c, d = four
    whole = metrics.count(np.hstack([a, c]), np.hstack([b, d]))
    assert metrics.count(a, b) + metrics.count(c, d) == whole
    assert metrics.f1_pooled([metrics.count(a, b), metrics.count(c, d)]) == metrics.f1_of(whole)


@given(masks(4))
def test_the_picture_mean_is_the_mean_of_scikit_learns_f1(four: list[np.ndarray]) -> None:
    a, b, c, d = four
    theirs = [sk.f1_score(t.ravel(), p.ravel(), zero_division=1.0) for p, t in ((a, b), (c, d))]
    ours = metrics.f1_picture_mean([metrics.count(a, b), metrics.count(c, d)])
    assert ours == pytest.approx(np.mean(theirs))


def test_both_empty_is_one_and_exactly_one_empty_is_nought() -> None:
    none, some = np.zeros((3, 4), bool), np.eye(3, 4, dtype=bool)
    for measure in (metrics.pixel_f1, metrics.pixel_iou):
        assert measure(none, none) == 1
        assert measure(none, some) == 0
        assert measure(some, none) == 0
        assert measure(some, some) == 1


def test_mcc_without_two_classes_in_truth_is_nan_and_with_one_claimed_is_nought() -> None:
    none, some = np.zeros((3, 4), bool), np.eye(3, 4, dtype=bool)
    assert math.isnan(metrics.mcc(some, none))
    assert math.isnan(metrics.mcc(some, ~none))
    assert metrics.mcc(none, some) == 0
    assert metrics.mcc(~none, some) == 0


def test_mcc_of_a_run_of_many_pictures_does_not_overflow() -> None:
    huge = Counts(10**12, 10**12, 10**12, 10**12)
    assert metrics.mcc_of(huge) == 0


@given(levels_and_truth())
def test_auc_and_ap_are_scikit_learns_ties_included(both: tuple[np.ndarray, np.ndarray]) -> None:
    levels, truth = both
    found = metrics.count_levels(levels, truth)
    if truth.any() and not truth.all():
        assert metrics.auc(found) == pytest.approx(sk.roc_auc_score(truth.ravel(), levels.ravel()))
        theirs = sk.average_precision_score(truth.ravel(), levels.ravel())
        assert metrics.average_precision(found) == pytest.approx(theirs)
    else:
        assert math.isnan(metrics.auc(found))
        assert math.isnan(metrics.average_precision(found))


@given(levels_and_truth())
def test_f1_at_every_threshold_is_the_f1_of_that_mask(both: tuple[np.ndarray, np.ndarray]) -> None:
    levels, truth = both
    found = metrics.count_levels(levels, truth)
    curve = found.f1()
    assert curve.shape == (257,)
    for threshold in (0, 1, 2, 16, 17, 128, 255, 256):
        mask = levels.astype(int) >= threshold
        assert curve[threshold] == pytest.approx(metrics.pixel_f1(mask, truth))
        assert found.counts(threshold) == metrics.count(mask, truth)


@given(levels_and_truth())
def test_the_oracle_is_the_best_of_all_thresholds(both: tuple[np.ndarray, np.ndarray]) -> None:
    levels, truth = both
    slow = max(metrics.pixel_f1(levels.astype(int) >= t, truth) for t in range(257))
    assert metrics.f1_oracle([metrics.count_levels(levels, truth)]) == pytest.approx(slow)


@given(levels_and_truth(), levels_and_truth())
def test_histograms_add(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]) -> None:
    together = metrics.count_levels(
        np.concatenate([a[0].ravel(), b[0].ravel()])[None], np.concatenate([a[1].ravel(), b[1].ravel()])[None]
    )
    added = metrics.count_levels(*a) + metrics.count_levels(*b)
    assert np.array_equal(added.edited, together.edited)
    assert np.array_equal(added.unedited, together.unedited)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=20))
def test_rank_correlation_is_scipys(points: list[tuple[int, int]]) -> None:
    a, b = zip(*points, strict=True)
    ours = metrics.rank_correlation(a, b)
    if len(set(a)) == 1 or len(set(b)) == 1:
        assert math.isnan(ours)
    else:
        assert ours == pytest.approx(stats.spearmanr(a, b).statistic)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_an_interval_holds_the_mean(values: list[float]) -> None:
    found = metrics.estimate(values)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.low - 1e-9 <= found.mean <= found.high + 1e-9
    assert found.n == found.groups == len(values)


def test_the_interval_is_scipys_percentile_bootstrap() -> None:
    values = np.random.default_rng(3).beta(4, 2, 60)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=5000, method="percentile", rng=np.random.default_rng(0)
    )
    ours = metrics.estimate(values.tolist())
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.005)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.005)


def test_pictures_of_one_original_widen_the_interval() -> None:
    values = np.repeat(np.random.default_rng(4).random(12), 6).tolist()
    alone = metrics.estimate(values)
    grouped = metrics.estimate(values, np.repeat(np.arange(12), 6).tolist())
    assert grouped.groups == 12
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)


def test_the_interval_covers_the_true_mean_about_19_times_in_20() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for trial in range(200):
        found = metrics.estimate(rng.random(40).tolist(), seed=trial)
        covered += found.low <= 0.5 <= found.high
    assert 178 <= covered <= 199


def test_a_paired_difference_sees_what_two_intervals_do_not() -> None:
    rng = np.random.default_rng(1)
    theirs = rng.random(50)
    ours = np.clip(theirs + 0.02 + rng.normal(0, 0.01, 50), 0, 1)
    found = metrics.paired_difference(ours.tolist(), theirs.tolist())
    assert found.low > 0
    assert metrics.estimate(ours.tolist()).low < metrics.estimate(theirs.tolist()).high


def test_figures_together_are_estimated_as_each_alone() -> None:
    rng = np.random.default_rng(6)
    values, groups = rng.random((40, 3)), rng.integers(0, 15, 40).tolist()
    together = metrics.estimates(values, groups)
    for m in range(3):
        alone = metrics.estimate(values[:, m].tolist(), groups)
        assert (alone.mean, alone.low, alone.high) == pytest.approx(
            (together[m].mean, together[m].low, together[m].high)
        )


def test_a_figure_some_pictures_lack_is_the_mean_of_those_that_have_it() -> None:
    values = np.array([[1.0, np.nan], [3.0, 5.0], [np.nan, np.nan]])
    first, second = metrics.estimates(values)
    assert (first.mean, first.n, second.mean, second.n, second.groups) == (2, 2, 5, 1, 1)
    assert (second.low, second.high) == (5, 5)
    assert math.isnan(metrics.estimates(np.full((3, 1), np.nan))[0].mean)


def test_the_interval_does_not_depend_on_how_many_groups_are_drawn_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = np.random.default_rng(7).random(30).tolist()
    whole = metrics.estimate(values)
    monkeypatch.setattr(metrics, "DRAWS_AT_ONCE", 70)
    assert metrics.estimate(values) == whole


def test_no_pictures_give_nan_and_no_warning() -> None:
    found = metrics.estimate([])
    assert found.n == 0
    assert math.isnan(found.mean)
    assert math.isnan(metrics.f1_picture_mean([]))
    assert math.isnan(metrics.f1_oracle([]))
    assert metrics.f1_pooled([]) == 1


def test_unequal_grids_and_wrong_types_are_refused() -> None:
    mask = np.zeros((2, 3), bool)
    with pytest.raises(GridError, match=r"truth is \(3, 2\), predicted is \(2, 3\)"):
        metrics.pixel_f1(mask, mask.T)
    with pytest.raises(InputError, match="predicted must be bool, not uint8"):
        metrics.pixel_f1(mask.astype(np.uint8), mask)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="levels must be uint8"):
        metrics.count_levels(mask, mask)  # type: ignore[arg-type]
    with pytest.raises(GridError, match="levels are"):
        metrics.count_levels(np.zeros((3, 2), np.uint8), mask)
    with pytest.raises(InputError, match="not a finite number"):
        metrics.estimate([0.5, float("nan")])
    with pytest.raises(InputError, match="groups"):
        metrics.estimate([0.5], ["a", "b"])
    with pytest.raises(InputError, match="paired"):
        metrics.paired_difference([0.5], [])


def test_an_empty_histogram_is_the_neutral_element() -> None:
    found = metrics.count_levels(np.array([[3, 9]], np.uint8), np.array([[True, False]]))
    added = sum([found, found], Levels())
    assert added.counts(4) == Counts(tp=0, fp=2, fn=2, tn=0)

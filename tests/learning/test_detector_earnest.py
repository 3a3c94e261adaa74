from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from maskwright.learning.detector_earnest import (
    Look,
    alarms,
    f1_best,
    figures_of_looks,
    fitted,
    some_of,
    threshold,
)
from maskwright.learning.exhibits import Exhibit
from maskwright.learning.stream import Sample
from maskwright.measures.metrics import Counts


def look(
    *, forged: bool, score: float = 0.5, odds: np.ndarray | None = None, mask: np.ndarray | None = None
) -> Look:
    side = (12, 12) if mask is None else mask.shape
    counts = Counts(tp=30, fp=10, fn=10, tn=94) if forged else Counts(tp=0, fp=36, fn=0, tn=108)
    return Look(
        forged,
        score,
        counts,
        0.75 if forged else math.nan,
        np.zeros(side, np.float32) if odds is None else odds,
        np.zeros(side, np.uint8) if mask is None else mask,
        np.zeros(side, np.uint8),
    )


def shifted(seed: int, middle: float) -> Look:
    """A picture whose edited and other pixels lie on either side of some odds, with a little overlap."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((60, 60), np.uint8)
    mask[10:40, 10:40] = 255
    odds = rng.normal(0, 0.6, mask.shape) + middle + np.where(mask, 1.2, -1.2)
    return look(forged=True, odds=odds.astype(np.float32), mask=mask)


@pytest.mark.parametrize("middle", [-3.0, 0.0, 2.0])
def test_one_half_is_put_where_masks_are_best(middle: float) -> None:
    constants = fitted([shifted(seed, middle) for seed in range(6)])
    assert -constants["odds_bias"] / constants["odds_gain"] == pytest.approx(middle, abs=0.3)


def test_marks_on_authentic_pictures_raise_where_one_half_lies() -> None:
    forged = [shifted(seed, -2.0) for seed in range(4)]
    quiet = [
        look(forged=False, odds=np.full((60, 60), -9, np.float32), mask=each.mask & 0) for each in forged
    ]
    loud = [
        look(forged=False, odds=np.full((60, 60), -1.2, np.float32), mask=each.mask & 0) for each in forged
    ]
    places = [
        -found["odds_bias"] / found["odds_gain"] for found in map(fitted, (forged + quiet, forged + loud))
    ]
    assert places[1] > places[0]


def test_what_odds_are_worth_does_not_depend_on_where_their_one_half_lies() -> None:
    looks = [shifted(seed, 0.0) for seed in range(4)]
    samples = [Sample(each.mask[None], each.mask, each.ignore) for each in looks]
    odds = [each.odds for each in looks]
    assert 0.5 < f1_best(odds, samples) < 1
    assert f1_best([each - 4 for each in odds], samples) == pytest.approx(f1_best(odds, samples))
    assert f1_best([-each for each in odds], samples) < f1_best(odds, samples)


@pytest.mark.parametrize("known", [19, 63, 100, 119])
def test_of_further_authentic_pictures_at_most_one_in_twenty_reaches_the_threshold(known: int) -> None:
    """Each in turn is the further one, so the share is exact; a picture more would be too many."""
    scores = np.random.default_rng(0).permutation(known + 1) / 1000
    reached = 0
    for place, further in enumerate(scores):
        others = [look(forged=False, score=float(each)) for each in np.delete(scores, place)]
        (least,) = threshold(others).values()
        reached += further >= least
    assert reached == int(0.05 * (known + 1))


def test_forged_pictures_say_nothing_of_false_alarms() -> None:
    some = [look(forged=False, score=each / 100) for each in range(40)]
    assert threshold([*some, *(look(forged=True, score=0.99) for _ in range(40))]) == threshold(some)
    assert alarms([look(forged=True, score=0.99)], {"score_threshold": 0.5}) == {}


def test_few_authentic_pictures_give_no_threshold_and_no_rate() -> None:
    assert threshold([look(forged=False)] * 18) == {}
    assert alarms([look(forged=False)] * 30, {}) == {}


def test_where_even_a_score_of_1_is_no_finding_there_is_no_threshold() -> None:
    assert threshold([look(forged=False, score=1.0)] * 40) == {}


def test_false_alarms_are_the_share_of_authentic_pictures_that_reach_the_threshold() -> None:
    some = [look(forged=False, score=each) for each in (0.1, 0.5, 0.6, 0.2)]
    assert alarms(some, {"score_threshold": 0.5}) == {"false_alarms": 0.5}


def test_figures_are_means_over_pictures_and_the_score_is_ranked() -> None:
    rng = np.random.default_rng(1)
    forged = [look(forged=True, score=float(each)) for each in rng.integers(2, 9, 12) / 10]
    others = [look(forged=False, score=float(each)) for each in rng.integers(0, 7, 9) / 10]
    figures = figures_of_looks(forged + others)
    assert figures["pixel_f1"] == pytest.approx(2 * 30 / (2 * 30 + 20))
    assert figures["pixel_iou"] == pytest.approx(30 / 50)
    assert figures["pixel_auc"] == 0.75
    assert figures["authentic_marked"] == pytest.approx(0.25)
    ranked = [(a.score > b.score) + (a.score == b.score) / 2 for a, b in product(forged, others)]
    assert figures["picture_auc"] == pytest.approx(sum(ranked) / len(ranked))
    assert (figures["pictures_forged"], figures["pictures_authentic"]) == (12, 9)


@pytest.mark.parametrize(
    ("forged", "others", "expected"), [(90, 90, (20, 20)), (90, 5, (35, 5)), (9, 90, (9, 31))]
)
def test_of_many_pictures_half_are_forged_where_there_are_enough(
    forged: int, others: int, expected: tuple[int, int]
) -> None:
    some = [Exhibit(f"forged {each}", "", "mask", None, "", "") for each in range(forged)]
    some += [Exhibit(f"authentic {each}", "", None, None, "", "") for each in range(others)]
    chosen = some_of(some, 40, np.random.default_rng(0))
    assert (sum(each.forged for each in chosen), sum(not each.forged for each in chosen)) == expected
    assert len({each.id for each in chosen}) == 40

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from maskwright.bench.records import Marked, Record
from maskwright.bench.trust import KEPT, bootstrapped, trust_of
from maskwright.measures.metrics import Counts, estimate, iou_of


def records(
    qes: Sequence[float | None], hits: Sequence[int], groups: Sequence[str] | None = None
) -> list[Record]:
    """A pair a score; `hits` of 100 edited pixels are marked, so that its IoU is known."""
    return [
        Record(
            f"p{place}",
            {},
            f"g{place}" if groups is None else groups[place],
            {
                "ours": Marked(
                    Counts(hit, 0, 100 - hit), Counts(), "ok", "", "local_edit", None, trust={"qes": score}
                )
            },
            {},
            {},
        )
        for place, (score, hit) in enumerate(zip(qes, hits, strict=True))
    ]


def test_a_score_that_ranks_as_iou_does_has_a_correlation_of_one_in_every_draw() -> None:
    (trust,) = trust_of(records([0.1, 0.2, 0.3, 0.4, 0.5, 0.9], [10, 20, 30, 40, 50, 60]))
    assert (trust.spearman.mean, trust.spearman.low, trust.spearman.high) == pytest.approx((1, 1, 1))
    assert dict(trust.kept_iou)[0.5].mean == pytest.approx(0.5)


def test_a_score_that_says_nothing_has_an_interval_around_zero() -> None:
    chance = np.random.default_rng(0)
    hits = chance.integers(1, 100, 60).tolist()
    (trust,) = trust_of(records(chance.random(60).tolist(), hits))
    assert trust.spearman.low < 0 < trust.spearman.high
    assert trust.spearman.high - trust.spearman.low > 0.3
    whole = np.mean(hits) / 100
    assert dict(trust.kept_iou)[0.5].low < whole < dict(trust.kept_iou)[0.5].high


def test_the_better_half_is_chosen_anew_in_every_draw() -> None:
    chance = np.random.default_rng(1)
    qes, hits = chance.random(20).round(1).tolist(), chance.integers(1, 100, 20).tolist()
    groups = [f"g{place // 2}" for place in range(20)]
    made = records(qes, hits, groups)
    iou = [iou_of(record.marked["ours"].counts) for record in made]
    draws, means = np.random.default_rng(7), []
    for _ in range(2000):
        drawn = [2 * k + more for k in draws.integers(0, 10, 10) for more in (0, 1)]
        best = sorted(drawn, key=lambda place: (-qes[place], place))[:10]
        means.append(np.mean([iou[place] for place in best]))
    half = dict(trust_of(made)[0].kept_iou)[0.5]
    assert (half.low, half.high) == pytest.approx(np.percentile(means, [2.5, 97.5]), abs=0.02)
    assert (half.n, half.groups) == (10, 10)


def test_pairs_without_the_score_are_trusted_last_and_not_ranked() -> None:
    (trust,) = trust_of(records([None, 0.2, 0.9, None], [99, 20, 40, 98]))
    assert trust.n == 2
    assert trust.spearman.mean == pytest.approx(1)
    assert dict(trust.kept_iou)[0.5].mean == pytest.approx(0.3)


def test_a_score_nobody_gives_has_no_row() -> None:
    assert trust_of(records([None, None], [10, 20])) == ()


def test_a_constant_score_has_no_correlation_and_no_interval() -> None:
    (trust,) = trust_of(records([0.5, 0.5, 0.5], [10, 20, 30]))
    assert np.isnan([trust.spearman.mean, trust.spearman.low, trust.spearman.high]).all()


def test_everything_kept_is_the_mean_over_all_pairs() -> None:
    chance = np.random.default_rng(2)
    (trust,) = trust_of(records(chance.random(30).tolist(), chance.integers(1, 100, 30).tolist()))
    assert [share for share, _ in trust.kept_iou] == list(KEPT)


def test_the_interval_of_a_mean_is_that_of_the_other_way_to_draw() -> None:
    chance = np.random.default_rng(3)
    values, groups = chance.random(50), [f"g{place % 17}" for place in range(50)]
    ours = bootstrapped(lambda places: float(values[places].mean()), groups, n=50)
    theirs = estimate(values.tolist(), groups)
    assert ours.mean == pytest.approx(theirs.mean)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)
    assert (ours.n, ours.groups) == (50, 17)

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")

from maskwright.learning.held import figures_of, odds_of, whole_pairs  # noqa: E402
from maskwright.learning.stream import Sample, Shard, windowed  # noqa: E402


def pair(mask: np.ndarray, ignore: np.ndarray) -> Sample:
    return Sample(np.zeros((1, *mask.shape), np.uint8), mask, ignore)


def test_figures_are_means_over_pairs_without_what_is_ignored() -> None:
    mask = np.zeros((3, 4, 4), np.uint8)
    mask[0, :2] = mask[1, :1] = 255
    ignore = np.zeros_like(mask)
    ignore[1, 3] = 255
    odds = np.full((3, 4, 4), -1, np.float32)
    odds[0, :1] = 1  # half of the edit: F1 2/3, IoU 1/2
    odds[1, 0] = odds[1, 3] = 1  # all of it, and what is ignored: 1 and 1
    odds[2, 0, 0] = 1  # 1 of 16 places of a pair without an edit
    figures = figures_of(list(odds), [pair(*each) for each in zip(mask, ignore, strict=True)])
    assert figures["f1"] == pytest.approx((2 / 3 + 1) / 2)
    assert figures["iou"] == pytest.approx(0.75)
    assert figures["unedited_marked"] == pytest.approx(1 / 16)


def test_figures_without_a_pair_are_missing() -> None:
    nothing = np.zeros((4, 4), np.uint8)
    assert figures_of([np.ones((4, 4), np.float32)], [pair(nothing, nothing)]) == {"unedited_marked": 1.0}


def test_padding_is_taken_off_up_to_a_multiple() -> None:
    rng = np.random.default_rng(0)
    planes = rng.integers(1, 256, (2, 21, 35), dtype=np.uint8)
    sample = Sample(planes, planes[0], np.zeros((21, 35), np.uint8))
    window = windowed(sample, 64, rng)
    shard = Shard(window.planes[None], window.mask[None], window.ignore[None])
    (again,) = whole_pairs(shard, multiple=16)
    assert again.planes.shape == (2, 32, 48)
    np.testing.assert_array_equal(again.planes[:, :21, :35], planes)
    np.testing.assert_array_equal(again.mask[:21, :35], planes[0])
    assert (again.ignore[21:] == 255).all()


def test_a_pair_of_which_nothing_counts_is_not_lost() -> None:
    ignored = np.full((1, 64, 64), 255, np.uint8)
    (again,) = whole_pairs(Shard(ignored[None], ignored, ignored), multiple=16)
    assert again.mask.shape == (16, 16)


def test_odds_are_those_of_each_pair_alone() -> None:
    pairs = [pair(np.zeros((4, width), np.uint8), np.zeros((4, width), np.uint8)) for width in (4, 8)]
    odds = odds_of(lambda planes: planes[:, :1] + np.float32(planes.shape[-1]), pairs)
    assert [each.shape for each in odds] == [(4, 4), (4, 8)]
    assert [float(each.max()) for each in odds] == [4, 8]

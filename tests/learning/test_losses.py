import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")

from maskwright.learning.losses import DICE_WEIGHT, UNEDITED_WEIGHT, detector_loss, mask_loss  # noqa: E402


def drawn(seed: int = 0, samples: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 3, (samples, 1, 8, 9))
    mask = (rng.random(odds.shape) < 0.3).astype(float)
    ignore = (rng.random(odds.shape) < 0.2).astype(float)
    return odds, mask, ignore


def loss(odds: np.ndarray, mask: np.ndarray, ignore: np.ndarray) -> float:
    return float(mask_loss(*(torch.tensor(each, dtype=torch.float32) for each in (odds, mask, ignore))))


def test_it_is_cross_entropy_and_dice_over_what_counts() -> None:
    odds, mask, ignore = drawn()
    expected = []
    for odd, real, skip in zip(odds, mask, ignore, strict=True):
        counted = skip == 0
        p, t = 1 / (1 + np.exp(-odd[counted])), real[counted]
        entropy = -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))
        dice = 1 - (2 * np.sum(p * t) + 1) / (np.sum(p) + np.sum(t) + 1)
        expected.append(entropy + DICE_WEIGHT * dice)
    assert loss(odds, mask, ignore) == pytest.approx(np.mean(expected), rel=1e-5)


def test_what_is_ignored_costs_nothing() -> None:
    odds, mask, ignore = drawn()
    wild = np.where(ignore > 0, 50.0, odds)
    assert loss(wild, np.where(ignore > 0, 0.0, mask), ignore) == pytest.approx(loss(odds, mask, ignore))


def test_without_an_edit_the_marked_share_is_paid() -> None:
    odds = np.full((1, 1, 4, 4), -np.log(3.0))  # a chance of 1/4
    nothing = np.zeros_like(odds)
    expected = np.log(4 / 3) + DICE_WEIGHT * UNEDITED_WEIGHT / 4
    assert loss(odds, nothing, nothing) == pytest.approx(expected, rel=1e-5)


def test_a_detector_pays_no_more_than_cross_entropy_without_an_edit_and_the_same_with_one() -> None:
    odds = torch.full((1, 1, 4, 4), float(-np.log(3)))
    nothing, edited = torch.zeros_like(odds), torch.ones_like(odds)
    assert detector_loss(odds, nothing, nothing).item() == pytest.approx(np.log(4 / 3), rel=1e-5)
    assert detector_loss(odds, edited, nothing).item() == mask_loss(odds, edited, nothing).item()


def test_a_sample_that_is_ignored_whole_costs_nothing_and_moves_nothing() -> None:
    odds = torch.zeros(1, 1, 4, 4, requires_grad=True)
    value = mask_loss(odds, torch.ones(1, 1, 4, 4), torch.ones(1, 1, 4, 4))
    value.backward()
    assert value.item() == 0
    assert float(odds.grad.abs().max()) == 0


def test_it_is_a_mean_over_samples() -> None:
    odds, mask, ignore = drawn(samples=4)
    alone = [loss(*(each[place : place + 1] for each in (odds, mask, ignore))) for place in range(4)]
    assert loss(odds, mask, ignore) == pytest.approx(np.mean(alone), rel=1e-5)


def test_a_better_map_costs_less() -> None:
    _, mask, ignore = drawn()
    right = 6 * (2 * mask - 1)
    assert loss(right, mask, ignore) < 0.02 < loss(0 * right, mask, ignore) < loss(-right, mask, ignore)

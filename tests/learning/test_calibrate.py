import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")

from maskwright.errors import InputError  # noqa: E402
from maskwright.learning.calibrate import (  # noqa: E402
    fit_confidence,
    fit_gain,
    logistic,
    measured,
)


def maps(gain: float, *, pairs: int = 6) -> tuple[list, list, list]:
    """Log odds whose truth is drawn after scaling, so that this gain calibrates them."""
    rng = np.random.default_rng(0)
    odds = [rng.normal(0, 2.5, (40, 50)).astype(np.float32) for _ in range(pairs)]
    chances = [1 / (1 + np.exp(-gain * odd)) for odd in odds]
    masks = [np.where(rng.random(each.shape) < each, 255, 0).astype(np.uint8) for each in chances]
    return odds, masks, [np.zeros_like(mask) for mask in masks]


@pytest.mark.parametrize("gain", [0.5, 0.8, 1.0])
def test_the_gain_that_made_the_truth_is_found(gain: float) -> None:
    assert fit_gain(*maps(gain)) == pytest.approx(gain, abs=0.051)


def test_the_gain_lowers_the_calibration_error() -> None:
    drawn = maps(0.4)
    before, after = (measured(*drawn, gain) for gain in (1.0, fit_gain(*drawn)))
    assert before["calibration_error"] > 0.1
    assert after["calibration_error"] < 0.02
    assert after["brier"] < before["brier"]


def test_places_that_are_ignored_do_not_vote() -> None:
    odds, masks, ignores = maps(0.5)
    for mask, ignore in zip(masks, ignores, strict=True):
        mask[:20], ignore[:20] = 255, 1
    assert fit_gain(odds, masks, ignores) == pytest.approx(0.5, abs=0.1)


def test_a_map_that_says_the_opposite_is_not_turned_round() -> None:
    assert fit_gain(*maps(-1.0)) > 0


def test_where_nothing_can_be_fitted_nothing_changes() -> None:
    nothing = [np.zeros((9, 9), np.uint8)]
    assert fit_gain([np.full((9, 9), -200, np.float32)], nothing, nothing) == 1


def test_logistic_regression_is_that_of_scikit_learn() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is the reference")
    rng = np.random.default_rng(1)
    features = rng.normal(0, 1, (1000, 3))
    target = rng.random(1000) < 1 / (1 + np.exp(-(features @ [1.0, -2.0, 0.0] + 0.7)))
    reference = linear_model.LogisticRegression(C=1e6, tol=1e-10).fit(features, target)
    bias, *weights = logistic(features, target.astype(float))
    # ours has a ridge of 1/1000, which moves weights by less than this
    assert bias == pytest.approx(float(reference.intercept_[0]), abs=0.03)
    np.testing.assert_allclose(weights, reference.coef_[0], atol=0.05)


def test_units_of_a_feature_do_not_matter() -> None:
    rng = np.random.default_rng(2)
    features = rng.normal(0, 1, (500, 2))
    target = (features[:, 0] + rng.normal(0, 1, 500) > 0).astype(float)
    plain, scaled = logistic(features, target), logistic(features * [1000, 1] + [50, 0], target)
    assert scaled[1] * 1000 == pytest.approx(plain[1])
    assert scaled[2] == pytest.approx(plain[2])


def test_classes_that_fall_apart_give_finite_weights() -> None:
    features = np.linspace(-1, 1, 50)[:, None]
    weights = logistic(features, (features[:, 0] > 0).astype(float))
    assert np.isfinite(weights).all()
    assert weights[1] > 5


def test_confidence_tells_right_masks_from_wrong_ones() -> None:
    rng = np.random.default_rng(3)
    right = rng.random(400) < 0.7
    features = np.stack([right + rng.normal(0, 0.5, 400), np.ones(400)], axis=1)
    constants = fit_confidence("mask", ["contrast", "always_one"], features, right)
    assert set(constants) == {"mask_bias", "mask_contrast", "mask_always_one"}
    assert constants["mask_always_one"] == 0
    odds = constants["mask_bias"] + constants["mask_contrast"] * features[:, 0]
    confidence = 1 / (1 + np.exp(-odds))
    assert confidence.mean() == pytest.approx(right.mean(), abs=0.01)
    assert confidence[right].mean() > confidence[~right].mean() + 0.3


@pytest.mark.parametrize(
    ("features", "right", "words"),
    [
        (np.zeros((4, 2)), [True, False, True, False], "expected"),
        (np.full((4, 1), np.nan), [True, False, True, False], "not a number"),
        (np.zeros((4, 1)), [True] * 4, "all masks are right"),
    ],
)
def test_what_confidence_cannot_be_fitted_on_is_refused(
    features: np.ndarray, right: list[bool], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        fit_confidence("mask", ["one"], features, np.array(right))

"""The matcher's training: known places, a loss that is small when they are found, groups told apart."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")

from maskwright.learning.groups import Known, accuracy, fit_groups  # noqa: E402
from maskwright.learning.networks.sacm import DESCRIPTOR, STRIDES, Sacm, matching_loss  # noqa: E402
from maskwright.learning.sacm_task import (  # noqa: E402
    SIDE,
    WINDOW,
    DrawMatch,
    _told,
    _varied,
    _window,
)
from maskwright.masks.annotators.relation import CONSTANTS, FIGURES, group_of  # noqa: E402
from maskwright.pairs.values import GROUPS  # noqa: E402
from maskwright.synthesis.photos import read_photos  # noqa: E402


class Knowing(torch.nn.Module):
    """Stands for a matcher that has learned all there is: each place of a picture has a direction that
    follows from its bytes alone."""

    def forward(self, picture: torch.Tensor) -> tuple[torch.Tensor, ...]:
        levels = []
        for stride in STRIDES:
            cells = torch.nn.functional.unfold(picture.float(), stride, stride=stride)
            mixing = torch.randn(DESCRIPTOR, cells.shape[1], generator=torch.Generator().manual_seed(stride))
            mixed = torch.einsum("dc,ncp->ndp", mixing, cells - cells.mean(1, keepdim=True))
            side = picture.shape[-1] // stride
            unit = mixed / mixed.norm(dim=1, keepdim=True)
            levels.append(unit.reshape(len(picture), DESCRIPTOR, side, side))
        return (*levels, torch.tensor(4.0), torch.tensor(20.0))


@pytest.fixture(scope="module")
def pairs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Noise, the edited picture being the original itself; places; everything is known."""
    noise = torch.randint(0, 256, (3, 3, 96, 96), generator=torch.Generator().manual_seed(1))
    y, x = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
    places = torch.stack([x, y])[None].repeat(3, 1, 1, 1)
    return noise.to(torch.uint8), places, torch.ones(3, 96, 96, dtype=torch.bool)


def test_who_finds_every_place_has_hardly_any_loss(
    pairs: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
) -> None:
    noise, places, known = pairs
    torch.manual_seed(0)
    assert float(matching_loss(Knowing(), noise, noise, places, known)) < 0.01


def test_who_finds_a_place_two_steps_away_has_a_large_one(
    pairs: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
) -> None:
    noise, places, known = pairs
    torch.manual_seed(0)
    moved = places + torch.tensor([32.0, 0])[None, :, None, None]
    moved[moved.isnan() | (moved > 95)] = 95
    assert float(matching_loss(Knowing(), noise, noise, moved, known)) > 5


def test_what_nobody_can_say_costs_nothing(pairs: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> None:
    noise, places, known = pairs
    assert float(matching_loss(Knowing(), noise, noise, places, known & False)) == 0


def test_descriptors_have_length_one_on_grids_of_8_and_16_pixels() -> None:
    network = Sacm().eval()
    with torch.inference_mode():
        fine, coarse = network(torch.randint(0, 256, (2, 3, 64, 96)).to(torch.uint8))
    assert fine.shape == (2, DESCRIPTOR, 8, 12)
    assert coarse.shape == (2, DESCRIPTOR, 4, 6)
    for level in (fine, coarse):
        torch.testing.assert_close(level.norm(dim=1), torch.ones_like(level[:, 0]), atol=1e-3, rtol=0)


def test_brightness_and_contrast_of_a_picture_do_not_matter() -> None:
    network = Sacm().eval()
    picture = torch.randint(0, 120, (1, 3, 64, 64)).float()
    with torch.inference_mode():
        plain, brighter = network(picture)[0], network(2 * picture + 10)[0]
    torch.testing.assert_close(plain, brighter, atol=2e-3, rtol=0)


def test_places_lead_to_what_was_taken_also_in_windows_and_mirrored(folder: Path) -> None:
    make = DrawMatch(tuple(read_photos(folder)))
    alike = []
    for number in range(6):
        rng = np.random.default_rng(number)
        seen = _window(_varied(_told(make(rng)), rng), rng)
        assert seen["original"].shape == (3, WINDOW, WINDOW)
        x, y = seen["places"]
        inside = np.isfinite(x) & seen["known"]
        assert inside.any()
        original, edited = (
            cv2.cvtColor(np.ascontiguousarray(seen[name].transpose(1, 2, 0)), cv2.COLOR_RGB2GRAY)
            for name in ("original", "edited")
        )
        laid = cv2.remap(original, np.nan_to_num(x), np.nan_to_num(y), cv2.INTER_LINEAR)
        beside = cv2.remap(original, np.nan_to_num(x) + 12, np.nan_to_num(y) + 12, cv2.INTER_LINEAR)
        alike.append([np.corrcoef(there[inside], edited[inside])[0, 1] for there in (laid, beside)])
    right, wrong = np.median(alike, axis=0)
    assert right > 0.6
    assert wrong < 0.3


def test_both_pictures_are_brought_to_one_square(folder: Path) -> None:
    made = DrawMatch(tuple(read_photos(folder)))(np.random.default_rng(0))
    assert made.planes.shape == (10, SIDE, SIDE)
    assert made.mask.shape == (SIDE, SIDE)


def test_groups_that_lie_apart_are_told_apart_and_figures_that_never_change_weigh_nothing() -> None:
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(3), 60)
    figures = rng.normal(0, 0.2, (180, len(FIGURES)))
    figures[:, 0] += groups == 0
    figures[:, 1] += groups == 1
    figures[:, 2] = 0.5
    known = Known(figures, groups, np.zeros(180, np.bool_))
    constants = fit_groups(known)
    assert set(constants) == set(CONSTANTS)
    assert accuracy(known, constants)["groups"] > 0.95
    assert all(constants[f"{group}_{FIGURES[2]}"] == 0 for group in GROUPS)


def test_what_the_quick_route_takes_is_a_changed_copy_and_is_not_fitted_on() -> None:
    rng = np.random.default_rng(5)
    groups = np.repeat(np.arange(3), 40)
    figures = rng.normal(0, 0.2, (120, len(FIGURES)))
    figures[np.arange(120), groups] += 1
    quick = np.arange(120) % 40 < 10
    wild = np.where(quick[:, None], 1e6, figures)
    constants = fit_groups(Known(wild, groups, quick))
    assert constants == fit_groups(Known(figures[~quick], groups[~quick], quick[~quick]))
    told = accuracy(Known(wild, groups, quick), constants)
    assert told["groups_shared-probe"] > 0.95
    assert told["groups_unrelated"] <= 0.75


@pytest.mark.slow
def test_the_fit_is_that_of_an_independent_implementation() -> None:
    linear = pytest.importorskip("sklearn.linear_model", reason="scikit-learn fits the same")
    rng = np.random.default_rng(4)
    groups = rng.integers(0, 3, 300)
    figures = rng.normal(0, 1, (300, len(FIGURES)))
    figures[:, 0] += 0.7 * groups
    figures[:, 3] -= 0.4 * groups
    constants = fit_groups(Known(figures, groups, np.zeros(300, np.bool_)))
    standard = (figures - figures.mean(axis=0)) / figures.std(axis=0)
    # its penalty is half a square over C, and its loss a sum over rows: 1 / (2 C n) is our 1e-3
    theirs = linear.LogisticRegression(C=1 / (2 * 1e-3 * 300), tol=1e-8, max_iter=5000).fit(standard, groups)
    for row, chances in zip(figures[:20], theirs.predict_proba(standard[:20]), strict=True):
        _, ours = group_of(dict(zip(FIGURES, row.tolist(), strict=True)), constants)
        assert [*ours.values()] == pytest.approx(chances.tolist(), abs=2e-3)

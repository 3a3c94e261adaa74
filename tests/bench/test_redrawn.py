from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.bench.baselines import PER_TABLE, best_of_picture, curves
from maskwright.bench.redrawn import KINDS, MOVED_PX, RedrawnPair, mesh_places, redraw, redrawn_pairs
from maskwright.measures.metrics import f1_of, pixel_iou
from maskwright.pairs.picture import read_picture
from maskwright.pairs.values import Picture
from maskwright.synthesis.photos import Photo, read_photos
from maskwright.synthesis.steps import Made
from tests.bench.conftest import textured

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2].parent / "shared" / "data"))


def duller(picture: Picture) -> Picture:
    """Stands for an autoencoder: every level a little nearer the middle."""
    return np.asarray(64 + picture // 2, np.uint8)


@pytest.fixture(scope="module")
def shots(photos: Path) -> list[Photo]:
    return [photo for photo in read_photos(photos, "val") if "broken" not in photo.path]


def made_of(shots: list[Photo], kind: str = "redrawn", *, edited: bool = True) -> list[RedrawnPair]:
    return list(redrawn_pairs(shots, kind, again=None, count=3, edited=edited))


def test_a_pair_is_a_function_of_the_seed_and_its_number(shots: list[Photo]) -> None:
    three, four = made_of(shots), redrawn_pairs(shots, "redrawn", again=None, count=4)
    for one, other in zip(three, islice(four, 3), strict=True):
        assert one.made.edited.tobytes() == other.made.edited.tobytes()
        assert one.made.mask.tobytes() == other.made.mask.tobytes()
    another = next(redrawn_pairs(shots, "redrawn", again=None, count=1, seed=1))
    assert another.made.edited.tobytes() != three[0].made.edited.tobytes()


def test_the_original_is_the_photograph_as_it_is(shots: list[Photo]) -> None:
    for pair in made_of(shots):
        assert np.array_equal(pair.made.original, read_picture(pair.photo).pixels)


def test_both_kinds_have_the_same_edits_and_only_one_of_them_moves(shots: list[Photo]) -> None:
    redrawn, regenerated = (made_of(shots, kind) for kind in KINDS)
    assert [pair.edits for pair in redrawn] == [pair.edits for pair in regenerated]
    for moved, still in zip(redrawn, regenerated, strict=True):
        assert still.made.mask.any()
        assert (moved.made.mask != still.made.mask).any()


def test_what_nobody_edited_is_drawn_anew_with_an_empty_mask(shots: list[Photo]) -> None:
    for kind in KINDS:
        for pair in made_of(shots, kind, edited=False):
            assert not pair.made.mask.any()
            assert pair.edits == ()
            assert (pair.made.original != pair.made.edited).mean() > 0.5


def test_the_mask_moves_with_what_it_marks() -> None:
    photo = textured(240, 320, seed=3)
    photo[..., 1] //= 3  # nothing but the edit is green
    mask = np.zeros((240, 320), np.bool_)
    cv2.circle(mask.view(np.uint8), (170, 110), 60, 1, -1)
    assert mask.any()
    edited = np.where(mask[..., None], np.array([20, 230, 20], np.uint8), photo)
    made = Made(photo, np.asarray(edited, np.uint8), mask, np.zeros_like(mask))
    overlaps, stayed = [], []
    for seed in range(4):
        drawn = redraw(made, np.random.default_rng(seed), again=None)
        seen = drawn.edited[..., 1] > drawn.edited[..., [0, 2]].max(axis=-1).astype(np.int16) + 40
        overlaps.append(pixel_iou(seen, drawn.mask, ignore=drawn.ignore))
        stayed.append(pixel_iou(seen, mask, ignore=drawn.ignore))
    assert min(overlaps) > 0.95
    assert np.mean(stayed) < np.mean(overlaps) - 0.02


def test_the_mesh_is_flat_inside_its_triangles_and_moves_as_far_as_it_says() -> None:
    moved = []
    for seed in range(8):
        x, y = mesh_places(384, 512, np.random.default_rng(seed))
        # A plane has no second difference; only where two triangles meet there is one.
        bends = np.abs(np.diff(x, 2, axis=1)) > 1e-3
        assert bends.mean() < 0.12
        across, down = x - np.arange(512), y - np.arange(384)[:, None]
        moved.append(float(np.sqrt(np.mean(across**2 + down**2))))
        # Nothing is folded over.
        assert (np.diff(x, axis=1) > 0).mean() > 0.995
        assert (np.diff(y, axis=0) > 0).mean() > 0.995
    assert MOVED_PX[0] * 0.5 < min(moved)
    assert max(moved) < MOVED_PX[1] * 1.5


def test_what_comes_from_outside_the_picture_counts_for_nobody() -> None:
    photo = textured(120, 160, seed=5)
    empty = np.zeros((120, 160), np.bool_)
    made = Made(photo, photo.copy(), empty, empty.copy())
    found = [redraw(made, np.random.default_rng(seed), again=None).ignore for seed in range(4)]
    assert all(ignore.any() for ignore in found)
    assert not any(ignore[20:-20, 20:-20].any() for ignore in found)


def test_the_autoencoder_that_is_given_draws_the_pictures(shots: list[Photo]) -> None:
    for kind in KINDS:
        (pair,) = redrawn_pairs(shots, kind, again=duller, count=1, edited=False)
        assert pair.made.edited.std() < 0.8 * pair.made.original.std()


@pytest.mark.slow
def test_the_twin_without_an_autoencoder_is_as_hard_as_its_docstring_says() -> None:
    table = DATA / "photos" / "photos.csv"
    if not table.exists():
        pytest.skip("the photographs of MASKWRIGHT_DATA are not here")
    found = []
    for pair in redrawn_pairs(read_photos(table, "val"), "redrawn", again=None, count=60):
        made = pair.made
        (levels,) = curves(made.original, made.edited, made.mask, ignore=(made.ignore,))
        found.append(f1_of(best_of_picture(levels[PER_TABLE])))
    assert np.mean(found) == pytest.approx(0.473, abs=0.02)

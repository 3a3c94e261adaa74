"""Alignment of pictures larger than the views it works on, against known maps."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from maskwright.pairs.align import align
from maskwright.pairs.registration import (
    FINEST,
    Fit,
    Views,
    displacement,
    grey_of,
    judged,
    resizing,
    shifting,
    views_of,
)
from maskwright.pairs.registration_windows import settled_in, windows_of
from maskwright.pairs.values import Picture
from tests.pairs.test_align import jpeg, laid, off_px, scene, with_edit

WIDTH, HEIGHT = 1600, 1200


@cache
def large() -> Picture:
    """25 scenes side by side, each at its own scale: as sharp as a photograph of this size."""
    rows = [np.hstack([scene(60 + 5 * row + column, 320, 240) for column in range(5)]) for row in range(5)]
    return np.vstack(rows)


@cache
def soft() -> Picture:
    """One scene of this size: next to nothing in most of its blocks."""
    return scene(59, WIDTH, HEIGHT)


@cache
def other() -> Picture:
    return cv2.resize(scene(58), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)


def moved(picture: Picture, x: float, y: float) -> Picture:
    return laid(picture, shifting(x, y), picture.shape[1], picture.shape[0])


def seen(original: Picture, edited: Picture) -> tuple[Views, Views, Fit]:
    """What a plain laying of one on the other shows on the finest view."""
    there, here = views_of(grey_of(original)), views_of(grey_of(edited))
    return there, here, judged(there, here, np.eye(3), longest=FINEST)


@pytest.mark.parametrize(("x", "y"), [(0.25, 0), (0.3, -0.4), (0, 0.5), (-1, 0), (0.6, 0.8)])
def test_a_shift_the_view_cannot_show_is_found(x: float, y: float) -> None:
    aligned = align(large(), jpeg(moved(large(), x, y), 85))
    assert aligned.geometry.kind == "shifted"
    assert off_px(aligned, shifting(x, y)) < 0.1
    assert aligned.geometry.residual_px < 0.1


def test_half_a_pixel_is_found_at_the_few_contours_of_a_soft_picture() -> None:
    aligned = align(soft(), jpeg(moved(soft(), 0, 0.5), 85))
    assert off_px(aligned, shifting(0, 0.5)) < 0.1


@pytest.mark.parametrize("quality", [50, 90])
def test_a_large_picture_saved_again_is_not_touched(quality: int) -> None:
    aligned = align(large(), jpeg(large(), quality))
    assert aligned.geometry.kind == "identity"
    assert aligned.original is large()


@pytest.mark.parametrize("share", [0.05, 0.6, 0.85])
def test_pixels_that_are_equal_beside_a_large_edit_stay_equal(share: float) -> None:
    edited = with_edit(large(), other(), share)
    assert (edited != large()).any()
    aligned = align(large(), edited)
    assert aligned.geometry.kind == "identity"
    assert aligned.original is large()


def test_windows_of_equal_pixels_lead_back_to_the_plain_grid() -> None:
    there, here, fit = seen(large(), with_edit(large(), other(), 0.4))
    windows = windows_of(there, here, fit)
    assert windows is not None
    settled = settled_in(windows, shifting(1.5, -1.2))
    assert settled is not None
    assert np.allclose(settled.matrix, np.eye(3), atol=0.02)
    assert np.median(settled.blocks.tt[settled.blocks.agreeing]) < 1


def test_a_whole_shift_of_a_large_picture_is_undone_bit_for_bit() -> None:
    edited = np.roll(large(), (1, -2), axis=(0, 1))
    aligned = align(large(), edited)
    assert np.array_equal(aligned.geometry.matrix, shifting(2, -1))
    assert np.array_equal(aligned.original[aligned.valid], edited[aligned.valid])


def test_an_edit_over_two_windows_does_not_pull_the_map() -> None:
    edited = moved(large(), 0.5, 0)
    edited[:400, :1060] = other()[:400, :1060]
    aligned = align(large(), jpeg(edited, 85))
    assert off_px(aligned, shifting(0.5, 0)) < 0.1


def test_a_copy_moved_by_eight_pixels_under_two_windows_does_not_pull_the_map() -> None:
    edited = moved(large(), 0.5, 0)
    edited[:400, :1060] = moved(large(), 8.5, 0)[:400, :1060]
    aligned = align(large(), jpeg(edited, 85))
    assert off_px(aligned, shifting(0.5, 0)) < 0.1


def test_a_large_flat_picture_is_not_touched() -> None:
    flat = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    edited = flat.copy()
    edited[500:520, 700:760] = 94
    aligned = align(flat, jpeg(edited))
    assert aligned.geometry.kind == "identity"
    assert aligned.original is flat


def test_one_thing_on_a_flat_ground_is_laid_on_itself() -> None:
    picture = np.full((HEIGHT, WIDTH, 3), 190, np.uint8)
    cv2.circle(picture, (1150, 420), 110, (60, 80, 120), -1)
    inner = np.s_[340:500, 1070:1230]
    picture[inner] = large()[inner]
    aligned = align(picture, jpeg(moved(picture, 0.5, -0.5), 90))
    place = np.array([1150.0, 420.0, 1.0])
    assert np.allclose((aligned.geometry.matrix @ place - place)[:2], (0.5, -0.5), atol=0.1)


def test_a_large_mirrored_picture_is_found_to_a_part_of_a_pixel() -> None:
    flip = np.array([[-1.0, 0, WIDTH - 1], [0, 1, 0], [0, 0, 1]])
    edited = np.ascontiguousarray(large()[:, ::-1])
    assert np.array_equal(align(large(), edited).original, edited)
    aligned = align(large(), jpeg(moved(edited, 0.5, 0), 85))
    assert off_px(aligned, flip @ shifting(0.5, 0)) < 0.1


def test_a_movement_too_small_to_see_is_not_undone() -> None:
    flip = np.array([[-1.0, 0, WIDTH - 1], [0, 1, 0], [0, 0, 1]])
    aligned = align(large(), moved(np.ascontiguousarray(large()[:, ::-1]), 0.1, 0))
    assert np.array_equal(aligned.geometry.matrix, flip)


@pytest.mark.parametrize("scale", [0.6, 1.7])
def test_a_large_resized_picture_is_resized_and_no_more(scale: float) -> None:
    width, height = round(WIDTH * scale), round(HEIGHT * scale)
    true = resizing((width, height), (WIDTH, HEIGHT))
    aligned = align(large(), jpeg(laid(large(), true, width, height), 85))
    assert aligned.geometry.kind == "resized"
    assert np.array_equal(aligned.geometry.matrix, true)


def test_half_a_pixel_is_found_in_a_picture_that_was_also_made_smaller() -> None:
    true = resizing((960, 720), (WIDTH, HEIGHT)) @ shifting(0.5, 0.2)
    aligned = align(large(), jpeg(laid(large(), true, 960, 720), 85))
    assert off_px(aligned, true) < 0.1


def test_a_picture_no_larger_than_the_view_is_not_looked_at_closer() -> None:
    small = scene(57, FINEST, 480)
    assert windows_of(*seen(small, small)) is None
    larger = scene(57, FINEST + 1, 480)
    assert windows_of(*seen(larger, larger)) is not None


def test_a_picture_enlarged_to_more_than_the_view_is_looked_at_no_finer_than_the_original() -> None:
    small = scene(56, 500, 375)
    edited = laid(small, resizing((WIDTH, HEIGHT), (500, 375)), WIDTH, HEIGHT)
    there, here = views_of(grey_of(small)), views_of(grey_of(edited))
    fit = judged(there, here, resizing((WIDTH, HEIGHT), (500, 375)), longest=FINEST)
    assert windows_of(there, here, fit) is None


def test_a_map_held_in_one_corner_is_only_shifted() -> None:
    picture = np.full((HEIGHT, WIDTH, 3), 190, np.uint8)
    picture[80:300, 100:360] = large()[80:300, 100:360]
    windows = windows_of(*seen(picture, picture))
    assert windows is not None
    start = np.array([[1.0005, 0, 0.4], [0, 1.0005, 0.2], [0, 0, 1]])
    settled = settled_in(windows, start)
    assert settled is not None
    assert np.allclose(settled.matrix[:2, :2], start[:2, :2], atol=1e-12)
    assert np.allclose(settled.matrix @ (230, 190, 1), (230, 190, 1), atol=0.1)


def test_a_stretch_of_half_a_pixel_at_the_border_is_found() -> None:
    true = np.array([[1.0006, 0, -0.48], [0, 1.0004, -0.24], [0, 0, 1]])
    aligned = align(large(), jpeg(laid(large(), true, WIDTH, HEIGHT), 85))
    assert off_px(aligned, true) < 0.1


def test_a_picture_drawn_anew_with_small_movements_everywhere_stays_on_its_grid() -> None:
    rng = np.random.default_rng(4)
    x, y = (
        cv2.resize(rng.uniform(-1.5, 1.5, (24, 32)).astype(np.float32), (WIDTH, HEIGHT)) for _ in range(2)
    )
    across, down = np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32)[:, None]
    original = jpeg(np.clip(large() + rng.normal(0, 6, large().shape), 0, 255).astype(np.uint8), 95)
    edited = cv2.remap(cv2.GaussianBlur(original, (0, 0), 1), across + x, down + y, cv2.INTER_LINEAR)
    windows = windows_of(*seen(original, edited))
    assert windows is not None
    settled = settled_in(windows, np.eye(3))
    assert settled is not None
    assert displacement(settled.matrix, WIDTH, HEIGHT) > 0.2  # the mean of what the windows see
    assert align(original, edited).original is original


def test_windows_lie_where_the_picture_has_structure() -> None:
    picture = large().copy()
    picture[:, :900] = 77
    windows = windows_of(*seen(picture, picture))
    assert windows is not None
    corners = [view.to_full[:2, 2] for view in windows.views]
    assert len(corners) == 6
    assert all(x + view.grey.shape[1] > 900 for (x, _), view in zip(corners, windows.views, strict=True))


def test_windows_whose_own_pixels_disagree_do_not_overrule_the_view() -> None:
    soft = cv2.GaussianBlur(large(), (0, 0), 6)
    rng = np.random.default_rng(0)
    one, two = (np.clip(soft + rng.normal(0, 40, soft.shape), 0, 255).astype(np.uint8) for _ in range(2))
    there, here, fit = seen(one, two)
    windows = windows_of(there, here, fit)
    assert windows is not None
    assert settled_in(windows, fit.matrix) is None

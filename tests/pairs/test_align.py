"""Alignment against maps that are known because the pictures were made with them."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.pairs.align import align
from maskwright.pairs.registration import Matrix, displacement, grey_of, resizing, shifting
from maskwright.pairs.registration_features import feature_map, features_of, mirrored
from maskwright.pairs.values import GEOMETRIES, Aligned, Picture

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[3] / "shared" / "data"))
WIDTH, HEIGHT = 352, 272


def scene(seed: int, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """A picture with structure at every scale: soft noise, and boxes and discs with edges."""
    rng = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 128, np.float32)
    for sigma, strength in ((24, 900), (6, 160), (1.5, 25)):
        picture += strength * cv2.GaussianBlur(
            rng.normal(0, 1, picture.shape).astype(np.float32), (0, 0), sigma
        )
    for _ in range(40):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        w, h = (int(side) for side in rng.integers(6, 50, 2))
        colour = [float(level) for level in rng.integers(0, 256, 3)]
        if rng.random() < 0.5:
            cv2.rectangle(picture, (x, y), (x + w, y + h), colour, -1)
        else:
            cv2.circle(picture, (x, y), w // 2, colour, -1)
    return cv2.GaussianBlur(np.clip(picture, 0, 255), (0, 0), 0.7).astype(np.uint8)


def jpeg(picture: Picture, quality: int = 75) -> Picture:
    data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


def laid(picture: Picture, matrix: Matrix, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """Supersampled threefold, so that nothing aliases."""
    total = matrix @ resizing((3 * width, 3 * height), (width, height))
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    big = cv2.warpAffine(
        picture, total[:2], (3 * width, 3 * height), flags=flags, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(cv2.resize(big, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def about_the_middle(linear: list[list[float]]) -> Matrix:
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    middle = np.array([(WIDTH - 1) / 2, (HEIGHT - 1) / 2])
    matrix[:2, 2] = middle - matrix[:2, :2] @ middle
    return matrix


def off_px(aligned: Aligned, true: Matrix) -> float:
    height, width = aligned.valid.shape
    return displacement(np.linalg.inv(true) @ aligned.geometry.matrix, width, height)


def with_edit(picture: Picture, other: Picture, share: float, seed: int = 0) -> Picture:
    field = cv2.resize(
        np.random.default_rng(seed).normal(size=(4, 4)), picture.shape[1::-1], interpolation=cv2.INTER_CUBIC
    )
    return np.where((field > np.quantile(field, 1 - share))[..., None], other, picture)


def test_equal_pixels_give_back_the_very_array() -> None:
    picture = scene(1)
    aligned = align(picture, picture.copy())
    assert aligned.original is picture
    assert aligned.geometry.kind == "identity"
    assert aligned.geometry.residual_px == 0
    assert aligned.valid.all()
    assert aligned.tone.is_identity


@pytest.mark.parametrize("quality", [40, 95])
def test_a_resaved_picture_is_not_touched(quality: int) -> None:
    picture = scene(2)
    aligned = align(picture, jpeg(picture, quality))
    assert aligned.geometry.kind == "identity"
    assert aligned.original is picture


@pytest.mark.parametrize("share", [0.1, 0.4, 0.6])
def test_an_edit_does_not_move_the_picture(share: float) -> None:
    picture = scene(3)
    edited = jpeg(with_edit(picture, scene(4), share))
    assert (edited != picture).any()
    aligned = align(picture, edited)
    assert aligned.geometry.kind == "identity"
    assert aligned.original is picture


@pytest.mark.parametrize(("x", "y"), [(1, 0), (0, -1), (3, 2), (-17, 9)])
def test_a_whole_shift_is_undone_bit_for_bit(x: int, y: int) -> None:
    picture = scene(5)
    edited = np.roll(picture, (-y, -x), axis=(0, 1))
    aligned = align(picture, edited)
    assert aligned.geometry.kind == "shifted"
    assert np.array_equal(aligned.geometry.matrix, shifting(x, y))
    assert np.count_nonzero(~aligned.valid) == WIDTH * HEIGHT - (WIDTH - abs(x)) * (HEIGHT - abs(y))
    assert np.array_equal(aligned.original[aligned.valid], edited[aligned.valid])


@pytest.mark.parametrize(("x", "y"), [(0.5, 0), (0, -0.5), (0.35, 0.35)])
def test_half_a_pixel_of_shift_is_noticed(x: float, y: float) -> None:
    picture = scene(6)
    aligned = align(picture, jpeg(laid(picture, shifting(x, y))))
    assert aligned.geometry.kind == "shifted"
    assert off_px(aligned, shifting(x, y)) < 0.1


def test_a_crop_is_found_bit_for_bit() -> None:
    picture = scene(7)
    edited = picture[20:250, 31:333].copy()
    aligned = align(picture, edited)
    assert aligned.geometry.kind == "cropped"
    assert np.array_equal(aligned.original, edited)
    assert aligned.valid.all()


@pytest.mark.parametrize("scale", [0.4, 0.77, 1.9])
def test_a_resized_picture_is_resized_and_no_more(scale: float) -> None:
    picture = scene(8)
    width, height = round(WIDTH * scale), round(HEIGHT * scale)
    aligned = align(picture, jpeg(laid(picture, resizing((width, height), (WIDTH, HEIGHT)), width, height)))
    assert aligned.geometry.kind == "resized"
    assert np.array_equal(aligned.geometry.matrix, resizing((width, height), (WIDTH, HEIGHT)))
    assert aligned.valid.all()


def test_an_original_shrunk_to_the_edited_grid_has_no_alias() -> None:
    picture = scene(9)
    width, height = round(WIDTH * 0.4), round(HEIGHT * 0.4)
    edited = laid(picture, resizing((width, height), (WIDTH, HEIGHT)), width, height)
    aligned = align(picture, edited)
    assert np.abs(aligned.original.astype(int) - edited).mean() < 1.5


MAPS = {
    "similarity": about_the_middle(
        [[0.98 * np.cos(0.12), -0.98 * np.sin(0.12)], [0.98 * np.sin(0.12), 0.98 * np.cos(0.12)]]
    ),
    "affine": about_the_middle([[0.96, 0], [0, 1]]),
    "cropped": about_the_middle([[0.97, 0], [0, 0.97]]),
    "mirrored": about_the_middle([[-1, 0], [0, 1]]),
}


@pytest.mark.parametrize("kind", list(MAPS))
def test_a_map_is_found_and_named(kind: str) -> None:
    picture = scene(10)
    aligned = align(picture, jpeg(with_edit(laid(picture, MAPS[kind]), scene(11), 0.25)))
    assert aligned.geometry.kind == kind
    assert off_px(aligned, MAPS[kind]) < 0.1


def test_a_mirrored_picture_is_turned_back_bit_for_bit() -> None:
    picture = scene(12)
    aligned = align(picture, picture[:, ::-1].copy())
    assert aligned.geometry.kind == "mirrored"
    assert np.array_equal(aligned.original, picture[:, ::-1])


@pytest.mark.parametrize("seed", range(4))
def test_a_far_crop_is_found_however_both_pictures_are_mirrored(seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = scene(20 + seed)
    turn, size = rng.uniform(-0.17, 0.17), rng.uniform(0.7, 1.4)
    true = about_the_middle([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    width, height = round(0.6 * WIDTH * size), round(0.6 * HEIGHT * size)
    part = true @ shifting(0.2 * WIDTH, 0.2 * HEIGHT) @ resizing((width, height), (211, 163))
    edited = jpeg(with_edit(laid(picture, part, width, height), scene(30 + seed, width, height), 0.3), 60)
    for flipped in (False, True):
        one, other = (picture[:, ::-1], edited[:, ::-1]) if flipped else (picture, edited)
        flip = np.array([[-1.0, 0, WIDTH - 1], [0, 1, 0], [0, 0, 1]])
        back = np.array([[-1.0, 0, width - 1], [0, 1, 0], [0, 0, 1]])
        aligned = align(np.ascontiguousarray(one), np.ascontiguousarray(other))
        assert off_px(aligned, flip @ part @ back if flipped else part) < 0.5


def test_the_residual_tells_a_bent_picture_from_a_straight_one() -> None:
    picture = scene(13)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    bent = cv2.remap(picture, x + np.sin(y / 11), y + np.sin(x / 11), cv2.INTER_CUBIC)
    assert align(picture, jpeg(picture)).geometry.residual_px < 0.15
    assert 0.4 < align(picture, bent).geometry.residual_px < 1.5


def test_letterbox_bars_are_not_valid() -> None:
    picture = scene(14)
    edited = np.zeros((WIDTH, WIDTH, 3), np.uint8)
    edited[40 : 40 + HEIGHT] = picture
    aligned = align(picture, jpeg(edited, 90))
    assert off_px(aligned, shifting(0, -40)) < 0.1
    assert aligned.valid[40 : 40 + HEIGHT].all()
    assert not aligned.valid[:40].any()
    assert not aligned.valid[40 + HEIGHT :].any()


@pytest.mark.parametrize("size", [(WIDTH, HEIGHT), (300, 200)])
def test_another_picture_is_unrelated(size: tuple[int, int]) -> None:
    edited = scene(16, *size)
    aligned = align(scene(15), edited)
    assert aligned.geometry.kind == "unrelated"
    assert np.isnan(aligned.geometry.residual_px)
    assert aligned.valid.all()
    assert aligned.original.shape == edited.shape


@pytest.mark.parametrize("seed", range(3))
def test_a_pasted_object_does_not_make_pictures_related(seed: int) -> None:
    donor, edited = scene(40 + seed), scene(50 + seed)
    edited[60:190, 140:300] = donor[30:160, 20:180]
    guess = feature_map(features_of(grey_of(donor)), features_of(grey_of(edited)))
    assert guess is not None  # features do fit on the object
    assert np.allclose(guess, shifting(-120, -30), atol=1)
    assert align(donor, jpeg(edited)).geometry.kind == "unrelated"


def test_a_tone_change_is_taken_out_together_with_the_map() -> None:
    picture = scene(17)
    darker = np.clip(laid(picture, MAPS["cropped"]) * 0.85 + 12, 0, 255).astype(np.uint8)
    aligned = align(picture, jpeg(darker))
    assert off_px(aligned, MAPS["cropped"]) < 0.1
    assert np.allclose(aligned.tone.gain, 0.85, atol=0.03)
    assert np.median(np.abs(aligned.original.astype(int) - darker)) <= 2


def test_the_same_pair_gives_the_same_answer_and_stays_as_it_was() -> None:
    picture = scene(18)
    edited = jpeg(laid(picture, MAPS["similarity"], 300, 240))
    before = picture.copy(), edited.copy()
    first, second = align(picture, edited), align(picture, edited)
    assert np.array_equal(first.geometry.matrix, second.geometry.matrix)
    assert np.array_equal(first.original, second.original)
    assert np.array_equal(picture, before[0])
    assert np.array_equal(edited, before[1])


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (2, 300), (300, 3), (64, 48)])
@pytest.mark.parametrize("other", [(1, 1), (50, 70)])
@pytest.mark.parametrize("flat", [True, False])
def test_small_and_empty_pictures_are_answered(
    size: tuple[int, int], other: tuple[int, int], flat: bool
) -> None:
    rng = np.random.default_rng(0)
    original, edited = (
        np.full((h, w, 3), 77, np.uint8) if flat else rng.integers(0, 256, (h, w, 3), dtype=np.uint8)
        for w, h in (size, other)
    )
    aligned = align(original, edited)
    assert aligned.geometry.kind in GEOMETRIES
    assert aligned.original.shape == edited.shape


def test_mirrored_features_are_the_features_of_the_mirrored_picture() -> None:
    grey = grey_of(scene(19))
    turned, found = mirrored(features_of(grey)), features_of(np.ascontiguousarray(grey[:, ::-1]))
    distance = np.linalg.norm(turned.places[:, None] - found.places[None], axis=2)
    near = distance.argmin(axis=1)
    likeness = (turned.descriptors * found.descriptors[near]).sum(axis=1)
    assert np.median(distance.min(axis=1)) < 1.5
    assert np.median(likeness) > 0.95


@pytest.mark.skipif(not (DATA / "photos" / "photos.csv").exists(), reason="the photographs are not here")
def test_a_turned_crop_of_a_photograph_is_found() -> None:
    with (DATA / "photos" / "photos.csv").open(encoding="utf-8", newline="") as lines:
        paths = [row["path"] for row in csv.DictReader(lines) if row["split"] == "val"][::36]
    off = []
    for path in paths:
        data = np.frombuffer((DATA / "photos" / path).read_bytes(), np.uint8)
        picture = np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
        h, w = picture.shape[:2]
        true = shifting(0.15 * w, 0.2 * h) @ np.array([[0.93, -0.08, 20], [0.08, 0.93, 0], [0, 0, 1]])
        edited = jpeg(laid(picture, true, round(0.7 * w), round(0.7 * h)), 50)
        off.append(off_px(align(picture, edited), true))
    assert len(off) >= 5
    assert max(off) < 0.5

"""Masks of every common kind are read as what they are, and unclear ones are refused."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image

from maskwright.errors import InputError
from maskwright.pairs.picture import encode_png, read_mask
from tests.pairs.awkward import photo, saved, turned
from tests.strategies import masks

TRUTH = np.zeros((40, 56), bool)
TRUTH[10:30, 20:50] = True
TRUTH[18:22, 30:34] = False
PHOTO = photo()


def palette(*colours: int, indices: np.ndarray = TRUTH) -> Image.Image:
    """Indices 0 and 1 with a palette."""
    image = Image.fromarray(indices.astype(np.uint8), "P")
    image.putpalette(colours)
    return image


def with_alpha(colours: np.ndarray, alpha: np.ndarray) -> bytes:
    return saved(np.dstack([colours, alpha.astype(np.uint8)]), "PNG")


def sheet(*colour: int) -> np.ndarray:
    return np.broadcast_to(np.array(colour, np.uint8), (40, 56, 3))


FILES = {
    "0 and 255": saved(TRUTH * np.uint8(255), "PNG"),
    "0 and 1": saved(TRUTH.astype(np.uint8), "PNG"),
    "0 and 128": saved(TRUTH * np.uint8(128), "PNG"),
    "one bit": saved(TRUTH, "PNG"),
    "one bit TIFF": saved(TRUTH, "TIFF"),
    "16 bit, full": saved(TRUTH * np.uint16(65535), "PNG"),
    "16 bit, 0 and 1": saved(TRUTH.astype(np.uint16), "PNG"),
    "32 bit, 0 and 1": saved(TRUTH.astype(np.int32), "TIFF"),
    "float, 0 and 1": saved(TRUTH.astype(np.float32), "TIFF"),
    "as RGB": saved(np.dstack([TRUTH * np.uint8(255)] * 3), "PNG"),
    "as RGB, 0 and 1": saved(np.dstack([TRUTH.astype(np.uint8)] * 3), "PNG"),
    "red on black": saved(np.dstack([TRUTH * np.uint8(128), 0 * TRUTH, 0 * TRUTH]).astype(np.uint8), "PNG"),
    "palette, dark red": saved(palette(0, 0, 0, 128, 0, 0), "PNG"),
    "palette, colours": saved(palette(255, 255, 255, 128, 0, 0), "PNG"),
    "palette, greys": saved(palette(0, 0, 0, 255, 255, 255), "PNG"),
    "palette, 0 and 1 levels": saved(palette(0, 0, 0, 1, 1, 1), "PNG"),
    "palette, white first": saved(palette(255, 255, 255, 0, 0, 0, indices=~TRUTH), "PNG"),
    "JPEG": saved(TRUTH * np.uint8(255), "JPEG", quality=70),
    "JPEG, RGB": saved(np.dstack([TRUTH * np.uint8(255)] * 3), "JPEG", quality=70, subsampling=0),
    "WebP": saved(np.dstack([TRUTH * np.uint8(255)] * 3), "WEBP", lossless=True),
    "WebP, 0 and 1": saved(np.dstack([TRUTH.astype(np.uint8)] * 3), "WEBP", lossless=True),
    "BMP": saved(TRUTH * np.uint8(255), "BMP"),
    "GIF": saved(palette(0, 0, 0, 255, 255, 255), "GIF"),
    "photograph with a hole (MagicBrush)": with_alpha(PHOTO, ~TRUTH * 255),
    "black sheet with a hole": with_alpha(sheet(0, 0, 0), ~TRUTH * 255),
    "white drawn on nothing": with_alpha(sheet(255, 255, 255), TRUTH * 255),
    "red drawn on nothing": with_alpha(sheet(255, 0, 0), TRUTH * 255),
    "black and white, opaque": with_alpha(np.dstack([TRUTH * np.uint8(255)] * 3), np.full((40, 56), 255)),
    "white on transparent black": with_alpha(np.dstack([TRUTH * np.uint8(255)] * 3), TRUTH * 255),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_mask_file_is_read_as_what_it_is(kind: str) -> None:
    mask = read_mask(FILES[kind])
    assert mask.dtype == np.bool_
    # JPEG smears the border of a mask, nothing else
    allowed = cv2.morphologyEx(TRUTH.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3))) * ("JPEG" in kind)
    assert not ((mask != TRUTH) & (allowed == 0)).any()


ARRAYS = {
    "bool": TRUTH,
    "uint8, 0 and 255": TRUTH * np.uint8(255),
    "uint8, 0 and 1": TRUTH.astype(np.uint8),
    "int64": TRUTH.astype(np.int64),
    "uint16": TRUTH * np.uint16(65535),
    "float": TRUTH.astype(np.float64),
    "soft": np.where(TRUTH, 0.8, 0.1) + np.linspace(0, 0.05, 56),
    "one channel": TRUTH[:, :, None],
    "three channels": np.dstack([TRUTH] * 3),
    "RGBA": np.dstack([PHOTO, ~TRUTH * np.uint8(255)]),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_a_mask_array_is_read_as_what_it_is(kind: str) -> None:
    assert np.array_equal(read_mask(ARRAYS[kind]), TRUTH)


def test_a_soft_mask_is_cut_at_half_of_its_range() -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(read_mask(saved(ramp, "PNG")), ramp >= 128)
    deep = np.arange(0, 65536, 256, dtype=np.uint16).reshape(16, 16)
    assert np.array_equal(read_mask(saved(deep, "PNG")), deep >= 32768)


@pytest.mark.parametrize("levels", [(3, 7), (200, 255), (127, 128), (0, 90)])
def test_of_two_levels_the_higher_is_edited(levels: tuple[int, int]) -> None:
    assert np.array_equal(read_mask(saved(np.where(TRUTH, *levels[::-1]).astype(np.uint8), "PNG")), TRUTH)


def test_levels_that_stay_low_are_labels() -> None:
    labels = np.array([[0, 1, 2], [3, 0, 20]], np.uint8)
    assert np.array_equal(read_mask(saved(labels, "PNG")), labels > 0)


def test_the_noise_of_a_black_jpeg_is_no_edit() -> None:
    noise = np.random.default_rng(0).integers(0, 7, (40, 56), np.uint8)
    assert not read_mask(saved(noise, "JPEG", quality=95)).any()


@pytest.mark.parametrize(("level", "edited"), [(0, False), (1, True), (255, True)])
def test_a_mask_of_one_level_is_all_or_nothing(level: int, edited: bool) -> None:
    assert (read_mask(saved(np.full((4, 5), level, np.uint8), "PNG")) == edited).all()


def test_soft_alpha_is_cut_at_half() -> None:
    alpha = np.tile(np.linspace(0, 255, 56).astype(np.uint8), (40, 1))
    assert np.array_equal(read_mask(with_alpha(PHOTO, alpha)), alpha < 128)


def test_a_picture_that_was_cut_out_whole_is_edited_everywhere() -> None:
    assert read_mask(with_alpha(PHOTO, np.zeros((40, 56)))).all()


def test_exif_turns_a_mask_as_it_turns_its_picture() -> None:
    assert np.array_equal(read_mask(saved(TRUTH, "PNG", exif=turned(6))), np.rot90(TRUTH, -1))


@settings(max_examples=60, deadline=None)
@given(masks())
def test_our_own_masks_come_back(mask: np.ndarray) -> None:
    assert np.array_equal(read_mask(encode_png(mask)), mask)
    assert np.array_equal(read_mask(mask), mask)


BAD = {
    "no picture": b"text",
    "truncated": FILES["0 and 255"][:60],
    "colours without black": saved(
        np.where(TRUTH[:, :, None], [255, 0, 0], [0, 255, 0]).astype(np.uint8), "PNG"
    ),
    "negative": np.array([[-1, 0]]),
    "not a number": np.array([[np.nan, 0.0]]),
    "text array": np.array([["a"]]),
    "empty array": np.zeros((0, 4), bool),
    "two channels": np.zeros((4, 4, 2), np.uint8),
    "complex": np.zeros((4, 4), complex),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_mask_is_refused_as_a_bad_mask(kind: str) -> None:
    with pytest.raises(InputError, match="mask cannot be read") as refusal:
        read_mask(BAD[kind])  # type: ignore[arg-type]
    assert refusal.value.reason == "bad_mask"

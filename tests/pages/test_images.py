"""Outlines and pictures as a page holds them."""

import re

import cv2
import numpy as np
from hypothesis import given
from numpy.typing import NDArray

from maskwright.pages.images import OUTLINE_LETTERS, outline, shrunk_mask
from tests.strategies import masks

Mask = NDArray[np.bool_]


def filled(path: str, height: int, width: int) -> Mask:
    """What lies inside a path of whole corners, drawn eight times as large by OpenCV."""
    rings = []
    for ring in path.split("Z")[:-1]:
        x, y, points = 0, 0, []
        for letter, numbers in re.findall(r"([MHVL])([\d ]+)", ring):
            values = [int(number) for number in numbers.split()]
            x = values[0] if letter in "MHL" else x
            y = values[-1] if letter in "MVL" else y
            points.append((8 * x, 8 * y))
        rings.append(np.array(points, np.int32))
    drawn = np.zeros((8 * height + 1, 8 * width + 1), np.uint8)
    cv2.fillPoly(drawn, rings, 1)  # even-odd: holes stay holes
    return drawn[4::8, 4::8][:height, :width] > 0


@given(masks())
def test_an_outline_holds_the_mask_and_nothing_else(mask: Mask) -> None:
    path = outline(mask, 1000)
    assert (path == "") == (not mask.any())
    if mask.any():
        np.testing.assert_array_equal(filled(path, *mask.shape), mask)


def test_an_outline_of_specks_is_drawn_coarser_so_that_a_page_can_hold_it() -> None:
    specks = np.random.default_rng(0).random((300, 384)) < 0.2
    assert len(outline(specks, 384)) <= OUTLINE_LETTERS
    drawn = filled(outline(specks, 384), 320, 400)[:300, :384]
    assert drawn[specks].mean() > 0.99


def test_one_edited_pixel_of_a_large_picture_is_in_a_small_one() -> None:
    mask = np.zeros((800, 800), bool)
    mask[401, 77] = True
    assert shrunk_mask(mask, (50, 50)).sum() == 1
    assert outline(mask, 50) == "M4 25V26H5V25Z"

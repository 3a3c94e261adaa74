"""What a step is: a pair and its mask in, a pair and its mask out, drawn from one generator.

A step never changes the arrays it is given, and takes all its chance from the generator
it is handed, so the same seed gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from maskwright.errors import InputError, SettingError
from maskwright.pairs.grid import check_same_grid
from maskwright.pairs.values import Mask, Picture


@dataclass(frozen=True, slots=True)
class Made:
    """A pair in the making.

    Args:
        original: (h, w, 3) uint8; may differ in size from the edited picture.
        edited: (H, W, 3) uint8.
        mask: (H, W) bool on the edited picture's grid, True = edited.
        ignore: same grid, nobody can say; where both are True, ignore wins.

    Raises:
        GridError: mask or ignore are not of the edited picture's size.
    """

    original: Picture
    edited: Picture
    mask: Mask
    ignore: Mask

    def __post_init__(self) -> None:
        check_same_grid(edited=self.edited, mask=self.mask, ignore=self.ignore)


Step: TypeAlias = Callable[[Made, Generator], Made]
Side: TypeAlias = Literal["original", "edited", "both"]

SIDES = ("original", "edited", "both")


@dataclass(frozen=True, slots=True)
class Named:
    """A step and the words that say what it does, such as `jpeg 82 on edited`."""

    words: str
    step: Step


def chain(*steps: Step) -> Step:
    """One step out of many, done in order with the same generator."""

    def chained(made: Made, rng: Generator) -> Made:
        for step in steps:
            made = step(made, rng)
        return made

    return chained


def begin(photo: Picture) -> Made:
    """The pair nothing has happened to: the photograph twice, an empty mask, nothing to ignore.

    Raises:
        InputError: the photograph is not (H, W, 3) uint8 with at least one pixel.
    """
    check_picture(photo)
    empty = np.zeros(photo.shape[:2], dtype=np.bool_)
    return Made(photo, photo.copy(), empty, empty.copy())


def check_picture(picture: Picture, name: str = "photo") -> None:
    """Refuse what is not (H, W, 3) uint8 with at least one pixel."""
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or not picture.size:
        raise InputError(f"{name} must be (H, W, 3) uint8, not {picture.shape} {picture.dtype}")


def size_of(array: NDArray[Any]) -> tuple[int, int]:
    """Height and width."""
    return int(array.shape[0]), int(array.shape[1])


def on_side(side: Side, change: Callable[[Picture, Generator], Picture]) -> Step:
    """A step out of a function of one picture that keeps every pixel in its place."""
    check_side(side)

    def step(made: Made, rng: Generator) -> Made:
        original = made.original if side == "edited" else change(made.original, rng)
        edited = made.edited if side == "original" else change(made.edited, rng)
        return replace(made, original=original, edited=edited)

    return step


def check_side(side: str) -> None:
    if side not in SIDES:
        raise SettingError(f"side is {side!r}, expected one of {', '.join(SIDES)}")


def mirror_border(array: NDArray[Any]) -> int:
    """OpenCV's flag for a border in mirror image; the edge repeated where a side is one pixel.

    OpenCV's warps never return when they mirror a single row or column without its edge (5.0.0).
    """
    return cv2.BORDER_REFLECT_101 if min(array.shape[:2]) > 1 else cv2.BORDER_REPLICATE

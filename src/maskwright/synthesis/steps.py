"""What a step is: pictures and their mask in, pictures and their mask out, drawn from one generator.

A step never changes the arrays it is given, and takes all its chance from the generator
it is handed, so the same seed gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from maskwright.errors import InputError, SettingError
from maskwright.pairs.values import Mask, Picture, check_same_grid

Pictures: TypeAlias = tuple[Picture, Picture]
"""(original, edited), each (H, W, 3) uint8 RGB; the two may differ in size."""
Step: TypeAlias = Callable[[Pictures, Mask, Generator], tuple[Pictures, Mask]]
"""The mask lies on the edited picture's grid, before and after."""
Side: TypeAlias = Literal["original", "edited", "both"]

SIDES = ("original", "edited", "both")


def chain(*steps: Step) -> Step:
    """One step out of many, done in order with the same generator."""

    def chained(pictures: Pictures, mask: Mask, rng: Generator) -> tuple[Pictures, Mask]:
        for step in steps:
            pictures, mask = step(pictures, mask, rng)
        return pictures, mask

    return chained


def begin(photo: Picture) -> tuple[Pictures, Mask]:
    """The pair nothing has happened to: the photograph twice, and an empty mask.

    Raises:
        InputError: the photograph is not (H, W, 3) uint8 with at least one pixel.
    """
    check_picture(photo)
    return (photo, photo.copy()), np.zeros(photo.shape[:2], dtype=np.bool_)


def check_picture(picture: Picture, name: str = "photo") -> None:
    """Refuse what is not (H, W, 3) uint8 with at least one pixel."""
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or not picture.size:
        raise InputError(f"{name} must be (H, W, 3) uint8, not {picture.shape} {picture.dtype}")


def on_side(side: Side, change: Callable[[Picture, Generator], Picture]) -> Step:
    """A step out of a function of one picture that keeps every pixel in its place."""
    check_side(side)

    def step(pictures: Pictures, mask: Mask, rng: Generator) -> tuple[Pictures, Mask]:
        original, edited = pictures
        check_same_grid(edited=edited, mask=mask)
        if side != "edited":
            original = change(original, rng)
        if side != "original":
            edited = change(edited, rng)
        return (original, edited), mask

    return step


def check_side(side: str) -> None:
    if side not in SIDES:
        raise SettingError(f"side is {side!r}, expected one of {', '.join(SIDES)}")


def mirror_border(array: NDArray[Any]) -> int:
    """OpenCV's flag for a border in mirror image; the edge repeated where a side is one pixel.

    OpenCV's warps never return when they mirror a single row or column without its edge (5.0.0).
    """
    return cv2.BORDER_REFLECT_101 if min(array.shape[:2]) > 1 else cv2.BORDER_REPLICATE

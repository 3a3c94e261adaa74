"""What every score keeps. A new score inherits the class and gives `scores`."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest

from maskwright.pairs.values import Aligned, Change, Geometry, Mask
from tests.contracts.annotator import edited_pair, laid, textured


def cases() -> dict[str, tuple[Aligned, Change]]:
    """Pairs at the edges of what a score may meet."""
    pair = edited_pair()
    height, width = pair.valid.shape
    some = np.zeros((height, width), np.float32)
    some[40:90, 60:120] = 0.9
    dot = np.full((1, 1, 3), 7, np.uint8)
    flat = np.full((20, 30, 3), 128, np.uint8)
    nowhere = Aligned(pair.original, pair.edited, np.zeros_like(pair.valid), pair.geometry)
    far = Geometry("unrelated", np.eye(3), float("nan"))
    return {
        "plain": (pair, Change(some)),
        "empty": (pair, Change(np.zeros_like(some))),
        "full": (pair, Change(np.ones_like(some))),
        "one_pixel_empty": (laid(dot, dot), Change(np.zeros((1, 1), np.float32))),
        "one_pixel_full": (laid(dot, dot), Change(np.ones((1, 1), np.float32))),
        "flat": (laid(flat, flat + 5), Change(np.zeros((20, 30), np.float32))),
        "all_invalid": (nowhere, Change(some)),
        "unrelated": (Aligned(pair.original, pair.edited, pair.valid, far), Change(some)),
        "narrow": (laid(textured(1, 3, 400), textured(2, 3, 400)), Change(np.eye(400, 3, dtype=np.float32))),
    }


class ScoreContract:
    """Inherit, and give `scores(aligned, change, mask)`."""

    def scores(self, aligned: Aligned, change: Change, mask: Mask) -> Mapping[str, float | None]:
        raise NotImplementedError

    @pytest.mark.parametrize("name", cases())
    def test_every_score_is_a_finite_number_or_not_known(self, name: str) -> None:
        aligned, change = cases()[name]
        for column, value in self.scores(aligned, change, change.map >= 0.5).items():
            assert column.isidentifier()
            assert value is None or (type(value) is float and math.isfinite(value)), (column, value)

    @pytest.mark.parametrize("name", cases())
    def test_the_names_do_not_depend_on_the_pair(self, name: str) -> None:
        aligned, change = cases()[name]
        plain, some = cases()["plain"]
        assert list(self.scores(aligned, change, change.map >= 0.5)) == list(
            self.scores(plain, some, some.map >= 0.5)
        )

    def test_a_second_run_equals_the_first(self) -> None:
        aligned, change = cases()["plain"]
        mask = change.map >= 0.5
        assert self.scores(aligned, change, mask) == self.scores(aligned, change, mask)

    def test_nothing_given_is_modified(self) -> None:
        aligned, change = cases()["plain"]
        mask = change.map >= 0.5
        given = (aligned.original, aligned.edited, aligned.valid, change.map, mask)
        kept = [array.copy() for array in given]
        self.scores(aligned, change, mask)
        for before, after in zip(kept, given, strict=True):
            np.testing.assert_array_equal(before, after)

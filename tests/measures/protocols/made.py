"""Maps, truths and scores that both protocols are tried on."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from tests.strategies import masks

ChangeMap = NDArray[np.float32]
Mask = NDArray[np.bool_]
FEW_LEVELS = st.sampled_from([-1.0, -0.0, 0.0, 0.25, 0.5, 0.75, 1.0])
ANY_LEVEL = st.floats(-2, 2, width=32)


@st.composite
def scored(
    draw: st.DrawFn, levels: st.SearchStrategy[float] = FEW_LEVELS | ANY_LEVEL
) -> tuple[ChangeMap, Mask]:
    """A float32 map, with many ties or hardly any, and a truth of its size."""
    truth = draw(masks())
    return draw(hnp.arrays(np.float32, truth.shape, elements=levels)), truth


@st.composite
def scored_pictures(draw: st.DrawFn) -> tuple[list[float], list[bool]]:
    """Scores of whole pictures, ties included, and classes of which both occur."""
    scores = draw(st.lists(FEW_LEVELS | ANY_LEVEL, min_size=2, max_size=12))
    classes = draw(st.lists(st.booleans(), min_size=len(scores) - 2, max_size=len(scores) - 2))
    return scores, [True, False, *classes]


def flat(level: float, size: tuple[int, int] = (40, 40)) -> ChangeMap:
    return np.full(size, level, np.float32)


def square(side: int, size: int = 60) -> Mask:
    """A square edit in the middle, far from the picture's border."""
    mask = np.zeros((size, size), bool)
    start = (size - side) // 2
    mask[start : start + side, start : start + side] = True
    return mask


NONE, ALL = np.zeros((40, 40), bool), np.ones((40, 40), bool)
SOME = square(20, 40)

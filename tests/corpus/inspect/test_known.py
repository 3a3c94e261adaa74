"""Known masks of any kind are described or refused, and set against the measured change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from PIL import Image

from maskwright.corpus.inspect.known import TURNS, look_at_mask
from maskwright.corpus.inspect.values import KnownMask
from maskwright.errors import InputError
from maskwright.pairs.picture import MAX_PIXELS
from maskwright.pairs.values import Encoded, Mask
from tests.corpus.inspect.made import photograph, region
from tests.pairs.awkward import saved, turned
from tests.strategies import broken_files

TRUTH = region(1, 60, 48)
SIZE = (60, 48)


def known(
    data: bytes,
    *,
    change: Mask | None = TRUTH,
    edited: tuple[int, int] = SIZE,
    original: tuple[int, int] = SIZE,
) -> KnownMask:
    stored = Encoded(data, "mask.png")
    return look_at_mask(stored, edited, original, change, max_pixels=MAX_PIXELS)[0]


def levels(mask: Mask, high: int = 255, dtype: type = np.uint8) -> np.ndarray:
    return mask.astype(dtype) * dtype(high)


def with_palette(mask: Mask) -> Image.Image:
    image = Image.fromarray(mask.astype(np.uint8), "L").convert("P")
    image.putdata(mask.astype(np.uint8).ravel().tolist())
    image.putpalette([0, 0, 0, 128, 0, 0])
    return image


@pytest.mark.parametrize(
    ("stored", "dark", "by_alpha"),
    [
        (levels(TRUTH), False, False),
        (Image.fromarray(TRUTH), False, False),
        (levels(TRUTH, 1), True, False),
        (levels(TRUTH, 65535, np.uint16), False, False),
        (levels(TRUTH, 1, np.uint16), True, False),
        (with_palette(TRUTH), True, False),
        (np.dstack([photograph(2, 60, 48), levels(~TRUTH)]), True, True),
        (np.dstack([*[levels(TRUTH)] * 3, levels(np.ones_like(TRUTH))]), False, False),
        (np.dstack([*[levels(TRUTH, 1)] * 3, levels(np.ones_like(TRUTH))]), True, False),
    ],
    ids=["0 255", "1 bit", "0 1", "16 bit", "16 bit 0 1", "palette", "alpha", "opaque", "opaque 0 1"],
)
def test_what_other_tools_see_is_told_for_every_way_of_storing(
    stored: np.ndarray | Image.Image, dark: bool, by_alpha: bool
) -> None:
    found = known(saved(stored, "PNG"))
    assert found.area_frac == pytest.approx(TRUTH.mean())
    assert found.agreement["as_is"] == found.covers == 1
    assert found.by_alpha == by_alpha
    if not by_alpha:
        assert (found.seen_plainly < 0.5) == dark


@pytest.mark.parametrize("name", sorted(TURNS))
def test_a_turned_mask_agrees_best_when_turned_back(name: str) -> None:
    square = region(3, 48, 48)
    back = {"turned left": "turned right", "turned right": "turned left"}.get(name, name)
    found = known(
        saved(levels(TURNS[name](square)), "PNG"), change=square, edited=(48, 48), original=(48, 48)
    )
    assert max(found.agreement, key=found.agreement.__getitem__) == back
    assert found.agreement[back] == 1


@pytest.mark.parametrize(
    ("size", "fits"),
    [
        ((60, 48), "edited"),
        ((48, 60), "turned"),
        ((90, 50), "original"),
        ((30, 24), "shape"),
        ((9, 9), "other"),
    ],
)
def test_the_grid_of_a_mask_is_named(size: tuple[int, int], fits: str) -> None:
    data = saved(np.full(size[::-1], 255, np.uint8), "PNG")
    assert known(data, original=(90, 50)).fits == fits


def test_a_mask_is_measured_upright() -> None:
    data = saved(levels(np.ascontiguousarray(np.rot90(TRUTH))), "PNG", exif=turned(6))
    assert known(data).agreement["as_is"] == 1


@pytest.mark.parametrize("change", [None, np.zeros_like(TRUTH)])
def test_without_a_measured_change_nothing_is_compared(change: Mask | None) -> None:
    found = known(saved(levels(TRUTH), "PNG"), change=change)
    assert found.agreement == {}
    assert np.isnan(found.covers)


@given(broken_files())
def test_any_file_is_described_or_refused(data: bytes) -> None:
    try:
        found = known(data)
    except InputError:
        return
    assert 0 <= found.area_frac <= 1

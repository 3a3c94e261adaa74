from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import maskwright
from maskwright.bench.robustness import BLUR, JPEG_2000, harms, jpeg_2000_chain, resharpened
from maskwright.pairs.values import Picture
from maskwright.synthesis.steps import begin
from tests.bench.conftest import textured

BOTH = pytest.mark.parametrize("harm", [resharpened, jpeg_2000_chain])


def psnr(first: Picture, second: Picture) -> float:
    return float(10 * np.log10(255**2 / np.mean((first.astype(float) - second) ** 2)))


@BOTH
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (7, 3), (63, 65), (96, 128)])
def test_harm_keeps_size_and_its_input_and_does_the_same_twice(harm, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    picture = textured(*size, seed=1)
    before = picture.copy()
    found = harm(picture)
    assert (found.shape, found.dtype) == (picture.shape, np.uint8)
    assert np.array_equal(picture, before)
    assert np.array_equal(harm(picture), found)


@BOTH
def test_harm_is_plain_to_measure_and_leaves_the_picture_to_be_known(harm) -> None:  # type: ignore[no-untyped-def]
    picture = textured(160, 200, seed=2)
    assert 20 < psnr(harm(picture), picture) < 40
    assert psnr(harm(picture), picture) > psnr(textured(160, 200, seed=3), picture) + 10


@BOTH
def test_a_level_picture_stays_as_it_is(harm) -> None:  # type: ignore[no-untyped-def]
    level = np.full((64, 80, 3), (10, 128, 240), np.uint8)
    assert np.abs(harm(level).astype(int) - level).max() <= 1


def test_a_quarter_of_the_finest_detail_is_left_and_then_sharpened() -> None:
    checks = 128 + 40 * (1 - 2 * (np.indices((80, 80)).sum(axis=0) % 2))
    found = resharpened(np.repeat(checks[..., None], 3, axis=2).astype(np.uint8))
    inside = found[16:-16, 16:-16, 0].astype(int) - 128
    # 40 * 0.25, and an unsharp mask of 1.5 on what its blur takes away wholly
    assert np.abs(inside) == pytest.approx(40 * 0.25 * 2.5, abs=1.5)


def test_only_the_edited_side_is_harmed_and_the_truth_stays() -> None:
    found = harms(None, held_out=True)
    assert list(found) == [BLUR, JPEG_2000]
    made = begin(textured(64, 64, seed=4))
    for step in found.values():
        after = step(made, np.random.default_rng(0))
        assert np.array_equal(after.original, made.original)
        assert not np.array_equal(after.edited, made.edited)
        assert np.array_equal(after.mask, made.mask)


def test_nothing_is_done_where_nothing_was_asked_for() -> None:
    assert harms(None, held_out=False) == {}


def test_no_training_and_no_recipe_knows_of_it() -> None:
    rooms = [Path(maskwright.__file__).parent / name for name in ("synthesis", "learning")]
    texts = {file: file.read_text(encoding="utf-8").lower() for room in rooms for file in room.rglob("*.py")}
    assert len(texts) > 8
    for file, text in texts.items():
        assert not [word for word in ("bench.robustness", "jpeg2000", ".jp2") if word in text], file

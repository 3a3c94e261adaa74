from __future__ import annotations

import numpy as np
import pytest

from maskwright.synthesis import regions
from maskwright.synthesis.superpixels import superpixels
from tests.synthesis.conftest import textured

SHAPES = [regions.blob, regions.ellipse, regions.strokes, regions.box]


ALL = [
    *SHAPES,
    regions.any_shape,
    regions.grown(regions.box),
    regions.around(regions.blob),
    regions.at_most(regions.blob, 0.05),
    superpixels(textured(60, 80, seed=1)),
    superpixels(np.zeros((1, 1, 3), np.uint8)),
    superpixels(textured(2, 640, seed=2)),
]


@pytest.mark.parametrize("draw", ALL)
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (7, 3), (64, 64)])
def test_a_region_is_never_empty_and_fits_the_picture(draw: regions.Draw, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        mask = draw(*size, rng)
        assert mask.shape == size
        assert mask.dtype == np.bool_
        assert mask.any()


@pytest.mark.parametrize("draw", SHAPES)
def test_the_area_asked_for_is_about_the_area_drawn(draw: regions.Draw) -> None:
    rng = np.random.default_rng(1)
    # Blobs and strokes may lie partly outside the picture and cross themselves, so the median may fall short.
    areas = [draw(200, 300, rng, area_frac=0.05).mean() for _ in range(60)]  # type: ignore[call-arg]
    assert 0.02 < np.median(areas) <= 0.06


def test_a_labelled_region_is_one_region_of_the_map() -> None:
    labels = np.zeros((40, 60), np.uint8)
    labels[5:15, 10:30] = 7
    draw = regions.labelled(labels)
    drawn = draw(80, 120, np.random.default_rng(0))
    expected = np.zeros((80, 120), bool)
    expected[10:30, 20:60] = True
    assert np.array_equal(drawn, expected)


def test_a_label_map_without_regions_gives_a_blob() -> None:
    draw = regions.labelled(np.zeros((4, 4), np.uint8))
    assert draw(30, 30, np.random.default_rng(0)).any()


def test_of_a_label_in_two_places_one_is_drawn() -> None:
    labels = np.zeros((40, 60), np.uint8)
    labels[5:15, 5:15] = labels[20:30, 40:50] = 3
    draw = regions.labelled(labels)
    found = {draw(40, 60, np.random.default_rng(seed)).tobytes() for seed in range(12)}
    first, second = np.zeros((2, 40, 60), np.bool_)
    first[5:15, 5:15], second[20:30, 40:50] = True, True
    assert found == {first.tobytes(), second.tobytes()}


def thing(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    mask = np.zeros((height, width), np.bool_)
    mask[40:60, 50:90] = True
    return mask


def test_a_grown_region_holds_the_thing_and_a_margin() -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        inside, wide = thing(100, 150, rng), regions.grown(thing)(100, 150, rng)
        assert wide[inside].all()
        assert inside.sum() < wide.sum() < 4 * inside.sum()


def test_a_box_or_an_ellipse_about_a_thing_covers_it_nearly_whole() -> None:
    kinds = set()
    for seed in range(20):
        rng = np.random.default_rng(seed)
        wide = regions.around(thing)(100, 150, rng)
        assert wide[thing(100, 150, rng)].mean() > 0.9
        rows, columns = np.flatnonzero(wide.any(1)), np.flatnonzero(wide.any(0))
        kinds.add(bool(wide[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()))
    assert kinds == {True, False}


def test_a_region_that_must_be_small_is() -> None:
    draw = regions.at_most(regions.any_shape, 0.1)
    assert max(draw(80, 80, np.random.default_rng(seed)).mean() for seed in range(40)) <= 0.1


def test_a_superpixel_keeps_to_one_side_of_a_clear_border() -> None:
    picture = np.full((120, 160, 3), 40, np.uint8)
    picture[:, 80:] = (200, 180, 90)
    draw = superpixels(picture)
    pure = []
    for seed in range(20):
        region = draw(120, 160, np.random.default_rng(seed))
        if region.mean() < 0.4:  # a larger one must cross
            left = region[:, :80].sum() / region.sum()
            pure.append(max(left, 1 - left))
    assert len(pure) > 5
    assert np.mean(pure) > 0.97

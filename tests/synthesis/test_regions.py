from __future__ import annotations

import numpy as np
import pytest

from maskwright.synthesis import regions

SHAPES = [regions.blob, regions.strokes, regions.box]


@pytest.mark.parametrize("draw", SHAPES)
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

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from maskwright.errors import GridError
from maskwright.pages.overlay import MOST_REGIONS, draw_overlay, regions

# Machado, Oliveira and Fernandes 2009, deuteranopia at severity 1, on linear RGB.
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)


def some_mask(rng: np.random.Generator, height: int = 60, width: int = 80) -> NDArray[np.bool_]:
    smooth = ndimage.gaussian_filter(rng.normal(size=(height, width)), 3)
    return np.asarray(smooth > np.quantile(smooth, 0.8))


def flat(level: int, mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.full((*mask.shape, 3), level, np.uint8)


def luminance(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(picture @ np.array([0.2126, 0.7152, 0.0722]))


def linear(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.asarray((picture / 255.0) ** 2.2)


@pytest.mark.parametrize("seed", range(5))
def test_regions_are_those_scipy_finds_largest_first(seed: int) -> None:
    mask = some_mask(np.random.default_rng(seed))
    pieces, count = ndimage.label(mask, structure=np.ones((3, 3)))
    areas = sorted((int((pieces == number).sum()) for number in range(1, count + 1)), reverse=True)
    found = regions(mask)
    assert count > 3
    assert [region.area_px for region in found] == areas
    assert [region.number for region in found] == list(range(1, count + 1))


def test_a_region_says_where_its_box_lies() -> None:
    mask = np.zeros((20, 40), bool)
    mask[5:9, 10:30] = True
    (region,) = regions(mask)
    assert (region.x, region.y, region.width, region.height) == (10, 5, 20, 4)
    assert region.area_frac == pytest.approx(80 / 800)


def test_an_empty_mask_has_no_regions_and_leaves_the_picture_as_it_is() -> None:
    mask = np.zeros((30, 30), bool)
    assert regions(mask) == ()
    assert np.array_equal(draw_overlay(flat(90, mask), mask), flat(90, mask))


def test_a_mask_of_specks_yields_only_so_many_regions() -> None:
    mask = np.zeros((200, 200), bool)
    mask[::4, ::4] = True
    assert len(regions(mask)) == MOST_REGIONS


@pytest.mark.parametrize("level", [0, 60, 128, 200, 255])
def test_the_outline_stands_out_in_grey_and_under_deuteranopia(level: int) -> None:
    mask = np.zeros((300, 300), bool)
    mask[100:200, 80:220] = True
    overlay = draw_overlay(flat(level, mask), mask, ())
    ring = (overlay != level).any(axis=2)
    for seen in (linear(overlay), linear(overlay) @ DEUTERANOPIA.T):
        light, ground = luminance(seen)[ring], luminance(linear(flat(level, mask)))[0, 0]
        contrast = np.maximum((light + 0.05) / (ground + 0.05), (ground + 0.05) / (light + 0.05))
        assert contrast.max() > 3  # WCAG 2.1, 1.4.11: graphical objects


@pytest.mark.parametrize("seed", range(3))
def test_the_outline_never_covers_the_edit(seed: int) -> None:
    mask = some_mask(np.random.default_rng(seed), 200, 240)
    mask[:4] = mask[-4:] = mask[:, :4] = mask[:, -4:] = False  # at the frame there is no room outside
    overlay = draw_overlay(flat(128, mask), mask, ())
    assert mask.any()
    assert (overlay[mask] == 128).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (3, 3), (64, 48)])
def test_a_wholly_edited_picture_of_any_size_can_be_drawn(shape: tuple[int, int]) -> None:
    mask = np.ones(shape, bool)
    assert draw_overlay(flat(128, mask), mask).shape == (*shape, 3)


def test_a_wholly_edited_picture_is_framed() -> None:
    mask = np.ones((100, 100), bool)
    assert (draw_overlay(flat(128, mask), mask, ())[0] != 128).any()


def test_a_single_pixel_at_the_frame_is_still_seen() -> None:
    mask = np.zeros((100, 100), bool)
    mask[0, 50] = True
    overlay = draw_overlay(flat(128, mask), mask, ())
    assert (overlay != 128).any()


def test_the_numbers_are_drawn_beside_the_regions() -> None:
    mask = np.zeros((300, 300), bool)
    mask[100:200, 80:220] = True
    bare, numbered = draw_overlay(flat(128, mask), mask, ()), draw_overlay(flat(128, mask), mask)
    plate = (bare != numbered).any(axis=2)
    assert plate.sum() > 100
    assert not (plate & mask).any()


def test_the_inputs_are_not_modified() -> None:
    mask = some_mask(np.random.default_rng(7))
    picture = flat(128, mask)
    before = mask.copy()
    draw_overlay(picture, mask)
    assert (picture == 128).all()
    assert np.array_equal(mask, before)


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(GridError, match="mask is 4x4"):
        draw_overlay(np.zeros((5, 5, 3), np.uint8), np.zeros((4, 4), bool))

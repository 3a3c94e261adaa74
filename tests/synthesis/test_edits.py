from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from maskwright.errors import SettingError
from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis import fills, generative, objects, overlays, reshape, surfaces
from maskwright.synthesis.regions import box
from maskwright.synthesis.steps import Step, begin, chain
from maskwright.synthesis.truth import VISIBLE

MAKERS: dict[str, Callable[[Picture], Step]] = {
    "paste": lambda donor: objects.paste(donor),
    "paste of a drawn size": lambda donor: objects.paste(donor, scale=None, rotation_deg=30),
    "soft paste": lambda donor: objects.paste(donor, scale=0.7, feather_px=5, match_colour=0.8),
    "paste with a shadow": lambda donor: objects.paste(donor, scale=0.5, shadow=0.6),
    "copy_move": lambda donor: objects.copy_move(feather_px=2),
    "jitter": lambda donor: objects.jitter(box, grow=0.2, shift_px=3, feather_px=1),
    "exchange": lambda donor: objects.exchange(donor),
    "telea": lambda donor: fills.removal("telea"),
    "ns": lambda donor: fills.removal("ns"),
    "patch": lambda donor: fills.removal("patch"),
    "replacement": lambda donor: surfaces.replacement(donor),
    "material": lambda donor: surfaces.material(donor),
    "recolour": lambda donor: surfaces.recolour(),
    "relight": lambda donor: surfaces.relight(feather_px=4),
    "disturb": lambda donor: surfaces.disturb(),
    "backdrop": lambda donor: surfaces.backdrop(donor, box, feather_px=2),
    "reshape": lambda donor: reshape.reshape(box),
    "text": lambda donor: overlays.text(),
    "watermark": lambda donor: overlays.text(opacity=0.5),
    "sticker": lambda donor: overlays.sticker(),
    "cut-out": lambda donor: overlays.outlined_cutout(donor),
    "redraw": lambda donor: generative.redraw(donor),
    "soft redraw": lambda donor: generative.redraw(donor, feather_px=4),
}
every_edit = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


@every_edit
def test_outside_mask_and_ignore_no_change_can_be_seen_and_inside_the_picture_changes(
    make: Callable[[Picture], Step], photo: Picture, donor: Picture
) -> None:
    seen = 0
    for seed in range(8):
        made = make(donor)(begin(photo), np.random.default_rng(seed))
        assert np.array_equal(made.original, photo)
        levels = cv2.absdiff(made.edited, made.original).max(axis=2)
        assert levels[~(made.mask | made.ignore)].max(initial=0) <= VISIBLE
        assert not (made.mask & made.ignore).any()
        if made.mask.any():
            assert (levels > 0)[made.mask].mean() > 0.6
            seen += 1
    assert seen >= 5


@every_edit
def test_the_same_seed_gives_the_same_bytes_and_inputs_stay_as_they_were(
    make: Callable[[Picture], Step], photo: Picture, donor: Picture
) -> None:
    start, before = begin(photo), donor.copy()
    first = make(donor)(start, np.random.default_rng(5))
    second = make(donor)(start, np.random.default_rng(5))
    assert first.edited.tobytes() == second.edited.tobytes()
    assert first.mask.tobytes() == second.mask.tobytes()
    assert np.array_equal(start.edited, photo)
    assert not start.mask.any()
    assert not start.ignore.any()
    assert np.array_equal(donor, before)


@every_edit
def test_a_picture_of_one_pixel_is_edited_without_error(make: Callable[[Picture], Step]) -> None:
    pixel = np.full((1, 1, 3), 90, np.uint8)
    for seed in range(5):
        made = make(pixel)(begin(pixel), np.random.default_rng(seed))
        assert made.edited.shape == (1, 1, 3)


def test_a_paste_that_lands_on_its_own_colour_is_no_edit(donor: Picture) -> None:
    grey = np.full((60, 60, 3), 77, np.uint8)
    made = objects.paste(grey)(begin(grey), np.random.default_rng(0))
    assert not made.mask.any()
    assert np.array_equal(made.edited, grey)


def test_only_the_part_of_a_region_that_changed_is_marked() -> None:
    photo = np.full((60, 80, 3), 100, np.uint8)
    photo[:, 40:] = 200

    def whole(height: int, width: int, rng: np.random.Generator) -> Mask:
        return np.ones((height, width), np.bool_)

    step = surfaces.replacement(np.full((60, 80, 3), 100, np.uint8), whole)
    mask = step(begin(photo), np.random.default_rng(0)).mask
    # The blur that decides what can be seen reaches a few pixels over the border.
    assert mask[:, 40:].all()
    assert not mask[:, :36].any()


def test_several_edits_add_up_in_one_mask(photo: Picture, donor: Picture) -> None:
    first, both = np.random.default_rng(3), np.random.default_rng(3)
    one = surfaces.recolour(box)(begin(photo), first).mask
    two = chain(surfaces.recolour(box), surfaces.relight(box))(begin(photo), both).mask
    assert one.any()
    assert two[one].all()
    assert np.count_nonzero(two) > np.count_nonzero(one)


def test_an_unknown_fill_is_refused() -> None:
    with pytest.raises(SettingError, match="telea, ns or patch"):
        fills.removal("magic")  # type: ignore[arg-type]

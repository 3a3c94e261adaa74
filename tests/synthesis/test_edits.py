from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from maskwright.errors import SettingError
from maskwright.pairs.difference import VISIBLE
from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis import fills, generative, objects, overlays, reshape, surfaces
from maskwright.synthesis.regions import box
from maskwright.synthesis.steps import Step, begin, chain

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


def centred(height: int, width: int, rng: np.random.Generator) -> Mask:
    mask = np.zeros((height, width), np.bool_)
    mask[50:90, 60:110] = True
    return mask


def test_a_jittered_object_is_an_eighth_larger_about_its_middle(photo: Picture) -> None:
    mask = objects.jitter(centred)(begin(photo), np.random.default_rng(0)).mask
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    assert rows[-1] + 1 - rows[0] == pytest.approx(45, abs=2)
    assert columns[-1] + 1 - columns[0] == pytest.approx(56, abs=2)
    assert (rows[0] + rows[-1]) / 2 == pytest.approx(69.5, abs=1)


def test_a_turned_paste_has_the_area_of_the_thing(donor: Picture) -> None:
    grey = np.full((300, 300, 3), 255, np.uint8)
    dark = donor // 4

    def cut(height: int, width: int, rng: np.random.Generator) -> Mask:
        return np.asarray(centred(120, 160, rng)[:height, 40 : 40 + width])

    areas = []
    for degrees in (0, 30, 90, 145):
        made = objects.paste(dark, cut, rotation_deg=degrees)(begin(grey), np.random.default_rng(3))
        areas.append(int(made.mask.sum()))
    assert areas[0] == 40 * 50
    assert all(area == pytest.approx(areas[0], rel=0.05) for area in areas)


def test_a_shadow_adds_to_the_mask_and_its_faint_rim_is_ignored(donor: Picture) -> None:
    grey = np.full((200, 200, 3), 180, np.uint8)
    bare, shaded = (
        objects.paste(donor, scale=0.4, shadow=shadow)(begin(grey), np.random.default_rng(8))
        for shadow in (0.0, 0.7)
    )
    assert shaded.mask[bare.mask].all()
    assert shaded.mask.sum() > 1.05 * bare.mask.sum()
    assert shaded.ignore.any()
    assert not bare.ignore.any()


def test_a_new_backdrop_is_all_but_the_thing_that_stays(photo: Picture, donor: Picture) -> None:
    kept = np.zeros(photo.shape[:2], np.bool_)
    kept[30:110, 40:130] = True
    step = surfaces.backdrop(255 - donor, lambda height, width, rng: kept)
    made = step(begin(photo), np.random.default_rng(1))
    assert np.array_equal(made.edited[kept], photo[kept])
    assert made.mask[~kept].mean() > 0.9
    assert not made.mask[kept].any()


def test_what_an_exchange_takes_out_and_what_it_puts_in_are_both_marked(photo: Picture) -> None:
    black = np.zeros((90, 90, 3), np.uint8)
    made = objects.exchange(black, box, centred)(begin(photo), np.random.default_rng(2))
    put_in = (made.edited == 0).all(axis=2)
    taken_out = (made.edited != photo).any(axis=2) & ~put_in
    assert put_in.any()
    assert made.mask[put_in].mean() > 0.95
    assert made.mask[taken_out].mean() > 0.95


def test_letters_are_marked_as_letters_and_a_watermark_too(photo: Picture) -> None:
    for opacity in (1.0, 0.6):
        found = []
        for seed in range(12):
            made = overlays.text(opacity=opacity)(begin(photo), np.random.default_rng(seed))
            rows, columns = np.flatnonzero(made.mask.any(1)), np.flatnonzero(made.mask.any(0))
            if len(rows):
                found.append(made.mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean())
        assert min(found) < 0.6  # mostly letters, now and then a strip
        assert len(found) >= 10

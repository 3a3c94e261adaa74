"""One entry: what is opened, what is checked, what a row that lies elsewhere becomes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from maskwright.datasets.building.entries import Wanted, make_entry
from maskwright.datasets.building.plan import AUTHENTIC, FORGED
from maskwright.datasets.building.supply import Raw
from maskwright.datasets.shortcuts.containers import Encoding
from maskwright.errors import InputError, RunError
from maskwright.pairs.picture import encode_png, read_picture
from tests.corpus.made import png
from tests.datasets.building import SIDE, edit, scene

WANTED = Wanted(("picture", "original", "mask"), False, "keep", Encoding("png"), 10**6)
MASK = (edit(scene(1), 1) != scene(1)).any(axis=2)


def raw(label: str = FORGED, **changes: Any) -> Raw:
    row = {"id": "a", "source": "s", "stem": "000000", "split": "train", "label": label, "kind": "identity"}
    row |= {"width": SIDE, "height": SIDE, "original_sha256": None, "edited_sha256": None, "area_frac": 0.5}
    row |= changes.pop("row", {})
    given: dict[str, Any] = {
        "mask": encode_png(MASK),
        "ignore": None,
        "threshold": None,
        "original": png(scene(1)),
        "edited": png(edit(scene(1), 1)),
    }
    return Raw({"stem": "000000", "label": label}, row, **(given | changes))


def test_a_picture_its_mask_and_its_original_are_on_one_grid() -> None:
    entry = make_entry(raw(), WANTED)
    assert entry.picture is not None
    assert entry.original is not None
    assert np.array_equal(read_picture(entry.picture.data).pixels, edit(scene(1), 1))
    assert np.array_equal(read_picture(entry.original.data).pixels, scene(1))
    assert np.array_equal(entry.mask, MASK)


def test_an_original_of_another_size_is_laid_on_the_edited_picture_s_grid() -> None:
    large = scene(1).repeat(2, axis=0).repeat(2, axis=1)
    entry = make_entry(raw(original=png(large)), WANTED)
    assert entry.original is not None
    assert read_picture(entry.original.data).pixels.shape == (SIDE, SIDE, 3)


def test_a_picture_of_which_only_an_object_was_taken_stands_without_original() -> None:
    taken = raw(row={"kind": "unrelated"}, original=png(scene(7)))
    assert make_entry(taken, WANTED).original is None
    with pytest.raises(InputError) as told:
        make_entry(taken, replace(WANTED, needs_original=True))
    assert told.value.reason == "unrelated"


def test_an_original_that_no_longer_fits_is_no_original_without_a_word() -> None:
    with pytest.raises(InputError) as told:
        make_entry(raw(original=png(scene(7))), WANTED)
    assert told.value.reason == "unrelated"


def test_an_authentic_picture_needs_neither_mask_nor_edited_picture() -> None:
    entry = make_entry(raw(AUTHENTIC, mask=None, edited=None), WANTED)
    assert entry.picture is not None
    assert np.array_equal(read_picture(entry.picture.data).pixels, scene(1))
    assert not entry.mask.any()
    assert entry.original is None


def test_what_is_ignored_comes_along_with_forged_pictures_only() -> None:
    ignore = np.zeros((SIDE, SIDE), np.bool_)
    ignore[:5] = True
    entry = make_entry(raw(ignore=encode_png(ignore)), WANTED)
    assert entry.ignore is not None
    assert np.array_equal(entry.ignore, ignore)
    assert make_entry(raw(AUTHENTIC, ignore=encode_png(ignore)), WANTED).ignore is None


@pytest.mark.parametrize(("damage", "message"), [(None, "has no mask"), (b"none", "is damaged")])
def test_a_stored_mask_that_cannot_be_read_stops_the_build(damage: bytes | None, message: str) -> None:
    with pytest.raises(RunError, match=message):
        make_entry(raw(mask=damage), WANTED)


def test_a_mask_of_another_size_than_its_row_says_is_a_changed_row() -> None:
    with pytest.raises(InputError) as told:
        make_entry(raw(mask=encode_png(MASK[:-1])), WANTED)
    assert told.value.reason == "changed"


def test_where_a_mask_outgrows_the_original_nothing_is_pasted_back() -> None:
    shifted = np.zeros_like(scene(1))
    cropped = scene(1)[:, SIDE // 3 :]
    shifted[:, : cropped.shape[1]] = cropped
    paste = replace(WANTED, regeneration="paste-back", needs_original=True)
    with pytest.raises(InputError) as told:
        make_entry(raw(original=png(np.ascontiguousarray(cropped))), paste)
    assert told.value.reason == "uncovered"


def test_masks_alone_need_the_files_but_not_their_pixels() -> None:
    masks = replace(WANTED, roles=("mask", "ignore"))
    entry = make_entry(raw(edited=b"not a picture", original=b"nor this"), masks)
    assert entry.picture is None
    assert entry.row["original_sha256"] != entry.row["edited_sha256"]

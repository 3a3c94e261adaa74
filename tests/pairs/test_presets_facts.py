"""What is known of every corpus, in one table written from the same evidence as its miniature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from maskwright.errors import InputError
from maskwright.pairs.labelled import open_labelled
from maskwright.pairs.maskfile import fitted_mask
from maskwright.pairs.presets import PRESETS
from maskwright.pairs.values import Encoded, Labelled, Located, RuledMask
from tests.pairs.corpora import folders, hub, labelled, lists
from tests.pairs.corpora.pictures import SIZE, region
from tests.pairs.test_presets import opened, pairs


@dataclass(frozen=True)
class Known:
    """What the first pair must be.

    Args:
        make: the miniature.
        original, edited: how the key of each picture ends: a column's name, or a file's.
        mask: how the key of the mask ends; empty: no mask.
    """

    make: Callable[[Path], Path]
    original: str
    edited: str
    mask: str = ""
    instruction: str | None = None
    key: str | None = None
    authentic: bool | None = None
    whole: bool | None = None


KNOWN = {
    "instructpix2pix": Known(
        hub.instructpix2pix,
        ":original_image",
        ":edited_image",
        instruction="make it snow 0",
        authentic=False,
        whole=True,
    ),
    "magicbrush": Known(
        hub.magicbrush,
        ":source_img",
        ":target_img",
        ":mask_img",
        "session 1 turn 1",
        "1001",
        authentic=True,
        whole=True,
    ),
    "pipe": Known(
        hub.pipe, ":target_img", ":source_img", instruction="add a cat", key="70:7", authentic=True
    ),
    "ultraedit": Known(hub.ultraedit, ":source_image", ":edited_image", instruction="add a hat", whole=True),
    "ultraedit-region": Known(
        hub.ultraedit_region, ":source_image", ":edited_image", ":mask_image", "add a hat"
    ),
    "hq-edit": Known(
        hub.hq_edit,
        ":input_image",
        ":output_image",
        instruction="make it a dog",
        authentic=False,
        whole=True,
    ),
    "omniedit": Known(
        hub.omniedit, ":src_img", ":edited_img", instruction="do removal", key="task_removal_0.jpg"
    ),
    "anyedit": Known(hub.anyedit, ":image_file", ":edited_file", instruction="add it", key="00000"),
    "humanedit": Known(
        hub.humanedit, ":INPUT_IMG", ":OUTPUT_IMG", ":MASK_IMG", "remove the cup", key="an_id"
    ),
    "crispedit": Known(hub.crispedit, ":input_img", ":output_img", instruction="add it"),
    "nhr-edit": Known(
        lists.nhr_edit,
        "images/00/image_1_original.jpg",
        "images/00/image_1_edited_2.jpg",
        instruction="remove the lamp",
        key="1_2",
        authentic=False,
        whole=True,
    ),
    "pico-banana": Known(
        lists.pico_banana,
        "openimages/train_0/0.jpg",
        "images/positive-edit/0.png",
        instruction="Do 0.",
        key=lists.FLICKR.format(0),
        authentic=True,
        whole=True,
    ),
    "pico-banana-multi-turn": Known(
        lists.pico_banana_sessions,
        "openimages/0.jpg",
        "0_turn1.png",
        instruction="edit 1 of 0",
        key=lists.FLICKR.format(0),
        authentic=True,
        whole=True,
    ),
    "imgedit": Known(lists.imgedit, "original.png", "result.png", instruction="Remove the people."),
    "imgedit-multi-turn": Known(
        lists.imgedit_sessions,
        "origin_0.png",
        "result_0.png",
        instruction="edit 0 of 0",
        key="results_version_backtracking_part0/0/origin_0.png",
    ),
    "gpt-image-edit": Known(
        lists.gpt_image_edit, "input/0.png", "output/0.png", instruction="Paint the door red.", whole=True
    ),
    "seed-data-edit-multi-turn": Known(
        lists.seed_sessions,
        "../images/20240330_315P_1323turns/Data/100/0.png",
        "../images/20240330_315P_1323turns/Data/100/1.png",
        instruction="edit 1 of 0",
        key="20240330_315P_1323turns/Data/100/0.png",
    ),
    "casia-v2": Known(
        folders.casia_v2,
        "Au/Au_cha_00063.jpg",
        "Tp/Tp_D_CRN_S_N_cha00063_art00014_11818.jpg",
        "Tp_D_CRN_S_N_cha00063_art00014_11818_gt.png",
        key="cha:00063",
        authentic=True,
        whole=False,
    ),
    "deal-300k": Known(
        folders.deal_300k,
        "train/000000000009.jpg",
        "train/000000000009_qwen120.jpg",
        "label/000000000009_qwen120.png",
        "let it snow 120",
        key="000000000009",
        authentic=True,
        whole=True,
    ),
    "miml": Known(folders.miml, "SPG/a1/0.jpg", "SPG/a1/1.jpg", key="SPG/a1", authentic=True, whole=False),
    "autosplice": Known(
        folders.autosplice,
        "Authentic/71695.jpg",
        "Forged_JPEG100/71695_0.jpg",
        "Mask/71695_mask.png",
        key="71695",
        authentic=True,
    ),
    "cocoglide": Known(
        folders.cocoglide,
        "real/dining table_114871.png",
        "fake/glide_inpainting_val2017_114871_up.png",
        "mask/dining table_114871_mask.png",
        key="114871",
        authentic=True,
    ),
}


def test_every_corpus_of_pairs_is_known_here() -> None:
    assert set(KNOWN) == {name for name, each in PRESETS.items() if each.container and not each.is_labelled}


@pytest.mark.parametrize("name", KNOWN)
def test_the_first_pair_of_a_corpus_is_what_is_published_of_it(name: str, tmp_path: Path) -> None:
    known = KNOWN[name]
    first = pairs(opened(known.make(tmp_path), name))[0]
    assert isinstance(first.original, Encoded | Located)
    assert isinstance(first.edited, Encoded | Located)
    assert first.original.key.endswith(known.original)
    assert first.edited.key.endswith(known.edited)
    assert first.instruction == known.instruction
    columns = first.columns
    assert (columns["corpus"], columns["key"]) == (name, known.key)
    assert (columns["original_is_authentic"], columns["whole_frame"]) == (known.authentic, known.whole)
    assert (first.mask is not None) == bool(known.mask)
    if isinstance(first.mask, RuledMask):
        assert first.mask.picture.key.endswith(known.mask)
        assert np.array_equal(fitted_mask(first.mask, *SIZE)[0], region())


FAINT = region().astype(np.uint8)
"""A mask whose edited part has the level 1: where any level counts it is whole, where half counts, empty."""

MASKS = {
    "casia-v2": (folders.casia_v2, "CASIA 2 Groundtruth/*_gt.png"),
    "autosplice": (folders.autosplice, "Mask/*.png"),
    "cocoglide": (folders.cocoglide, "mask/*.png"),
    "imd2020": (labelled.imd2020, "*/*_mask.png"),
    "casia-v1": (labelled.casia_v1, "CASIA 1.0 groundtruth/*/*_gt.png"),
}


@pytest.mark.parametrize("name", MASKS)
def test_every_level_above_0_is_edited_even_beside_brighter_ones(name: str, tmp_path: Path) -> None:
    """Three levels, where a general reader would take half of the range for the border."""
    make, where = MASKS[name]
    place = make(tmp_path)
    drawn = FAINT.copy()
    drawn[np.nonzero(region())[0][0], np.nonzero(region())[1][0]] = 200
    for file in place.glob(where):
        file.write_bytes(hub.stored(drawn))
    assert list(place.glob(where))
    if PRESETS[name].is_labelled:
        rows = [row for row in open_labelled(place, name) if isinstance(row, Labelled)]
        masks = [row.mask for row in rows if row.mask is not None]
    else:
        masks = [row.mask for row in pairs(opened(place, name)) if isinstance(row.mask, RuledMask)]
    assert masks
    assert all(np.array_equal(fitted_mask(mask, *SIZE)[0], region()) for mask in masks)


@pytest.mark.parametrize(
    ("name", "make", "where", "border"),
    [
        ("coverage", labelled.coverage, "mask/1forged.tif", 120),
        ("tgif", labelled.tgif, "masks/testing/*.png", 25),
    ],
)
def test_levels_up_to_the_border_of_a_set_are_not_edited(
    name: str, make: Callable[[Path], Path], where: str, border: int, tmp_path: Path
) -> None:
    place = make(tmp_path)
    drawn = np.where(region(), border + 1, border).astype(np.uint8)
    for file in place.glob(where):
        file.write_bytes(hub.stored(drawn))
    rows = [row for row in open_labelled(place, name) if isinstance(row, Labelled) and row.mask]
    row = next(
        row for row in rows if row.id in ("image/1t.tif", "PS-sp/testing/000000123456_mask_bbox.png_ps_0.png")
    )
    assert row.mask is not None
    assert np.array_equal(fitted_mask(row.mask, *SIZE)[0], region())


def test_files_that_are_in_no_pair_and_known_are_skipped_with_their_reason(tmp_path: Path) -> None:
    left = {
        row.id: row.reason
        for row in open_labelled(labelled.tgif(tmp_path), "tgif")
        if not isinstance(row, Labelled)
    }
    assert "original/testing/000000123456_orig_512.png" in left
    assert "masks/testing/000000123456_mask_segm.png" in left
    assert set(left.values()) == {"skipped"}


def test_the_key_of_a_labelled_forgery_is_its_photograph(tmp_path: Path) -> None:
    for name, make, key in (
        ("coverage", labelled.coverage, "1"),
        ("tgif", labelled.tgif, "000000123456"),
    ):
        rows = [row for row in open_labelled(make(tmp_path / name), name) if isinstance(row, Labelled)]
        assert next(row for row in rows if row.label == "forged").columns["key"] == key


def test_masks_of_casia_v2_on_their_side_are_turned_and_those_far_off_refused(tmp_path: Path) -> None:
    place = folders.casia_v2(tmp_path)
    spliced = place / "CASIA 2 Groundtruth" / "Tp_D_CRN_S_N_cha00063_art00014_11818_gt.png"
    spliced.write_bytes(hub.stored(np.ascontiguousarray(np.rot90(region(), -1))))
    far = place / "CASIA 2 Groundtruth" / "Tp_S_NRN_M_N_pla00020_pla00020_10988_gt.png"
    far.write_bytes(hub.stored(region()[:, :-8]))
    first, second = pairs(opened(place, "casia-v2"))
    assert first.mask is not None
    assert second.mask is not None
    mask, done = fitted_mask(first.mask, *SIZE)
    assert (done, np.array_equal(mask, region())) == ("turned", True)
    with pytest.raises(InputError, match="the mask is 56x48"):
        fitted_mask(second.mask, *SIZE)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("magicbrush", lambda place: hub.magicbrush(place, mask_scale=2)),
        ("ultraedit-region", lambda place: hub.ultraedit_region(place, mask_scale=2)),
        ("autosplice", None),
    ],
)
def test_masks_of_another_size_are_resized_where_the_corpus_has_them(
    name: str, make: Callable[[Path], Path] | None, tmp_path: Path
) -> None:
    place = make(tmp_path) if make else folders.autosplice(tmp_path)
    if make is None:
        doubled = np.repeat(np.repeat(region(), 2, axis=0), 2, axis=1)
        (place / "Mask" / "71695_mask.png").write_bytes(hub.stored(doubled))
    first = pairs(opened(place, name))[0]
    assert isinstance(first.mask, RuledMask)
    assert fitted_mask(first.mask, *SIZE)[1] == "resized"

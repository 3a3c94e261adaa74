"""Published corpora: each trap that is known of one, on a miniature of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.errors import InputError, SettingError
from maskwright.pairs.maskfile import FITS, fitted_mask, read_mask
from maskwright.pairs.picture import read_picture
from maskwright.pairs.presets import PRESETS
from maskwright.pairs.presets.preset import GRADES, REDISTRIBUTE
from maskwright.pairs.sources import Roles, Source, open_source
from maskwright.pairs.values import Pair, Rejection, RuledMask
from tests.contracts.source import SourceContract, everything
from tests.pairs.corpora import folders, hub
from tests.pairs.corpora.pictures import SIZE, edited, photograph, region


def opened(place: Path, corpus: str, **roles: Any) -> Source:
    return open_source(place, roles=Roles(corpus=corpus, **roles))


def pairs(source: Source) -> list[Pair]:
    return [row for row in everything(source) if isinstance(row, Pair)]


def pixels(picture: Any) -> np.ndarray[Any, Any]:
    return read_picture(picture).pixels


class TestMagicBrush(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        place = hub.magicbrush(tmp_path, turns=(1, 2, 3) * 8)
        table = place / "data" / "train-00000-of-00051-9fd9f23e2b1cb397.parquet"
        hub.without_a_target(table, row=5)
        return lambda: opened(place, "magicbrush")


class TestCasia(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        for number in range(20):
            folders.casia_v2(tmp_path / f"copy {number}", number)
        return lambda: opened(tmp_path, "casia-v2")


def test_of_instructpix2pix_no_side_is_authentic(tmp_path: Path) -> None:
    found = pairs(opened(hub.instructpix2pix(tmp_path), "instructpix2pix"))
    assert len(found) == 3
    assert {row.columns["original_is_authentic"] for row in found} == {False}
    assert {row.columns["whole_frame"] for row in found} == {True}
    assert [row.instruction for row in found] == [f"make it snow {i}" for i in range(3)]


def test_the_hole_in_a_mask_of_magicbrush_is_the_edit(tmp_path: Path) -> None:
    first = pairs(opened(hub.magicbrush(tmp_path), "magicbrush"))[0]
    assert isinstance(first.mask, RuledMask)
    assert np.array_equal(read_mask(first.mask), region())


def test_a_mask_of_magicbrush_of_another_resolution_is_brought_onto_the_picture(tmp_path: Path) -> None:
    first = pairs(opened(hub.magicbrush(tmp_path, mask_scale=2), "magicbrush"))[0]
    assert first.mask is not None
    mask, done = fitted_mask(first.mask, *SIZE)
    assert done == "resized"
    assert np.array_equal(mask, region())


def test_a_mask_of_magicbrush_without_transparency_is_refused(tmp_path: Path) -> None:
    first = pairs(opened(hub.magicbrush(tmp_path), "magicbrush"))[0]
    assert isinstance(first.mask, RuledMask)
    flattened = RuledMask(first.original, first.mask.rule, first.mask.fit)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no transparency") as refused:
        read_mask(flattened)
    assert refused.value.reason == "bad_mask"


def test_from_the_second_turn_on_the_original_of_magicbrush_is_no_photograph(tmp_path: Path) -> None:
    found = pairs(opened(hub.magicbrush(tmp_path, turns=(1, 2, 3, 1)), "magicbrush"))
    assert [row.columns["turn"] for row in found] == [1, 2, 3, 1]
    assert [row.columns["original_is_authentic"] for row in found] == [True, False, False, True]
    assert len({row.columns["key"] for row in found[:3]}) == 1
    assert found[3].columns["key"] != found[0].columns["key"]


def test_the_photograph_of_pipe_is_its_target(tmp_path: Path) -> None:
    found = pairs(opened(hub.pipe(tmp_path), "pipe"))[0]
    assert np.array_equal(pixels(found.original), photograph(0))
    assert np.array_equal(pixels(found.edited), edited(photograph(0), region()))
    assert found.columns["original_is_authentic"] is True


def test_an_instruction_of_pipe_is_the_first_of_three_that_says_something(tmp_path: Path) -> None:
    texts = (("a", "b", "c"), ("", "b", "c"), ("", "", "c"), ("", "", ""))
    found = pairs(opened(hub.pipe(tmp_path, texts), "pipe"))
    assert [row.instruction for row in found] == ["a", "b", "c", None]


def test_sides_exchanged_by_hand_say_nothing_of_what_is_authentic(tmp_path: Path) -> None:
    found = pairs(opened(hub.pipe(tmp_path), "pipe", swap=True))[0]
    assert np.array_equal(pixels(found.original), edited(photograph(0), region()))
    assert found.columns["original_is_authentic"] is None


def test_a_forgery_of_casia_belongs_to_the_first_scene_of_its_name(tmp_path: Path) -> None:
    found = {row.id: row for row in pairs(opened(folders.casia_v2(tmp_path), "casia-v2"))}
    spliced = found["Tp/Tp_D_CRN_S_N_cha00063_art00014_11818.jpg"]
    assert spliced.original.key == "Au/Au_cha_00063.jpg"  # type: ignore[union-attr]
    assert set(found) == {spliced.id, "Tp/Tp_S_NRN_M_N_pla00020_pla00020_10988.tif"}


def test_a_mask_of_casia_counts_above_0(tmp_path: Path) -> None:
    found = {row.id: row for row in pairs(opened(folders.casia_v2(tmp_path), "casia-v2"))}
    for row in found.values():
        assert row.mask is not None
        assert np.array_equal(fitted_mask(row.mask, *SIZE)[0], region())


def test_photographs_of_casia_that_nobody_edited_are_skipped_and_say_so(tmp_path: Path) -> None:
    rows = everything(opened(folders.casia_v2(tmp_path), "casia-v2"))
    left = {row.id: (row.reason, row.detail) for row in rows if isinstance(row, Rejection)}
    assert left["Au/Au_txt_00009.bmp"] == ("skipped", "no forgery of this corpus is made from it")
    assert left["Tp/Tp_D_NND_M_N_ani00077_sec00096_00138.tif"][0] == "unmatched"


def test_a_mask_of_casia_on_its_side_is_turned_and_a_far_one_refused() -> None:
    truth = region()
    turned = RuledMask(hub.located(np.ascontiguousarray(np.rot90(truth, -1))), "strongest > 0", "turned")
    mask, done = fitted_mask(turned, *SIZE)
    assert (done, np.array_equal(mask, truth)) == ("turned", True)
    near = RuledMask(hub.located(truth[:, :-1]), "strongest > 0", "turned")
    assert fitted_mask(near, *SIZE)[1] == "resized"
    far = RuledMask(hub.located(truth[:, :-8]), "strongest > 0", "turned")
    with pytest.raises(InputError, match="the mask is 56x48") as refused:
        fitted_mask(far, *SIZE)
    assert refused.value.reason == "bad_mask"


def test_another_table_is_told_from_the_corpus(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column 'source_img' and no 'target_img', which MagicBrush has"):
        opened(hub.instructpix2pix(tmp_path), "magicbrush")


def test_a_folder_of_pictures_is_no_table_of_a_corpus(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"MagicBrush is a table, .* is a folder of pictures"):
        opened(folders.casia_v2(tmp_path), "magicbrush")


def test_a_corpus_nobody_knows_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no corpus named 'magicbrsh'") as refused:
        opened(hub.magicbrush(tmp_path), "magicbrsh")
    assert "magicbrush" in refused.value.hint


def test_columns_beside_a_corpus_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="--corpus magicbrush says which columns"):
        opened(hub.magicbrush(tmp_path), "magicbrush", original="target_img")


# ---- the table ------------------------------------------------------------------------------------------

ROOT = Path(__file__).parents[2]


def test_the_page_of_corpora_is_what_the_presets_say() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "make_corpora.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_says_what_it_rests_on_and_is_spelt_as_the_code_takes_it(name: str) -> None:
    preset = PRESETS[name]
    assert preset.name == name
    assert preset.grade in GRADES
    assert preset.redistribute in REDISTRIBUTE
    assert preset.evidence
    assert preset.mask_fit in FITS
    assert (preset.grade == "unknown") == (preset.container is None) == bool(preset.check)
    assert (
        not preset.licence.upper().startswith(("CC-BY-NC", "CC BY-NC")) or preset.redistribute != "pictures"
    )


@pytest.mark.parametrize("name", [name for name, preset in PRESETS.items() if preset.mask_rule])
def test_a_rule_for_masks_tells_two_levels_apart(name: str) -> None:
    """Every rule calls some pixel of a picture with all levels edited, and some not."""
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    picture = hub.located(np.dstack([levels, levels, levels, levels]))
    mask = read_mask(RuledMask(picture, PRESETS[name].mask_rule))
    assert mask.any()
    assert not mask.all()


@pytest.mark.parametrize("rule", ["blue > 3", "alpha = 0", "grey", "green > ", "grey > 3; grey < 2"])
def test_a_rule_that_is_none_is_refused(rule: str) -> None:
    with pytest.raises(InputError, match="is no rule for masks"):
        read_mask(RuledMask(hub.located(region()), rule))


def test_a_mask_of_16_bits_has_no_rule_of_8() -> None:
    deep = hub.located(region().astype(np.uint16) * np.uint16(65535))
    with pytest.raises(InputError, match="8 bits"):
        read_mask(RuledMask(deep, "grey > 120"))


def test_a_mask_without_a_rule_is_read_as_any_other() -> None:
    mask = RuledMask(hub.located(region().astype(np.uint8)), "", "same")
    assert np.array_equal(read_mask(mask), region())
    assert np.array_equal(fitted_mask(hub.located(region()), *SIZE)[0], region())

"""Corpora of edits: the traps of every one, on miniatures made from what is published about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.errors import InputError
from maskwright.pairs.maskfile import fitted_mask
from maskwright.pairs.presets import PRESETS
from maskwright.pairs.sources import Roles, Source, open_source
from maskwright.pairs.values import Located, Pair, Rejection, RuledMask
from tests.contracts.source import SourceContract, everything
from tests.pairs.corpora import folders, hub, lists
from tests.pairs.corpora.pictures import SIZE, region
from tests.pairs.servers import Answer, serving
from tests.pairs.test_presets import opened, pairs


def files(row: Pair) -> tuple[str, str]:
    """The keys of both pictures."""
    assert isinstance(row.original, Located)
    assert isinstance(row.edited, Located)
    return row.original.key, row.edited.key


def skipped(source: Source) -> Counter[str]:
    """Why rows were skipped, and how many."""
    rows = [row for row in everything(source) if isinstance(row, Rejection)]
    assert {row.reason for row in rows} <= {"skipped"}
    return Counter(row.detail for row in rows)


def true_mask(row: Pair) -> np.ndarray[Any, Any]:
    assert isinstance(row.mask, RuledMask)
    return fitted_mask(row.mask, *SIZE)[0]


class TestSessionsOfPicoBanana(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        place = lists.pico_banana_sessions(tmp_path, turns=(5, 2, 3) * 3)
        with open(place, "a") as file:
            file.write('{"files": [], "metadata_edit_turn_prompts": []}\n')
        return lambda: opened(place, "pico-banana-multi-turn")


class TestSessionsOfImgEdit(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        place = lists.imgedit_sessions(tmp_path, turns=(3, 2, 0, 4) * 3)
        return lambda: opened(place, "imgedit-multi-turn")


def test_a_mask_column_of_ultraedit_without_a_type_is_no_mask(tmp_path: Path) -> None:
    found = pairs(opened(hub.ultraedit(tmp_path), "ultraedit"))
    assert [row.mask for row in found] == [None, None]
    assert {row.instruction for row in found} == {"add a hat"}


def test_the_mask_of_ultraedit_by_region_is_white(tmp_path: Path) -> None:
    found = pairs(opened(hub.ultraedit_region(tmp_path), "ultraedit-region"))
    assert np.array_equal(true_mask(found[0]), region())


def test_of_hq_edit_no_side_is_authentic_and_captions_are_no_pictures(tmp_path: Path) -> None:
    (row,) = pairs(opened(hub.hq_edit(tmp_path), "hq-edit"))
    assert row.columns["original_is_authentic"] is False
    assert row.instruction == "make it a dog"
    assert (row.columns["input"], row.columns["inverse_edit"]) == ("a cat", "make it a cat")


def test_the_instruction_of_omniedit_is_the_first_phrasing(tmp_path: Path) -> None:
    found = pairs(opened(hub.omniedit(tmp_path), "omniedit"))
    assert [row.instruction for row in found] == ["do removal", "do swap"]
    assert [row.columns["key"] for row in found] == ["task_removal_0.jpg", "task_swap_1.jpg"]


def test_tasks_of_omniedit_that_change_the_whole_frame_are_skipped(tmp_path: Path) -> None:
    assert sum(skipped(opened(hub.omniedit(tmp_path), "omniedit")).values()) == 2


def test_edits_of_anyedit_that_are_not_local_are_skipped_for_three_reasons(tmp_path: Path) -> None:
    source = opened(hub.anyedit(tmp_path), "anyedit")
    assert sorted(skipped(source).values()) == [3, 3, 4]
    assert {row.columns["edit_type"] for row in pairs(source)} == set(hub.ANYEDIT_TYPES[:11])


def test_what_an_edit_of_anyedit_followed_is_no_mask(tmp_path: Path) -> None:
    assert {row.mask for row in pairs(opened(hub.anyedit(tmp_path), "anyedit"))} == {None}


def test_the_mask_of_humanedit_is_its_picture_and_black_is_the_edit(tmp_path: Path) -> None:
    (row,) = pairs(opened(hub.humanedit(tmp_path), "humanedit"))
    assert np.array_equal(true_mask(row), region())
    assert (row.columns["MASK"], row.columns["CORE"]) == (1, 1)


def test_an_original_of_pico_banana_is_the_local_file_where_there_is_one(tmp_path: Path) -> None:
    first = pairs(opened(lists.pico_banana(tmp_path), "pico-banana"))[0]
    assert files(first) == ("openimages/train_0/0.jpg", "images/positive-edit/0.png")
    assert first.columns["key"] == lists.FLICKR.format(0)


def test_without_local_files_originals_of_pico_banana_are_not_fetched(tmp_path: Path) -> None:
    rows = everything(opened(lists.pico_banana(tmp_path, local=False), "pico-banana"))
    assert {row.reason for row in rows if isinstance(row, Rejection)} == {"remote_not_allowed"}
    assert len(rows) == 6


def test_edits_of_pico_banana_of_the_whole_frame_are_skipped(tmp_path: Path) -> None:
    source = opened(lists.pico_banana(tmp_path), "pico-banana")
    assert sorted(skipped(source).values()) == [2, 2]
    assert [row.instruction for row in pairs(source)] == ["Do 0.", "Do 5."]


def test_a_session_of_pico_banana_is_a_chain_that_ends_in_the_final_picture(tmp_path: Path) -> None:
    found = pairs(opened(lists.pico_banana_sessions(tmp_path), "pico-banana-multi-turn"))
    assert [row.columns["turn"] for row in found] == [1, 2, 3, 4, 5, 1, 2]
    assert files(found[0]) == ("openimages/0.jpg", "images/multi-turn/0_turn1.png")
    assert files(found[4]) == ("images/multi-turn/0_turn4.png", "images/multi-turn/0_turn5.png")
    assert [row.instruction for row in found[5:]] == ["edit 1 of 1", "edit 2 of 1"]
    assert [row.columns["original_is_authentic"] for row in found] == [True] + [False] * 4 + [True, False]
    assert [row.columns["key"] for row in found] == [lists.FLICKR.format(0)] * 5 + [
        lists.FLICKR.format(1)
    ] * 2


def test_a_pair_of_imgedit_lies_in_lists_of_one(tmp_path: Path) -> None:
    (row,) = pairs(opened(lists.imgedit(tmp_path), "imgedit"))
    assert [Path(name).name for name in files(row)] == ["original.png", "result.png"]
    assert row.instruction == "Remove the people."


def test_an_edit_in_a_session_of_imgedit_names_its_own_original(tmp_path: Path) -> None:
    found = pairs(opened(lists.imgedit_sessions(tmp_path), "imgedit-multi-turn"))
    assert [row.columns["turn"] for row in found] == [1, 2, 3, 1, 2]
    assert [Path(files(row)[0]).name for row in found[:3]] == ["origin_0.png", "origin_1.png", "origin_2.png"]
    assert len({row.columns["key"] for row in found[:3]}) == 1


def test_the_last_picture_of_gpt_image_edit_is_the_edited_one(tmp_path: Path) -> None:
    (row,) = pairs(opened(lists.gpt_image_edit(tmp_path), "gpt-image-edit"))
    assert files(row) == ("input/0.png", "output/0.png")
    assert row.instruction == "Paint the door red."
    assert row.columns["whole_frame"] is True


def test_of_nhr_edit_no_side_is_authentic(tmp_path: Path) -> None:
    (row,) = pairs(opened(lists.nhr_edit(tmp_path), "nhr-edit"))
    assert row.columns["original_is_authentic"] is False
    assert (row.instruction, row.columns["key"]) == ("remove the lamp", "1_2")


def test_a_session_of_seed_is_a_chain_through_numbered_columns(tmp_path: Path) -> None:
    source = opened(lists.seed_sessions(tmp_path), "seed-data-edit-multi-turn")
    found = pairs(source)
    assert [row.columns["turn"] for row in found] == [1, 2, 3, 1]
    assert [row.columns["original_is_authentic"] for row in found] == [None, False, False, None]
    assert all(Path(side.path).is_file() for row in found for side in (row.original, row.edited))  # type: ignore[union-attr]
    assert found[1].original == found[0].edited
    assert sum(skipped(source).values()) == 1


def test_crispedit_skips_background_and_style(tmp_path: Path) -> None:
    source = opened(hub.crispedit(tmp_path), "crispedit")
    assert len(pairs(source)) == 5
    assert sum(skipped(source).values()) == 2


def test_all_edits_of_deal_300k_have_their_own_mask(tmp_path: Path) -> None:
    source = opened(folders.deal_300k(tmp_path), "deal-300k")
    found = {row.id: row for row in pairs(source)}
    assert set(found) == {f"train/{name}.jpg" for name in _DEAL}
    for id_, row in found.items():
        assert isinstance(row.mask, RuledMask)
        assert Path(row.mask.picture.key).stem == Path(id_).stem
        assert row.columns["original_is_authentic"] is True
    assert sum(skipped(source).values()) == 1


def test_instructions_of_deal_300k_go_by_photograph_and_checkpoint(tmp_path: Path) -> None:
    source = opened(folders.deal_300k(tmp_path), "deal-300k")
    assert {Path(row.id).stem: row.instruction for row in pairs(source)} == {
        "000000000009_qwen120": "let it snow 120",
        "000000000009_qwen180": "let it snow 180",
        "000000000459_qwen120": None,
    }
    assert "instruction" in {each.role for each in source.reading().chosen}


@pytest.mark.parametrize("broken", ["[{", '{"image_name": "000000000009.jpg"}'])
def test_instructions_that_cannot_be_read_are_said(broken: str, tmp_path: Path) -> None:
    place = folders.deal_300k(tmp_path)
    (place / "instructions" / "checkpoint-120_train_results.json").write_text(broken)
    with pytest.raises(InputError, match="instructions"):
        opened(place, "deal-300k")


def test_entries_of_instructions_that_are_none_are_passed_over(tmp_path: Path) -> None:
    place = folders.deal_300k(tmp_path)
    odd = '[1, null, {"image_name": 3}, {"image_name": "000000000009.jpg", "generated_text": ["x"]}]'
    (place / "instructions" / "checkpoint-120_train_results.json").write_text(odd)
    found = {Path(row.id).stem: row.instruction for row in pairs(opened(place, "deal-300k"))}
    assert found["000000000009_qwen120"] is None


_DEAL = ("000000000009_qwen120", "000000000009_qwen180", "000000000459_qwen120")


def test_miml_is_numbered_pictures_in_folders_and_the_lower_is_authentic(tmp_path: Path) -> None:
    source = opened(folders.miml(tmp_path), "miml")
    assert [files(row) for row in pairs(source)] == [
        (f"SPG/{name}/0.jpg", f"SPG/{name}/1.jpg") for name in ("a1", "b2")
    ]
    left = [row for row in everything(source) if isinstance(row, Rejection)]
    assert [(row.id, row.reason) for row in left] == [("SPG/c3/0.jpg", "unmatched")]


def test_forgeries_of_autosplice_share_the_mask_of_their_photograph(tmp_path: Path) -> None:
    source = opened(folders.autosplice(tmp_path), "autosplice")
    found = pairs(source)
    assert Counter(Path(row.id).parent.name for row in found) == {
        "Forged_JPEG75": 3,
        "Forged_JPEG90": 3,
        "Forged_JPEG100": 3,
    }
    masks = {row.mask.picture.key for row in found if isinstance(row.mask, RuledMask)}
    assert masks == {"Mask/71695_mask.png", "Mask/80012_mask.png"}
    assert all(files(row)[0].startswith("Authentic/") for row in found)
    assert sum(skipped(source).values()) == 1


def test_files_of_cocoglide_are_joined_by_number_though_names_hold_blanks(tmp_path: Path) -> None:
    found = pairs(opened(folders.cocoglide(tmp_path), "cocoglide"))
    assert len(found) == 3
    assert ("real/dining table_114871.png", "fake/glide_inpainting_val2017_114871_up.png") in map(
        files, found
    )
    assert all(np.array_equal(true_mask(row), region()) for row in found)


@pytest.mark.parametrize("name", [name for name, preset in PRESETS.items() if preset.grade == "unknown"])
def test_a_corpus_known_by_name_only_is_refused_with_what_to_check(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not established") as refused:
        opened(hub.magicbrush(tmp_path), name)
    assert PRESETS[name].check in refused.value.hint
    assert "--original COL --edited COL" in refused.value.hint


def test_every_preset_of_a_table_adds_the_same_columns_first(tmp_path: Path) -> None:
    source = opened(hub.magicbrush(tmp_path), "magicbrush")
    assert source.schema().names[:5] == ["corpus", "key", "turn", "original_is_authentic", "whole_frame"]
    assert pairs(source)[0].columns["corpus"] == "magicbrush"


def test_a_corpus_of_tables_may_have_pictures_beside_them(tmp_path: Path) -> None:
    place = hub.omniedit(tmp_path)
    lists.pictures(place, "comparison.png")  # as its repository has it
    assert len(pairs(opened(place, "omniedit"))) == 2


def test_a_corpus_is_read_at_a_distance_as_it_is_here(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    pytest.importorskip("aiohttp")
    place = hub.magicbrush(tmp_path)
    (table,) = (place / "data").glob("*.parquet")
    here = pairs(opened(table, "magicbrush"))
    with serving({f"/{table.name}": Answer(table.read_bytes())}) as web:
        there = pairs(
            open_source(f"{web.url}/{table.name}", roles=Roles(corpus="magicbrush", allow_remote=True))
        )
    assert there == here

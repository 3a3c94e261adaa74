"""Folders of pictures: known layouts become pairs, everything else is listed, nothing is guessed or lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.errors import InputError, SettingError
from maskwright.pairs.picture import read_picture
from maskwright.pairs.sources import Roles, Source, open_source
from maskwright.pairs.sources.base import native, portable
from maskwright.pairs.sources.layouts import arrange
from maskwright.pairs.values import Located, Pair, Rejection
from tests.contracts.source import SourceContract, everything
from tests.strategies import picture_file

PNG = picture_file("PNG")


def make(folder: Path, *files: str) -> Path:
    """Files with a picture in each."""
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(PNG)
    return folder


def keys(row: Pair) -> tuple[str, ...]:
    """The keys of original, edited and, if any, mask."""
    sides = [side for side in (row.original, row.edited, row.mask) if isinstance(side, Located)]
    return tuple(side.key for side in sides)


def pairs(source: Source) -> list[tuple[str, ...]]:
    return [keys(row) for row in everything(source) if isinstance(row, Pair)]


def left(source: Source) -> dict[str, str]:
    return {row.id: row.reason for row in everything(source) if isinstance(row, Rejection)}


class TestFolder(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        names = [f"{i}.png" for i in range(25)] + ["one two.png", "-dash.png", "ünï.png", "new\nline.png"]
        make(tmp_path, *(f"{side}/{name}" for side in ("original", "edited", "mask") for name in names))
        make(tmp_path, "original/alone.png", "elsewhere/x.png")
        return lambda: open_source(tmp_path)


class TestManyEditsOfAnOriginal(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        for i in range(12):
            make(tmp_path, f"{i}.jpg", f"{i}_a.jpg", f"{i}_a.png", f"{i}_b120.jpg")
        make(tmp_path, "lone.jpg")
        return lambda: open_source(str(tmp_path))


LAYOUTS = {
    "sides": (
        ["original/x.jpg", "edited/x.png", "mask/x.png", "original/y.jpg", "edited/y.jpg"],
        [("original/x.jpg", "edited/x.png", "mask/x.png"), ("original/y.jpg", "edited/y.jpg")],
    ),
    "other words": (["Before/x.jpg", "After/x.jpg"], [("Before/x.jpg", "After/x.jpg")]),
    "change detection": (
        ["A/x.png", "B/x.png", "label/x.png"],
        [("A/x.png", "B/x.png", "label/x.png")],
    ),
    "splits": (
        [f"{split}/{side}/x.png" for split in ("train", "val") for side in ("A", "B")],
        [("train/A/x.png", "train/B/x.png"), ("val/A/x.png", "val/B/x.png")],
    ),
    "folders in sides": (
        ["original/d/x.jpg", "edited/d/x.jpg", "original/e/x.jpg", "edited/e/x.jpg"],
        [("original/d/x.jpg", "edited/d/x.jpg"), ("original/e/x.jpg", "edited/e/x.jpg")],
    ),
    "names within sides mean nothing": (
        ["original/cat.jpg", "original/cat_2.jpg", "edited/cat.jpg", "edited/cat_2.jpg"],
        [("original/cat.jpg", "edited/cat.jpg"), ("original/cat_2.jpg", "edited/cat_2.jpg")],
    ),
    "masks with an ending": (
        ["real/x.png", "fake/x.png", "mask/x_mask.png", "real/y.png", "fake/y.png", "mask/y_gt.png"],
        [("real/x.png", "fake/x.png", "mask/x_mask.png"), ("real/y.png", "fake/y.png", "mask/y_gt.png")],
    ),
    "a side's word further up": (
        ["target/original/x.png", "target/edited/x.png"],
        [("target/original/x.png", "target/edited/x.png")],
    ),
    "numbered": (
        ["p/0.jpg", "p/1.jpg", "q/0.jpg", "q/1.png", "q/mask.png"],
        [("p/0.jpg", "p/1.jpg"), ("q/0.jpg", "q/1.png", "q/mask.png")],
    ),
    "seeds (InstructPix2Pix)": (
        ["p/71_0.jpg", "p/71_1.jpg", "p/88_0.jpg", "p/88_1.jpg"],
        [("p/71_0.jpg", "p/71_1.jpg"), ("p/88_0.jpg", "p/88_1.jpg")],
    ),
    "endings": (
        ["x_original.jpg", "x_edited.png", "x_mask.png", "d/y_before.jpg", "d/y_after.jpg"],
        [("d/y_before.jpg", "d/y_after.jpg"), ("x_original.jpg", "x_edited.png", "x_mask.png")],
    ),
    "suffixes (DEAL-300K)": (
        ["9.jpg", "9_qwen120.jpg", "9_qwen120.png", "9_qwen180.jpg", "9_qwen180.png"],
        [("9.jpg", "9_qwen120.jpg", "9_qwen120.png"), ("9.jpg", "9_qwen180.jpg", "9_qwen180.png")],
    ),
    "suffix with a mask of its own": (
        ["x.jpg", "x_v1.png", "x_v1_mask.png"],
        [("x.jpg", "x_v1.png", "x_v1_mask.png")],
    ),
    "one edit and the mask of the original": (
        ["x.jpg", "x_new.jpg", "x_mask.png"],
        [("x.jpg", "x_new.jpg", "x_mask.png")],
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_known_layout_becomes_its_pairs(name: str, tmp_path: Path) -> None:
    files, expected = LAYOUTS[name]
    source = open_source(make(tmp_path, *files))
    assert sorted(pairs(source)) == sorted(expected)
    assert left(source) == {}


LEFT = {
    "no partner": (
        ["original/x.jpg", "edited/x.jpg", "original/y.jpg", "mask/z.png"],
        {"original/y.jpg": "unmatched", "mask/z.png": "unmatched"},
    ),
    "two originals": (
        ["original/x.jpg", "edited/x.jpg", "original/y.jpg", "original/y.png", "edited/y.jpg"],
        {"original/y.jpg": "ambiguous", "original/y.png": "ambiguous", "edited/y.jpg": "ambiguous"},
    ),
    "outside": (["original/x.jpg", "edited/x.jpg", "x.jpg"], {"x.jpg": "unmatched"}),
    "a chain": (["a.jpg", "a_b.jpg", "a_b_c.jpg"], {"a_b_c.jpg": "ambiguous"}),
    "two of a stem": (
        ["a.jpg", "a_b.jpg", "a_c.jpg", "a_c.webp", "a_c.bmp"],
        {"a_c.jpg": "ambiguous", "a_c.webp": "ambiguous", "a_c.bmp": "ambiguous"},
    ),
    "whose mask": (
        ["a.jpg", "a_b.jpg", "a_c.jpg", "a_mask.png"],
        {"a_mask.png": "unmatched"},
    ),
    "numbers that go on": (
        ["p/0.jpg", "p/1.jpg", "q/0.jpg", "q/1.jpg", "q/2.jpg"],
        {"q/0.jpg": "unmatched", "q/1.jpg": "unmatched", "q/2.jpg": "unmatched"},
    ),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_has_no_clear_partner_is_listed_with_its_reason(name: str, tmp_path: Path) -> None:
    files, expected = LEFT[name]
    source = open_source(make(tmp_path, *files))
    assert pairs(source)
    assert left(source) == expected


def test_more_than_one_layout_is_refused_with_what_was_seen(tmp_path: Path) -> None:
    make(tmp_path, "original/x.jpg", "edited/x.jpg", "other/0.jpg", "other/1.jpg")
    with pytest.raises(InputError, match=r"1 pairs as original/x.jpg.*1 pairs as x/0.jpg") as refusal:
        open_source(tmp_path)
    assert "table" in refusal.value.hint


def test_no_layout_is_refused_with_what_was_seen(tmp_path: Path) -> None:
    make(tmp_path, "IMG1.jpg", "IMG2.jpg", "more/IMG3.jpg")
    with pytest.raises(InputError, match=r"3 pictures in \., more; for example IMG1\.jpg") as refusal:
        open_source(tmp_path)
    assert "original,edited" in refusal.value.hint


def test_a_table_in_a_folder_of_no_layout_is_pointed_at(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg")
    (tmp_path / "pairs.csv").write_text("original,edited\n")
    with pytest.raises(InputError) as refusal:
        open_source(tmp_path)
    assert "pairs.csv" in refusal.value.hint


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pictures"):
        open_source(tmp_path)


def test_swap_exchanges_the_sides_and_keeps_the_ids(tmp_path: Path) -> None:
    make(tmp_path, "A/x.png", "B/x.png")
    (row,) = everything(open_source(tmp_path, roles=Roles(swap=True)))
    assert isinstance(row, Pair)
    assert keys(row) == ("B/x.png", "A/x.png")
    assert row.id == "B/x.png"


def test_columns_cannot_be_chosen_in_a_folder(tmp_path: Path) -> None:
    make(tmp_path, "A/x.png", "B/x.png")
    with pytest.raises(SettingError, match="no columns"):
        open_source(tmp_path, roles=Roles(original="a"))


def test_hidden_files_other_files_and_our_own_output_are_not_looked_at(tmp_path: Path) -> None:
    make(tmp_path, "A/x.png", "B/x.png", "A/._x.png", ".cache/y.png", "__MACOSX/A/x.png")
    make(tmp_path, "out/masks/z.png", "out/run.json", "out/plan.parquet")
    (tmp_path / "notes.txt").write_text("words")
    source = open_source(tmp_path)
    assert (len(pairs(source)), left(source)) == (1, {})


def test_linked_folders_are_followed_and_circles_end(tmp_path: Path) -> None:
    make(tmp_path, "far/x.png", "near/B/x.png")
    (tmp_path / "near/A").symlink_to(tmp_path / "far")
    (tmp_path / "near/B/round").symlink_to(tmp_path / "near")
    assert pairs(open_source(tmp_path / "near")) == [("A/x.png", "B/x.png")]


def test_a_link_that_leads_nowhere_is_a_pair_whose_picture_is_missing(tmp_path: Path) -> None:
    make(tmp_path, "A/x.png", "B/y.png")
    (tmp_path / "B/x.png").symlink_to(tmp_path / "gone.png")
    (row,) = [row for row in everything(open_source(tmp_path)) if isinstance(row, Pair)]
    with pytest.raises(InputError) as refusal:
        read_picture(row.edited)
    assert refusal.value.reason == "file_missing"


def test_names_that_are_no_utf8_are_read_and_kept_apart(tmp_path: Path) -> None:
    names = [b"\xff", b"\\xff", b"a\\\\b", b"\xc3\x28"]
    for side in (b"/A/", b"/B/"):
        os.makedirs(os.fsencode(tmp_path) + side)
        for name in names:
            with open(os.fsencode(tmp_path) + side + name + b".png", "wb") as file:
                file.write(PNG)
    rows = everything(open_source(tmp_path))
    assert len({row.id for row in rows}) == len(names)
    for row in rows:
        assert isinstance(row, Pair)
        assert row.id.encode("utf-8")
        assert read_picture(row.edited).pixels.shape == (20, 24, 3)


def test_a_changed_folder_is_noticed(tmp_path: Path) -> None:
    make(tmp_path, "A/x.png", "B/x.png")
    plan = open_source(tmp_path).plan()
    make(tmp_path, "A/y.png", "B/y.png")
    with pytest.raises(InputError, match="changed"):
        list(open_source(tmp_path).read(plan[0]))


@given(st.text().map(lambda text: text.replace("\0", "")) | st.binary().map(os.fsdecode))
@settings(max_examples=200, deadline=None)
def test_a_key_leads_back_to_its_path(path: str) -> None:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:  # not the name of any file
        return
    assert portable(path).encode("utf-8") is not None
    assert native(portable(path)) == path


_NAMES = st.text("ab01_", min_size=1, max_size=4)
_FOLDERS = st.sampled_from(
    ["", "original/", "edited/", "mask/", "A/", "B/", "d/", "d/original/", "d/edited/"]
)
_FILES = st.builds(
    "{}{}{}".format,
    _FOLDERS,
    _NAMES | st.sampled_from(["0", "1", "mask", "x_original", "x_edited", "x_mask", "x"]),
    st.sampled_from([".avif", ".bmp", ".png", ".jpg"]),
)


_SURE = st.sampled_from(
    [
        {"original/s.jpg", "edited/s.jpg"},
        {"d/0.png", "d/1.png"},
        {"s.jpg", "s_t.jpg"},
        {"s_before.png", "s_after.png"},
    ]
)


@given(st.builds(set.union, st.sets(_FILES, max_size=10), _SURE).map(sorted))
@settings(max_examples=300, deadline=None)
def test_every_picture_file_is_in_a_pair_or_listed_never_both(files: list[str]) -> None:
    try:
        layout = arrange(files, "here")
    except InputError:  # more than one layout
        return
    assert layout.pairs
    in_pairs = [file for pair in layout.pairs for file in pair if file]
    assert set(in_pairs) | set(layout.left) == set(files)
    assert not set(in_pairs) & set(layout.left)
    edits = [edited for _, edited, _ in layout.pairs]
    masks = [mask for *_, mask in layout.pairs if mask]
    assert len(set(edits) | set(masks)) == len(edits) + len(masks)


def test_a_folder_says_its_layout_and_what_in_the_names_decides(tmp_path: Path) -> None:
    make(tmp_path, "before/a.png", "after/a.png", "before/b.png", "after/b.png", "gt/b.png")
    reading = open_source(tmp_path).reading()
    assert (reading.kind, reading.layout) == (
        "a folder of pictures",
        "original/x.jpg edited/x.jpg [mask/x.png]",
    )
    assert [(each.role, each.place) for each in reading.chosen] == [
        ("original", "before/a.png"),
        ("edited", "after/a.png"),
        ("mask", "gt/b.png"),
    ]
    assert all("folder's name" in each.why for each in reading.chosen)


def test_what_to_ignore_lies_beside_the_masks_and_is_no_row(tmp_path: Path) -> None:
    make(tmp_path, "p/original/a.png", "p/edited/a.png", "p/mask/a.png", "p/ignore/a.png", "ignore/b.png")
    source = open_source(tmp_path)
    rows = [row for part in source.plan() for row in source.read(part)]
    assert [row.id for row in rows] == ["ignore/b.png", "p/edited/a.png"]


def test_a_swapped_folder_says_so_and_names_the_sides_as_they_are_read(tmp_path: Path) -> None:
    make(tmp_path, "before/a.png", "after/a.png")
    reading = open_source(tmp_path, roles=Roles(swap=True)).reading()
    assert reading.swapped
    assert [each.place for each in reading.chosen] == ["after/a.png", "before/a.png"]

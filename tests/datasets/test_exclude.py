"""Rows that show a picture of a test set are found, in whatever form the test set comes."""

from __future__ import annotations

import csv
import io
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from maskwright.corpus.reader import Corpus
from maskwright.datasets.leaks.exclude import shown_in
from maskwright.errors import InputError, SettingError
from maskwright.pairs.values import Picture
from tests.corpus.made import png, save
from tests.datasets.pictured import corpus, rows_of, touched
from tests.pairs import test_descriptor
from tests.pairs.test_descriptor import cut, mirrored


def scene(seed: int) -> Picture:
    """Small, so that a test stays quick."""
    return test_descriptor.scene(seed, 150, 200)


def ours(place: Path) -> Corpus:
    """Three photographs; the edited picture of the last is scene 8."""
    pictures = {str(number): scene(number) for number in range(3)}
    pictures |= {"0_": touched(scene(0)), "1_": touched(scene(1)), "2_": scene(8)}
    return corpus(place / "ours", pictures, [("0", "0_"), ("1", "1_"), ("2", "2_")])


def kept_out(source: object, *corpora: Corpus) -> list[bool]:
    found = shown_in(str(source), corpora, rows_of(*corpora))
    return [bool(flag) for flags in found for flag in flags]


def test_a_folder_is_searched_at_any_depth(tmp_path: Path) -> None:
    save(tmp_path / "test" / "deep" / "down" / "x.png", mirrored(cut(scene(1), 0.0, 0.1, 0.9, 0.9)))
    save(tmp_path / "test" / "y.png", scene(20))
    assert kept_out(tmp_path / "test", ours(tmp_path)) == [False, True, False]


def test_an_edited_picture_that_is_shown_counts_too(tmp_path: Path) -> None:
    save(tmp_path / "test" / "x.png", mirrored(scene(8)))
    assert kept_out(tmp_path / "test", ours(tmp_path)) == [False, False, True]


def test_all_rows_of_the_same_session_are_kept_out(tmp_path: Path) -> None:
    pictures = {str(number): scene(number) for number in range(4)}
    made = corpus(tmp_path / "ours", pictures, [("0", "1"), ("2", "3"), ("1", "2")], ["a", "b", "c"])
    save(tmp_path / "test" / "x.png", scene(0))
    assert kept_out(tmp_path / "test", made) == [True, True, True]


def test_what_annotate_wrote_is_a_test_set(tmp_path: Path) -> None:
    pictures = {"a": scene(30), "b": mirrored(scene(0)), "c": scene(31), "d": scene(2)}
    corpus(tmp_path / "test", pictures, [("a", "b"), ("c", "d")])
    assert kept_out(tmp_path / "test" / "out", ours(tmp_path)) == [True, False, True]


def test_what_annotate_wrote_needs_its_pictures_once(tmp_path: Path) -> None:
    made = ours(tmp_path)
    tests = corpus(tmp_path / "test", {"a": mirrored(scene(0)), "b": scene(31)}, [("a", "b")])
    first = kept_out(tests.out, made)
    for path in tmp_path.rglob("*.png"):
        path.unlink()
    assert kept_out(tests.out, made) == first == [True, False, False]


def pairs_as(form: str, place: Path) -> Path:
    """One pair, of the third photograph and another, in a table, Parquet or a tar."""
    place.mkdir()
    pictures = {"original": mirrored(scene(2)), "edited": scene(40)}
    if form == "csv":
        for name, picture in pictures.items():
            save(place / f"{name}.png", picture)
        with (place / "table.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["original", "edited"], ["original.png", "edited.png"]])
        return place / "table.csv"
    if form == "parquet":
        cells = {name: [{"bytes": png(picture), "path": None}] for name, picture in pictures.items()}
        pq.write_table(pa.table(cells), place / "table.parquet")
        return place / "table.parquet"
    with tarfile.open(place / "pairs.tar", "w") as tar:
        for name, picture in pictures.items():
            member = tarfile.TarInfo(f"0001.{name}.png")
            member.size = len(png(picture))
            tar.addfile(member, io.BytesIO(png(picture)))
    return place / "pairs.tar"


@pytest.mark.parametrize("form", ["csv", "parquet", "tar"])
def test_both_pictures_of_pairs_are_looked_for(form: str, tmp_path: Path) -> None:
    assert kept_out(pairs_as(form, tmp_path / "test"), ours(tmp_path)) == [False, False, True]


def test_a_published_set_is_read_by_its_name(tmp_path: Path) -> None:
    save(tmp_path / "test" / "4cam_splc" / "canong3_canonxt_sub_01.tif", scene(1))
    save(tmp_path / "test" / "4cam_auth" / "canong3_02_sub_01.tif", scene(50))
    assert kept_out(f"columbia={tmp_path / 'test'}", ours(tmp_path)) == [False, True, False]


def test_the_contact_sheet_of_a_card_is_not_taken_for_a_dataset_in_shards(tmp_path: Path) -> None:
    cells = {
        "image": [{"bytes": png(scene(1)), "path": None}],
        "mask": [{"bytes": png(scene(9)), "path": None}],
    }
    (tmp_path / "test" / "data").mkdir(parents=True)
    pq.write_table(pa.table(cells), tmp_path / "test" / "data" / "test-00000-of-00001.parquet")
    save(tmp_path / "test" / "card" / "pictures.png", scene(50))
    assert kept_out(tmp_path / "test", ours(tmp_path)) == [False, True, False]


def test_masks_alone_are_no_test_set(tmp_path: Path) -> None:
    row = dict.fromkeys(("stem", "label", "id", "source", "source_original", "source_edited"), "a")
    cells = {**{name: [text] for name, text in row.items()}, "mask": [{"bytes": png(scene(9)), "path": None}]}
    (tmp_path / "test" / "data").mkdir(parents=True)
    pq.write_table(pa.table(cells), tmp_path / "test" / "data" / "test-00000-of-00001.parquet")
    save(tmp_path / "test" / "card" / "pictures.png", scene(50))
    with pytest.raises(InputError, match=r"no picture of .* could be read"):
        kept_out(tmp_path / "test", ours(tmp_path))


def test_pictures_that_cannot_be_read_are_counted_and_said(tmp_path: Path) -> None:
    save(tmp_path / "test" / "x.png", scene(1))
    (tmp_path / "test" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    made = ours(tmp_path)
    with pytest.warns(UserWarning, match=r"1 of 2 pictures of .*could not be read.*broken\.png"):
        assert kept_out(tmp_path / "test", made) == [False, True, False]


def test_where_our_own_picture_is_gone_the_row_is_kept_out_and_it_is_said(tmp_path: Path) -> None:
    save(tmp_path / "test" / "x.png", mirrored(scene(1)))
    made = ours(tmp_path)
    for name in ("1", "1_"):
        (tmp_path / "ours" / f"{name}.png").unlink()
    with pytest.warns(UserWarning, match="could not be opened again"):
        assert kept_out(tmp_path / "test", made) == [False, True, False]


def test_flags_come_corpus_by_corpus(tmp_path: Path) -> None:
    save(tmp_path / "test" / "x.png", scene(1))
    save(tmp_path / "test" / "y.png", scene(60))
    other = corpus(tmp_path / "other", {"a": scene(60), "b": touched(scene(60))}, [("a", "b")])
    made = ours(tmp_path)
    found = shown_in(str(tmp_path / "test"), [made, other], rows_of(made, other))
    assert [flags.tolist() for flags in found] == [[False, True, False], [True]]
    assert all(flags.dtype == np.bool_ for flags in found)


def test_progress_never_goes_beyond_its_end(tmp_path: Path) -> None:
    save(tmp_path / "test" / "x.png", scene(1))
    made = ours(tmp_path)
    seen: list[tuple[int, int]] = []
    shown_in(
        str(tmp_path / "test"), [made], rows_of(made), progress=lambda done, total: seen.append((done, total))
    )
    assert seen
    assert all(0 < done <= total for done, total in seen)


def test_what_is_no_test_set_says_what_is(tmp_path: Path) -> None:
    made = ours(tmp_path)
    with pytest.raises(InputError, match="no such file or folder") as fault:
        kept_out(tmp_path / "nowhere", made)
    assert "columbia=FOLDER" in fault.value.hint
    with pytest.raises(SettingError) as unknown:
        kept_out("colombia=/somewhere", made)
    assert "columbia" in unknown.value.hint
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"no picture of .* could be read"):
        kept_out(tmp_path / "broken", made)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError):
        kept_out(tmp_path / "empty", made)

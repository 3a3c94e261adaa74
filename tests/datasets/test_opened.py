"""Any dataset is opened as records: what lies where, its splits and labels, and what is no dataset."""

from __future__ import annotations

from pathlib import Path

import pytest

from maskwright.datasets.building.build import BuildOptions, build
from maskwright.datasets.building.plan import PLAN
from maskwright.datasets.check.checking import check
from maskwright.datasets.opened import open_dataset
from maskwright.errors import InputError, RunError
from maskwright.pairs.maskfile import read_mask
from maskwright.pairs.values import Rejection, RuledMask
from tests.corpus.inspect.made import clean_rows as clean_pairs
from tests.corpus.inspect.made import write_table
from tests.datasets.building import corpus_of, table_of
from tests.datasets.spoilt import clean_rows, put, write_benco, write_change, write_imagefolder, write_pairs
from tests.pairs.corpora.labelled import columbia

LAYOUTS = {
    "imagefolder": write_imagefolder,
    "imdlbenco": write_benco,
    "change-detection": write_change,
    "pairs": write_pairs,
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_is_told_by_its_folders(layout: str, tmp_path: Path) -> None:
    opened = open_dataset(LAYOUTS[layout](tmp_path, clean_rows(4)))
    assert opened.layout == layout
    assert len(list(opened.records())) == 4


@pytest.mark.parametrize("layout", ["imagefolder", "change-detection", "pairs"])
def test_originals_come_along_where_the_layout_has_them(layout: str, tmp_path: Path) -> None:
    opened = open_dataset(LAYOUTS[layout](tmp_path, clean_rows(2)))
    assert all(record.original is not None for record in opened.records())


def test_folders_of_splits_are_splits(tmp_path: Path) -> None:
    opened = open_dataset(write_benco(tmp_path, clean_rows(4)))
    assert [record.split for record in opened.records()] == ["train", "train", "train", "test"]


def test_a_table_of_pairs_with_masks_is_a_dataset(tmp_path: Path) -> None:
    opened = open_dataset(write_table(tmp_path, clean_pairs(3)))
    assert opened.layout == "pairs"
    assert opened.rows == len(list(opened.records())) == 3


def test_a_column_split_of_a_table_is_the_split(tmp_path: Path) -> None:
    table = write_table(tmp_path, clean_pairs(2), split=["train", "test"])
    assert [record.split for record in open_dataset(table).records()] == ["train", "test"]


def test_a_published_set_is_read_by_its_rules(tmp_path: Path) -> None:
    opened = open_dataset(columbia(tmp_path), corpus="columbia")
    records = list(opened.records())
    assert {record.label for record in records} == {"forged", "authentic"}
    forged = next(record for record in records if record.label == "forged")
    assert isinstance(forged.mask, RuledMask)
    assert read_mask(forged.mask).any()


def test_files_that_are_no_record_keep_their_reason(tmp_path: Path) -> None:
    folder = write_pairs(tmp_path, clean_rows(2))
    put(folder / "edited" / "alone.png", clean_rows(1)[0].picture)
    left = [row for row in open_dataset(folder).read() if isinstance(row, Rejection)]
    assert [(row.id, row.reason) for row in left] == [("edited/alone.png", "unmatched")]


def test_it_can_be_read_again(tmp_path: Path) -> None:
    opened = open_dataset(write_imagefolder(tmp_path, clean_rows(3)))
    assert [record.id for record in opened.records()] == [record.id for record in opened.records()]


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        open_dataset(tmp_path / "nowhere")


def test_what_is_not_known_is_refused_with_what_is(tmp_path: Path) -> None:
    put(tmp_path / "x" / "a.png", clean_rows(1)[0].picture)
    with pytest.raises(InputError) as error:
        open_dataset(tmp_path)
    assert "Tp and Gt" in error.value.hint


def test_what_annotate_wrote_is_no_dataset_and_the_way_to_one_is_said(tmp_path: Path) -> None:
    out = corpus_of(table_of(tmp_path / "source", range(2), edits=1), tmp_path / "out")
    with pytest.raises(InputError, match="is what annotate wrote") as told:
        open_dataset(out)
    assert f"maskwright select {out}" in told.value.hint


def test_a_dataset_that_is_not_finished_is_not_opened(tmp_path: Path) -> None:
    out = corpus_of(table_of(tmp_path / "source", range(3), edits=1), tmp_path / "out")
    build(tmp_path / "dataset", outs=[out], selection="all", format="parquet", workers=1)
    assert len(list(open_dataset(tmp_path / "dataset").records())) == 3
    stopped_in_the_middle(tmp_path / "dataset")
    with pytest.raises(RunError, match="is not finished"):
        open_dataset(tmp_path / "dataset")


def test_masks_that_are_not_all_there_are_not_joined(tmp_path: Path) -> None:
    out = corpus_of(table_of(tmp_path / "source", range(3), edits=1), tmp_path / "out")
    build(tmp_path / "masks", outs=[out], selection="all", format="masks", workers=1)
    stopped_in_the_middle(tmp_path / "masks")
    options = BuildOptions(sources=(str(tmp_path / "source" / "table.csv"),))
    with pytest.raises(RunError, match="is not finished"):
        build(tmp_path / "joined", outs=[tmp_path / "masks"], format="parquet", options=options, workers=1)
    assert not (tmp_path / "joined").exists()


def test_a_list_of_rows_that_is_damaged_does_not_make_a_dataset_smaller_unnoticed(tmp_path: Path) -> None:
    out = corpus_of(table_of(tmp_path / "source", range(3), edits=1), tmp_path / "out")
    build(tmp_path / "dataset", outs=[out], selection="all", format="coco", workers=1)
    assert not any("were built" in said for said in check(tmp_path / "dataset").not_looked)
    (tmp_path / "dataset" / "train.json").write_text("{")
    (said,) = (said for said in check(tmp_path / "dataset").not_looked if "were built" in said)
    assert said.startswith("3 rows were built and 2 are found")


def stopped_in_the_middle(dataset: Path) -> None:
    """What a kill leaves: the plan is still there, and a split is not yet."""
    (dataset / PLAN).parent.mkdir()
    (dataset / PLAN).write_bytes(b"")
    for name in ("checksums.sha256", "provenance/test-00000.parquet", "data/test-00000-of-00001.parquet"):
        (dataset / name).unlink()

"""A dataset of corpora that the tests make: what is in it is what was selected, as it was, and traceable."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image

from maskwright.corpus.reader import open_corpus
from maskwright.datasets.building.build import Announced, BuildOptions, BuildSummary, build
from maskwright.datasets.formats import load_format
from maskwright.datasets.selecting.select import select
from maskwright.datasets.shortcuts.containers import Encoding
from maskwright.errors import RunError
from maskwright.pairs.picture import read_mask
from tests.corpus.made import save
from tests.datasets.building import (
    corpus_of,
    digests,
    edit,
    rows_of,
    scene,
    settings_of,
    soft_edit,
    table_of,
)

PHOTOGRAPHS = BuildOptions(authentic=1.0, originals_are_photographs=True)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("sources")
    table_of(place / "many", range(12), nothing=[3, 5])
    table_of(place / "few", range(100, 104), edits=1, licence="MIT")
    return place


@pytest.fixture(scope="module")
def outs(sources: Path) -> list[Path]:
    return [
        corpus_of(sources / name / "table.csv", sources.parent / f"out-{name}") for name in ("many", "few")
    ]


@pytest.fixture(scope="module")
def said() -> list[Announced]:
    return []


@pytest.fixture(scope="module")
def dataset(outs: list[Path], said: list[Announced], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "dataset"

    def heard(announced: Announced) -> None:
        assert not folder.exists()
        said.append(announced)

    build(
        folder,
        outs=outs,
        selection="all",
        format="imagefolder",
        options=PHOTOGRAPHS,
        workers=1,
        announce=heard,
    )
    return folder


def pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        return np.asarray(picture)


def file_of(dataset: Path, row: dict[str, Any], role: str) -> Path:
    (path,) = (file["path"] for file in row["files"] if file["role"] == role)
    return dataset / path


def forged(dataset: Path) -> list[dict[str, Any]]:
    return [row for row in rows_of(dataset) if row["label"] == "forged"]


def authentic(dataset: Path) -> list[dict[str, Any]]:
    return [row for row in rows_of(dataset) if row["label"] == "authentic"]


# ---- which rows -----------------------------------------------------------------------------------------


def test_every_selected_row_with_an_edit_is_forged_once(dataset: Path, outs: list[Path]) -> None:
    found = sorted((row["source"], row["id"]) for row in forged(dataset))
    wanted = [
        (f"{name}/table.csv", row)
        for name, out in zip(("many", "few"), outs, strict=True)
        for row in open_corpus(out).sql("area_frac > 0")["id"].to_pylist()
    ]
    assert found == sorted(wanted)
    assert len(found) == 28


def test_rows_with_nothing_edited_are_left_out_and_counted(dataset: Path) -> None:
    funnel = settings_of(dataset)["taken"][0]["funnel"]
    assert funnel[0] == ["rows", 26]
    assert ["something is edited", 24] in funnel
    assert all(row["area_frac"] > 0 for row in forged(dataset))


def test_no_photograph_is_in_two_splits(dataset: Path) -> None:
    splits: dict[int, set[str]] = {}
    for row in rows_of(dataset):
        splits.setdefault(row["photograph"], set()).add(row["split"])
    assert len(splits) == 16
    assert all(len(found) == 1 for found in splits.values())
    assert {split for found in splits.values() for split in found} == {"train", "val", "test"}


def test_edits_of_one_original_have_the_same_photograph(dataset: Path) -> None:
    numbers: dict[tuple[str, str], set[int]] = {}
    for row in rows_of(dataset):
        numbers.setdefault((row["source"], row["original"]), set()).add(row["photograph"])
    assert len(numbers) == 16
    assert all(len(found) == 1 for found in numbers.values())


def test_what_is_announced_is_what_is_written(dataset: Path, said: list[Announced]) -> None:
    (announced,) = said
    rows = rows_of(dataset)
    assert announced.counts == {
        split: {
            label: sum(row["split"] == split and row["label"] == label for row in rows)
            for label in ("forged", "authentic")
        }
        for split in ("train", "val", "test")
    }
    files = [path for path in dataset.rglob("*") if path.is_file()]
    assert len(files) <= announced.files + 10
    # a file of the card does not shrink with the pictures; these are a hundredth of usual ones
    pictures = sum(file["bytes"] for row in rows for file in row["files"])
    assert 0.7 < announced.bytes / (pictures + 700 * len(rows)) < 1.4


# ---- what is in the files -------------------------------------------------------------------------------


def test_a_forged_picture_has_the_pixels_of_its_edited_one(dataset: Path, sources: Path) -> None:
    for row in forged(dataset)[:12]:
        there = pixels(sources / row["source"].split("/")[0] / row["edited"])
        assert np.array_equal(pixels(file_of(dataset, row, "picture")), there)


def test_a_mask_is_the_corpus_s_own_in_0_and_255(dataset: Path, outs: list[Path]) -> None:
    corpora = {f"{name}/table.csv": open_corpus(out) for name, out in zip(("many", "few"), outs, strict=True)}
    for row in forged(dataset)[:12]:
        mask = corpora[row["source"]].mask(row["id"])
        assert mask is not None
        assert mask.any()
        assert np.array_equal(pixels(file_of(dataset, row, "mask")), mask.astype(np.uint8) * 255)


def test_an_authentic_picture_is_its_original_and_its_mask_is_black(dataset: Path, sources: Path) -> None:
    rows = authentic(dataset)
    assert len(rows) == 16, "there are no more originals"
    for row in rows:
        there = pixels(sources / row["source"].split("/")[0] / row["original"])
        assert np.array_equal(pixels(file_of(dataset, row, "picture")), there)
        assert not pixels(file_of(dataset, row, "mask")).any()
        assert (row["area_frac"], row["verdict"], row["annotator"]) == (0.0, None, None)


def test_the_original_of_a_forged_picture_lies_on_its_grid(dataset: Path, sources: Path) -> None:
    row = forged(dataset)[0]
    there = pixels(sources / row["source"].split("/")[0] / row["original"])
    assert np.array_equal(pixels(file_of(dataset, row, "original")), there)


def test_pasted_back_pictures_are_the_original_outside_the_mask(outs: list[Path], tmp_path: Path) -> None:
    options = BuildOptions(regeneration="paste-back")
    folder = tmp_path / "dataset"
    build(folder, outs=outs[1:], selection="all", format="imagefolder", options=options, workers=1)
    for row in forged(folder):
        picture, original = (pixels(file_of(folder, row, role)) for role in ("picture", "original"))
        mask = pixels(file_of(folder, row, "mask")) > 0
        assert np.array_equal(picture[~mask], original[~mask])
        assert (picture[mask] != original[mask]).any()
        assert row["regeneration"] == "paste-back"


def test_pictures_are_stored_as_asked(outs: list[Path], tmp_path: Path) -> None:
    options = BuildOptions(encoding=Encoding("jpeg", 90))
    build(tmp_path / "a", outs=outs[1:], selection="all", format="imagefolder", options=options, workers=1)
    for row in rows_of(tmp_path / "a"):
        with Image.open(file_of(tmp_path / "a", row, "picture")) as picture:
            assert picture.format == "JPEG"
    assert settings_of(tmp_path / "a")["encoding"] == "jpeg 90"


@pytest.mark.parametrize("format", ["imagefolder", "masks"])
def test_masks_are_at_the_threshold_of_the_selection(format: str, tmp_path: Path) -> None:
    source = table_of(tmp_path / "source", range(3), edits=1)
    for number in range(3):
        dark = scene(number) // 2
        save(source.parent / f"{number:03d}.png", dark)
        save(source.parent / f"{number:03d}-0.png", soft_edit(dark))
    out = corpus_of(source, tmp_path / "out", threshold=0.3)
    build(tmp_path / "dataset", outs=[out], selection="all", format=format, workers=1)
    corpus = open_corpus(out)
    records = {record.row["id"]: record for record in load_format(format).read(tmp_path / "dataset")}
    differ = 0
    for row in rows_of(tmp_path / "dataset"):
        change, stored = corpus.change(row["id"]), corpus.mask(row["id"])
        assert change is not None
        mask = change >= 0.3
        found = read_mask(records[row["id"]].mask)
        assert np.array_equal(found, mask)
        assert row["area_frac"] == pytest.approx(mask.mean())
        differ += not np.array_equal(mask, stored)
    assert differ, "else nothing is shown"
    assert settings_of(tmp_path / "dataset")["taken"][0]["threshold"] == 0.3
    assert {(row["verdict"], row["confidence"]) for row in rows_of(tmp_path / "dataset")} == {(None, None)}


# ---- where it comes from --------------------------------------------------------------------------------


def test_a_row_says_its_terms_its_source_and_all_it_carried(dataset: Path) -> None:
    row = next(row for row in forged(dataset) if row["source"] == "many/table.csv")
    assert (row["licence"], row["redistribute"]) == ("CC BY 4.0", "pictures")
    assert json.loads(row["columns"]) == {"note": "a, b"}
    assert (row["width"], row["height"], row["kind"]) == (96, 96, "identity")


def test_a_row_has_the_checksums_of_its_source_s_files(dataset: Path, sources: Path) -> None:
    there = digests(sources)
    for row in rows_of(dataset):
        folder = row["source"].split("/")[0]
        assert row["original_sha256"] == there[f"{folder}/{row['original']}"]
        wanted = None if row["label"] == "authentic" else there[f"{folder}/{row['edited']}"]
        assert row["edited_sha256"] == wanted


def test_every_file_has_its_checksum_and_coreutils_agrees(dataset: Path) -> None:
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "checksums.sha256"], cwd=dataset, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    listed = {line.split("  ", 1)[1] for line in (dataset / "checksums.sha256").read_text().splitlines()}
    assert listed == set(digests(dataset)) - {"checksums.sha256"}


def test_nothing_in_it_says_where_on_the_disk_it_was_made(dataset: Path, outs: list[Path]) -> None:
    home = str(outs[0].parent).encode()
    assert not [path for path in dataset.rglob("*") if path.is_file() and home in path.read_bytes()]
    for path in (dataset / "provenance").iterdir():
        assert home.decode() not in str(pq.read_table(path).to_pylist())


def test_what_the_build_itself_needed_is_gone(dataset: Path) -> None:
    assert not [path for path in dataset.rglob("*") if path.name.startswith(".")]


# ---- again ----------------------------------------------------------------------------------------------


def again(dataset: Path, outs: list[Path], **changes: Any) -> BuildSummary:
    given: dict[str, Any] = {"selection": "all", "format": "imagefolder", "options": PHOTOGRAPHS} | changes
    return build(dataset, outs=outs, workers=1, **given)


def test_the_same_line_again_changes_nothing(dataset: Path, outs: list[Path]) -> None:
    before = digests(dataset)
    summary = again(dataset, outs)
    assert digests(dataset) == before
    assert summary.rows == 44


def test_a_part_that_was_taken_away_is_made_again(dataset: Path, outs: list[Path], tmp_path: Path) -> None:
    before, copy = digests(dataset), tmp_path / "dataset"
    shutil.copytree(dataset, copy)
    (copy / "provenance" / "val-00000.parquet").unlink()
    summary = again(copy, outs)
    assert 0 < summary.announced.there < 44
    assert summary.rows == 44
    assert digests(copy) == before


def test_another_place_and_two_workers_give_the_same_bytes(
    dataset: Path, outs: list[Path], tmp_path: Path
) -> None:
    build(
        tmp_path / "dataset", outs=outs, selection="all", format="imagefolder", options=PHOTOGRAPHS, workers=2
    )
    assert digests(tmp_path / "dataset") == digests(dataset)


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        (
            {"options": BuildOptions(authentic=1.0, originals_are_photographs=True, seed=2)},
            "seed: was 0, is 2",
        ),
        ({"options": BuildOptions(originals_are_photographs=True)}, "authentic: was 1.0, is 0.0"),
        ({"format": "parquet"}, "format: was 'imagefolder', is 'parquet'"),
    ],
)
def test_another_build_in_the_same_place_is_refused_with_the_difference(
    changes: dict[str, Any], difference: str, dataset: Path, outs: list[Path]
) -> None:
    before = digests(dataset)
    with pytest.raises(RunError, match=difference):
        again(dataset, outs, **changes)
    assert digests(dataset) == before


def test_rows_selected_otherwise_since_are_another_build(sources: Path, tmp_path: Path) -> None:
    out = corpus_of(sources / "few" / "table.csv", tmp_path / "out")
    build(tmp_path / "dataset", outs=[out], selection="all", format="masks", workers=1)
    select([out], ["id != 'table.csv#0'"], name="all")
    with pytest.raises(RunError, match=r"belongs to another build: .*conditions"):
        build(tmp_path / "dataset", outs=[out], selection="all", format="masks", workers=1)


# ---- masks alone, and joined again ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def masks(outs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("masks") / "masks"
    build(folder, outs=outs, selection="all", format="masks", options=PHOTOGRAPHS, workers=1)
    return folder


def test_a_dataset_of_masks_holds_no_picture(masks: Path) -> None:
    roles = {file["role"] for row in rows_of(masks) for file in row["files"]}
    assert roles <= {"mask", "ignore"}
    assert all(row["original_sha256"] for row in rows_of(masks))


def test_masks_joined_to_their_corpora_are_what_was_built_of_them_at_once(
    masks: Path, sources: Path, dataset: Path, tmp_path: Path
) -> None:
    options = BuildOptions(sources=tuple(str(sources / name / "table.csv") for name in ("many", "few")))
    joined = tmp_path / "dataset"
    build(joined, outs=[masks], format="imagefolder", options=options, workers=1)
    assert rows_of(joined) == rows_of(dataset)
    pictures = {name: digest for name, digest in digests(dataset).items() if name.endswith(".png")}
    assert len(pictures) > 150
    assert pictures.items() <= digests(joined).items()


def test_a_picture_that_is_another_one_now_is_not_joined(masks: Path, sources: Path, tmp_path: Path) -> None:
    for name in ("many", "few"):
        (tmp_path / name).mkdir()
        for path in (sources / name).iterdir():
            (tmp_path / name / path.name).write_bytes(path.read_bytes())
    Image.fromarray(edit(scene(101), 3)).save(tmp_path / "few" / "101-0.png")
    (tmp_path / "few" / "102-0.png").unlink()
    options = BuildOptions(sources=tuple(str(tmp_path / name / "table.csv") for name in ("many", "few")))
    summary = build(tmp_path / "dataset", outs=[masks], format="imagefolder", options=options, workers=1)
    assert summary.left_out == {"changed": 1, "file_missing": 1}
    left = pq.read_table(tmp_path / "dataset" / "left_out.parquet").to_pylist()
    assert sorted((row["id"], row["source"], row["reason"]) for row in left) == [
        ("table.csv#1", "few/table.csv", "changed"),
        ("table.csv#2", "few/table.csv", "file_missing"),
    ]
    assert all(row["detail"] for row in left)
    assert summary.rows == 42

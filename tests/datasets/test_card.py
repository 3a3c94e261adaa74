"""The card of a dataset, against what the dataset was made from."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from maskwright.datasets.building.shards import LEFT, ROWS
from maskwright.datasets.card import write_card
from maskwright.datasets.card.figures import Provenance
from maskwright.datasets.shortcuts.measure import Shortcuts
from maskwright.datasets.shortcuts.separation import Separation
from maskwright.datasets.values import ROW, Entry
from maskwright.errors import RunError
from tests.datasets.carded import TAKEN, card_of, dataset, entries, entry, front


def table_of(card: str, head: str) -> list[list[str]]:
    """Rows of the first table whose head begins so, without the marks of code."""
    lines = card[card.index(f"| {head} |") :].splitlines()
    rows = []
    for line in lines[2:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip(" `") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows


@pytest.fixture(scope="module")
def given() -> list[Entry]:
    return [
        *entries(14, 5, source="first", annotator="difference"),
        *(
            entry(number, "train", source="second", annotator="compact", annotator_digest="b" * 64)
            for number in range(30, 34)
        ),
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, given: list[Entry]) -> Path:
    place = tmp_path_factory.mktemp("card") / "made"
    write_card(dataset(place, given))
    return place


@pytest.fixture(scope="module")
def card(folder: Path) -> str:
    return (folder / "README.md").read_text(encoding="utf-8")


def test_the_counts_are_those_of_the_rows(card: str, given: list[Entry]) -> None:
    for head, name in (("split", "split"), ("source", "source")):
        told = {row[0]: [int(each) for each in row[1:]] for row in table_of(card, head)}
        told.pop("all", None)
        for value, numbers in told.items():
            of = [one for one in given if one.row[name] == value]
            labels = Counter(one.label for one in of)
            photographs = len({one.row["photograph"] for one in of})
            assert numbers == [labels["forged"], labels["authentic"], photographs]
        assert sum(sum(numbers[:2]) for numbers in told.values()) == len(given)


def test_a_histogram_counts_every_edited_picture_once(folder: Path, given: list[Entry]) -> None:
    forged = [one for one in given if one.label == "forged"]
    for plot in Provenance(folder).figures().histograms:
        values = [one.row[plot.name] for one in forged]
        edges = [bar.low for bar in plot.bars] + [plot.bars[-1].high]
        assert [bar.count for bar in plot.bars] == np.histogram(values, edges)[0].tolist()
        assert sum(bar.count for bar in plot.bars) == len(forged) > 0


def test_the_least_sure_sheet_begins_with_the_lowest_score(folder: Path, given: list[Entry]) -> None:
    lowest = Provenance(folder).lowest("qes", 3)
    forged = sorted((one.row["qes"], one.stem) for one in given if one.label == "forged")
    assert [(row["qes"], row["stem"]) for row in lowest] == forged[:3]


def test_a_sheet_shows_different_photographs_as_long_as_there_are_some(tmp_path: Path) -> None:
    one_photograph = [entry(number, photograph=1, qes=0.1) for number in range(6)]
    others = [entry(number, photograph=number, qes=0.9) for number in range(10, 12)]
    dataset(tmp_path / "made", [*one_photograph, *others])
    shown = [row["photograph"] for row in Provenance(tmp_path / "made").lowest("qes", 3)]
    assert shown == [1, 10, 11]


def test_every_annotator_has_its_digest_and_its_number_of_masks(card: str) -> None:
    assert table_of(card, "annotator") == [["difference", "14", "a" * 64], ["compact", "4", "b" * 64]]


def test_every_picture_that_the_card_names_is_there_and_no_other(folder: Path, card: str) -> None:
    named = set(re.findall(r"\]\((card/[^)]+)\)", card))
    assert named == {f"card/{path.name}" for path in (folder / "card").iterdir()}
    assert len(named) == 5
    for name in named:
        if name.endswith(".jpg"):
            with Image.open(folder / name) as picture:
                assert min(picture.size) > 200


def test_a_second_card_has_the_same_bytes_and_leaves_nothing_behind(folder: Path) -> None:
    def files() -> dict[str, bytes]:
        return {
            str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
        }

    before = files()
    (folder / "card" / "of-before.jpg").write_bytes(b"x")
    write_card(folder)
    assert files() == before


def test_one_row_alone_has_a_card(tmp_path: Path) -> None:
    card = card_of(tmp_path / "made", [entry(0)])
    assert "1 picture edited in part" in card
    assert [each["split"] for each in front(card)["configs"][0]["data_files"]] == ["train"]
    assert (tmp_path / "made" / "card" / "pictures.jpg").exists()
    assert not (tmp_path / "made" / "card" / "surest.jpg").exists()


def test_a_split_without_rows_is_named_nowhere_to_the_hub(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    given = [*(entry(number) for number in range(4)), entry(8, "test")]
    card = card_of(tmp_path / "made", given)
    assert [each["split"] for each in front(card)["configs"][0]["data_files"]] == ["train", "test"]
    loaded = datasets.load_dataset(str(tmp_path / "made"), cache_dir=str(tmp_path / "cache"))
    assert {name: len(rows) for name, rows in loaded.items()} == {"train": 4, "test": 1}


def test_without_edited_pictures_the_card_says_so(tmp_path: Path) -> None:
    card = card_of(tmp_path / "made", [entry(number, label="authentic") for number in range(3)])
    assert "No edited picture is in it." in card
    assert not list((tmp_path / "made" / "card").iterdir())


def test_confidence_ranks_masks_where_most_have_one(tmp_path: Path) -> None:
    given = [entry(number, confidence=None if number < 3 else number / 20) for number in range(10)]
    card = card_of(tmp_path / "made", given)
    assert "Those with the lowest confidence" in card
    assert "known for 7 of 10" in card
    assert "card/confidence.svg" in card


def test_without_confidence_the_card_says_that_nobody_knows_how_probable_a_mask_is(card: str) -> None:
    assert "No `confidence` was given" in card
    assert "Those with the lowest qes" in card


def test_conditions_funnel_and_threshold_are_those_of_the_selection(tmp_path: Path) -> None:
    taken = TAKEN.__class__(
        **{**asdict(TAKEN), "threshold": 0.3, "conditions": ("qes > 0.25", "area_frac < 0.9")}
    )
    card = card_of(tmp_path / "made", entries(3, 0), taken=(taken,))
    assert (
        "rows for which `qes > 0.25` and `area_frac < 0.9`. A pixel is edited from 0.3 of the change map"
        in card
    )
    assert table_of(card, "rows of made") == [
        ["all rows", "40"],
        ["with a mask", "30"],
        ["qes &gt; 0.25", "20"],
    ]


def test_a_known_corpus_has_its_name_home_and_terms(tmp_path: Path) -> None:
    card = card_of(tmp_path / "made", entries(4, 0, source="magicbrush"))
    (row,) = [line for line in card.splitlines() if line.startswith("| MagicBrush")]
    assert "<https://huggingface.co/datasets/osunlp/MagicBrush>" in row
    assert "CC-BY-4.0; the test part must not be passed on unzipped" in row
    assert "do not clear" not in card
    assert "does not clear the people in its pictures" in card


def test_rows_that_may_not_be_passed_on_are_counted_in_front_of_everything(tmp_path: Path) -> None:
    given = [*entries(6, 0), *(entry(number, redistribute="masks") for number in range(20, 23))]
    card = card_of(tmp_path / "made", given, restricted="include")
    assert "> **Not for passing on.** For 3 of 9 rows" in card


def test_of_many_terms_the_most_common_are_listed_and_the_rest_is_counted(tmp_path: Path) -> None:
    given = [entry(number, licence=f"by {max(0, number - 2)}") for number in range(40)]
    card = card_of(tmp_path / "made", given)
    rows = table_of(card[card.index("## Terms") :], "source")
    assert len(rows) == 30
    assert rows[0][1:3] == ["3", "by 0"]
    assert "Under 8 further texts (8 rows)" in card


def test_pictures_that_may_not_be_passed_on_are_on_no_sheet(tmp_path: Path) -> None:
    given = [entry(number, redistribute="nothing" if number < 5 else "pictures") for number in range(10)]
    folder = dataset(tmp_path / "made", given, restricted="leave-out")
    write_card(folder)
    page = (folder / "card.html").read_text(encoding="utf-8")
    shown = set(re.findall(r'alt="The mask of (\d+)"', page))
    assert shown == {f"{number:06d}" for number in range(5, 10)}


def test_masks_alone_come_with_the_line_that_joins_them_and_without_pictures(tmp_path: Path) -> None:
    given = entries(12, 0, redistribute="masks")
    card = card_of(tmp_path / "made", given, "masks")
    assert "maskwright build NEW --from THIS --source CORPUS --format parquet" in card
    assert "> **May be passed on: masks, scores and keys, no pictures.**" in card
    assert "shortcut" not in card
    page = (tmp_path / "made" / "card.html").read_text(encoding="utf-8")
    assert "data:image/png" in page
    assert "data:image/jpeg" not in page


def test_masks_of_two_corpora_ask_for_both_in_their_order(tmp_path: Path) -> None:
    other = TAKEN.__class__(**{**asdict(TAKEN), "source": "other"})
    card = card_of(tmp_path / "made", entries(3, 0), "masks", taken=(TAKEN, other))
    assert "--from THIS --source CORPUS1 --source CORPUS2 --format" in card
    assert "what was `made` for `CORPUS1`, what was `other` for `CORPUS2`." in card


def test_a_photograph_in_two_splits_is_told(tmp_path: Path) -> None:
    given = [entry(0, photograph=1), entry(1, photograph=2), entry(2, "test", photograph=2)]
    assert "2 photographs, 1 of them in two splits." in card_of(tmp_path / "made", given)


def test_photographs_in_one_split_each_are_told(card: str, given: list[Entry]) -> None:
    assert f"{len({one.row['photograph'] for one in given})} photographs, none of them in two splits." in card


def test_rows_left_out_are_counted_by_their_reason(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "made", entries(3, 0))
    rows = [("a", "truncated"), ("b", "truncated"), ("c", "changed")]
    left = [{"id": id_, "source": "made", "reason": reason, "detail": ""} for id_, reason in rows]
    pq.write_table(pa.Table.from_pylist(left, LEFT), folder / "left_out.parquet")
    write_card(folder)
    told = table_of((folder / "README.md").read_text(encoding="utf-8"), "left out while it was built")
    assert [row[:2] for row in told] == [["truncated", "2"], ["changed", "1"]]
    assert all(row[2] for row in told)


def checked(folder: Path, low: float) -> str:
    """The card of a dataset whose shortcuts were measured so."""
    files = Separation(low + 0.05, low, low + 0.1)
    found = Shortcuts(
        *(
            True,
            "",
            "authentic",
            14,
            5,
            19,
            0,
            files,
            Separation(0.503, 0.4, 0.6),
            Separation(0.777, 0.7, 0.8),
        ),
        telling=(("jpeg_quality", 0.61),),
    )
    (folder / "shortcuts.json").write_text(json.dumps(asdict(found)), encoding="utf-8")
    write_card(folder)
    return (folder / "README.md").read_text(encoding="utf-8")


def test_the_shortcut_check_is_told_with_its_intervals(tmp_path: Path) -> None:
    card = checked(dataset(tmp_path / "made", entries(3, 1)), 0.45)
    assert table_of(card, "told by") == [
        ["files alone, logistic regression", "0.5", "0.45 to 0.55"],
        ["files alone, boosted trees", "0.503", "0.4 to 0.6"],
        ["bits per pixel alone", "0.777", "0.7 to 0.8"],
    ]
    assert "No shortcut was found in the files" in card
    assert "`jpeg_quality` 0.61" in card


def test_files_that_give_edits_away_are_called_so(tmp_path: Path) -> None:
    assert "Yes: the files alone tell" in checked(dataset(tmp_path / "made", entries(3, 1)), 0.8)


def test_a_check_that_nobody_made_is_told(card: str) -> None:
    assert "Nobody looked whether the files of edited pictures differ" in card


def test_a_damaged_check_is_refused(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "made", entries(3, 0))
    (folder / "shortcuts.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RunError, match=r"shortcuts\.json"):
        write_card(folder)


def test_a_picture_that_is_gone_is_told_and_the_card_is_there(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "made", [entry(number) for number in range(3)])
    (folder / "train" / "images" / "000001.png").unlink()
    write_card(folder)
    page = (folder / "card.html").read_text(encoding="utf-8")
    assert page.count('class="nopicture"') == 1
    assert page.count('alt="The mask of ') == 2


def test_a_place_outside_of_the_dataset_is_not_read(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "made", [entry(0), entry(1)])
    secret = tmp_path / "secret.png"
    secret.write_bytes((folder / "train" / "images" / "000000.png").read_bytes())
    (path,) = (folder / "provenance").iterdir()
    rows = pq.read_table(path).to_pylist()
    rows[0]["files"][0]["path"] = "../secret.png"
    pq.write_table(pa.Table.from_pylist(rows, ROWS), path)
    write_card(folder)
    assert "outside of the dataset" in (folder / "card.html").read_text(encoding="utf-8")


def test_a_folder_that_is_no_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is no dataset of maskwright"):
        write_card(tmp_path)


def test_a_dataset_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no rows in provenance/"):
        write_card(dataset(tmp_path / "made", []))


def many(folder: Path, rows: int) -> Path:
    """A dataset of so many rows, none of which has files."""
    dataset(folder, [entry(0)])
    rng = np.random.default_rng(0)
    numbers = np.arange(rows)
    table = pa.table(
        {
            **{name: pa.nulls(rows, kind) for name, (kind, _) in ROW.items()},
            "stem": pa.array([f"{number:07d}" for number in range(rows)]),
            "split": pa.array(np.array(["train", "val", "test"])[numbers % 3]),
            "label": pa.array(np.array(["forged", "authentic"])[numbers // 3 % 2]),
            "source": pa.array(np.array(["a", "b"])[numbers % 2]),
            "photograph": pa.array(numbers // 6 * 3 + numbers % 3),
            "area_frac": pa.array(rng.random(rows)),
            "qes": pa.array(rng.random(rows)),
            "width": pa.array(np.full(rows, 512, np.int32)),
            "height": pa.array(np.full(rows, 384, np.int32)),
            "redistribute": pa.array(["pictures"] * rows),
            "columns": pa.array(["x" * 200] * rows),
        },
        schema=ROWS,
    )
    (path,) = (folder / "provenance").iterdir()
    path.unlink()
    for start in range(0, rows, 5000):
        pq.write_table(table.slice(start, 5000), folder / "provenance" / f"train-{start // 5000:05d}.parquet")
    return folder


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_a_million_rows_are_counted_flat_in_memory(tmp_path: Path) -> None:
    # not getrusage: it begins with what the process that started this one had
    program = (
        "import sys; from pathlib import Path; from maskwright.datasets.card import write_card;"
        "write_card(Path(sys.argv[1])); print(Path('/proc/self/status').read_text())"
    )
    peaks = []
    for rows in (102_000, 1_002_000):  # whole sixes: three splits, two labels
        folder = many(tmp_path / str(rows), rows)
        done = subprocess.run(
            [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True
        )
        peaks += [int(kb) // 1024 for kb in re.findall(r"VmHWM:\s+(\d+) kB", done.stdout)]
        told = table_of((folder / "README.md").read_text(encoding="utf-8"), "split")
        assert told[-1] == ["all", f"{rows // 2:,}", f"{rows // 2:,}", f"{rows // 2:,}"]
    assert peaks[1] < peaks[0] + 150, "ten times the rows; the table alone has 400 MB in memory"

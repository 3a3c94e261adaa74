import csv
import json
from pathlib import Path

import numpy as np
import pytest

from maskwright.bench.demo import Demonstration, demo
from maskwright.corpus.reader import open_corpus
from maskwright.detectors import DEFAULT
from maskwright.errors import SettingError
from maskwright.measures.metrics import pixel_f1
from maskwright.pairs.picture import read_mask, read_picture
from maskwright.weights import shipped
from tests.conftest import Command

pytest.importorskip("skimage", reason="the extra `demo` is not installed")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    return demo(tmp_path_factory.mktemp("demo") / "out")


def test_every_known_edit_is_found(shown: Demonstration) -> None:
    edited = [pair for pair in shown.pairs if pair.f1 is not None and pair.edit != "none"]
    assert len(edited) == 8
    assert min(pair.f1 or 0 for pair in edited) > 0.7
    assert shown.f1_mean > 0.9


def test_pairs_that_nobody_edited_get_an_empty_mask(shown: Demonstration) -> None:
    nothing = [pair for pair in shown.pairs if pair.edit == "none"]
    assert [pair.f1 for pair in nothing] == [1.0, 1.0]
    assert {pair.verdict for pair in nothing} <= {"resaved", "geometry_only"}


def test_pairs_without_an_answer_are_rejected_with_their_reason(shown: Demonstration) -> None:
    assert [(pair.name, pair.reason) for pair in shown.pairs if pair.status != "ok"] == [
        ("other_photo", "unrelated"),
        ("cut_off", "truncated"),
    ]


def test_pairs_are_saved_in_several_formats_with_masks_on_the_edited_grid(shown: Demonstration) -> None:
    folder = Path(shown.out)
    with open(shown.table, newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["mask"]]
    assert {Path(row["edited"]).suffix for row in rows} == {".jpg", ".png", ".webp"}
    for row in rows:
        edited = read_picture(folder / row["edited"]).pixels
        assert read_mask(folder / row["mask"]).shape == edited.shape[:2]


def test_what_nobody_can_say_is_in_the_table_and_counts_for_nobody(shown: Demonstration) -> None:
    with open(shown.table, newline="") as table:
        row = next(row for row in csv.DictReader(table) if row["name"] == "paste")
    truth, ignore = (read_mask(Path(shown.out) / row[role]) for role in ("mask", "ignore"))
    assert ignore.any()
    corpus = open_corpus(shown.run)
    (pair_id,) = (each["id"] for each in corpus.table(["id", "name"]).to_pylist() if each["name"] == "paste")
    mask = corpus.mask(pair_id)
    assert mask is not None
    told = next(pair.f1 for pair in shown.pairs if pair.name == "paste")
    assert told == pytest.approx(pixel_f1(mask, truth, ignore=ignore))
    assert told != pytest.approx(pixel_f1(mask, truth))


def test_the_sheet_shows_a_row_for_every_pair_that_can_be_read(shown: Demonstration) -> None:
    sheet = read_picture(shown.sheet).pixels
    assert sheet.shape[0] > 11 * 150
    assert float(np.std(sheet)) > 30


def test_one_edited_picture_is_looked_at_alone_or_why_not_is_said(shown: Demonstration) -> None:
    assert Path(shown.looked).parent == Path(shown.out) / "pairs" / "edited"
    if shipped(DEFAULT).exists():
        assert (Path(shown.out) / "detected" / "mask.png").exists()
        assert shown.finding.split(". ")[0] in Path(shown.detected).read_text(encoding="utf-8")
    else:
        assert shown.detected == ""
        assert "no weights" in shown.finding
        assert not (Path(shown.out) / "detected").exists()


def test_a_second_demonstration_in_the_same_folder_goes_on_with_the_first(shown: Demonstration) -> None:
    table = Path(shown.table)
    before = table.stat().st_mtime_ns
    again = demo(shown.out)
    assert again == shown
    assert table.stat().st_mtime_ns == before


def test_a_folder_with_other_things_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(SettingError, match="not empty"):
        demo(tmp_path)


def test_the_command_prints_the_table_and_where_everything_is(command: Command, shown: Demonstration) -> None:
    code, out, _ = command("demo", "-o", shown.out)
    assert code == 0
    for pair in shown.pairs:
        assert pair.name in out
    assert shown.sheet in out
    assert f"{shown.f1_mean:.3f}" in out
    assert (shown.detected or f"skipped: {shown.finding}") in out


def test_the_command_gives_one_json_object(command: Command, shown: Demonstration) -> None:
    code, out, _ = command("demo", "-o", shown.out, "--json")
    told = json.loads(out)
    assert (code, told["version"], len(told["pairs"])) == (0, 1, 12)

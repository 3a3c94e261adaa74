"""A corpus whose annotator says groups: what was taken, on the original's grid, and how a report shows it."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

import maskwright
from maskwright.corpus.reader import Corpus
from maskwright.measures.metrics import pixel_f1
from maskwright.pages.report import Report
from maskwright.pairs.picture import decode_grey
from maskwright.pairs.values import DONOR
from tests.browser import needs_browser, opened
from tests.conftest import Command
from tests.contracts.annotator import textured
from tests.contracts.page import PageContract
from tests.corpus.made import parts_of, save
from tests.masks.taking import taken

TAKES = "tests.masks.taking:Takes"


def folder(place: Path, objects: int = 2) -> Path:
    """Pairs of which an object was taken, one copy with an edit, one equal, two unrelated, one broken."""
    pairs = {f"taken{number}": taken(number + 1, mirrored=number == 1) for number in range(objects)}
    for name, pair in pairs.items():
        save(place / "original" / f"{name}.png", pair.original)
        save(place / "edited" / f"{name}.png", pair.edited)
    edited = textured(21, 160, 120)
    edited[30:60, 40:90] = textured(22, 50, 30)
    for name, after in (
        ("copy", edited),
        ("equal", textured(21, 160, 120)),
        ("other", textured(23, 150, 90)),
    ):
        save(place / "original" / f"{name}.png", textured(21, 160, 120))
        save(place / "edited" / f"{name}.png", after)
    save(place / "original" / "broken.png", textured(24, 40, 30))
    (place / "edited" / "broken.png").write_bytes(b"nothing")
    return place


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("groups")
    maskwright.annotate(folder(place / "pairs"), place / "out", annotator=TAKES, workers=1)
    return place / "out"


@pytest.fixture(scope="module")
def corpus(out: Path) -> Corpus:
    return maskwright.open_corpus(out)


@pytest.fixture(scope="module")
def found(out: Path) -> Report:
    return maskwright.report(out, by="group")


@pytest.fixture(scope="module")
def page(found: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    found.save(path)
    return path


def test_what_was_taken_is_read_back_on_the_originals_grid(corpus: Corpus) -> None:
    pair = taken(1)
    donor, mask = corpus.layer(DONOR, "edited/taken0.png"), corpus.mask("edited/taken0.png")
    assert donor is not None
    assert mask is not None
    assert (donor.shape, mask.shape) == ((200, 240), (180, 260))
    assert pixel_f1(donor >= 0.5, pair.donor) > 0.9


def test_rows_without_it_have_none(corpus: Corpus) -> None:
    for name in ("copy", "equal", "other", "broken"):
        assert corpus.layer(DONOR, f"edited/{name}.png") is None


def test_every_pair_has_its_group_and_a_mask_or_a_reason(corpus: Corpus) -> None:
    rows = {row["id"][7:-4]: row for row in corpus.table().to_pylist()}
    assert {name: row["group"] for name, row in rows.items()} == {
        "taken0": "shared-donor",
        "taken1": "shared-donor",
        "copy": "shared-probe",
        "equal": "shared-probe",
        "other": "unrelated",
        "broken": None,
    }
    assert [name for name, row in rows.items() if row["reason"]] == ["broken", "other"]
    assert [name for name in rows if corpus.mask(f"edited/{name}.png") is None] == ["broken", "other"]


def test_its_files_are_as_large_as_the_original(out: Path, corpus: Corpus) -> None:
    files = sorted((out / "layers" / DONOR).iterdir())
    names = corpus.sql("verdict = 'object_taken'")["file"].to_pylist()
    assert [path.stem for path in files] == sorted(names)
    assert {decode_grey(path.read_bytes()).shape for path in files} == {(200, 240)}
    assert {decode_grey((out / "masks" / path.name).read_bytes()).shape for path in files} == {(180, 260)}


def test_hubs_read_it_as_a_picture(out: Path) -> None:
    (part, *_) = sorted((out / "annotations").iterdir())
    schema = pq.read_schema(part)
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert features[DONOR] == {"_type": "Image"}
    sizes = [
        cv2.imdecode(np.frombuffer(row["bytes"], np.uint8), cv2.IMREAD_UNCHANGED).shape
        for row in pq.read_table(part, columns=[DONOR])[DONOR].to_pylist()
        if row is not None
    ]
    assert set(sizes) == {(200, 240)}


@pytest.mark.slow
def test_a_run_that_is_resumed_has_the_same_bytes(tmp_path: Path) -> None:
    source = folder(tmp_path / "pairs", objects=8)
    for name in ("whole", "resumed"):
        maskwright.annotate(source, tmp_path / name, annotator=TAKES, workers=1)
    assert len(parts_of(tmp_path / "resumed")) > 2
    sorted((tmp_path / "resumed" / "annotations").iterdir())[-1].unlink()
    shutil.rmtree(tmp_path / "resumed" / "layers")
    maskwright.annotate(source, tmp_path / "resumed", annotator=TAKES, workers=2)
    assert parts_of(tmp_path / "whole") == parts_of(tmp_path / "resumed")


# --- reports


def test_a_report_counts_groups_and_what_became_of_them(found: Report) -> None:
    told = {
        each.counted.name: (
            each.counted.count,
            {one.name: one.count for one in each.verdicts},
            {one.name: one.count for one in each.reasons},
        )
        for each in found.relations
    }
    assert told == {
        "shared-probe": (2, {"local_edit": 1, "identical_file": 1}, {}),
        "shared-donor": (2, {"object_taken": 2}, {}),
        "unrelated": (1, {"different_photograph": 1}, {"unrelated": 1}),
        "": (1, {}, {"not_a_picture": 1}),
    }
    assert found.sentence == (
        "1 of 6 pairs was edited, 2 share only an object, in 1 nothing was found and 2 have no answer."
    )
    assert {each.name: each.count for each in found.statuses} == {
        "edited": 1,
        "taken": 2,
        "unedited": 1,
        "rejected": 2,
    }


def test_every_group_has_examples(found: Report) -> None:
    sheets = {sheet.name: [card.id[7:-4] for card in sheet.cards] for sheet in found.sheets}
    assert {name: sorted(ids) for name, ids in sheets.items()} == {
        "shared-probe": ["copy", "equal"],
        "shared-donor": ["taken0", "taken1"],
        "unrelated": ["other"],
    }
    assert [each.sheet for each in found.relations] == ["shared-probe", "shared-donor", "unrelated", ""]


@pytest.mark.slow
def test_the_condition_behind_every_figure_of_a_group_gives_as_many_rows(
    corpus: Corpus, found: Report
) -> None:
    for behind in found.behind:
        ids = corpus.sql(behind.condition)["id"].to_pylist()
        assert (len(ids), ids[: len(behind.ids)]) == (behind.count, list(behind.ids)), behind


def test_a_card_shows_the_original_as_it_is_with_what_was_taken(found: Report) -> None:
    cards = {card.id[7:-4]: card for sheet in found.sheets for card in sheet.cards}
    shot = cards["taken0"].shot
    assert shot is not None
    assert (shot.apart, shot.width, shot.height) == ((240, 200), 260, 180)
    coded = base64.b64decode(shot.original.removeprefix("data:image/jpeg;base64,"))
    shown = cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (200, 240, 3)
    assert shot.donor != shot.outline
    assert shot.donor.startswith("M")
    assert all(cards[name].shot.apart is None for name in ("copy", "other"))  # type: ignore[union-attr]


def test_by_group_every_measure_is_of_the_rows_that_have_it(found: Report) -> None:
    places = {name: place for place, (name, _) in enumerate(found.measures)}
    groups = {group.name: group for group in found.groups}
    assert np.isnan(groups["shared-donor"].means[places["outside_change"]].mean)
    assert groups["shared-probe"].means[places["outside_change"]].mean >= 0
    assert groups["shared-donor"].means[places["area_frac"]].mean > 0


def test_the_json_has_the_groups(found: Report) -> None:
    told = json.loads(json.dumps(found.as_dict()))
    assert [each["counted"]["name"] for each in told["relations"]] == [
        *("shared-probe", "shared-donor", "unrelated", "")
    ]


@pytest.mark.slow
def test_the_command_lists_them(command: Command, out: Path) -> None:
    code, told, _ = command("report", out)
    assert code == 0
    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert "shared-donor 2 33 % 2 object_taken" in lines
    assert "unrelated 1 17 % 1 different_photograph; no answer: 1 unrelated" in lines


@pytest.mark.slow
def test_of_an_annotator_that_says_no_groups_nothing_is_said(tmp_path: Path) -> None:
    maskwright.annotate(folder(tmp_path / "pairs", objects=0), tmp_path / "out", workers=1)
    found = maskwright.report(tmp_path / "out")
    assert found.relations == []
    assert [sheet.name for sheet in found.sheets] == ["worst", "unrelated"]
    assert "to each other" not in found.to_html()


@pytest.mark.slow
def test_what_is_gone_is_told_and_the_mask_is_shown(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out, tmp_path / "out")
    run = tmp_path / "out" / "run.json"
    run.write_text(json.dumps(json.loads(run.read_text()) | {"source": str(tmp_path / "gone")}))
    found = maskwright.report(tmp_path / "out")
    (sheet,) = [sheet for sheet in found.sheets if sheet.name == "shared-donor"]
    assert all(card.note and card.shot and card.shot.outline for card in sheet.cards)


@pytest.mark.slow
@needs_browser
def test_the_page_shows_what_was_taken_beside_the_mask_and_wipes_neither(page: Path) -> None:
    with opened(page) as seen:
        sheet = seen.page.locator("#sheet-shared-donor .card")
        assert sheet.count() == 2
        assert sheet.locator(".apart .original svg path.over").count() == 2
        assert sheet.locator(".apart .edited svg path.over").count() == 2
        assert sheet.locator(".open").count() == 0
        assert seen.page.locator("#sheet-shared-probe .open").count() == 2
        frame = sheet.locator(".original img").first.bounding_box()
        assert frame["width"] / frame["height"] == pytest.approx(240 / 200, rel=0.02)
        seen.page.click("table.relations a[href='#sheet-shared-donor']")
        assert seen.page.locator("#sheet-shared-donor h2").is_visible()


@pytest.mark.slow
class TestReportPageOfGroups(PageContract):
    """Of the corpus above; nothing in it is hostile, tests/corpus/test_report.py has that."""

    test_hostile_words_are_text = None  # type: ignore[assignment]

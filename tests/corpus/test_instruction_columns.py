"""What instructions ask for, in the rows of a corpus and in its report."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from maskwright.corpus.annotate import annotate
from maskwright.corpus.reader import Corpus, open_corpus
from maskwright.corpus.report import report
from maskwright.masks.annotators import load_annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.pairs.instruction import parse
from maskwright.pairs.values import Annotation, Pair
from tests.corpus.made import edited, photograph, save

COLUMNS = ["action", "original_concept", "edited_concept"]
INSTRUCTIONS = ["let the woman wear a dress", "add a dog", "A woman.", "", "remove the sign", "  "]
BROKEN, SAME = 4, 1
"""Places of a pair whose edited file is none, and of one that nobody edited."""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    place = tmp_path_factory.mktemp("instructions")
    rows = []
    for number, instruction in enumerate(INSTRUCTIONS):
        names = f"{number}.png", f"{number}_edited.png"
        before = photograph(number)
        save(place / names[0], before)
        save(place / names[1], before if number == SAME else edited(before))
        rows.append([*names, instruction, "mine"])
    (place / rows[BROKEN][1]).write_bytes(b"no picture")
    with (place / "table.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["original", "edited", "instruction", "action"], *rows])
    annotate(place / "table.csv", place / "out", workers=1)
    return open_corpus(place / "out")


def test_every_row_with_an_instruction_says_what_it_asks_for(corpus: Corpus) -> None:
    found = [tuple(row.values()) for row in corpus.table(COLUMNS).to_pylist()]
    nothing = (None, None, None)
    assert found == [
        ("attribute", "woman", "woman wear a dress"),
        ("add", "", "dog"),
        ("unparsed", "", ""),
        nothing,
        ("remove", "sign", ""),
        nothing,
    ]
    assert corpus.table(["status"])["status"].to_pylist()[BROKEN] == "rejected"


def test_a_column_of_the_source_with_a_name_of_ours_is_kept_beside_it(corpus: Corpus) -> None:
    assert corpus.table(["source_action"])["source_action"].to_pylist() == ["mine"] * len(INSTRUCTIONS)


def test_a_report_compares_actions(corpus: Corpus, tmp_path: Path) -> None:
    groups = {group.name: group.count for group in report(corpus.out, by="action").groups}
    assert groups == {"add": 1, "attribute": 1, "remove": 1, "unparsed": 1, "(no value)": 2}


@pytest.mark.parametrize("annotator", ["difference", "compact", "tests.corpus.made:Raises"])
def test_every_annotator_gets_the_concepts_even_one_that_breaks(annotator: str) -> None:
    before = photograph(0, 64)
    pair = Pair("a", before, edited(before), instruction="turn the cat into a dog")
    assert _asked(annotate_pair(pair, load_annotator(annotator))) == ("replace", "cat", "dog")


def test_an_unrelated_pair_keeps_what_was_asked_for() -> None:
    pair = Pair("a", photograph(1, 96), photograph(2, 96), instruction="add a dog")
    annotation = annotate_pair(pair, load_annotator("difference"))
    assert (annotation.reason, *_asked(annotation)) == ("unrelated", "add", "", "dog")


def test_an_instruction_of_any_length_is_no_fault_of_its_pair() -> None:
    before = photograph(0, 64)
    text = "add a dog and " * 1000
    annotation = annotate_pair(
        Pair("a", before, edited(before), instruction=text), load_annotator("difference")
    )
    assert (annotation.status, annotation.action, parse(text).action) == ("ok", "unparsed", "unparsed")


def _asked(annotation: Annotation) -> tuple[str | None, str | None, str | None]:
    return annotation.action, annotation.original_concept, annotation.edited_concept

"""Annotators that want whole batches get them, and what comes out is as one by one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from maskwright.corpus.annotate import annotate
from maskwright.corpus.batches import batch_size
from maskwright.corpus.reader import open_corpus
from maskwright.corpus.work import Note, PartTask, annotate_part
from maskwright.masks.annotators.difference import Difference
from maskwright.pairs.values import Aligned, Change, Hint
from tests.corpus.made import folder_of, is_marked, parts_of, photograph, save

ROWS = 30


class InFours(Difference):
    """The difference annotator, which wants four pairs at once and writes down how many it got."""

    batch_size = 4

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        with Path(os.environ["SIZES_FILE"]).open("a") as file:
            file.write(f"{len(batch)}\n")
        return super().annotate(batch, hints)


class TripsInFours(InFours):
    """Raises at a marked picture, with whatever is beside it in the batch."""

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        if any(map(is_marked, batch)):
            raise ZeroDivisionError("a bug of the annotator's")
        return super().annotate(batch, hints)


class ExitsInFours(InFours):
    """Ends its process at a marked picture."""

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        if any(map(is_marked, batch)):
            os._exit(3)
        return super().annotate(batch, hints)


@pytest.fixture
def sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIZES_FILE", str(tmp_path / "sizes"))
    return tmp_path / "sizes"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """30 pairs, of which the second cannot be read and the fourth is not edited."""
    place = folder_of(tmp_path / "source", ROWS)
    (place / "edited" / "0001.png").write_bytes(b"no picture")
    save(place / "edited" / "0003.png", photograph(3))
    return place


def statuses(out: Path) -> list[str]:
    column: list[str] = open_corpus(out).table(["status"])["status"].to_pylist()
    return column


def test_batches_are_full_but_for_the_last_of_a_part(source: Path, tmp_path: Path, sizes: Path) -> None:
    annotate(source, tmp_path / "out", annotator=f"{__name__}:InFours", workers=1)
    # Parts of 8 rows, the last of 6; two rows of the first need no annotator.
    assert sizes.read_text().split() == ["4", "2", *["4", "4"] * 2, "4", "2"]


def test_batches_give_the_same_bytes_as_one_by_one(source: Path, tmp_path: Path, sizes: Path) -> None:
    annotate(source, tmp_path / "one", workers=1)
    annotate(source, tmp_path / "fours", annotator=f"{__name__}:InFours", workers=1)
    assert parts_of(tmp_path / "fours") == parts_of(tmp_path / "one")
    assert statuses(tmp_path / "one").count("rejected") == 1


def test_every_row_is_noted_once_with_its_status(source: Path, tmp_path: Path, sizes: Path) -> None:
    out = tmp_path / "out"
    annotate(source, out, annotator=f"{__name__}:InFours", workers=1)
    notes: list[Note | None] = []
    annotate_part(str(out), PartTask(0, False), notes.append)
    assert [note.status for note in notes if note and note.status] == statuses(out)[:8]
    assert notes[-1] is None


def test_a_pair_that_an_annotator_raises_at_costs_its_own_row(tmp_path: Path, sizes: Path) -> None:
    source = folder_of(tmp_path / "source", 8, marks=[5])
    annotate(source, tmp_path / "out", annotator=f"{__name__}:TripsInFours", workers=1)
    assert statuses(tmp_path / "out") == ["ok"] * 5 + ["failed"] + ["ok"] * 2


@pytest.mark.slow
def test_a_pair_that_ends_the_worker_costs_its_own_row(tmp_path: Path, sizes: Path) -> None:
    source = folder_of(tmp_path / "source", 8, marks=[5])
    annotate(source, tmp_path / "out", annotator=f"{__name__}:ExitsInFours", workers=1)
    assert statuses(tmp_path / "out") == ["ok"] * 5 + ["failed"] + ["ok"] * 2


def test_an_annotator_that_says_nothing_gets_one_at_a_time() -> None:
    assert batch_size(Difference()) == 1

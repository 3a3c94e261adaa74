from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from maskwright.bench.arms import AGAINST, ARMS, heads_of
from maskwright.bench.priors import PRIORS
from maskwright.bench.redrawn import redrawn_pairs
from maskwright.bench.sigma import Ablation, Figure, bench_sigma
from maskwright.bench.sigma_cases import ALL, MADE, PASSED, REAL, Column
from maskwright.bench.sigma_tables import ablation_tables
from maskwright.errors import InputError, SettingError
from maskwright.masks.annotators import load_annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.measures.metrics import pixel_f1
from maskwright.pairs.values import Aligned, Card, Change, Hint, Pair
from maskwright.synthesis.photos import read_photos
from tests.conftest import Command
from tests.synthesis.networks import autoencoder

pytestmark = pytest.mark.slow


class Believer:
    """Marks what it is told, and nothing where it is told nothing."""

    card = Card(name="believer", version="1", digest="0" * 64)

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        return [
            Change(
                np.zeros(pair.valid.shape, np.float32)
                if hint.region is None
                else hint.region.astype(np.float32)
            )
            for pair, hint in zip(batch, hints, strict=True)
        ]


HEADS = {"stage1": "difference", "stage2": "tests.bench.test_sigma:Believer"}
COUNT = 4


@pytest.fixture(scope="module")
def readable(photos: Path) -> Path:
    """The photographs of split `val` that can be read."""
    place = photos.parent / "readable.csv"
    place.write_text("path,split\n0.png,val\n1.png,train\n2.png,val\n")
    return place


@pytest.fixture(scope="module")
def found(readable: Path, table: Path) -> Ablation:
    return bench_sigma(readable, pairs=table, heads=HEADS, count=COUNT)


def at(found: Ablation, row: str, column: Column) -> Figure:
    return found.rows[row][[each for each, _ in found.columns].index(column)]


def f1(found: Ablation, row: str, column: Column) -> float:
    estimate = at(found, row, column).f1
    assert estimate is not None
    return estimate.mean


REDRAWN, REGENERATED = Column(MADE, "redrawn"), Column(MADE, "regenerated")
BARE = Column(MADE, "redrawn, unedited", edited=False)


def test_columns_are_the_made_pairs_then_the_real_ones_by_background(found: Ablation) -> None:
    assert [(column.table, column.name, n) for column, n in found.columns] == [
        (MADE, "redrawn", 4),
        (MADE, "regenerated", 4),
        (MADE, "redrawn, unedited", 2),
        (MADE, "regenerated, unedited", 2),
        (REAL, "identical", 6),
        (REAL, ALL, 6),
    ]


def test_rows_without_an_annotator_at_hand_are_left_out(found: Ablation) -> None:
    assert list(found.rows) == [arm.name for arm in ARMS if arm.annotator != "samcd"]


def test_figures_are_those_of_the_annotator_asked_by_hand(found: Ablation, readable: Path) -> None:
    compact, by_hand = load_annotator(AGAINST), []
    for pair in redrawn_pairs(read_photos(readable, "val"), "redrawn", again=None, count=COUNT):
        made = pair.made
        mask = annotate_pair(Pair("x", made.original, made.edited), compact).mask
        assert mask is not None
        by_hand.append(pixel_f1(mask, made.mask, ignore=made.ignore))
    assert f1(found, "compact", REDRAWN) == pytest.approx(np.mean(by_hand))


def test_every_row_is_compared_with_compact_pair_by_pair(found: Ablation) -> None:
    for name in found.rows:
        for column in (REDRAWN, REGENERATED, Column(REAL, ALL)):
            gain = at(found, name, column).gain
            assert gain is not None
            assert gain.mean == pytest.approx(f1(found, name, column) - f1(found, "compact", column))
            assert gain.low <= gain.mean + 1e-12
            assert gain.high >= gain.mean - 1e-12


def test_pairs_of_one_photograph_are_drawn_together(found: Ablation) -> None:
    estimate = at(found, "compact", REDRAWN).f1
    assert estimate is not None
    assert (estimate.n, estimate.groups) == (4, 2)


def test_one_that_believes_is_as_good_as_what_it_is_told(found: Ablation) -> None:
    assert f1(found, "+ Stage II, right prior", REDRAWN) == 1
    assert f1(found, "+ Stage II", REDRAWN) == 0
    kinds = {kind: figures[0].f1.mean for kind, figures in found.priors.items() if figures[0].f1}
    assert found.prompted == "stage2"
    assert list(kinds) == list(PRIORS)
    assert kinds["right"] == 1
    assert kinds["absent"] == kinds["adversarial"] == 0
    assert 0.2 < kinds["shifted"] < 0.9
    assert 0.4 < kinds["partly wrong"] < 0.6


def test_a_prior_that_creates_masks_where_nobody_edited_is_told(found: Ablation) -> None:
    place = [column for column, _ in found.columns].index(BARE)
    assert {kind: figures[place].created for kind, figures in found.priors.items()} == {
        kind: 0 if kind == "absent" else 2 for kind in PRIORS
    }
    assert found.priors["right"][place].added > 0.01
    assert found.priors["absent"][place].added == 0
    assert at(found, "+ Stage II, right prior", BARE).marked == found.priors["right"][place].added
    assert at(found, "+ Stage II, right prior", BARE).worst == found.priors["right"][place].worst_added
    assert at(found, "+ Stage II, right prior", BARE).f1 is None


def test_one_that_takes_no_prior_adds_nothing_with_any(readable: Path) -> None:
    blind = bench_sigma(readable, heads={"stage2": "difference"}, count=2)
    for figures in blind.priors.values():
        assert [(each.added, each.created) for each in figures] == [(0, 0)] * 4
        assert [each.gain.mean for each in figures if each.gain] == [0, 0]


def test_the_oracle_of_every_picture_is_at_least_the_best_threshold_of_all(found: Ablation) -> None:
    for column in (REDRAWN, REGENERATED, Column(REAL, ALL)):
        oracle = f1(found, "the same, best threshold of EVERY picture", column)
        assert oracle >= f1(found, "signed, blurred, filled", column)
    assert set(found.thresholds["blurred difference"]) == {MADE, REAL}


def test_the_autoencoder_draws_the_made_pairs_and_the_real_ones_once_more(
    readable: Path, table: Path, tmp_path: Path
) -> None:
    darker = autoencoder(tmp_path / "darker.onnx", gain=0.25)
    found = bench_sigma(readable, roundtrip=darker, pairs=table, count=1, keep=tmp_path / "kept")
    assert (Column(PASSED, PASSED), 6) in found.columns
    # A quarter of the light is left: without an alignment of tones all is changed.
    assert f1(found, "blurred difference", Column(PASSED, PASSED)) < f1(
        found, "blurred difference", Column(REAL, ALL)
    )
    assert list((tmp_path / "kept").rglob("*.png"))


def test_the_same_run_gives_the_same_figures_whether_real_pairs_are_there_or_not(
    found: Ablation, readable: Path
) -> None:
    again = bench_sigma(readable, heads=HEADS, count=COUNT)
    assert again.priors == found.priors
    assert again.rows == {name: figures[:4] for name, figures in found.rows.items()}


def test_the_command_prints_the_tables_or_one_object(readable: Path, command: Command) -> None:
    words = ("bench", "sigma", readable, "--count", "1", "--head", f"stage2={HEADS['stage2']}")
    code, out, _ = command(*words)
    assert code == 0
    assert "made pairs that nobody edited" in out
    assert "+ Stage II, right prior" in out
    code, out, _ = command(*words, "--json")
    assert json.loads(out)["prompted"] == "stage2"
    code, _, err = command("bench", "sigma", readable, "--head", "stage2")
    assert code != 0
    assert "stage1=PATH.onnx" in err


def test_json_is_plain(found: Ablation) -> None:
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert told["rows"]["compact"][0]["f1"]["mean"] == f1(found, "compact", REDRAWN)
    assert told["annotators"]["stage2"] == ["believer", "0" * 64]


def test_every_table_has_rows_of_one_length(found: Ablation) -> None:
    names = []
    for shown in ablation_tables(found):
        names.append(shown.name)
        assert len({len(row) for row in shown.rows}) == 1
    assert names == ["made", "unedited", "real", "real_all", "priors", "unmeasured"]


def test_heads_are_told_by_name_and_place() -> None:
    assert heads_of(["stage1=a=b.onnx", "samcd=x:Y"]) == {"stage1": "a=b.onnx", "samcd": "x:Y"}
    for words, said in ((["stage1"], "names no head"), (["stage1=a", "stage1=b"], "given twice")):
        with pytest.raises(SettingError, match=said):
            heads_of(words)


def test_what_cannot_be_measured_is_refused_before_anything_is(readable: Path, table: Path) -> None:
    with pytest.raises(SettingError) as caught:
        bench_sigma(readable, heads={"stage3": "difference"})
    assert "stage2" in caught.value.hint or "stage1" in caught.value.hint
    with pytest.raises(InputError, match="no such folder"):
        bench_sigma(table.parent / "nothing.csv")

"""The proof that masks are worth training on, and the table of shortcuts: parts, and both scripts."""

from __future__ import annotations

import csv
import hashlib
import importlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.measures.metrics import auc, count_levels
from maskwright.synthesis.steps import begin
from tests.bench.conftest import png, textured

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
Script = Callable[[str], Any]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    """A module of the benchmarks, by its name."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


def unchanged(picture: Any) -> Any:
    """What stands for an autoencoder."""
    return picture


def test_an_edit_of_the_proof_changes_nothing_outside_what_its_truth_marks(script: Script) -> None:
    edits = script("proof_edits")
    photo, donor, kinds = textured(120, 150, 1), textured(140, 110, 2), set()
    for seed in range(30):
        made, kind = edits.edit(begin(photo), None, donor, unchanged, np.random.default_rng(seed))
        kinds.add(kind)
        outside = ~(made.mask | made.ignore)
        assert made.mask.any(), kind
        # `truth.write` ignores a blended place where the change reaches 8 levels
        apart = np.abs(made.edited[outside].astype(int) - photo[outside])
        assert apart.max() <= 8, kind
    assert kinds == set(edits.EDITS)


def test_what_happens_to_whole_pictures_keeps_their_size_and_what_they_show(script: Script) -> None:
    edits, photo = script("proof_edits"), textured(70, 90, 3)
    for name, change in {**edits.FILTERS, **edits.CODECS}.items():
        changed = change(photo.copy(), np.random.default_rng(4))
        assert (changed.shape, changed.dtype) == (photo.shape, np.uint8), name
        apart = np.abs(changed.astype(float) - photo)
        assert 0 < apart.mean() < 20, name


def test_a_regenerated_picture_of_the_proof_passes_through_the_autoencoder_first(script: Script) -> None:
    edits, photo = script("proof_edits"), textured(64, 64, 5)
    _, with_one = edits.corrupt(photo, unchanged, np.random.default_rng(0))
    _, without = edits.corrupt(photo, None, np.random.default_rng(0))
    assert with_one[0] == "autoencoder"
    assert "autoencoder" not in without


def test_ranks_in_place_of_levels_keep_an_auc_that_bytes_would_lose(script: Script) -> None:
    figures = script("proof_figures")
    rng = np.random.default_rng(6)
    truth = rng.random((64, 64)) < 0.3
    map_ = np.float32(1e-3) * (rng.random((64, 64)) + truth).astype(np.float32)
    wins = np.mean(map_[truth][:, None] > map_[~truth][None])
    assert auc(count_levels(figures.by_rank(map_), truth)) == pytest.approx(wins, abs=5e-3)
    assert auc(count_levels(np.rint(255 * map_).astype(np.uint8), truth)) < 0.6


def test_a_gap_that_every_picture_and_seed_shows_has_an_interval_of_no_width(script: Script) -> None:
    figures = script("proof_figures")
    second = np.random.default_rng(7).random((1, 20)).repeat(3, axis=0)
    found = figures.compared(second + 0.1, second, np.arange(20))
    assert (found.mean, found.low, found.high) == pytest.approx((0.1, 0.1, 0.1))


def test_a_gap_that_only_one_photograph_shows_is_not_sure(script: Script) -> None:
    figures = script("proof_figures")
    first, second = np.zeros((3, 8)), np.zeros((3, 8))
    first[:, :4] = 1  # four pictures of one photograph
    found = figures.compared(first, second, np.array([0, 0, 0, 0, 1, 2, 3, 4]))
    assert found.mean == pytest.approx(0.5)
    assert found.low == 0


def test_seeds_that_disagree_widen_the_interval(script: Script) -> None:
    figures, photos = script("proof_figures"), np.arange(50)
    even = np.full((3, 50), 0.5)
    apart = even + np.array([[-0.2], [0.0], [0.2]])
    one, other = (figures.compared(table, even, photos) for table in (even, apart))
    assert (one.low, one.high) == (0, 0)
    assert other.low < -0.1 < 0.1 < other.high


def test_a_score_that_ranks_nothing_has_an_auc_of_a_half(script: Script) -> None:
    auc_of = script("shortcut_safety").picture_auc
    same, low, high = np.full(4, 0.5), np.array([0.1, 0.2]), np.array([0.8, 0.9])
    assert auc_of(same, same) == 0.5
    assert (auc_of(high, low), auc_of(low, high)) == (1.0, 0.0)


def photographs(folder: Path, train: int, val: int) -> Path:
    """Textured pictures, listed as photographs are; a third of them is kept for calibration.

    An autoencoder of three steps gives back what nobody can align, so of the pairs that pass through it
    there are no masks: the kept ones must not all be among these.
    """
    folder.mkdir()
    with (folder / "photos.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["path", "split"])
        for seed in range(train + val):
            names = (f"{seed}-{number}.png" for number in itertools.count())
            name = next(each for each in names if is_kept(each) == (seed % 3 == 0))
            (folder / name).write_bytes(png(textured(96, 128, seed)))
            table.writerow([name, "train" if seed < train else "val"])
    return folder / "photos.csv"


def is_kept(name: str) -> bool:
    """Whether a detector's training keeps the photograph of this name, see `learning.exhibits`."""
    return int.from_bytes(hashlib.sha256(f"kept/{name}".encode()).digest()[:8]) % 10 == 0


def done(name: str, *words: object) -> str:
    command = [sys.executable, BENCHMARKS / name, *map(str, words)]
    ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.slow
def test_the_proof_trains_and_measures_every_arm_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    photos, out = photographs(tmp_path / "photos", 40, 4), tmp_path / "proof"
    done("proof_autoencoder.py", "--photos", photos, "-o", tmp_path / "ae", "--steps", 3, "--batch", 2)
    words = ["-o", out, "--autoencoder", tmp_path / "ae" / "autoencoder.onnx", "--photos", photos]
    words += ["--real", tmp_path / "none.csv", "--train", 90, "--val", 4, "--steps", 2, "--batch", 2]
    words += ["--seeds", 1, "--workers", 1]
    done("prove_masks.py", *words, "--only", "true")
    first = (out / "runs" / "true-1.json").stat().st_mtime_ns
    said = done("prove_masks.py", *words)
    report = json.loads((out / "proof.json").read_text())
    assert report["runs"] == dict.fromkeys(("true", "ours", "blurred", "otsu", "confidence", "qes"), 1)
    assert report["pairs"]["confidence"] <= 45 <= report["pairs"]["true"]
    assert set(report["sets"]) == {"regenerated pairs", "other pairs", "all made pairs"}
    assert {"b - c", "b / a", "d - b, seed 1"} <= report["sets"]["regenerated pairs"]["compared"]["f1"].keys()
    assert (out / "runs" / "true-1.json").stat().st_mtime_ns == first
    assert (out / "proof.md").read_text() in said
    assert (out / "proof.svg").read_text().count("<circle") == 6


@pytest.mark.slow
def test_the_table_of_shortcuts_has_both_exports_trained_on_and_tested(tmp_path: Path) -> None:
    photos, out = photographs(tmp_path / "photos", 40, 4), tmp_path / "shortcuts"
    done("proof_autoencoder.py", "--photos", photos, "-o", tmp_path / "ae", "--steps", 3, "--batch", 2)
    done(
        *("shortcut_safety.py", "-o", out, "--autoencoder", tmp_path / "ae" / "autoencoder.onnx"),
        *("--photos", photos, "--train", 40, "--val", 4, "--steps", 2, "--batch", 2, "--workers", 1),
    )
    table = json.loads((out / "shortcuts.json").read_text())["table"]
    assert {(name, test) for name, tests in table.items() for test in tests} == {
        (name, test) for name in ("naive", "ours") for test in ("naive", "ours")
    }
    for tests in table.values():
        for measures in tests.values():
            mean, low, high = measures["auc"]
            assert 0 <= low <= mean <= high <= 1

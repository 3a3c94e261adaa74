"""The command, from a dataset to a detector that others can load."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from maskwright.errors import MissingExtraError
from maskwright.learning.train import Assignment, Options, Outcome, train_detector
from tests.conftest import Command
from tests.learning.exhibited import dataset, row, written

NO_TORCH = "networks are trained with torch"


def test_without_torch_the_line_to_type_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match="training needs the package 'torch'") as caught:
        train_detector("compact-detector", tmp_path, tmp_path / "out", steps=1)
    assert caught.value.hint == "pip install 'maskwright[torch]'"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("detector", "--data", "d"), "--name is missing"),
        (("detector", "--name", "compact-detector"), "--data is missing"),
        (("detector", "--photos", "p"), "not from photographs"),
        (("compact",), "--photos is missing"),
        (("compact", "--photos", "p", "--data", "d"), "are a detector's"),
        (("compact", "--photos", "p", "--side", "64"), "any size"),
        (("detector", "--name", "mfpt", "--data", "d"), "--backbone"),
        (("detector", "--name", "compact", "--data", "d"), "compact-detector"),
        (("detector", "--name", "compact-detector", "--data", "d", "--stage", "2"), "has no stages"),
        (("detector", "--name", "compact-detector", "--data", "d", "--autoencoder", "a"), "as they are"),
    ],
)
def test_words_that_do_not_go_together_are_refused_with_what_does(
    command: Command, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    pytest.importorskip("torch", reason=NO_TORCH)
    code, _, err = command("train", *words, "--steps", 1, "-o", tmp_path / "out")
    assert code == 2
    assert told in err
    assert not (tmp_path / "out").exists()


def test_a_dataset_without_masks_is_told_and_how_they_are_made(command: Command, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason=NO_TORCH)
    data = written(tmp_path / "data", [row(each, forged=False, photograph=each) for each in range(20)])
    words = ("--name", "compact-detector", "--data", data, "--steps", 1, "-o", tmp_path / "out")
    code, _, err = command("train", "detector", *words)
    assert code == 2
    assert "holds no masks" in err
    assert "maskwright annotate" in err


def toy_run(data: Path, out: Path, stop: int = 99, steps: int = 4) -> Outcome:
    """A detector trained for a few steps."""
    pytest.importorskip("torch", reason=NO_TORCH)
    from maskwright.learning.detector import train_on
    from maskwright.learning.detector_task import Sizes, check_known
    from maskwright.learning.exhibits import shared_exhibits
    from maskwright.learning.loop import Lap, Schedule
    from maskwright.learning.ranks import joined

    def progress(lap: Lap) -> None:
        if lap.step >= stop:
            raise KeyboardInterrupt

    out.mkdir(exist_ok=True)
    shares = shared_exhibits(data, None, out / "cache" / "pictures")
    known = check_known("compact-detector", None)
    schedule, options = Schedule(steps=steps, save_every_s=0), Options(batch=4, workers=1)
    sizes = Sizes(samples=8, side=64, pictures=6, whole=96, judged=60)
    with joined() as ranks:
        given = Assignment(shares, schedule, out, ranks, options, progress)
        outcome = train_on("compact-detector", known, given, sizes)
    assert outcome is not None
    return outcome


@pytest.mark.slow
def test_a_detector_is_trained_exported_calibrated_measured_and_can_be_loaded(tmp_path: Path) -> None:
    from maskwright.detectors import load_detector
    from maskwright.weights import detector_of, open_network
    from tests.contracts.annotator import textured

    outcome = toy_run(dataset(tmp_path / "data", 400), tmp_path / "out")
    assert outcome.steps == 4
    detector = load_detector(str(outcome.network))
    picture = textured(1, 131, 97)
    assert detector.detect(picture).map.shape == picture.shape[:2]
    (taken,) = open_network(outcome.network).get_inputs()
    assert (taken.name, taken.type) == ("picture", "tensor(uint8)")
    told = detector_of(outcome.network)
    assert told is not None
    assert (told.side, told.whole, told.gives) == (None, False, "odds")
    card = json.loads(outcome.card.read_text())
    assert card["constants"]["odds_gain"] > 0
    assert 0 <= card["constants"]["false_alarms"] <= 0.5
    assert "pictures: " in card["training_data"]
    assert card["licence"] == 'under the terms of the pictures trained on: "CC0"'
    assert card["figures"] == pytest.approx(dict(outcome.figures))
    assert card["figures"]["pictures_forged"] == 30  # of 100, half of 60
    assert 0 <= card["figures"]["picture_auc"] <= 1
    assert card["figures"]["torch_onnx_error"] < 1e-4
    written_at = outcome.card.stat().st_mtime_ns
    assert toy_run(tmp_path / "data", tmp_path / "out") == outcome
    assert outcome.card.stat().st_mtime_ns == written_at  # a finished run is not calibrated again


@pytest.mark.slow
def test_a_run_that_was_stopped_gives_the_same_network_and_card(tmp_path: Path) -> None:
    data = dataset(tmp_path / "data")
    whole = toy_run(data, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        toy_run(data, tmp_path / "halves", stop=2)
    resumed = toy_run(data, tmp_path / "halves")
    assert whole.network.read_bytes() == resumed.network.read_bytes()
    assert whole.card.read_bytes() == resumed.card.read_bytes()


@pytest.mark.slow
def test_generated_pairs_become_masks_a_dataset_and_a_detector_by_four_commands(
    command: Command, tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason=NO_TORCH)
    from maskwright.detectors import load_detector
    from tests.corpus.made import save
    from tests.datasets.building import scene

    for number in range(60):
        save(tmp_path / "photos" / f"{number:02d}.png", scene(number))
    made, out, data, trained = (tmp_path / name for name in ("made", "out", "data", "trained"))
    once = ("--workers", 1)
    for words in (
        ("generate", tmp_path / "photos", made, "-n", 120, *once),
        ("annotate", made, out, "--annotator", "compact", *once),
        ("select", out, "--where", "area_frac > 0", "--name", "good"),
        (
            *("build", data, "--from", out, "--selection", "good", "--format", "parquet", *once),
            *("--authentic", 1, "--originals-are-photographs", "--restricted", "include"),
        ),
        (
            *("train", "detector", "--name", "compact-detector", "--data", data, "-o", trained),
            *("--steps", 2, "--batch", 4, *once),
        ),
    ):
        code, _, err = command(*words)
        assert code in (0, 3), err  # 3: generated pairs that nobody could align are left out
    detector = load_detector(str(trained / "compact-detector.onnx"))
    found = detector.detect(scene(3))
    assert found.map.shape == scene(3).shape[:2]
    assert np.isfinite(found.map).all()

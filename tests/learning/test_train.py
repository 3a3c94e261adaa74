"""The command, from photographs to a network that others can use."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from maskwright.errors import MissingExtraError, SettingError
from maskwright.learning.train import RECIPES, Assignment, Options, Outcome, train
from tests.conftest import Command

NO_TORCH = "networks are trained with torch"


def test_without_torch_the_line_to_type_is_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match="training needs the package 'torch'") as caught:
        train("compact", folder, tmp_path / "out", steps=1)
    assert caught.value.hint == "pip install 'maskwright[torch]'"
    assert not (tmp_path / "out").exists()


def test_an_unknown_network_gets_the_nearest_known_one(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        train("compcat", folder, tmp_path, steps=1)
    assert "compact" in caught.value.hint


@pytest.mark.parametrize("options", [{"batch": 0}, {"reuse": 0}, {"seed": -1}])
def test_options_that_are_too_small_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(SettingError, match=r"at least [01] is needed"):
        Options(**options)


def test_every_recipe_can_be_found() -> None:
    pytest.importorskip("torch", reason=NO_TORCH)
    import importlib

    for place in RECIPES.values():
        module, _, function = place.partition(":")
        assert callable(getattr(importlib.import_module(module), function))


def test_a_folder_that_holds_something_else_is_left_alone(
    command: Command, folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason=NO_TORCH)
    (tmp_path / "thesis.txt").write_text("mine")
    code, _, told = command("train", "compact", "--photos", folder, "--steps", 2, "-o", tmp_path)
    assert code == 1
    assert "holds files that are no training run" in told
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_whose_run_was_killed_in_its_first_checkpoint_may_be_used(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason=NO_TORCH)
    from maskwright.learning.train import _check_folder

    for name in ("cache", "checkpoint-00000000.safetensors", ".tmp-checkpoint-host-1-2"):
        (tmp_path / name).touch()
    _check_folder(tmp_path)


def test_a_length_has_to_be_given_once(command: Command, folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason=NO_TORCH)
    for words in ((), ("--steps", 3, "--minutes", 1)):
        code, _, told = command("train", "compact", "--photos", folder, *words, "-o", tmp_path / "out")
        assert code == 2
        assert "in steps or in minutes" in told


@pytest.mark.slow
def test_the_autoencoder_that_is_trained_is_a_round_trip(
    command: Command, folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason=NO_TORCH)
    from maskwright.synthesis.roundtrip import load_roundtrip, pass_through
    from tests.contracts.annotator import textured

    out = tmp_path / "out"
    words = ("train", "autoencoder", "--photos", folder, "--steps", 3, "--batch", 4, "-o", out, "--json")
    code, answer, _ = command(*words)
    assert code == 0
    told = json.loads(answer)
    assert told["steps"] == 3
    assert told["figures"]["psnr"] > 5
    picture = textured(1, 40, 24)
    assert pass_through(load_roundtrip(told["network"]), picture).shape == picture.shape
    card = json.loads(Path(told["card"]).read_text())
    assert "photographs: " in card["training_data"]
    assert card["licence"].startswith("not known: ")


def toy_run(folder: Path, out: Path) -> Outcome:
    """A network trained for three steps, and judged on next to nothing."""
    pytest.importorskip("torch", reason=NO_TORCH)
    from maskwright.learning.compact import train_compact
    from maskwright.learning.loop import Schedule
    from maskwright.learning.ranks import joined
    from maskwright.learning.shares import shared
    from maskwright.learning.task import Sizes

    sizes = Sizes(samples=4, side=32, pairs=6, whole=64, judged=4)
    with joined() as ranks:
        options = Options(batch=4, workers=1)
        given = Assignment(shared(folder), Schedule(steps=3), out, ranks, options, lambda lap: None)
        outcome = train_compact(given, sizes)
    assert outcome is not None
    return outcome


@pytest.mark.slow
def test_the_compact_network_is_trained_exported_calibrated_and_measured(
    folder: Path, tmp_path: Path
) -> None:
    outcome = toy_run(folder, tmp_path)
    from maskwright.weights import open_network, read_card

    assert outcome.steps == 3
    card = read_card(outcome.network)
    assert card.constants["odds_gain"] > 0
    for name in ("compact.onnx", "compact.fp32.onnx"):
        (given_planes,) = open_network(tmp_path / name).get_inputs()
        assert (given_planes.name, given_planes.type) == ("planes", "tensor(uint8)")
    figures = json.loads(outcome.card.read_text())["figures"]
    assert figures == pytest.approx(dict(outcome.figures))
    assert 0 < figures["f1"] <= 1
    assert 0 <= figures["unedited_marked"] < 0.5
    assert figures["calibration_error"] < 0.5
    assert abs(figures["f1_kept_int8"] - figures["f1_kept_fp32"]) < 0.2
    made = {path.name for path in tmp_path.iterdir()}
    assert {"losses.csv", "losses.svg", "checkpoint.json", "cache"} <= made
    written = outcome.card.stat().st_mtime_ns
    assert toy_run(folder, tmp_path) == outcome
    assert outcome.card.stat().st_mtime_ns == written  # a finished run is not calibrated again


@pytest.mark.slow
def test_a_network_without_its_card_is_calibrated_again_and_gets_the_same(
    folder: Path, tmp_path: Path
) -> None:
    outcome = toy_run(folder, tmp_path)
    card, network = outcome.card.read_bytes(), outcome.network.read_bytes()
    outcome.card.unlink()
    assert toy_run(folder, tmp_path) == outcome
    assert (outcome.card.read_bytes(), outcome.network.read_bytes()) == (card, network)

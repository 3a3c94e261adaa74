"""The example that exports a detector of IMDLBenCo, on a small model that is called as those are."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from maskwright.detectors import load_detector
from tests.contracts.annotator import textured

torch = pytest.importorskip("torch")

PROGRAM = Path(__file__).parents[2] / "examples" / "export_detector.py"
SIDE = 64
MODEL = '''
import torch
from torch import nn
from torch.nn import functional


class Small(nn.Module):
    """Called as a model of IMDLBenCo: with the truth, for losses beside the map."""

    def __init__(self, width: int = 4, scored: bool = True) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, width, 3, stride=2, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, 1, 1),
        )
        self.scored = scored

    def forward(self, image, mask, edge_mask, label, *args, **kwargs):
        found = functional.interpolate(self.body(image), image.shape[2:], mode="bilinear", align_corners=True)
        loss = functional.binary_cross_entropy_with_logits(found, mask, weight=1 + edge_mask)
        chance = found.sigmoid()
        peak = chance.amax((1, 2, 3))
        return {
            "backward_loss": loss + functional.mse_loss(peak, label),
            "pred_mask": chance,
            "pred_label": peak if self.scored else None,
            "visual_loss": {"loss": loss},
            "visual_image": {"pred_mask": chance},
        }
'''


def exported(folder: Path, *words: str, scored: bool = True) -> tuple[Path, torch.nn.Module]:
    """What the program writes of a small model with random weights, and that model."""
    (folder / "small_model.py").write_text(MODEL)
    names: dict[str, type[torch.nn.Module]] = {}
    exec(MODEL, names)
    torch.manual_seed(1)
    model = names["Small"](width=6, scored=scored)
    model.eval()
    checkpoint = {"model": model.state_dict(), "args": argparse.Namespace(lr=0.1), "epoch": 3}
    torch.save(checkpoint, folder / "checkpoint.pth")
    given = f'{{"width": 6, "scored": {str(scored).lower()}}}'
    command = [sys.executable, PROGRAM, "small_model:Small", "checkpoint.pth", "small.onnx"]
    told = ["--side", str(SIDE), "--given", given, *words]
    subprocess.run([*command, *told], cwd=folder, env={"PYTHONPATH": str(folder)}, check=True, timeout=200)
    return folder / "small.onnx", model


def by_hand(model: torch.nn.Module, picture: np.ndarray) -> tuple[np.ndarray, float]:
    """Map and score of a picture of the model's size, by torch and IMDLBenCo's transforms."""
    colours = (picture / 255 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    image = torch.from_numpy(colours.transpose(2, 0, 1)[None].astype(np.float32))
    nothing = torch.zeros(1, 1, SIDE, SIDE)
    with torch.inference_mode():
        told = model(image=image, mask=nothing, edge_mask=nothing, label=torch.zeros(1))
    return told["pred_mask"][0, 0].numpy(), float(told["pred_mask"].max())


@pytest.mark.slow
def test_an_exported_detector_says_what_the_model_says(tmp_path: Path) -> None:
    path, model = exported(tmp_path)
    picture = textured(3, SIDE, SIDE)
    found, (map_, score) = load_detector(str(path)).detect(picture), by_hand(model, picture)
    np.testing.assert_allclose(found.map, map_, atol=1e-5)
    assert found.score == pytest.approx(score, abs=1e-5)


@pytest.mark.slow
def test_a_padded_detector_sees_pictures_at_their_own_resolution(tmp_path: Path) -> None:
    path, model = exported(tmp_path, "--padded", scored=False)
    picture = textured(3, 40, 48)
    padded = np.zeros((SIDE, SIDE, 3), np.uint8)
    padded[:48, :40] = picture
    map_, _ = by_hand(model, padded)
    np.testing.assert_allclose(load_detector(str(path)).detect(picture).map, map_[:48, :40], atol=1e-5)


@pytest.mark.slow
def test_an_exported_detector_can_be_used_at_the_command_line(tmp_path: Path) -> None:
    path, _ = exported(tmp_path)
    picture = Path(__file__).parents[2] / "docs" / "pictures" / "after.jpg"
    command = [sys.executable, "-m", "maskwright", "detect", picture, "--detector", path, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert '"detector": "small"' in done.stdout

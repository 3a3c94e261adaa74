"""The compact detector's own network, with random weights, in tiles and at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maskwright.detectors.onnx import OnnxDetector
from maskwright.detectors.tiles import TILE_PX
from maskwright.weights import open_network
from tests.contracts.annotator import textured
from tests.weights.networks import write_card

torch = pytest.importorskip("torch")


@pytest.mark.slow
def test_the_compact_detector_in_tiles_has_the_map_of_the_whole(tmp_path: Path) -> None:
    from maskwright.learning.export import export
    from maskwright.learning.networks.compact_detector import MARGIN, MULTIPLE, CompactDetector

    torch.manual_seed(0)
    network = CompactDetector().settled()
    torch.nn.init.normal_(network.head.weight, std=0.3)
    free = {"picture": (0, 2, 3), "odds": (0, 2, 3)}
    path = export(
        network, tmp_path / "net.onnx", {"picture": np.zeros((1, 3, 64, 64), np.uint8)}, moving=free
    )
    write_card(path, detector={"multiple": MULTIPLE, "margin": MARGIN})
    picture = textured(1, TILE_PX + 70, TILE_PX + 33)
    padded = np.pad(picture, [(0, -side % MULTIPLE) for side in picture.shape[:2]] + [(0, 0)], mode="edge")
    planes = np.ascontiguousarray(padded.transpose(2, 0, 1)[None])
    (odds,) = open_network(path).run(["odds"], {"picture": planes})
    whole = (1 / (1 + np.exp(-odds[0, 0].astype(np.float64))))[: picture.shape[0], : picture.shape[1]]
    assert whole.std() > 0.01
    assert np.abs(OnnxDetector(path).detect(picture).map - whole).max() < 1e-6

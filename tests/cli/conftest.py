from pathlib import Path

import cv2
import numpy as np
import pytest


def write_pair(folder: Path, name: str, *, seed: int = 0) -> tuple[Path, Path]:
    """A smooth picture of 96x80 and the same with a bright box of 20x16 at 30,40; saved as PNG."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 160, (6, 8, 3)).astype(np.uint8)
    original = np.asarray(cv2.resize(coarse, (96, 80), interpolation=cv2.INTER_CUBIC))
    edited = original.copy()
    edited[40:56, 30:50] = (250, 240, 30)
    paths = folder / "original" / f"{name}.png", folder / "edited" / f"{name}.png"
    for path, picture in zip(paths, (original, edited), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", picture[..., ::-1])[1].tobytes())
    return paths


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return write_pair(tmp_path, "one")


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """A folder of three pairs, one of them with a file that is cut off."""
    folder = tmp_path / "pairs"
    for seed, name in enumerate(("first", "second", "third")):
        write_pair(folder, name, seed=seed)
    broken = folder / "edited" / "third.png"
    broken.write_bytes(broken.read_bytes()[:200])
    return folder

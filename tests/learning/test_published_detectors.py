"""mfpt, apsc and vit-lora from the command's words to a picture looked at, on tiny backbones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")
pytest.importorskip("transformers", reason="these backbones are transformers'")
pytest.importorskip("onnx", reason="networks are exported with onnx")

from maskwright.detectors import load_detector  # noqa: E402
from maskwright.errors import InputError, MissingExtraError, SettingError  # noqa: E402
from maskwright.learning.detector import train_on  # noqa: E402
from maskwright.learning.detector_task import NETWORKS, Sizes, check_known  # noqa: E402
from maskwright.learning.exhibits import shared_exhibits  # noqa: E402
from maskwright.learning.loop import Schedule  # noqa: E402
from maskwright.learning.ranks import joined  # noqa: E402
from maskwright.learning.train import Assignment, Options, Outcome  # noqa: E402
from maskwright.pairs.picture import encode_png  # noqa: E402
from maskwright.weights import detector_of, read_card  # noqa: E402
from tests.contracts.annotator import textured  # noqa: E402
from tests.corpus.made import save  # noqa: E402
from tests.learning import tiny  # noqa: E402

pytestmark = pytest.mark.slow

BACKBONES = {"apsc": (tiny.convnext, 64), "mfpt": (tiny.sam, 48), "vit-lora": (tiny.dinov2, 42)}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tp, Gt and Au of two splits: squares of noise on textured pictures."""
    place = tmp_path_factory.mktemp("dataset")
    rng = np.random.default_rng(0)
    for split, count in (("train", 40), ("val", 8)):
        for name in ("Tp", "Gt", "Au"):
            (place / split / name).mkdir(parents=True)
        for number in range(count):
            picture = textured(number, 80, 64)
            mask = np.zeros(picture.shape[:2], np.uint8)
            if number % 2:
                y, x = rng.integers(0, 30, 2)
                mask[y : y + 24, x : x + 24] = 255
                picture = np.where(mask[..., None] > 0, rng.integers(0, 256, picture.shape), picture)
                (place / split / "Gt" / f"{number:03d}.png").write_bytes(encode_png(mask))
            kind = "Tp" if number % 2 else "Au"
            save(place / split / kind / f"{number:03d}.png", picture.astype(np.uint8))
    return place


def trained(name: str, dataset: Path, backbone: Path, out: Path, side: int, steps: int = 2) -> Outcome:
    out.mkdir(exist_ok=True)
    options = Options(batch=4, backbone=str(backbone), side=side, workers=1)
    sizes = Sizes(samples=8, pictures=8, judged=8)
    shares = shared_exhibits(dataset, None, out / "pictures")
    with joined() as ranks:
        given = Assignment(shares, Schedule(steps=steps), out, ranks, options, lambda lap: None)
        found = train_on(name, check_known(name, str(backbone)), given, sizes)
    assert found is not None
    return found


@pytest.mark.parametrize("name", BACKBONES)
def test_it_is_trained_and_looks_at_pictures_of_any_size(name: str, dataset: Path, tmp_path: Path) -> None:
    make, side = BACKBONES[name]
    backbone = tiny.written(tmp_path / "tiny-backbone", make())

    found = trained(name, dataset, backbone, tmp_path / "out", side)

    assert found.network.name == f"{name}.onnx"
    assert found.figures["torch_onnx_error"] < 1e-4
    detector = load_detector(str(found.network))
    looked = detector.detect(textured(1, 120, 50))
    assert looked.map.shape == textured(1, 120, 50).shape[:2]
    assert 0 <= looked.map.min() <= looked.map.max() <= 1
    manifest = detector_of(found.network)
    assert manifest is not None
    assert (manifest.side, manifest.whole) == (side, True)
    told = json.loads(found.card.read_text())
    assert "its backbone is tiny-backbone, sha256 " in told["training_data"]
    assert "licence of its backbone" in told["licence"]
    assert str(tmp_path) not in found.card.read_text()


def test_a_run_goes_on_with_the_backbone_it_has(dataset: Path, tmp_path: Path) -> None:
    backbone = tiny.written(tmp_path / "tiny-backbone", tiny.dinov2())
    first = trained("vit-lora", dataset, backbone, tmp_path / "out", 42)
    again = trained("vit-lora", dataset, backbone, tmp_path / "out", 42)
    assert read_card(again.network).digest == read_card(first.network).digest

    tiny.written(backbone, tiny.lively(tiny.dinov2(), seed=9))
    with pytest.raises(Exception, match="backbone"):
        trained("vit-lora", dataset, backbone, tmp_path / "out", 42)


@pytest.mark.parametrize("name", BACKBONES)
def test_without_a_backbone_it_is_said_to_need_one(name: str) -> None:
    with pytest.raises(SettingError, match="stands on a backbone"):
        check_known(name, None)


@pytest.mark.parametrize("name", BACKBONES)
def test_a_backbone_that_is_not_here_is_said_to_be_fetched(name: str) -> None:
    module, function = NETWORKS[name].builder.split(":")
    build = getattr(__import__(module, fromlist=[function]), function)
    with pytest.raises(MissingExtraError) as missing:
        build("nobody/has-such-weights", 64)
    assert missing.value.hint == "hf download nobody/has-such-weights"


def test_a_backbone_of_another_kind_is_refused(tmp_path: Path) -> None:
    backbone = tiny.written(tmp_path, tiny.dinov2())
    module, function = NETWORKS["apsc"].builder.split(":")
    with pytest.raises(InputError, match="kind 'dinov2'"):
        getattr(__import__(module, fromlist=[function]), function)(str(backbone), 64)

"""CLIPSeg and Grounding DINO as groundings. How weights are found and refused is in test_pretrained.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="groundings run on torch")
transformers = pytest.importorskip("transformers", reason="groundings are networks of transformers'")

from maskwright.errors import InputError, MissingExtraError, SettingError  # noqa: E402
from maskwright.learning.grounding import BOX_SCORE, ClipSeg, GroundingDino, box_map  # noqa: E402
from maskwright.masks.grounding import Grounding, load_grounding  # noqa: E402
from tests.contracts.grounding import GroundingContract  # noqa: E402
from tests.learning import tiny  # noqa: E402

pytestmark = pytest.mark.slow


CLASSES: dict[str, Any] = {"clipseg": ClipSeg, "grounding-dino": GroundingDino}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {
        "clipseg": tiny.clipseg(tmp_path_factory.mktemp("clipseg")),
        "grounding-dino": tiny.grounding_dino(tmp_path_factory.mktemp("grounding-dino")),
    }


@pytest.fixture(scope="module")
def groundings(folders: dict[str, Path]) -> dict[str, Any]:
    return {kind: CLASSES[kind](str(folder), device="cpu") for kind, folder in folders.items()}


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def prepared(picture: np.ndarray) -> Any:
    """(1, 3, H, W), by hand."""
    planes = np.stack([(picture[..., c] / 255 - tiny.MEAN[c]) / tiny.STD[c] for c in range(3)])
    return torch.from_numpy(planes[None].astype(np.float32))


def test_clipseg_gives_the_chances_of_the_network_called_by_hand(
    folders: dict[str, Path], groundings: dict[str, Any]
) -> None:
    picture = noise(64, 64)  # as large as it wants it: nothing is resized
    model = transformers.CLIPSegForImageSegmentation.from_pretrained(folders["clipseg"]).eval()
    ids = torch.tensor([[52, 2, 0, 45, 53]])  # start, c, a, t</w>, end, as vocab.json has them
    with torch.no_grad():
        expected = torch.sigmoid(model(input_ids=ids, pixel_values=prepared(picture)).logits).numpy()
    assert expected.max() > 0.5

    (found,) = groundings["clipseg"].ground([picture], ["Cat"])

    assert found is not None
    np.testing.assert_allclose(found, expected.reshape(64, 64), atol=1e-5)


def test_grounding_dino_marks_the_boxes_that_transformers_finds(
    folders: dict[str, Path], groundings: dict[str, Any]
) -> None:
    from transformers.models.grounding_dino.processing_grounding_dino import GroundingDinoProcessor

    picture = noise(64, 96)
    with tiny.quiet():
        tokens = transformers.BertTokenizer.from_pretrained(folders["grounding-dino"])
        prepare = transformers.GroundingDinoImageProcessorPil.from_pretrained(folders["grounding-dino"])
        processor = GroundingDinoProcessor(prepare, tokens)
    model = transformers.GroundingDinoForObjectDetection.from_pretrained(folders["grounding-dino"]).eval()
    text = tokens(["a cat."], return_tensors="pt")
    with torch.no_grad():
        told = model(pixel_values=prepared(picture), **text)
    (kept,) = processor.post_process_grounded_object_detection(
        told, text["input_ids"], threshold=BOX_SCORE, target_sizes=[(64, 96)]
    )
    assert len(kept["boxes"])
    expected = np.zeros((64, 96), bool)
    for left, top, right, bottom in kept["boxes"].tolist():
        for row in range(64):
            for column in range(96):
                expected[row, column] |= left <= column + 0.5 <= right and top <= row + 0.5 <= bottom

    (found,) = groundings["grounding-dino"].ground([picture], ["A cat"])

    assert found is not None
    assert np.array_equal(found >= 0.5, expected)


@pytest.mark.parametrize(("height", "width"), [(50, 60), (20, 600), (600, 30), (300, 290)])
def test_grounding_dino_sees_a_picture_as_large_as_transformers_makes_it(
    folders: dict[str, Path], groundings: dict[str, Any], height: int, width: int
) -> None:
    picture = noise(height, width)
    with tiny.quiet():
        prepare = transformers.GroundingDinoImageProcessorPil.from_pretrained(folders["grounding-dino"])
    expected = prepare(images=picture, return_tensors="np")["pixel_values"].shape
    seen: list[tuple[int, ...]] = []
    hook = groundings["grounding-dino"]._model.register_forward_pre_hook(
        lambda module, args, given: seen.append(tuple(given["pixel_values"].shape)), with_kwargs=True
    )

    groundings["grounding-dino"].ground([picture], ["cat"])

    hook.remove()
    assert np.abs(np.subtract(seen[0], expected)).max() <= 1  # it cuts where we round


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize(("height", "width"), [(5, 6), (37, 61), (20, 600), (600, 20), (700, 900)])
def test_a_map_lies_on_the_grid_of_its_picture(
    groundings: dict[str, Any], kind: str, height: int, width: int
) -> None:
    (found,) = groundings[kind].ground([noise(height, width)], ["cat"])

    assert found is not None
    assert found.shape == (height, width)
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert found.max() <= 1


class TestGroundings(GroundingContract):
    @pytest.fixture(params=CLASSES)
    def grounding(self, groundings: dict[str, Any], request: pytest.FixtureRequest) -> Any:
        return groundings[request.param]


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("concept", ["", " ", "\n\t"])
def test_where_nothing_is_asked_for_nothing_is_found(
    groundings: dict[str, Any], kind: str, concept: str
) -> None:
    assert groundings[kind].ground([noise(30, 30)], [concept]) == [None]


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize(
    "concept", ["a cat. " * 1500, "x" * 10_000, "日本の猫 🐈", "<|endoftext|> [SEP] cat", "\x00\x1b[31m"]
)
def test_any_words_are_read(groundings: dict[str, Any], kind: str, concept: str) -> None:
    (found,) = groundings[kind].ground([noise(30, 40)], [concept])
    assert found is None or found.shape == (30, 40)


@pytest.mark.parametrize("kind", CLASSES)
def test_a_picture_of_one_pixel_is_taken(groundings: dict[str, Any], kind: str) -> None:
    (found,) = groundings[kind].ground([noise(1, 1)], ["cat"])
    assert found is None or found.shape == (1, 1)


@pytest.mark.parametrize("kind", CLASSES)
def test_a_concept_without_a_picture_is_a_mistake(groundings: dict[str, Any], kind: str) -> None:
    with pytest.raises(SettingError, match="1 pictures and 2 concepts"):
        groundings[kind].ground([noise(30, 30)], ["cat", "dog"])


@pytest.mark.parametrize("kind", CLASSES)
def test_other_words_find_another_place(groundings: dict[str, Any], kind: str) -> None:
    picture = noise(64, 64)
    one, other = groundings[kind].ground([picture, picture], ["cat", "umbrella"])
    assert one is not None
    assert other is not None
    assert not np.allclose(one, other)


def test_a_heat_map_that_is_cool_everywhere_has_found_nothing(tmp_path: Path) -> None:
    cool = ClipSeg(str(tiny.clipseg(tmp_path, bias=-60)))
    assert cool.ground([noise(40, 50)], ["cat"]) == [None]


def test_a_heat_map_that_is_hot_everywhere_is_one_everywhere(tmp_path: Path) -> None:
    hot = ClipSeg(str(tiny.clipseg(tmp_path, bias=60)))
    (found,) = hot.ground([noise(40, 50)], ["cat"])
    assert found is not None
    assert np.allclose(found, 1)


def test_clipseg_sees_the_whole_picture_squashed(groundings: dict[str, Any]) -> None:
    """A wide picture and its square have one map, but for what resampling does."""
    grounding = groundings["clipseg"]
    small = cv2.resize(noise(4, 4), (64, 64), interpolation=cv2.INTER_CUBIC)
    wide = np.repeat(small, 3, axis=1)

    square, long = grounding.ground([small, wide], ["cat", "cat"])

    assert square is not None
    assert long is not None
    assert np.abs(long[:, 1::3] - square).max() < 0.01


@pytest.mark.parametrize("kind", CLASSES)
def test_it_is_a_grounding_and_found_by_its_name_and_folder(folders: dict[str, Path], kind: str) -> None:
    grounding = load_grounding(f"{kind}:{folders[kind]}")

    assert isinstance(grounding, Grounding)
    assert isinstance(grounding, CLASSES[kind])
    assert grounding.name == kind
    assert len(grounding.digest) == 64


@pytest.mark.parametrize("kind", CLASSES)
def test_a_name_without_weights_says_what_to_type(kind: str) -> None:
    with pytest.raises(SettingError, match="needs weights") as caught:
        load_grounding(kind)
    assert f"--grounding {kind}:" in caught.value.hint


@pytest.mark.parametrize("kind", CLASSES)
def test_the_folder_of_another_network_is_refused(folders: dict[str, Path], kind: str) -> None:
    (other,) = set(CLASSES) - {kind}
    with pytest.raises(InputError, match=f"'{other}'") as caught:
        CLASSES[kind](str(folders[other]))
    assert kind in caught.value.hint


@pytest.mark.parametrize(
    ("make", "kind", "lacking"),
    [
        (tiny.clipseg, "clipseg", "vocab.json"),
        (tiny.clipseg, "clipseg", "merges.txt"),
        (tiny.grounding_dino, "grounding-dino", "vocab.txt"),
    ],
)
def test_a_tokenizer_that_lacks_a_file_is_said_to(tmp_path: Path, make: Any, kind: str, lacking: str) -> None:
    folder = make(tmp_path)
    (folder / lacking).unlink()
    with pytest.raises(MissingExtraError, match=lacking):
        CLASSES[kind](str(folder))


def test_a_tokenizer_of_another_network_is_refused(tmp_path: Path) -> None:
    folder = tiny.grounding_dino(tmp_path)
    with (folder / "vocab.txt").open("a") as words:
        words.write("one\nmore\n")
    with pytest.raises(InputError, match="knows 60 tokens, the network 58"):
        GroundingDino(str(folder))


def test_a_tokenizer_that_is_damaged_is_refused(tmp_path: Path) -> None:
    folder = tiny.clipseg(tmp_path)
    (folder / "vocab.json").write_text('{"a": ')
    with pytest.raises(InputError, match="tokenizer"):
        ClipSeg(str(folder))


@pytest.mark.parametrize("files", [("vocab.json", "merges.txt"), ("vocab.txt",)])
def test_a_folder_with_only_a_tokenizer_json_says_the_same(tmp_path: Path, files: tuple[str, ...]) -> None:
    kind, make = ("clipseg", tiny.clipseg) if len(files) == 2 else ("grounding-dino", tiny.grounding_dino)
    folder, picture = make(tmp_path), noise(40, 40)
    (before,) = CLASSES[kind](str(folder)).ground([picture], ["cat"])
    with tiny.quiet():
        name = "CLIPTokenizer" if kind == "clipseg" else "BertTokenizer"
        getattr(transformers, name).from_pretrained(folder).save_pretrained(folder)
    for file in files:
        (folder / file).unlink(missing_ok=True)
    assert (folder / "tokenizer.json").exists()

    (after,) = CLASSES[kind](str(folder)).ground([picture], ["cat"])

    assert before is not None
    assert np.array_equal(before, after)


def test_a_backbone_of_timm_is_refused_where_timm_is_not(tmp_path: Path) -> None:
    folder = tiny.grounding_dino(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config["backbone_config"] = {"model_type": "timm_backbone", "backbone": "resnet18"}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="timm"):
        GroundingDino(str(folder))


@pytest.mark.parametrize("size", [{"height": 64, "width": 80}, {"height": 70, "width": 70}, {"height": 0}])
def test_a_size_clipseg_cannot_take_is_refused(tmp_path: Path, size: dict[str, int]) -> None:
    folder = tiny.clipseg(tmp_path)
    told = json.loads((folder / "preprocessor_config.json").read_text())
    (folder / "preprocessor_config.json").write_text(json.dumps({**told, "size": size}))
    with pytest.raises(InputError, match="wants pictures of"):
        ClipSeg(str(folder))


def test_a_size_that_is_one_number_is_a_square(tmp_path: Path) -> None:
    picture = noise(40, 50)
    folder = tiny.clipseg(tmp_path)
    (expected,) = ClipSeg(str(folder)).ground([picture], ["cat"])
    told = json.loads((folder / "preprocessor_config.json").read_text())
    (folder / "preprocessor_config.json").write_text(json.dumps({**told, "size": 64}))

    (found,) = ClipSeg(str(folder)).ground([picture], ["cat"])

    assert expected is not None
    assert np.array_equal(found, expected)


def boxes(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


def scores(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_a_sure_box_is_one_inside_and_fades_outside() -> None:
    found = box_map(boxes((0.5, 0.5, 0.5, 0.25)), scores(1.0), height=80, width=80)

    assert found is not None
    assert (found[30:50, 20:60] == 1).all()
    assert np.count_nonzero(found >= 0.5) == 20 * 40
    falling = found[40, 60:65]  # a tenth of 40 pixels
    np.testing.assert_allclose(falling, [0.4375, 0.3125, 0.1875, 0.0625, 0])
    assert found[:25].max() == 0


def test_a_box_that_is_just_sure_enough_is_one_half() -> None:
    found = box_map(boxes((0.5, 0.5, 1, 1)), scores(BOX_SCORE), height=10, width=20)
    assert found is not None
    assert (found == 0.5).all()


def test_the_surer_box_wins_where_boxes_overlap() -> None:
    both = boxes((0.25, 0.5, 0.5, 1), (0.5, 0.5, 1, 1))
    found = box_map(both, scores(1.0, 0.5), height=10, width=20)
    assert found is not None
    assert (found[:, :10] == 1).all()
    np.testing.assert_allclose(found[:, 10:], 0.5 + 0.5 / 3, rtol=1e-6)


def test_a_box_that_is_not_sure_enough_is_not_drawn_beside_one_that_is() -> None:
    both = boxes((0.25, 0.5, 0.2, 0.2), (0.75, 0.5, 0.2, 0.2))
    found = box_map(both, scores(0.9, 0.24), height=40, width=40)
    assert found is not None
    assert found[:, :20].max() > 0.5
    assert found[:, 20:].max() == 0


@pytest.mark.parametrize(
    ("rows", "values"),
    [
        ((), ()),
        (((0.5, 0.5, 1, 1),), (0.2,)),
        (((np.nan, 0.5, 1, 1),), (0.9,)),
        (((0.5, 0.5, 0, 1),), (0.9,)),
        (((3.0, 3.0, 0.1, 0.1),), (0.9,)),
    ],
)
def test_no_box_that_counts_is_nothing_found(rows: tuple[Any, ...], values: tuple[float, ...]) -> None:
    assert box_map(boxes(*rows), scores(*values), height=10, width=10) is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("kind", CLASSES)
def test_a_gpu_says_nearly_what_a_cpu_says(folders: dict[str, Path], kind: str) -> None:
    pictures, concepts = [noise(64, 64, seed) for seed in range(20)], ["cat", "umbrella"] * 10

    ours = CLASSES[kind](str(folders[kind]), device="cuda").ground(pictures, concepts)
    theirs = CLASSES[kind](str(folders[kind]), device="cpu").ground(pictures, concepts)

    for mine, other in zip(ours, theirs, strict=True):
        assert mine is not None
        assert other is not None
        assert np.abs(mine - other).mean() < 0.02

"""SIGMA on backbones and groundings of transformers, from the spec on the command line to the mask."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import pytest

torch = pytest.importorskip("torch", reason="these backbones run on torch")
transformers = pytest.importorskip("transformers", reason="these backbones are transformers'")

import maskwright  # noqa: E402
from maskwright.corpus.annotate import Options  # noqa: E402
from maskwright.errors import SettingError  # noqa: E402
from maskwright.masks.annotators import Annotator, Setup, load_annotator  # noqa: E402
from maskwright.pairs.values import Hint  # noqa: E402
from tests.conftest import Command  # noqa: E402
from tests.contracts.annotator import AnnotatorContract, edited_pair, textured  # noqa: E402
from tests.learning import tiny  # noqa: E402

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {kind: tiny.written(tmp_path_factory.mktemp(kind), make()) for kind, make in tiny.DINOS.items()}
    made["hot"] = tiny.clipseg(tmp_path_factory.mktemp("hot"), bias=60)
    made["cool"] = tiny.clipseg(tmp_path_factory.mktemp("cool"), bias=-60)
    made["boxes"] = tiny.grounding_dino(tmp_path_factory.mktemp("boxes"))
    return made


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Path, Path]:
    """A picture, and a copy in which a box is another."""
    pair = edited_pair()
    places = tmp_path / "before.png", tmp_path / "after.png"
    for place, pixels in zip(places, (pair.original, pair.edited), strict=True):
        place.write_bytes(cv2.imencode(".png", pixels[..., ::-1])[1].tobytes())
    return places


class TestSigmaOnDino(AnnotatorContract):
    # a network of random weights sees a mirrored picture as another one
    test_mirrored_pictures_give_the_mirrored_mask = None

    @pytest.fixture(params=tiny.DINOS)
    def annotator(self, folders: dict[str, Path], request: pytest.FixtureRequest) -> Annotator:
        return load_annotator("sigma", Setup(backbone=str(folders[request.param])))


def test_the_name_that_says_it_needs_torch_is_the_same_annotator(folders: dict[str, Path]) -> None:
    setup = Setup(backbone=str(folders["dinov2"]))
    assert (
        load_annotator("maskwright.learning.sigma:Sigma", setup).card == load_annotator("sigma", setup).card
    )


def test_other_weights_are_another_annotator(folders: dict[str, Path]) -> None:
    setups = [
        Setup(backbone=str(folders["dinov2"])),
        Setup(backbone=str(folders["dinov3_vit"])),
        Setup(backbone=str(folders["dinov2"]), grounding=f"clipseg:{folders['hot']}"),
        Setup(backbone=str(folders["dinov2"]), grounding=f"clipseg:{folders['cool']}"),
    ]
    assert len({load_annotator("sigma", setup).card.digest for setup in setups}) == 4


def test_it_wants_as_many_pairs_at_once_as_its_backbone_pictures(folders: dict[str, Path]) -> None:
    annotator: Any = load_annotator("sigma", Setup(backbone=str(folders["dinov2"])))
    assert annotator.batch_size == (16 if torch.cuda.is_available() else 1)


@pytest.mark.parametrize(
    ("grounding", "grounded", "side_effects"), [("hot", "clipseg", 0.0), ("cool", None, None)]
)
def test_words_are_found_by_clipseg_or_are_not(
    folders: dict[str, Path], grounding: str, grounded: str | None, side_effects: float | None
) -> None:
    """A map that is hot everywhere lets nothing be a side effect; one that is cool says nothing."""
    setup = Setup(backbone=str(folders["dinov2"]), grounding=f"clipseg:{folders[grounding]}")
    annotator = load_annotator("sigma", setup)
    hint = Hint(instruction="add a cat")

    (change,) = annotator.annotate([edited_pair()], [hint])

    assert change.grounding == grounded
    assert change.scores.get("side_effect_frac") == side_effects


def test_boxes_of_grounding_dino_are_a_prior_too(folders: dict[str, Path]) -> None:
    setup = Setup(backbone=str(folders["dinov2"]), grounding=f"grounding-dino:{folders['boxes']}")
    (change,) = load_annotator("sigma", setup).annotate([edited_pair()], [Hint(instruction="add a cat")])
    assert change.grounding == "grounding-dino"
    assert set(change.layers) == {"side_effect"}


@pytest.mark.parametrize("instruction", ["", "add " + "a very " * 1500 + "big cat", "日本語"])
def test_instructions_of_any_length_are_read(folders: dict[str, Path], instruction: str) -> None:
    setup = Setup(backbone=str(folders["dinov2"]), grounding=f"clipseg:{folders['hot']}")
    (change,) = load_annotator("sigma", setup).annotate([edited_pair()], [Hint(instruction=instruction)])
    assert change.map.shape == edited_pair().edited.shape[:2]


def test_an_unedited_pair_stays_empty_whatever_is_grounded(folders: dict[str, Path]) -> None:
    picture = textured(4, 120, 90)
    setup = Setup(backbone=str(folders["dinov2"]), grounding=f"clipseg:{folders['hot']}")
    same = replace(edited_pair(width=120, height=90), original=picture, edited=picture.copy())
    (change,) = load_annotator("sigma", setup).annotate([same], [Hint(instruction="add a cat")])
    assert not (change.map >= 0.5).any()


def test_annotators_that_have_no_backbone_take_none(folders: dict[str, Path]) -> None:
    with pytest.raises(SettingError, match="takes no backbone"):
        load_annotator("difference", Setup(backbone=str(folders["dinov2"])))


def test_compare_takes_a_folder_of_dino(
    folders: dict[str, Path], pictures: tuple[Path, Path], command: Command
) -> None:
    code, out, err = command(
        "compare", *pictures, "--annotator", "sigma", "--backbone", folders["dinov3_vit"], "--json"
    )
    assert (code, err) == (0, "")
    assert json.loads(out)["annotator"] == "sigma"


def test_compare_says_what_to_type_for_weights_that_are_not_here(
    pictures: tuple[Path, Path], command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    code, out, err = command(
        "compare", *pictures, "--annotator", "sigma", "--backbone", "facebook/dinov2-base"
    )
    assert (code, out) == (2, "")
    assert "hint:  hf download facebook/dinov2-base" in err


def test_a_corpus_is_annotated_with_dino_and_clipseg(
    folders: dict[str, Path], pictures: tuple[Path, Path], tmp_path: Path
) -> None:
    table = tmp_path / "pairs.csv"
    table.write_text("original,edited,instruction\nbefore.png,after.png,add a cat\nbefore.png,before.png,\n")
    out = tmp_path / "OUT"

    maskwright.annotate(
        table,
        out,
        annotator="sigma",
        workers=1,
        options=Options(setup=Setup(backbone=str(folders["dinov2"]), grounding=f"clipseg:{folders['hot']}")),
    )

    told = (
        maskwright.open_corpus(out).table(["status", "annotator", "grounding", "edited_concept"]).to_pylist()
    )
    assert [row["status"] for row in told] == ["ok", "ok"]
    assert [row["annotator"] for row in told] == ["sigma", "sigma"]
    assert told[0]["grounding"] == "clipseg"
    assert told[0]["edited_concept"] == "cat"
    assert str(folders["dinov2"]) in (out / "run.json").read_text()

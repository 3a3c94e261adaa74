"""SIGMA's head on a backbone that is not in the network: from training to the mask, and what is refused."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")
pytest.importorskip("transformers", reason="these backbones are transformers'")
pytest.importorskip("onnx", reason="networks are exported with onnx")

from maskwright.errors import InputError, RunError, SettingError  # noqa: E402
from maskwright.learning.backbones import Dino  # noqa: E402
from maskwright.learning.export import check, export  # noqa: E402
from maskwright.learning.networks.sigma import Seen, Sigma  # noqa: E402
from maskwright.learning.sigma_task import Recipe  # noqa: E402
from maskwright.learning.sigma_train import null_of  # noqa: E402
from maskwright.learning.train import Options, Outcome, train  # noqa: E402
from maskwright.masks.annotators import Annotator, Setup, load_annotator  # noqa: E402
from maskwright.masks.annotators.backbones import Features  # noqa: E402
from maskwright.masks.annotators.evidence import evidence  # noqa: E402
from maskwright.masks.annotators.heads import Eyes, halved  # noqa: E402
from maskwright.masks.annotators.large import FRAME_PX, LARGE  # noqa: E402
from maskwright.masks.annotators.planes import planes  # noqa: E402
from maskwright.masks.annotators.rule import log_odds, shipped_rule  # noqa: E402
from maskwright.masks.annotators.sigma_compact import SigmaHead  # noqa: E402
from maskwright.pairs.values import Hint, Picture  # noqa: E402
from maskwright.synthesis.photos import Photo  # noqa: E402
from maskwright.synthesis.roundtrip import KeptRoundtrip  # noqa: E402
from maskwright.weights import backbone_of, card_path, open_network  # noqa: E402
from tests.conftest import Command  # noqa: E402
from tests.contracts.annotator import AnnotatorContract, edited_pair, textured  # noqa: E402
from tests.learning import tiny  # noqa: E402
from tests.learning.heads import compact, lively  # noqa: E402
from tests.learning.test_sigma_task import task_of  # noqa: E402
from tests.learning.test_sigma_train import toy_run, weights  # noqa: E402
from tests.weights.networks import identity_roundtrip  # noqa: E402

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dino(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.written(tmp_path_factory.mktemp("dino"), tiny.dinov2())


@pytest.fixture(scope="module")
def vae(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An autoencoder that makes everything a tenth darker."""
    return identity_roundtrip(tmp_path_factory.mktemp("vae") / "vae.onnx", gain=0.9)


@pytest.fixture(scope="module")
def first(folder: Path, dino: Path, vae: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    options = Options(backbone=str(dino), autoencoder=vae)
    return toy_run(folder, tmp_path_factory.mktemp("one"), options)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real pair without a mask."""
    place, pair = tmp_path_factory.mktemp("real"), edited_pair(50, 120, 80)
    for name, picture in (("original", pair.original), ("edited", pair.edited)):
        (place / f"{name}.png").write_bytes(cv2.imencode(".png", picture[..., ::-1])[1].tobytes())
    (place / "real.csv").write_text("original,edited\noriginal.png,edited.png\n")
    return place / "real.csv"


def copied(first: Outcome, place: Path, **told: object) -> Path:
    """The head, with another backbone on its card."""
    network = Path(shutil.copy(first.network, place))
    card = json.loads(first.card.read_text())
    card["backbone"] |= told
    card_path(network).write_text(json.dumps(card))
    return network


class TestSigmaHead(AnnotatorContract):
    # a network of random weights sees a mirrored picture as another one
    test_mirrored_pictures_give_the_mirrored_mask = None

    @pytest.fixture
    def annotator(self, first: Outcome, dino: Path) -> Annotator:
        return load_annotator(str(first.network), Setup(backbone=str(dino)))


def test_the_card_tells_which_backbone_was_looked_through(first: Outcome, dino: Path) -> None:
    told = backbone_of(first.network)
    known = Dino(str(dino))
    assert told is not None
    assert (told.name, told.digest) == (dino.name, known.digest)
    assert (told.strides, told.widths) == ((14, 14, 14), (16, 16, 16))
    assert first.network.name == "sigma-head.onnx"
    constants = json.loads(first.card.read_text())["constants"]
    assert min(constants[f"null_{layer}_median"] for layer in range(3)) > 0
    assert "null_3_median" not in constants


def test_the_head_takes_the_features_of_both_pictures_by_name(first: Outcome) -> None:
    names = [each.name for each in open_network(first.network).get_inputs()]
    features = [f"{side}_{layer}" for side in ("original", "edited") for layer in range(3)]
    assert names == ["planes", "prior", "null", *features]


def lively_head(eyes: Eyes) -> Sigma:
    """As training starts, but that its last layer says something."""
    torch.manual_seed(0)
    return lively(Sigma(compact(), widths=eyes.told.widths, strides=eyes.told.strides).eval())


def given_of(eyes: Eyes, width: int, height: int) -> dict[str, np.ndarray]:
    """What a head takes of a pair; sides are multiples of 64."""
    seen = evidence(edited_pair(1, width, height))
    bytes_ = planes(seen, log_odds(seen, shipped_rule()))[None]
    return {
        "planes": bytes_,
        "prior": np.full_like(bytes_[:, :1], 90),
        "null": np.full((1, len(eyes.told.widths), 2), 0.01, np.float32),
        **eyes.of_planes(bytes_),
    }


@pytest.mark.parametrize("patch", [14, 16])
def test_the_file_says_what_torch_says_at_any_size(tmp_path: Path, patch: int) -> None:
    """With patches of 16 the features of the example lie on the very grid of a level."""
    eyes = Eyes(Dino(str(tiny.written(tmp_path, tiny.dinov2(patch=patch)))))
    network, path = lively_head(eyes), tmp_path / "head.onnx"
    moving = {**dict.fromkeys(("planes", "prior", *eyes.inputs, "odds"), (0, 2, 3)), "null": (0,)}
    export(network, path, given_of(eyes, 128, 128), moving=moving)
    sizes = [(128, 128), (256, 192), (1280, 64)]  # the last is shrunk by the backbone
    assert check(network, path, [given_of(eyes, *size) for size in sizes], as_chance=True) < 1e-4


def test_what_the_backbone_sees_reaches_the_log_odds(dino: Path) -> None:
    eyes = Eyes(Dino(str(dino)))
    network, given = lively_head(eyes), given_of(eyes, 256, 192)
    same = {**given, **{name: given[name.replace("edited", "original")] for name in eyes.inputs}}
    with torch.inference_mode():
        odds, unmoved = (network(*map(torch.from_numpy, each.values())) for each in (given, same))
    assert (odds - unmoved).abs().max() > 0.01


def test_features_are_those_of_the_planes_colours_at_the_pictures_scale(dino: Path) -> None:
    backbone = Dino(str(dino))
    seen = evidence(edited_pair(1, 256, 192))
    found = Eyes(backbone).of_planes(planes(seen, log_odds(seen, shipped_rule()))[None])
    for side in ("original", "edited"):
        whole = cv2.resize(getattr(seen, side), (256, 192), interpolation=cv2.INTER_LINEAR)
        (layers,) = backbone.features([whole])
        for number, layer in enumerate(layers):
            np.testing.assert_allclose(found[f"{side}_{number}"][0], layer, rtol=1e-3, atol=1e-3)


class Counting:
    """A backbone that counts the pictures it is shown."""

    name, digest, strides = "counting", "0" * 64, (8,)

    def __init__(self) -> None:
        self.shown: list[tuple[int, ...]] = []

    def features(self, pictures: Sequence[Picture]) -> list[Features]:
        self.shown += [picture.shape for picture in pictures]
        return [(np.full((2, 4, 4), picture.mean(), np.float32),) for picture in pictures]


def test_a_picture_that_is_remembered_is_not_looked_at_again() -> None:
    backbone = Counting()
    eyes = Eyes(backbone)
    backbone.shown.clear()
    halves = [textured(seed, 40, 30) for seed in (1, 2, 1)]
    first, again = eyes.of_halves(halves), eyes.of_halves(halves[::-1])
    assert len(backbone.shown) == 2
    assert [each[0].mean() for each in first] == [each[0].mean() for each in again[::-1]]
    assert first[0][0].mean() != first[1][0].mean()


def test_what_is_remembered_is_bounded_and_what_was_not_asked_for_longest_goes_first() -> None:
    backbone = Counting()
    eyes = Eyes(backbone, remembers=2 * 2 * 4 * 4 * 2)  # two pictures in 16 bits
    backbone.shown.clear()
    one, two, three = (textured(seed, 40, 30) for seed in range(3))
    for picture in (one, two, one, three, one):
        eyes.of_halves([picture])
    assert len(backbone.shown) == 3
    eyes.of_halves([two])
    assert len(backbone.shown) == 4


def test_of_a_large_picture_the_backbone_sees_no_more_than_the_small_frame() -> None:
    backbone = Counting()
    eyes = Eyes(backbone)
    eyes.of_halves([np.zeros((300, 900, 3), np.uint8)])
    assert backbone.shown[-1] == (341, FRAME_PX, 3)


def test_a_large_pair_is_annotated_with_and_without_a_region(first: Outcome, dino: Path) -> None:
    pair = edited_pair(1, 1600, 1300)
    assert pair.valid.size > LARGE
    annotator = load_annotator(str(first.network), Setup(backbone=str(dino)))
    region = np.zeros(pair.valid.shape, np.bool_)
    region[:700] = True
    without, within = annotator.annotate([pair, pair], [Hint(), Hint(region=region)])
    assert (without.map >= 0.5).any()
    assert set(within.layers) == {"side_effect"}


def test_with_an_autoencoder_the_null_distances_are_those_the_backbone_sees(
    first: Outcome, dino: Path, vae: Path
) -> None:
    plain = load_annotator(str(first.network), Setup(backbone=str(dino)))
    own = load_annotator(str(first.network), Setup(backbone=str(dino), vae=str(vae)))
    assert isinstance(own, SigmaHead)
    assert plain.card.digest != own.card.digest
    picture = textured(1, 120, 90)
    assert own._null_of(picture.tobytes(), picture.shape).shape == (3, 2)
    assert own.annotate([edited_pair(1)], [Hint()])[0].map.any()


def test_null_distances_of_photographs_are_those_of_the_backbone(
    dino: Path, vae: Path, tmp_path: Path
) -> None:
    again, eyes = KeptRoundtrip(vae, tmp_path / "kept"), Eyes(Dino(str(dino)))
    picture = textured(1, 448, 320)  # on which nothing is resized
    path = tmp_path / "one.png"
    path.write_bytes(cv2.imencode(".png", picture[..., ::-1])[1].tobytes())
    one, two = eyes.of_halves([halved(picture), halved(again(picture))])
    lengths = [np.linalg.norm(layer, axis=0) for layer in (one[2], two[2])]
    distance = 1 - (one[2] * two[2]).sum(0) / (lengths[0] * lengths[1])
    found = null_of(eyes, [Photo(str(path))], again).numpy()
    np.testing.assert_allclose(found[2, 0], np.median(distance), rtol=0.05)


class Noting(torch.nn.Module):
    """Says nothing, and keeps what it was handed."""

    def __init__(self) -> None:
        super().__init__()
        self.handed: tuple[torch.Tensor, ...] = ()

    def forward(self, *handed: torch.Tensor) -> Seen:
        self.handed = handed
        nothing = handed[1].float() * 0
        return Seen(nothing, nothing, nothing, nothing, nothing)


def test_samples_are_handed_on_unturned_with_their_own_features(folder: Path, tmp_path: Path) -> None:
    eyes, network = Eyes(Counting()), Noting()
    recipe = Recipe(network, torch.zeros(1, 2), eyes=eyes)
    with contextlib.closing(task_of(folder, tmp_path, recipe)) as task:
        batch = task.batch(0)
        task.loss(network, batch, network)
    planes, _, _, before, after = network.handed
    assert torch.equal(planes, batch["planes"])
    for number, pair in enumerate(planes.numpy()):
        expected = eyes.of_planes(pair[None])
        assert before[number].numpy() == pytest.approx(expected["original_0"][0])
        assert after[number].numpy() == pytest.approx(expected["edited_0"][0])


def test_both_stages_learn_with_real_pairs(
    folder: Path, first: Outcome, dino: Path, vae: Path, table: Path, tmp_path: Path
) -> None:
    options = Options(
        backbone=str(dino), autoencoder=vae, stage=2, start=first.network.parent, unlabelled=table
    )
    outcome = toy_run(folder, tmp_path, options)
    before, after = (weights(each.network.parent)["model.compare.0.tell.weight"] for each in (first, outcome))
    assert not torch.equal(before, after)
    assert backbone_of(outcome.network) == backbone_of(first.network)
    annotator = load_annotator(str(outcome.network), Setup(backbone=str(dino)))
    assert annotator.annotate([edited_pair(1)], [Hint()])[0].map.any()


def test_stage_two_on_another_backbone_is_refused(
    folder: Path, first: Outcome, vae: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = tiny.written(tmp_path / "other", tiny.lively(tiny.dinov2(), seed=7))
    options = Options(backbone=str(other), autoencoder=vae, stage=2, start=first.network.parent)
    with pytest.raises(RunError, match="was trained on the backbone dino") as caught:
        toy_run(folder, tmp_path / "out", options)
    assert "--backbone" in caught.value.hint


@pytest.mark.parametrize("name", ["compact", "sam-cd", "autoencoder"])
def test_other_networks_are_trained_on_no_backbone(
    folder: Path, dino: Path, tmp_path: Path, name: str
) -> None:
    with pytest.raises(SettingError, match="is trained on no backbone") as caught:
        train(name, folder, tmp_path / "out", steps=1, options=Options(backbone=str(dino)))
    assert "--backbone" in caught.value.hint
    assert not (tmp_path / "out").exists()


def test_without_its_backbone_a_head_says_what_to_type(
    first: Outcome, command: Command, tmp_path: Path, dino: Path
) -> None:
    pair = edited_pair()
    for name, pixels in (("before", pair.original), ("after", pair.edited)):
        data = cv2.imencode(".png", pixels[..., ::-1])[1].tobytes()
        (tmp_path / f"{name}.png").write_bytes(data)
    words = ("compare", tmp_path / "before.png", tmp_path / "after.png", "--annotator", first.network)
    code, out, err = command(*words)
    assert (code, out) == (2, "")
    assert f"is a head on the features of {dino.name}, which is not in that file" in err
    assert f"hint:  --backbone and where {dino.name} lies" in err
    code, out, err = command(*words, "--backbone", dino, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["annotator"] == "sigma-head"


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"patch": 16}, "have steps of 14, 14, 14 pixels; those of .* have steps of 16, 16, 16 pixels"),
        ({"layers": 2}, "have steps of 14, 14, 14 pixels; those of .* have steps of 14, 14 pixels"),
        ({}, "with the weights "),
    ],
)
def test_another_backbone_is_refused(
    first: Outcome, tmp_path: Path, other: dict[str, int], told: str
) -> None:
    spec = str(tiny.written(tmp_path, tiny.lively(tiny.dinov2(**other), seed=5)))
    with pytest.raises(InputError, match=told) as caught:
        load_annotator(str(first.network), Setup(backbone=spec))
    assert "--backbone and where" in caught.value.hint


def test_a_backbone_of_other_widths_than_the_card_says_is_refused(
    first: Outcome, dino: Path, tmp_path: Path
) -> None:
    head = copied(first, tmp_path, widths=[16, 16, 32])
    with pytest.raises(InputError, match=r"have 16, 16, 32 channels; those of .* have 16, 16, 16 channels"):
        load_annotator(str(head), Setup(backbone=str(dino)))


@pytest.mark.parametrize(
    "told", [{"strides": [14]}, {"strides": "14"}, {"digest": 3}, {"weights": 1}, {"widths": [1.5, 2, 3]}]
)
def test_a_card_whose_backbone_is_none_is_refused(
    first: Outcome, tmp_path: Path, told: dict[str, object]
) -> None:
    with pytest.raises(InputError, match="a backbone has a name, a digest"):
        backbone_of(copied(first, tmp_path, **told))


def test_a_card_that_names_no_backbone_is_refused(first: Outcome, dino: Path, tmp_path: Path) -> None:
    head = copied(first, tmp_path)
    told = json.loads(card_path(head).read_text())
    del told["backbone"]
    card_path(head).write_text(json.dumps(told))
    with pytest.raises(InputError, match="does not say which backbone"):
        load_annotator(str(head), Setup(backbone=str(dino)))


def test_the_digest_follows_the_backbone_and_the_grounding(first: Outcome, dino: Path) -> None:
    one, two = (
        load_annotator(str(first.network), Setup(backbone=str(dino), grounding=grounding))
        for grounding in ("region", "none")
    )
    assert one.card.digest != two.card.digest
    assert one.card.digest == load_annotator(str(first.network), Setup(backbone=str(dino))).card.digest

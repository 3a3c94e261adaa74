"""SIGMA without training: the contract, known edits on redrawn pictures, priors, shared features."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.masks.annotators import Annotator, Setup, load_annotator
from maskwright.masks.annotators.backbones import Features
from maskwright.masks.annotators.rule import shipped_rule
from maskwright.masks.annotators.semantic import THRESHOLD, amplified
from maskwright.masks.annotators.sigma import SEED, Sigma, change_of
from maskwright.masks.grounding import GROUNDINGS, Prior
from maskwright.masks.pipeline import annotate_pair
from maskwright.measures.metrics import pixel_f1
from maskwright.pairs.values import Aligned, Annotation, Hint, Mask, Pair, Picture
from tests.contracts.annotator import AnnotatorContract, edited_pair, jpeg, laid, textured
from tests.weights.networks import identity_roundtrip, pyramid_network


@pytest.fixture(scope="module")
def sigma() -> Sigma:
    return Sigma()


class TestSigma(AnnotatorContract):
    mirror_tolerance = 0.03  # a network's features of a mirrored picture are not the mirrored features

    @pytest.fixture
    def annotator(self, sigma: Sigma) -> Annotator:
        return sigma


class TestSigmaOfAnOnnxFile(AnnotatorContract):
    @pytest.fixture
    def annotator(self, tmp_path: Path) -> Annotator:
        return Sigma(str(pyramid_network(tmp_path / "pyramid.onnx")))


class TestSigmaWithAnAutoencoder(AnnotatorContract):
    @pytest.fixture
    def annotator(self, tmp_path: Path) -> Annotator:
        return Sigma(vae=str(identity_roundtrip(tmp_path / "vae.onnx")))


class Colours:
    """A backbone whose one layer is the mean colour of 4x4 pixels; keeps what it was asked."""

    name = "colours"
    digest = hashlib.sha256(b"colours").hexdigest()
    strides = (4,)
    asked: list[bytes]

    def __init__(self) -> None:
        type(self).asked = []

    def features(self, pictures: Sequence[Picture]) -> list[Features]:
        self.asked.extend(picture.tobytes() for picture in pictures)
        return [self._of(picture) for picture in pictures]

    def _of(self, picture: Picture) -> Features:
        height, width = picture.shape[:2]
        size = (-(-width // 4), -(-height // 4))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        return (np.ascontiguousarray(small.transpose(2, 0, 1) - np.float32(127.5)),)


COLOURS = f"{Colours.__module__}:Colours"


class Left:
    """A grounding that finds everything in the left half."""

    name = "left"
    digest = hashlib.sha256(b"left").hexdigest()

    def ground(self, pictures: Sequence[Picture], concepts: Sequence[str]) -> list[np.ndarray | None]:
        maps = [np.zeros(picture.shape[:2], np.float32) for picture in pictures]
        for each in maps:
            each[:, : each.shape[1] // 2] = 1
        return maps


def redrawn(picture: Picture, seed: int = 0) -> Picture:
    """The picture with noise in every pixel, its detail made up anew."""
    rng = np.random.default_rng(seed)
    soft = cv2.GaussianBlur(picture, (0, 0), 1.5).astype(np.float64)
    return np.clip(soft + rng.normal(0, 6, picture.shape), 0, 255).astype(np.uint8)


def with_boxes(*places: tuple[int, int], side: int = 64) -> tuple[Aligned, Mask]:
    """A redrawn picture with squares of another colour, and where those are."""
    original = textured(5, 320, 256)
    edited, mask = original.copy(), np.zeros((256, 320), np.bool_)
    for x, y in places:
        edited[y : y + side, x : x + side] = 255 - edited[y : y + side, x : x + side]
        mask[y : y + side, x : x + side] = True
    return laid(original, redrawn(edited)), mask


def masked(annotator: Annotator, pair: Aligned, hint: Hint = Hint()) -> Mask:  # noqa: B008 - frozen
    (change,) = annotator.annotate([pair], [hint])
    return change.map >= 0.5


def test_a_new_object_is_found_though_every_pixel_was_redrawn() -> None:
    pair, truth = with_boxes((128, 96))
    assert pixel_f1(masked(Sigma(COLOURS), pair), truth) > 0.85


def test_a_picture_that_was_only_redrawn_gives_an_empty_mask() -> None:
    pair, truth = with_boxes()
    assert not truth.any()
    assert (pair.original != pair.edited).any(axis=2).mean() > 0.9
    assert not masked(Sigma(COLOURS), pair).any()


def test_no_prior_makes_a_mask_where_nothing_was_edited() -> None:
    pair, _ = with_boxes()
    for region in (np.ones((256, 320), np.bool_), np.eye(256, 320).astype(np.bool_), with_boxes((9, 9))[1]):
        assert not masked(Sigma(COLOURS), pair, Hint(region=region)).any()


def test_a_prior_keeps_no_region_that_evidence_would_not() -> None:
    pair, truth = with_boxes((128, 96))
    prior = Prior(truth.astype(np.float32), "region")
    for most, kept in ((SEED - 0.1, False), (SEED + 0.1, True)):
        odds = np.where(truth[::2, ::2], np.float32(most), np.float32(-THRESHOLD))
        assert amplified(odds, prior.map[::2, ::2]).max() > SEED + 0.5
        assert (change_of(pair, odds, prior, shipped_rule()).map >= 0.5).any() == kept


def test_a_prior_elsewhere_removes_nothing() -> None:
    pair, _ = with_boxes((128, 96))
    elsewhere = with_boxes((16, 16))[1]
    plain, with_prior = (masked(Sigma(COLOURS), pair, hint) for hint in (Hint(), Hint(region=elsewhere)))
    assert plain.any()
    assert not (plain & ~with_prior).any()


def test_what_lies_outside_the_region_is_a_side_effect() -> None:
    pair, truth = with_boxes((32, 96), (224, 96))
    region = with_boxes((32, 96))[1]
    (change,) = Sigma(COLOURS).annotate([pair], [Hint(region=region)])
    assert change.grounding == "region"
    beyond = change.layers["side_effect"] >= 0.5
    assert pixel_f1(beyond, truth & ~region) > 0.8
    assert not beyond[region].any()
    assert change.scores["side_effect_frac"] == pytest.approx(0.5, abs=0.1)


def test_words_ground_the_edit_in_a_corpus_row() -> None:
    pair, _ = with_boxes((224, 96))
    grounded = Sigma(COLOURS, f"{Left.__module__}:Left")
    row = annotate_pair(Pair("a", pair.original, pair.edited, instruction="add a dog"), grounded)
    assert row.grounding == "left"
    assert row.scores["side_effect_frac"] == pytest.approx(1, abs=0.01)
    assert row.scores["instruction_match"] == pytest.approx(0, abs=0.01)
    assert row.mask is not None
    assert np.array_equal(row.layers["side_effect"] >= 0.5, row.mask)


@pytest.mark.parametrize("instruction", [None, "", "qwrt zzz", "add " + "x " * 5000])
def test_without_a_grounding_there_is_no_layer_and_no_score(sigma: Sigma, instruction: str | None) -> None:
    pair = edited_pair()
    row = annotate_pair(Pair("a", pair.original, pair.edited, instruction=instruction), sigma)
    assert row.status == "ok"
    assert row.grounding is None
    assert row.layers == {}
    assert row.scores["side_effect_frac"] is None
    assert row.scores["instruction_match"] is None


def test_grounding_none_looks_at_no_region() -> None:
    pair, region = with_boxes((128, 96))
    (change,) = Sigma(COLOURS, "none").annotate([pair], [Hint(region=region)])
    assert change.grounding is None
    assert change.layers == {}


def test_equal_pictures_have_side_effects_of_nothing(sigma: Sigma) -> None:
    picture = textured(4, 64, 48)
    region = np.zeros((48, 64), np.bool_)
    region[:8, :8] = True
    (change,) = sigma.annotate([laid(picture, picture.copy())], [Hint(region=region)])
    assert change.background == "identical"
    assert change.scores["side_effect_frac"] == 0
    assert change.scores["instruction_match"] == 0
    assert change.layers["side_effect"].max() == 0


def test_on_a_bit_equal_background_the_map_is_that_of_the_difference_annotator(sigma: Sigma) -> None:
    original = textured(1, 240, 200)
    edited = original.copy()
    edited[60:140, 80:160] = textured(2, 80, 80)
    pair = laid(original, edited)
    (ours,), (theirs,) = (each.annotate([pair], [Hint()]) for each in (sigma, load_annotator("difference")))
    assert ours.background == "identical"
    np.testing.assert_array_equal(ours.map, theirs.map)


def test_each_picture_of_a_batch_is_seen_once() -> None:
    original = textured(5, 96, 64)
    batch = [laid(original, jpeg(textured(seed, 96, 64), 80)) for seed in (6, 7, 6)]
    Sigma(COLOURS).annotate(batch, [Hint()] * 3)
    assert len(Colours.asked) == len(set(Colours.asked)) == 3


def test_with_an_autoencoder_each_original_passes_through_it_once(tmp_path: Path) -> None:
    original = textured(5, 96, 64)
    batch = [laid(original, jpeg(textured(seed, 96, 64), 80)) for seed in (6, 7)]
    Sigma(COLOURS, vae=str(identity_roundtrip(tmp_path / "vae.onnx", gain=0.5))).annotate(batch, [Hint()] * 2)
    assert len(Colours.asked) == len(set(Colours.asked)) == 4


def test_what_the_autoencoder_changes_counts_as_no_edit(tmp_path: Path) -> None:
    original = textured(5, 320, 256)
    vae = identity_roundtrip(tmp_path / "vae.onnx", swap=True)
    turned = np.ascontiguousarray(original[..., ::-1])
    pair = laid(original, np.where(turned > 2, turned - 1, turned))
    assert masked(Sigma(COLOURS), pair).any()
    assert not masked(Sigma(COLOURS, vae=str(vae)), pair).any()


def test_a_large_picture_is_seen_small_and_its_mask_is_on_its_own_grid() -> None:
    pair, truth = with_boxes((128, 96))
    size = (2600, 2080)
    large = laid(*(cv2.resize(each, size) for each in (pair.original, pair.edited)))
    found = masked(Sigma(COLOURS), large)
    assert found.shape == (2080, 2600)
    assert pixel_f1(found, cv2.resize(truth.view(np.uint8), size) > 0) > 0.85
    assert max(len(data) for data in Colours.asked) <= 3 * 1024 * 1024


@pytest.mark.parametrize(
    "other",
    [
        Setup(backbone=COLOURS),
        Setup(grounding="none"),
        Setup(backbone="VAE"),
    ],
)
def test_the_digest_follows_what_it_is_put_together_from(sigma: Sigma, tmp_path: Path, other: Setup) -> None:
    if other.backbone == "VAE":
        other = Setup(vae=str(identity_roundtrip(tmp_path / "vae.onnx")))
    assert load_annotator("sigma", other).card.digest != sigma.card.digest
    assert load_annotator("sigma", Setup(backbone="compact", grounding="region")).card == sigma.card


def test_the_annotation_says_where_its_layer_may_come_from(sigma: Sigma) -> None:
    assert sigma.card.layers == ("side_effect",)
    assert "left" not in GROUNDINGS
    pair, region = with_boxes((128, 96))
    row: Annotation = annotate_pair(Pair("a", pair.original, pair.edited, region=region), sigma)
    assert set(row.layers) == {"side_effect"}

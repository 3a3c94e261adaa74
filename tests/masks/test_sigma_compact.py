"""SIGMA with a trained head: the contract, what a region may and may not do, null distances of one's own.

Beside the network in the wheel there is one here whose gate is open: its log odds are those of the compact
network, and a region lifts them by nearly as much as it can anywhere.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.errors import InputError, MissingExtraError
from maskwright.masks.annotators import Annotator, Setup, load_annotator
from maskwright.masks.annotators.compact import SEED
from maskwright.masks.annotators.evidence import evidence
from maskwright.masks.annotators.large import LARGE
from maskwright.masks.annotators.sigma_compact import SigmaCompact
from maskwright.pairs.values import Aligned, Hint, Mask, Picture
from maskwright.weights import card_path
from tests.contracts.annotator import AnnotatorContract, edited_pair, jpeg, laid, textured
from tests.weights.networks import identity_roundtrip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shipped() -> SigmaCompact:
    return SigmaCompact()


@pytest.fixture(scope="module")
def open_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch", reason="networks are made with torch")
    pytest.importorskip("onnx", reason="networks are made with onnx")
    from tests.learning.heads import file_of, lively, sigma

    path = tmp_path_factory.mktemp("open") / "open.onnx"
    return file_of(path, lively(sigma(), decoded=0, open_=6))


@pytest.fixture(scope="module")
def opened(open_file: Path) -> SigmaCompact:
    made = load_annotator(str(open_file))
    assert isinstance(made, SigmaCompact)
    return made


class TestTheOneInTheWheel(AnnotatorContract):
    @pytest.fixture
    def annotator(self, shipped: SigmaCompact) -> Annotator:
        return shipped


class TestOneOfYourOwn(AnnotatorContract):
    @pytest.fixture
    def annotator(self, opened: SigmaCompact) -> Annotator:
        return opened


def disc(x: int, y: int, radius: int, width: int = 320, height: int = 256) -> Mask:
    mask = np.zeros((height, width), np.uint8)
    cv2.circle(mask, (x, y), radius, 1, -1)
    return mask > 0


def with_discs(*discs: tuple[Mask, float], quality: int = 60) -> Aligned:
    """A picture with discs of another texture, each by a share; both sides saved as JPEG."""
    original = textured(7, discs[0][0].shape[1], discs[0][0].shape[0])
    other = 255 - textured(9, original.shape[1], original.shape[0])
    edited = original.astype(np.float64)
    for mask, share in discs:
        edited[mask] += share * (other[mask].astype(np.float64) - original[mask])
    return laid(jpeg(original, 90), jpeg(np.rint(edited).astype(np.uint8), quality))


def masks(annotator: Annotator, pair: Aligned, *regions: Mask | None) -> list[Mask]:
    changes = annotator.annotate([pair] * len(regions), [Hint(region=region) for region in regions])
    return [change.map >= 0.5 for change in changes]


LEFT, RIGHT = disc(90, 120, 40), disc(230, 120, 40)
EVERYWHERE = np.ones(LEFT.shape, np.bool_)


@pytest.mark.parametrize("share", [0.14, 0.16])
def test_a_region_makes_no_mask_where_evidence_makes_none(opened: SigmaCompact, share: float) -> None:
    pair = with_discs((LEFT, share))
    seen = evidence(pair)
    plain = opened._weigher.weigh(seen)[0]
    raised = opened._weigher.weigh(seen, np.ones(plain.shape, np.float32))[0]
    assert plain.max() < SEED < raised.max()  # by itself the network would mark it
    for mask in masks(opened, pair, None, EVERYWHERE, LEFT):
        assert not mask.any()


@pytest.mark.parametrize("quality", [50, 80])
def test_nothing_is_marked_of_a_picture_that_was_only_saved_whatever_the_region(
    opened: SigmaCompact, shipped: SigmaCompact, quality: int
) -> None:
    original = textured(3, 320, 256)
    for annotator in (opened, shipped):
        for mask in masks(annotator, laid(original, jpeg(original, quality)), EVERYWHERE, LEFT):
            assert not mask.any()


def test_every_part_of_the_mask_is_one_that_evidence_keeps(opened: SigmaCompact) -> None:
    pair = with_discs((LEFT, 1.0), (RIGHT, 0.15))
    without, within = masks(opened, pair, None, EVERYWHERE)
    assert without[LEFT].mean() > 0.9
    assert not within[RIGHT].any()
    count, labels = cv2.connectedComponents(within.view(np.uint8), connectivity=8)
    assert count > 1
    assert all(without[labels == part].any() for part in range(1, count))


def test_a_region_moves_the_border_of_what_is_kept(opened: SigmaCompact) -> None:
    fading = cv2.GaussianBlur(LEFT.astype(np.float32), (0, 0), 16)
    original = textured(7, 320, 256)
    edited = np.rint(original + fading[..., None] * (254.0 - 2.0 * original)).astype(np.uint8)
    pair = laid(jpeg(original, 90), jpeg(edited, 60))
    without, within, elsewhere = masks(opened, pair, None, EVERYWHERE, RIGHT & ~disc(90, 120, 100))
    assert np.count_nonzero(within) > 1.02 * np.count_nonzero(without)
    assert not (without & ~within).any()
    assert np.array_equal(elsewhere, without)


def test_on_a_bit_equal_background_a_region_changes_nothing(opened: SigmaCompact) -> None:
    original = textured(1, 320, 256)
    edited = original.copy()
    edited[LEFT] = 255 - edited[LEFT]
    pair = laid(original, edited)
    (theirs,) = load_annotator("difference").annotate([pair], [Hint()])
    for change in opened.annotate([pair] * 2, [Hint(), Hint(region=RIGHT)]):
        assert change.background == "identical"
        assert np.array_equal(change.map, theirs.map)


@pytest.mark.parametrize("kind", ["opened", "shipped"])
def test_what_lies_outside_the_region_is_a_side_effect(kind: str, request: pytest.FixtureRequest) -> None:
    annotator: SigmaCompact = request.getfixturevalue(kind)
    pair = with_discs((LEFT, 1.0), (RIGHT, 1.0))
    region = disc(90, 120, 48)
    (change,) = annotator.annotate([pair], [Hint(region=region)])
    mask, side = change.map >= 0.5, change.layers["side_effect"]
    assert change.grounding == "region"
    assert not side[region].any()
    assert np.array_equal(side[~region], change.map[~region])
    assert change.scores["side_effect_frac"] == pytest.approx((mask & ~region).sum() / mask.sum())
    assert change.scores["side_effect_frac"] == pytest.approx(0.5, abs=0.05)
    f1 = 2 * (mask & region).sum() / (mask.sum() + region.sum())
    assert change.scores["instruction_match"] == pytest.approx(f1)


def test_without_a_region_there_is_no_layer_and_no_score(opened: SigmaCompact, open_file: Path) -> None:
    pair = with_discs((LEFT, 1.0))
    blind = load_annotator(str(open_file), Setup(grounding="none"))
    (plain,) = opened.annotate([pair], [Hint("make it red")])
    (unseen,) = blind.annotate([pair], [Hint(region=LEFT)])
    for change in (plain, unseen):
        assert not change.layers
        assert change.grounding is None
        assert "side_effect_frac" not in change.scores
    assert np.array_equal(plain.map, unseen.map)


def test_a_large_picture_has_a_region_too(opened: SigmaCompact) -> None:
    width, height = 1600, 1300
    assert width * height > LARGE
    big, far = (disc(x, 600, 200, width, height) for x in (400, 1200))
    pair = with_discs((big, 1.0), (far, 1.0))
    (change,) = opened.annotate([pair], [Hint(region=disc(400, 600, 220, width, height))])
    mask = change.map >= 0.5
    assert mask[big].mean() > 0.95
    assert mask[far].mean() > 0.95
    assert change.scores["side_effect_frac"] == pytest.approx(0.5, abs=0.05)


def darker(picture: Picture) -> Picture:
    return np.rint(picture * 0.9).astype(np.uint8)


def test_with_an_autoencoder_the_null_distances_are_those_of_the_pair(
    open_file: Path, tmp_path: Path
) -> None:
    import torch

    from maskwright.learning.networks.encoder import CompactEncoder
    from tests.learning.heads import NULL, compact

    vae = identity_roundtrip(tmp_path / "vae.onnx", gain=0.9)
    annotator = SigmaCompact(str(open_file), vae=str(vae))
    picture = textured(4, 384, 256)
    found = annotator._null_of(picture.tobytes(), picture.shape)
    assert found.shape == NULL.shape
    encoder = CompactEncoder(compact())
    halves = [
        cv2.resize(each, (192, 128), interpolation=cv2.INTER_AREA).transpose(2, 0, 1)[None]
        for each in (picture, darker(picture))
    ]
    for row, one, two in zip(
        found, *(encoder(torch.from_numpy(half).float()) for half in halves), strict=True
    ):
        a, b = (each[0].flatten(1).numpy().astype(float) for each in (one, two))
        lengths = np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=0)
        distance = 1 - (a * b).sum(0) / np.maximum(lengths, 1e-6)
        median = np.median(distance)
        spread = 1.4826 * np.median(np.abs(distance - median))
        # the file's features are rounded on the way
        np.testing.assert_allclose(row, [median, spread], rtol=0.3, atol=1e-3)
    same = SigmaCompact(str(open_file), vae=str(identity_roundtrip(tmp_path / "same.onnx")))
    assert np.abs(same._null_of(picture.tobytes(), picture.shape)).max() < 1e-5


def test_null_distances_reach_the_network(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="networks are made with torch")
    from tests.learning.heads import file_of, lively, sigma

    path = file_of(tmp_path / "lively.onnx", lively(sigma(), decoded=0.05))
    vae = identity_roundtrip(tmp_path / "vae.onnx", gain=0.5)
    pair = edited_pair(1)
    told, own = (SigmaCompact(str(path), vae=each).annotate([pair], [Hint()])[0] for each in (None, str(vae)))
    assert np.abs(told.map - own.map).max() > 1e-3


def test_the_digest_follows_what_it_is_put_together_from(open_file: Path, tmp_path: Path) -> None:
    vae = str(identity_roundtrip(tmp_path / "vae.onnx"))
    setups = [Setup(), Setup(grounding="none"), Setup(vae=vae)]
    digests = {load_annotator(str(open_file), setup).card.digest for setup in setups}
    assert len(digests) == len(setups)
    assert load_annotator(str(open_file)).card.digest in digests


@pytest.mark.parametrize("name", ["null_0_median", "odds_gain", "mask_bias"])
def test_a_card_without_a_constant_is_refused_by_its_name(open_file: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(open_file.read_bytes())
    card = json.loads(card_path(open_file).read_text())
    del card["constants"][name]
    card_path(path).write_text(json.dumps(card))
    with pytest.raises(InputError, match=f"lacks the constant {name}") as caught:
        load_annotator(str(path))
    assert caught.value.hint == "train it: maskwright train sigma"


def test_a_network_without_its_card_is_refused(open_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(open_file.read_bytes())
    with pytest.raises(MissingExtraError):
        load_annotator(str(path))

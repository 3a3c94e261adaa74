"""`train caaa` from photographs to an annotator, on a run of a few steps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")

from maskwright.errors import InputError  # noqa: E402
from maskwright.learning.caaa import Amounts, train_caaa  # noqa: E402
from maskwright.learning.loop import Schedule  # noqa: E402
from maskwright.learning.ranks import joined  # noqa: E402
from maskwright.learning.shares import shared  # noqa: E402
from maskwright.learning.taken_task import DrawTaken, laid_somehow  # noqa: E402
from maskwright.learning.task import Sizes  # noqa: E402
from maskwright.learning.train import Assignment, Options, Outcome  # noqa: E402
from maskwright.masks.annotators import load_annotator  # noqa: E402
from maskwright.masks.annotators.planes import CHANNELS  # noqa: E402
from maskwright.masks.annotators.relation import CONSTANTS  # noqa: E402
from maskwright.pairs.align import align  # noqa: E402
from maskwright.pairs.values import GROUPS, Hint  # noqa: E402
from maskwright.synthesis.donors import draw_donor  # noqa: E402
from maskwright.synthesis.photos import read_photos  # noqa: E402

FEW = Amounts(Sizes(samples=4, side=64, pairs=3, judged=4), matched=4, related=3)


def _trained(photos: Path, out: Path) -> Outcome | None:
    out.mkdir(exist_ok=True)
    with joined() as ranks:
        given = Assignment(
            shared(photos), Schedule(steps=2), out, ranks, Options(batch=4, workers=1), lambda lap: None
        )
        return train_caaa(given, FEW)


@pytest.mark.slow
def test_a_run_gives_two_networks_with_cards_and_an_annotator_that_says_a_group(
    folder: Path, tmp_path: Path
) -> None:
    outcome = _trained(folder, tmp_path / "out")
    assert outcome is not None
    cards = [
        json.loads((tmp_path / "out" / f"{name}.card.json").read_text()) for name in ("caaa", "caaa-donor")
    ]
    assert set(cards[0]["constants"]) == set(CONSTANTS)
    assert cards[0]["layers"] == ["donor"]
    assert "odds_gain" in cards[1]["constants"]
    assert [card["steps"] for card in cards] == [2, 2]
    assert 0 <= outcome.figures["groups"] <= 1
    annotator = load_annotator(str(tmp_path / "out" / "caaa.onnx"))
    drawn = draw_donor(read_photos(folder), np.random.default_rng(1))
    (change,) = annotator.annotate([align(drawn.original, drawn.edited)], [Hint()])
    assert change.group in GROUPS
    again = _trained(folder, tmp_path / "out")  # nothing is trained twice
    assert again is not None
    assert again.figures == outcome.figures


def test_a_taken_object_is_seen_as_the_annotator_sees_it(folder: Path) -> None:
    photos = read_photos(folder)
    made = DrawTaken(tuple(photos))(np.random.default_rng(2))
    assert len(made.planes) == len(CHANNELS)
    assert made.planes.shape[1:] == made.mask.shape == made.ignore.shape


def test_laid_by_a_wrong_map_nothing_was_taken(folder: Path) -> None:
    photos = read_photos(folder)
    shares = []
    for number in range(40):
        rng = np.random.default_rng([7, number])
        try:
            drawn = draw_donor(photos, rng)
        except InputError:  # so small a photograph has little that could be taken
            continue
        laid, truth = laid_somehow(drawn, rng)
        assert laid.valid.shape == truth.shape == drawn.mask.shape
        apart = np.abs(laid.original.astype(int) - laid.edited).mean(axis=2)
        if truth.any():
            shares.append(apart[drawn.mask].mean() < apart[~drawn.mask & laid.valid].mean())
        else:
            assert apart[drawn.mask & laid.valid].mean() > 10 or not (drawn.mask & laid.valid).any()
    assert 15 <= len(shares) < 40  # some are laid astray
    assert np.mean(shares) > 0.7  # of 0.5 by chance: photographs of noise are all alike

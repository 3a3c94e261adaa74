"""CAAA: pairs of every kind, also those that people made by hand, each by its own way.

MIML's annotator (CVPR 2024), in a small way. A pair that agrees nearly everywhere as it was aligned goes to
the compact annotator. Else places that look alike are looked for, maps are found that hold, and the pair is
told to be a changed copy, an object taken into another scene, or two pictures with nothing in common. Of an
object that was taken, the original is laid on the edited picture by the object's own map, and a network says
where what is seen is the original's: there the edited picture was changed, and carried back through the map
it is what was taken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from maskwright.masks.annotators.candidates import Matches
from maskwright.masks.annotators.compact import Compact, Weigher
from maskwright.masks.annotators.confidence import CONSTANTS, confidence
from maskwright.masks.annotators.evidence import STRIDE, evidence
from maskwright.masks.annotators.guided import followed
from maskwright.masks.annotators.keypoints import keypoint_matches
from maskwright.masks.annotators.large import LARGE, shrunk
from maskwright.masks.annotators.located import Located, located, on_grid
from maskwright.masks.annotators.regions import reaching, solid, strength_of, without_specks
from maskwright.masks.annotators.relation import CONSTANTS as GROUPING
from maskwright.masks.annotators.relation import figures_of, group_of
from maskwright.masks.annotators.rule import shipped_rule
from maskwright.masks.annotators.sacm import Matcher
from maskwright.pairs.align import align_near
from maskwright.pairs.registration import Matrix, blocks_of, grey_of, views_of
from maskwright.pairs.registration_warp import Box, kind_of, lying_in, warped
from maskwright.pairs.tone import apply_tone, fit_tone
from maskwright.pairs.values import (
    DONOR,
    Aligned,
    Change,
    ChangeMap,
    Geometry,
    Hint,
    Mask,
    Picture,
    Tone,
)
from maskwright.weights import check_constants, open_network, read_card, shipped

QUICK_PX = 256
"""Longer side at most of the view that the quick route looks at."""
QUICK = 0.6
"""Share of its telling blocks that must agree: no object that was taken covers as much (`draw_donor`)."""
FEW_BLOCKS = 6
"""With fewer telling blocks nothing speaks against the alignment."""
BETTER = 0.1
"""A pair is laid anew where by so much more of it agrees under a map that was found."""
LEAST_PX = 24
"""Pixels; smaller regions are dropped."""


class Caaa:
    """Annotates pairs of every group by the networks in the wheel, or your own; uses no hints.

    Args:
        path: an .onnx file that `maskwright train caaa` wrote, beside its card; `<stem>-donor.onnx` and its
            card lie beside it.

    Raises:
        MissingExtraError: a network or its card is not there.
        InputError: one is damaged, not the one on its card, or a card lacks a constant.
    """

    def __init__(self, path: str | None = None, *, threads: int = 1) -> None:
        file = shipped("caaa") if path is None else Path(path)
        donor = file.with_name(f"{file.stem}-donor.onnx")
        cards = []
        for network, names in ((file, GROUPING), (donor, ("odds_gain", *CONSTANTS))):
            cards.append(read_card(network))
            check_constants(network, cards[-1], names, train="caaa")
        self._compact = Compact(threads=threads)
        self._rule = shipped_rule()
        self._grouping = cards[0].constants
        self._weigher = Weigher(open_network(donor, threads=threads), self._rule, cards[1].constants)
        self._matchers: dict[str, Callable[[Picture, Picture], list[Matches]]] = {
            "sacm": Matcher(file, threads=threads).matches,
            "keypoints": keypoint_matches,
        }
        parts = [f"{card.digest} {sorted(card.constants.items())}" for card in (*cards, self._compact.card)]
        digest = hashlib.sha256("".join(parts).encode()).hexdigest()
        self.card = replace(cards[0], digest=digest, layers=(DONOR,))

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        """One change a pair, in order; each has its group."""
        return [self._change_of(pair) for pair in batch]

    def alone(self) -> dict[str, Caaa]:
        """The same chain with one kind of matches only, by its name: what each is worth."""
        found = {}
        for name, find in self._matchers.items():
            found[name] = one = copy(self)
            one._matchers = {name: find}
            one.card = replace(self.card, name=f"{self.card.name}, {name}")
        return found

    def _change_of(self, pair: Aligned) -> Change:
        routed = self.routed(pair)
        if isinstance(routed, Change):
            return routed
        (change,) = self._compact.annotate([routed], [Hint()])
        return replace(change, group="shared-probe", aligned=None if routed is pair else routed)

    def routed(self, pair: Aligned) -> Aligned | Change:
        """The pair as it is to be compared where both are one photograph, else all there is to say of it."""
        if agrees_everywhere(pair):
            return pair
        original = _unlaid(pair)
        figures, found = self.figures(pair)
        group, _ = group_of(figures, self._grouping)
        if group == "shared-probe":
            laid = _laid_anew(pair, original, found, figures)
            if laid is not None:
                return laid
        if group == "unrelated" or not found:
            return _unrelated(pair.edited)
        return self._donor(original, pair.edited, found)

    def figures(self, pair: Aligned) -> tuple[dict[str, float], list[Located]]:
        """What speaks for each group, see `figures_of`, and the maps that were found to hold."""
        original = _unlaid(pair)
        matches = (each for find in self._matchers.values() for each in find(original, pair.edited))
        found = located(original, pair.edited, matches)
        return figures_of(pair, found), found

    def _donor(self, original: Picture, edited: Picture, found: Sequence[Located]) -> Change:
        """What was taken, on the edited picture, and as the layer `donor`; unrelated where nothing was."""
        height, width = edited.shape[:2]
        taken = np.zeros((height, width), np.float32)
        donor = np.zeros(original.shape[:2], np.float32)
        laid = []
        for each in found:
            support = on_grid(each.support, each.block_px, height, width)
            laid.append(laid_by(original, edited, each.matrix, support))
            change = self._taken(laid[-1], support)
            size = (original.shape[1], original.shape[0])
            carried = cv2.warpAffine(change, each.matrix[:2], size, flags=cv2.INTER_LINEAR)
            np.maximum(taken, change, out=taken)
            np.maximum(donor, np.asarray(carried, np.float32), out=donor)
        if min(taken.max(), donor.max()) < 0.5:
            return _unrelated(edited)
        scores = {"confidence": confidence(taken[::STRIDE, ::STRIDE], self._weigher.constants)}
        return Change(taken, layers={DONOR: donor}, scores=scores, group="shared-donor", aligned=laid[0])

    def _taken(self, pair: Aligned, support: Mask) -> ChangeMap:
        """How likely each pixel is the original's, (H, W) float32; only regions that hold support."""
        frame = shrunk(pair) if pair.valid.size > LARGE else pair
        seen = evidence(frame)
        odds, _ = self._weigher.weigh(seen)
        odds[~seen.valid] = -20
        if frame is not pair:
            height, width = pair.valid.shape
            size = (-(-width // STRIDE), -(-height // STRIDE))
            odds = np.asarray(cv2.resize(odds, size, interpolation=cv2.INTER_LINEAR), np.float32)
        change = self._weigher.chance(followed(odds, strength_of(pair)))
        change[~pair.valid] = 0
        return solid(reaching(without_specks(change, LEAST_PX), support), self._rule)


def _unrelated(edited: Picture) -> Change:
    return Change(np.zeros(edited.shape[:2], np.float32), group="unrelated")


def _unlaid(pair: Aligned) -> Picture:
    return pair.original if pair.unlaid is None else pair.unlaid


def agrees_everywhere(pair: Aligned) -> bool:
    """Whether nearly all of a pair agrees as it was aligned; about a millisecond."""
    if pair.geometry.kind == "unrelated":
        return False
    there, here = views_of(grey_of(pair.original), QUICK_PX), views_of(grey_of(pair.edited), QUICK_PX)
    blocks = blocks_of(there, here.levels[0], np.eye(3))
    telling = int(np.count_nonzero(blocks.telling))
    return telling < FEW_BLOCKS or int(np.count_nonzero(blocks.agreeing)) >= QUICK * telling


def laid_by(original: Picture, edited: Picture, matrix: Matrix, where: Mask) -> Aligned:
    """The original on the edited picture's grid by the map of an object, its tone fitted on the object.

    Args:
        matrix: (3, 3) float64, takes a pixel of the edited picture to the original.
        where: (H, W) bool, on the edited picture: where the object is known to be.
    """
    (rows, columns), (height, width) = original.shape[:2], edited.shape[:2]
    laid = warped(original, matrix, width, height)
    valid = lying_in(Box(0, 0, columns, rows), matrix, width, height)
    kind = kind_of(matrix, (columns, rows), (width, height))
    tone = Tone()
    if where.any():
        x, y, across, down = cv2.boundingRect(where.view(np.uint8))
        part = np.s_[y : y + down, x : x + across]
        tone = fit_tone(laid[part], edited[part], (where & valid)[part])
    geometry = Geometry(kind, matrix)
    return Aligned(apply_tone(laid, tone), edited, valid, geometry, tone, unlaid=original)


def _laid_anew(
    pair: Aligned, original: Picture, found: Sequence[Located], figures: Mapping[str, float]
) -> Aligned | None:
    """The pair as it was aligned, or by a map that was found where more agrees; None where neither holds."""
    unrelated = pair.geometry.kind == "unrelated"
    if found and (unrelated or figures["covered"] > figures["agreement"] + BETTER):
        laid = align_near(original, pair.edited, found[0].matrix)
        if laid is not None:
            return laid
    return None if unrelated else pair

"""Which rows of a corpus to look at, and their pictures at the size of a card."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.corpus.reader import Corpus
from maskwright.corpus.rows import Rows
from maskwright.errors import MaskwrightError
from maskwright.masks.pipeline import one_line
from maskwright.pages.cards import CARD_PX, Gallery, PairCard
from maskwright.pages.images import NOWHERE, Shot, laid_on, map_uri, outline, shot_of, shrunk, shrunk_mask
from maskwright.pages.report import Sheet
from maskwright.pages.words import counted, figure, percent
from maskwright.pairs.align import align
from maskwright.pairs.grid import check_same_grid
from maskwright.pairs.values import DONOR, Mask, Picture

Places = NDArray[np.int64]
Wanted = tuple[str, str, str, Places]
"""A sheet's name, title and why, and the rows it may show, best first."""

SHEET = 12
"""Pairs on a sheet: as many as one looks at before tiring."""
BORDERLINE = 0.2
"""Masks are borderline from 0.3 to 0.7 of the score."""
OF_GROUP = {
    "shared-probe": "shared-probe: changed copies of the same photograph, least sure first",
    "shared-donor": "shared-donor: an object was taken, least sure first",
}
ALIGN_PX = 1024
"""Pictures are laid over each other at this size: twice what a card shows, at a tenth of the price."""


class Looks:
    """The contact sheets of a report.

    `unreachable` says why pictures are missing, once it is known.
    """

    def __init__(self, corpus: Corpus, rows: Rows) -> None:
        self._corpus, self._rows = corpus, rows
        self.unreachable = ""
        confidence = rows.score("confidence")
        known = np.isfinite(confidence[rows.edited])
        self._trust_name = "confidence" if known.any() and known.mean() >= 0.5 else "qes"
        self._trust = np.nan_to_num(rows.score(self._trust_name))

    def sheets(self) -> list[Sheet]:
        """Least sure, borderline, surest, and what has no answer; no row twice, none without rows.

        Where the annotator says groups, the least sure have a sheet a group.
        """
        rows, taken = self._rows, set[int]()
        near = rows.edited[np.abs(self._trust[rows.edited] - 0.5) <= BORDERLINE]
        wanted = (
            *self._least_sure(),
            (
                "borderline",
                "Borderline: the answer could be another",
                "Pairs with difference that no region explains, and masks with a"
                f" {self._trust_name} next to 0.5.",
                np.concatenate(
                    [self._unsettled()[: SHEET // 2], self._ranked(near, np.abs(self._trust - 0.5))]
                ),
            ),
            (
                "best",
                "The masks it is surest of",
                f"If these are wrong, so is the measure: the highest {self._trust_name}.",
                self._ranked(rows.edited, -self._trust),
            ),
            (
                "unrelated",
                "No answer: taken for different photographs",
                "If these belong together, or have an object in common, it was not found."
                if rows.grouped
                else "If these belong together, alignment failed.",
                rows.where("reason", "unrelated"),
            ),
        )
        # The surest choose before the borderline ones: of few rows those are not borderline.
        order = sorted(wanted, key=lambda each: each[0] == "borderline")
        chosen = {name: self._chosen(places, taken) for name, _, _, places in order}
        return [
            Sheet(name, title, why, [self.card(place) for place in chosen[name]])
            for name, title, why, _ in wanted
            if chosen[name]
        ]

    def _least_sure(self) -> list[Wanted]:
        """The masks with the lowest score: of all pairs, or of each group and those of none.

        Of a group that has few, those without a mask come after them.
        """
        rows, lowest = self._rows, "Masks with the lowest calibrated confidence."
        if self._trust_name == "qes":
            lowest = "Masks with the lowest qes, the share of the change map that is certain."
        groups = ("shared-probe", "shared-donor") if rows.grouped else ()
        found, rest = list[Wanted](), rows.edited
        for group in groups:
            of_group = np.intersect1d(rows.ok, rows.where("group", group))
            masked = np.intersect1d(of_group, rows.edited)
            places = np.concatenate([self._ranked(masked, self._trust), np.setdiff1d(of_group, masked)])
            found.append((group, OF_GROUP[group], lowest, places))
            rest = np.setdiff1d(rest, masked)
        few = rest.size <= SHEET
        title = (
            "All edited ones, least sure first" if few else "Look here first: the masks it is least sure of"
        )
        return [*found, ("worst", title, lowest, self._ranked(rest, self._trust))]

    def card(self, place: int) -> PairCard:
        """A row with its pictures, or with the reason why they are missing."""
        rows = self._rows
        pair_id = rows.ids[place]
        note, shot = "", None
        change, mask = self._corpus.change(pair_id), self._corpus.mask(pair_id)
        try:
            pictures = self._corpus.pictures(pair_id)
            check_same_grid(edited=pictures[1], mask=mask)  # or the file is another one by now
            original, edited = (shrunk(each, ALIGN_PX) for each in pictures)
            size = (edited.shape[1], edited.shape[0])
            if change is not None and mask is not None:
                kept = shrunk_mask(mask, edited.shape[:2])
                map_ = np.clip(cv2.resize(change, size, interpolation=cv2.INTER_AREA), 0, 1)
                apart = place in rows.taken
                shot = shot_of(
                    *(original if apart else _laid(original, edited), edited),
                    *(kept, np.asarray(map_, np.float32)),
                    apart=apart,
                    donor=self._donor(pair_id, pictures[0], original.shape[:2]) if apart else None,
                    longest_px=CARD_PX,
                )
            else:
                shot = shot_of(_letterboxed(original, edited), edited, None, None, longest_px=CARD_PX)
        except MaskwrightError as error:
            note = one_line(str(error))
            self.unreachable = self.unreachable or note
            if change is not None and mask is not None:
                height, width = mask.shape
                shot = Shot("", "", map_uri(change, CARD_PX), outline(mask, CARD_PX), width, height)
        return PairCard(f"pair-{place}", pair_id, self._facts(place), self._says(place), shot, note)

    def _donor(self, pair_id: str, original: Picture, size: tuple[int, ...]) -> Mask | None:
        """What was taken, on a grid of (height, width); None where the corpus has no such layer or no map."""
        levels = self._corpus.layer(DONOR, pair_id) if DONOR in self._corpus.layers else None
        if levels is None:
            return None
        check_same_grid(original=original, donor=levels)
        return shrunk_mask(levels >= 0.5, size)

    def gallery(self) -> Gallery:
        """The first rows, for a notebook."""
        count = len(self._rows.ids)
        sentence = (
            counted(count, "row") if count <= SHEET else f"the first {SHEET} of {counted(count, 'row')}"
        )
        return Gallery(sentence, tuple(self.card(place) for place in range(min(count, SHEET))))

    def _says(self, place: int) -> str:
        """The instruction, or the edited picture's file where the id does not tell it."""
        instruction, edited = (self._rows.words(name)[place] for name in ("instruction", "edited"))
        return instruction or (edited if edited != self._rows.ids[place] else "")

    def _facts(self, place: int) -> str:
        rows = self._rows
        words = [rows.words("verdict")[place] or rows.words("reason")[place] or rows.words("status")[place]]
        area = rows.score("area_frac")[place]
        if area > 0:
            words.append(percent(float(area)))
            trust = float(rows.score(self._trust_name)[place])
            words += [f"{self._trust_name} {figure(trust, 2)}"] if np.isfinite(trust) else []
        return ", ".join(words).replace("_", " ")

    def _ranked(self, places: Places, by: NDArray[np.float64]) -> Places:
        """Lowest first; equal ones in an order by chance that is always the same."""
        chance = np.random.default_rng(0).permutation(len(by))
        return places[np.lexsort((chance[places], by[places]))]

    def _unsettled(self) -> Places:
        """Pairs without a mask that hold more difference than noise explains, most of it first."""
        rows = self._rows
        unexplained = np.nan_to_num(rows.score("unexplained"))
        empty = np.setdiff1d(rows.ok, rows.edited)
        places = empty[unexplained[empty] > 0]
        undecided = np.isin(places, rows.where("verdict", "undecided"))
        return places[np.lexsort((-unexplained[places], ~undecided))]

    def _chosen(self, places: Places, taken: set[int]) -> list[int]:
        """The first rows that are on no sheet yet, of different originals as long as there are some."""
        free = [int(place) for place in places[: 50 * SHEET] if int(place) not in taken]
        originals = self._rows.words("original")
        seen, first, later = set[str](), list[int](), list[int]()
        for place in free:
            (later if originals[place] in seen else first).append(place)
            seen.add(originals[place])
        chosen = (first + later)[:SHEET]
        taken.update(chosen)
        order = {place: number for number, place in enumerate(free)}
        return sorted(chosen, key=order.__getitem__)


def _laid(original: Picture, edited: Picture) -> Picture:
    """The original as it lies on the edited picture; as a whole in its frame where no alignment is found."""
    pair = align(original, edited)
    return _letterboxed(original, edited) if pair.geometry.kind == "unrelated" else laid_on(pair)


def _letterboxed(original: Picture, edited: Picture) -> Picture:
    """The original inside the edited picture's frame, its shape kept: they are not the same photograph."""
    height, width = edited.shape[:2]
    scale = min(width / original.shape[1], height / original.shape[0])
    size = (max(1, round(original.shape[1] * scale)), max(1, round(original.shape[0] * scale)))
    framed = np.full_like(edited, NOWHERE)
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    framed[top : top + size[1], left : left + size[0]] = cv2.resize(
        original, size, interpolation=cv2.INTER_AREA
    )
    return framed

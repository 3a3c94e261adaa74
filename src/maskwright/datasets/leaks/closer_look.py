"""Are two pictures of corpora the same photograph? An answer that is kept, or a closer look at both."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from typing import TypeAlias

from maskwright.corpus.reader import Corpus
from maskwright.datasets.leaks.answers import Answers, Named, keep_answers, kept_answers, pair_of
from maskwright.datasets.leaks.confirm import Look, look_at, same_photograph
from maskwright.datasets.leaks.looks import Shown
from maskwright.errors import InputError, RunError
from maskwright.pages.words import counted
from maskwright.pairs.opening import shown

Say: TypeAlias = Callable[[str], None]
"""Takes a sentence that people must see."""

HELD = 500
"""Pictures held ready for comparison: some 250 MB."""
KEPT_EVERY = 5000
"""Answers are kept after so many new ones, so that a long search can be interrupted."""


class Pictures:
    """Pictures of corpora ready to be compared; the last `HELD` are held."""

    def __init__(self, corpora: Sequence[Corpus]) -> None:
        self._corpora = corpora
        self._held: OrderedDict[Named, Look] = OrderedDict()
        self.gone: dict[Named, str] = {}
        """Those that could not be opened, and why."""

    def look(self, each: Shown) -> Look | None:
        """A picture; None where it is no longer where it was, or cannot be read."""
        name = each.name
        if name in self.gone:
            return None
        if name not in self._held:
            try:
                self._held[name] = look_at(self._corpora[each.corpus].picture(name.key))
            except InputError as fault:
                self.gone[name] = str(fault)
                return None
        self._held.move_to_end(name)
        if len(self._held) > HELD:
            self._held.popitem(last=False)
        return self._held[name]

    def told_gone(self, candidates: int) -> str:
        """What people must know when so many candidates count unseen."""
        name, why = next(iter(self.gone.items()))
        count = "counts" if candidates == 1 else "count"
        return (
            f"{counted(len(self.gone), 'picture')} could not be opened again, so"
            f" {counted(candidates, 'candidate')} {count} as the same photograph without a closer look;"
            f" the first is of {shown(name.source)}: {why}"
        )


class CloserLook:
    """A context that answers, and keeps what it found out in the corpora's folders.

    Where a picture is gone the answer is yes: a leak weighs more than a photograph too few. It is not kept,
    and `say` is told at the end.
    """

    def __init__(self, corpora: Sequence[Corpus], say: Say) -> None:
        self._corpora, self._say = corpora, say
        self._pictures = Pictures(corpora)
        self._known = kept_answers(corpus.out for corpus in corpora)
        self._new: defaultdict[int, Answers] = defaultdict(dict)
        self._unsure = 0

    def __enter__(self) -> CloserLook:
        return self

    def __exit__(self, *fault: object) -> None:
        self._keep()
        if self._unsure:
            self._say(self._pictures.told_gone(self._unsure))

    def same(self, one: Shown, other: Shown) -> bool:
        pair = pair_of(one.name, other.name)
        if pair not in self._known:
            looks = self._pictures.look(one), self._pictures.look(other)
            if looks[0] is None or looks[1] is None:
                self._unsure += 1
                return True
            self._known[pair] = self._new[one.corpus][pair] = same_photograph(looks[0], looks[1])
            if sum(map(len, self._new.values())) >= KEPT_EVERY:
                self._keep()
        return self._known[pair]

    def _keep(self) -> None:
        for corpus, answers in self._new.items():
            try:
                keep_answers(self._corpora[corpus].out, answers)
            except RunError as fault:
                self._say(f"what was found out is not kept, and will be looked for again: {fault}")
        self._new.clear()

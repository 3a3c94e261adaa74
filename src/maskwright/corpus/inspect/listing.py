"""One pass over all rows: what can be known without decoding a picture."""

from __future__ import annotations

import hashlib
import os
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TypeGuard

import numpy as np

from maskwright.corpus.inspect.values import SHOWN_IDS, Group, Listing
from maskwright.pairs.sources import Source
from maskwright.pairs.values import Encoded, Linked, Located, Pair, PictureLike, Rejection, RuledMask

READ_BYTES = 4 << 30
"""Pictures inside tables are read on the way; beyond this many bytes only sampled rows are: our choice,
about half a minute from a disk."""

HASH_BYTES = 1 << 30
"""Files of equal size are told apart by their bytes, up to so many of them."""

COMPARED_PAIRS = 200_000
"""Pairs whose files are compared with each other: about 100 MB of names."""

ORIGINAL, EDITED = 1, 2
"""Places in a row of `_Files`."""


class Lister:
    """Goes through a source once, hands out the sampled pairs as they come by, and counts the rest."""

    def __init__(self, source: Source, sample: int, seed: int) -> None:
        self._source = source
        self._open = deque(_bins(source.rows(), sample, seed))
        self._examples: defaultdict[str, list[str]] = defaultdict(list)
        self._counts: Counter[str] = Counter()
        self._listed = self._read_bytes = 0
        self._files = _Files()

    def sampled(self) -> Iterator[Pair]:
        """The sampled pairs, one of each of `sample` equal stretches of the source that has any.

        In a stretch the first pair from a drawn row on is taken, else the last before it.
        """
        before: Pair | None = None
        for row, item in self._rows():
            while self._open and row >= self._open[0][2]:
                if before is not None:
                    yield before
                before = None
                self._open.popleft()
            if not self._open or row < self._open[0][0] or not isinstance(item, Pair):
                continue
            if row < self._open[0][1]:
                before = item
            else:
                yield item
                before = None
                self._open.popleft()
        if before is not None:
            yield before

    def listing(self) -> Listing:
        """What was counted; after all of `sampled` was taken."""
        shared = self._files.compared()
        return Listing(
            rows=self._source.rows(),
            listed=self._listed,
            pairs=self._counts["pairs"],
            rejected=self._groups("rejected"),
            missing=self._groups("missing"),
            instructions=self._counts["instruction"],
            masks=self._counts["mask"],
            compared=shared.compared,
            unhashed=shared.unhashed,
            same_twice=shared.same_twice,
            duplicates=shared.duplicates,
            shared_originals=shared.originals,
            shared_edits=shared.edits,
            both_sides=shared.both_sides,
        )

    def _rows(self) -> Iterator[tuple[int, Pair | Rejection]]:
        """(row, what it is), counted on the way; beyond `READ_BYTES` no farther than the sample needs."""
        plan = self._source.plan()
        ends = accumulate(part.rows for part in plan)
        for part, end in zip(plan, ends, strict=True):
            first = end - part.rows
            for row, item in enumerate(self._source.read(part), first):
                if self._read_bytes > READ_BYTES and not (self._open and self._open[0][1] < end):
                    break
                self._note(item)
                yield row, item

    def _note(self, item: Pair | Rejection) -> None:
        self._listed += 1
        if isinstance(item, Rejection):
            self._count(f"rejected {item.reason}", item.id)
            return
        self._counts["pairs"] += 1
        self._counts["instruction"] += bool(item.instruction)
        self._counts["mask"] += item.mask is not None
        mask = item.mask.picture if isinstance(item.mask, RuledMask) else item.mask
        for role, picture in (("original", item.original), ("edited", item.edited), ("mask", mask)):
            if isinstance(picture, Encoded):
                self._read_bytes += len(picture.data)
            elif _on_disk(picture) and self._files.size(picture.path) is None:
                self._count(f"missing {role}", item.id)
        if self._counts["pairs"] <= COMPARED_PAIRS:
            self._files.add(item)

    def _count(self, what: str, id_: str) -> None:
        self._counts[what] += 1
        if len(self._examples[what]) < SHOWN_IDS:
            self._examples[what].append(id_)

    def _groups(self, what: str) -> dict[str, Group]:
        return {
            name.partition(" ")[2]: Group(count, tuple(self._examples[name]))
            for name, count in self._counts.most_common()
            if name.startswith(what + " ")
        }


def _bins(rows: int, sample: int, seed: int) -> list[tuple[int, int, int]]:
    """(first row, drawn row, row behind the last) of each stretch."""
    count = min(rows, sample)
    edges = [rows * i // count for i in range(count + 1)] if count else []
    rng = np.random.default_rng(seed)
    return [(first, int(rng.integers(first, stop)), stop) for first, stop in pairwise(edges)]


@dataclass(frozen=True, slots=True)
class _Shared:
    """Fields of `Listing`."""

    compared: int
    unhashed: int
    same_twice: Group
    duplicates: Group
    originals: Group
    edits: Group
    both_sides: Group


def _on_disk(picture: object) -> TypeGuard[Located]:
    """Whether a picture is a file of this machine: what is at a distance is not looked for."""
    return isinstance(picture, Located) and not isinstance(picture, Linked)


class _Files:
    """Which rows share files, by path and by bytes."""

    def __init__(self) -> None:
        self._sizes: dict[str, int | None] = {}
        self._rows: list[tuple[str, str, str]] = []
        self._digests: dict[str, str] = {}

    def size(self, path: str) -> int | None:
        """Bytes of a file; None where there is none."""
        if path not in self._sizes:
            try:
                self._sizes[path] = os.stat(path).st_size
            except (OSError, ValueError):
                self._sizes[path] = None
        return self._sizes[path]

    def add(self, pair: Pair) -> None:
        self._rows.append((pair.id, self._name(pair.original), self._name(pair.edited)))

    def compared(self) -> _Shared:
        unhashed = self._hash_equal_sizes()
        rows = [(id_, self._same(original), self._same(edited)) for id_, original, edited in self._rows]
        present = [row for row in rows if row[1] and row[2]]
        seen: set[tuple[str, str]] = set()
        again = []
        for id_, original, edited in present:
            if (original, edited) in seen:
                again.append(id_)
            seen.add((original, edited))
        edits = defaultdict(set)
        for id_, _, edited in present:
            edits[edited].add(id_)
        turns = [id_ for id_, original, edited in present if edits.get(original, set()) - {id_}]
        return _Shared(
            compared=len(present),
            unhashed=unhashed,
            same_twice=_group([id_ for id_, original, edited in present if original == edited]),
            duplicates=_group(again),
            originals=_group(self._under_other_names(ORIGINAL)),
            edits=_group(self._under_other_names(EDITED)),
            both_sides=_group(turns),
        )

    def _under_other_names(self, place: int) -> list[str]:
        """Rows whose file of that side has the bytes of another file of that side.

        Originals inside a table do not count: one that serves twice has to be stored twice.
        """
        names = defaultdict(set)
        for row in self._rows:
            if place == EDITED or row[place] in self._sizes:
                names[self._same(row[place])].add(row[place])
        shared = {same for same, files in names.items() if same and len(files) > 1}
        return [row[0] for row in self._rows if self._same(row[place]) in shared]

    def _name(self, picture: PictureLike | None) -> str:
        """A name for a picture's file; files in tables are named by their bytes and key."""
        if isinstance(picture, Encoded):
            self._digests[picture.key] = hashlib.blake2b(picture.data, digest_size=16).hexdigest()
            return picture.key
        return picture.path if _on_disk(picture) and self.size(picture.path) else ""

    def _same(self, name: str) -> str:
        """What files of the same bytes have in common."""
        return self._digests.get(name, name)

    def _hash_equal_sizes(self) -> int:
        """Read files whose size is another's too; gives how many were left out."""
        by_size = defaultdict(list)
        for path in dict.fromkeys(name for row in self._rows for name in row[1:]):
            if size := self._sizes.get(path):
                by_size[size].append(path)
        left, unhashed = HASH_BYTES, 0
        for size, paths in sorted(by_size.items()):
            if len(paths) < 2:
                continue
            if size * len(paths) > left:
                unhashed += len(paths)
                continue
            left -= size * len(paths)
            for path in paths:
                if digest := _digest(path):
                    self._digests[path] = digest
        return unhashed


def _digest(path: str) -> str:
    """Empty where the file cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError:
        return ""


def _group(ids: list[str]) -> Group:
    return Group(len(ids), tuple(ids[:SHOWN_IDS]))

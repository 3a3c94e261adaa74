"""Masks for pairs that come from anywhere: here they are made on the fly, and nothing is written.

python examples/annotate_your_own_pairs.py
"""

from collections.abc import Iterator

import numpy as np

from maskwright import Pair, annotate_pairs


def pairs() -> Iterator[Pair]:
    rng = np.random.default_rng(0)
    for number in range(3):
        original = np.kron(rng.integers(60, 180, (16, 16, 3)), np.ones((12, 12, 1))).astype(np.uint8)
        edited = original.copy()
        edited[40:90, 60 : 60 + 20 * number] = (220, 40, 40)
        yield Pair(id=f"pair {number}", original=original, edited=edited)


def main() -> None:
    for annotation in annotate_pairs(pairs()):
        share = annotation.scores.get("area_frac") or 0.0
        print(f"{annotation.id}: {annotation.verdict}, {100 * share:.1f} % edited")


if __name__ == "__main__":
    main()

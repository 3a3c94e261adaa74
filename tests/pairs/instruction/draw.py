"""Draws the 300 texts that labels.jsonl judges; `MASKWRIGHT_DATA=... python draw.py` prints them again.

Spread over the sources, not in proportion to them: two checkpoints of one editor hold 93 % of the texts,
all of one style. A source smaller than its share is taken whole. Same file, same seed, same texts and order.
"""

import hashlib
import json
import os
import random
from pathlib import Path

SEED = 1414
SHARES = {
    "DEAL-300K dev, editor checkpoint 120": 90,
    "DEAL-300K dev, editor checkpoint 180": 90,
    "FlowEdit source or target prompt": 50,
    "data/data_total.json": 13,  # RISEBench
    "example pair: Imagic (Imagen)": 12,
}
ALL = 1000  # of every other source; the seven hold 45 texts together


def digest(text: str) -> str:
    """The first 16 hex digits of the SHA-256 of the text in UTF-8; no two of the 6,740 texts share them."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def draw(texts: Path) -> list[str]:
    """The 300 texts of `instructions.jsonl`, source after source in the order of the file."""
    sources: dict[str, list[str]] = {}
    for line in texts.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        sources.setdefault(row["source"], []).append(row["text"])
    chance = random.Random(SEED)
    return [
        text
        for source, held in sources.items()
        for text in chance.sample(held, min(SHARES.get(source, ALL), len(held)))
    ]


if __name__ == "__main__":
    data = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[4] / "shared" / "data"))
    for text in draw(data / "instructions" / "instructions.jsonl"):
        print(digest(text), text.replace("\n", "\\n"), sep="\t")

"""The manual's table of a detector's card says what the code does."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

from maskwright.weights import DetectorCard

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "detectors.md"


def test_every_key_of_a_detectors_card_is_in_the_manual_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(.+?)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    plain = json.loads(json.dumps({each.name: each.default for each in fields(DetectorCard)}))
    assert {name: json.loads(told) for name, told in rows} == plain

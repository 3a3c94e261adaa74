"""A folder of photographs that tests make themselves."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from tests.contracts.annotator import textured


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty small photographs; a tenth of so many is never none."""
    place = tmp_path_factory.mktemp("photographs")
    for number in range(40):
        picture = textured(number, 120 - number, 80 + number)
        data = cv2.imencode(".png", picture[..., ::-1])[1].tobytes()
        (place / f"{number:02d}.png").write_bytes(data)
    return place

"""What may be passed on of a row, and which licences of the whole contradict the rows."""

from __future__ import annotations

import pytest

from maskwright.datasets.building.licences import KNOWN, LEVELS, allowed, check_licence, is_enough, terms_of
from maskwright.errors import SettingError
from maskwright.pairs.presets import PRESETS
from maskwright.pairs.presets.preset import REDISTRIBUTE

WRITTEN = {
    "CC0": [
        "CC0",
        "CC0 1.0",
        "cc0-1.0",
        "CC0 1.0 Universal",
        "Creative Commons Zero v1.0 Universal",
        "https://creativecommons.org/publicdomain/zero/1.0/",
    ],
    "CC BY": [
        "CC BY 4.0",
        "CC-BY-4.0",
        "cc-by-2.0",
        "Creative Commons Attribution 4.0 International",
        "http://creativecommons.org/licenses/by/2.0/",
        "Attribution License",
    ],
    "CC BY-SA": ["CC BY-SA 3.0", "cc-by-sa-4.0", "Creative Commons Attribution-ShareAlike 4.0"],
    "CC BY-NC": [
        "CC BY-NC 4.0",
        "CC-BY-NC-4.0",
        "Attribution-NonCommercial License",
        "Creative Commons Attribution-NonCommercial 4.0",
        "https://creativecommons.org/licenses/by-nc/4.0/",
    ],
    "CC BY-NC-SA": ["cc-by-nc-sa-4.0", "http://creativecommons.org/licenses/by-nc-sa/2.0/"],
    "CC BY-ND": ["CC BY-ND 4.0", "Attribution-NoDerivs License"],
    "CC BY-NC-ND": ["cc-by-nc-nd-4.0"],
    "MIT": ["MIT", "mit", "MIT License", "The MIT License"],
    "Apache": ["Apache-2.0", "Apache License 2.0", "Apache License, Version 2.0"],
    "BSD": ["BSD-3-Clause", "BSD 3-Clause License"],
}
UNKNOWN = (
    *("", "none stated", "see repo", "all rights reserved", "CC", "Berkeley: non-commercial research"),
    # what is added may take away what the name gives
    *("MIT (repository); photos MS COCO", "MIT (repo)", "Apache-2.0 code", "CC BY-NC 4.0, academic use"),
    *("CC BY 4.0 or so", "not MIT", "CC BY 4.0; none stated", "https://example.org/licenses/by/4.0/"),
)


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in WRITTEN.items() for text in texts]
)
def test_a_well_known_licence_is_known_however_it_is_written(name: str, text: str) -> None:
    assert [terms.name for terms in terms_of(text)] == [name]


@pytest.mark.parametrize("text", UNKNOWN)
def test_a_text_that_says_anything_else_allows_nothing(text: str) -> None:
    assert terms_of(text) == ()
    assert allowed(None, text) == "nothing"


def test_every_licence_of_the_table_is_found_by_its_own_name() -> None:
    assert {terms.name for terms in KNOWN.values()} == {
        found.name for terms in KNOWN.values() for found in terms_of(terms.name)
    }


def test_the_levels_are_those_of_the_presets() -> None:
    assert set(LEVELS) == set(REDISTRIBUTE)


@pytest.mark.parametrize(
    ("licence", "level"),
    [("CC BY 4.0", "pictures"), ("CC BY-NC 4.0", "pictures"), ("CC BY-ND 4.0", "masks"), ("CC0", "pictures")],
)
def test_a_licence_against_derivatives_allows_masks_and_others_pictures(licence: str, level: str) -> None:
    assert allowed(None, licence) == level


def test_two_licences_of_a_row_must_both_allow_it() -> None:
    assert allowed(None, "CC BY 4.0; MIT") == "pictures"
    assert allowed(None, "CC BY 4.0; CC BY-ND 4.0") == "masks"


@pytest.mark.parametrize(
    ("corpus", "licence", "level"),
    [
        ("pipe", "", "pictures"),
        ("pipe", "CC BY-ND 4.0", "masks"),
        ("pipe", "none stated", "nothing"),
        ("hq-edit", "CC BY 4.0", "masks"),
        ("instructpix2pix", "CC BY 4.0", "nothing"),
    ],
)
def test_of_what_a_corpus_and_its_row_say_the_stricter_holds(corpus: str, licence: str, level: str) -> None:
    assert allowed(PRESETS[corpus], licence) == level


def test_pictures_need_more_than_masks_do() -> None:
    assert [is_enough(level, "pictures") for level in LEVELS] == [False, False, True]
    assert [is_enough(level, "masks") for level in LEVELS] == [False, True, True]


@pytest.mark.parametrize(
    ("licence", "rows", "why"),
    [
        ("MIT", ["CC BY-NC 4.0"], "not for commercial use"),
        ("CC0", ["CC BY 4.0"], "must be named"),
        ("CC BY 4.0", ["CC BY-SA 4.0"], "stays under that licence"),
        ("CC BY-NC 4.0", ["CC BY-NC-SA 4.0"], "stays under that licence"),
        ("CC BY 4.0", ["CC BY-ND 4.0"], "may not be passed on"),
        ("Apache-2.0", ["CC BY 4.0", "CC BY-NC 4.0; MIT"], "not for commercial use"),
        ("MIT", ["CC-BY-NC-4.0; on request, for universities"], "not for commercial use"),
    ],
)
def test_a_licence_that_allows_more_than_a_row_is_refused(licence: str, rows: list[str], why: str) -> None:
    with pytest.raises(SettingError, match=why) as told:
        check_licence(licence, rows)
    assert "--licence" in told.value.hint


def test_rows_that_must_stay_under_two_licences_fit_under_none() -> None:
    with pytest.raises(SettingError, match="CC BY-NC-SA and CC BY-SA"):
        check_licence("CC BY-SA 4.0", ["CC BY-SA 4.0", "CC BY-NC-SA 4.0"])


@pytest.mark.parametrize(
    ("licence", "rows"),
    [
        ("", ["CC BY-SA 4.0", "CC BY-NC-SA 4.0"]),
        ("CC BY-NC 4.0", ["CC BY 4.0", "MIT", "CC0", "CC BY-NC 4.0"]),
        ("CC BY-SA 4.0", ["CC BY-SA 3.0", "CC BY 2.0"]),
        ("our own terms", ["CC BY-NC 4.0"]),
        ("MIT", ["none stated"]),
    ],
)
def test_a_licence_that_no_row_contradicts_passes(licence: str, rows: list[str]) -> None:
    check_licence(licence, rows)

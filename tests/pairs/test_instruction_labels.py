"""How well instructions are parsed, measured on labels made by hand before any parser was run on the texts.

`instruction/labels.jsonl` judges 300 texts of other people, kept under their digests (`instruction/draw.py`
draws them again); `own.jsonl` judges 60 of our own, so that something is measured where the data is
missing; `non_edits.txt` holds 200 texts that ask for no edit. `python -m
tests.pairs.test_instruction_labels` prints what this file measures, and every miss.

How a text was judged: wear, hold, do, pose, colour and material of X are `attribute`, with X in both
concepts ("X wear a dress"; where X and its colour stand apart, or the colour ends the phrase, the colour
counts too). A new object is `add` with no original concept. A caption alone is `unparsed`, and so is
whatever is not English. A text that can be read in several ways has all of them; "" among the concepts says
that none is right too.
"""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from maskwright.pairs.instruction import Transformation, parse
from tests.pairs.instruction.draw import digest, draw

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[3] / "shared" / "data"))
TEXTS = DATA / "instructions" / "instructions.jsonl"
LABELS = Path(__file__).parent / "instruction"
needs_texts = pytest.mark.skipif(not TEXTS.is_file(), reason="needs the instructions of MASKWRIGHT_DATA")

LEAST_ACCURACY, LEAST_F1, LEAST_REFUSED = 0.92, 0.90, 0.95  # what the parser was asked for

# What ends the noun phrase in front of it.
PREPOSITIONS = """
about above across after against around as at behind below beside between by for from in inside into
like near of off on onto out over through to toward under up upon with without where which who that
"""
VERBS = """
am are be been is was were has have had can could should would will do does wear wears hold holds
look looks eat eats drink drinks play plays sit sits stand stands say says chase chases smile smiles
turn turns growl laugh cry run runs sleep sleeps jump jumps fly flies walk walks close open appear
appears become becomes parked made filled decorated covered painted
"""
ENDS = frozenset((PREPOSITIONS + VERBS).split())
NOUNS_IN_ING = frozenset(
    {"building", "ceiling", "crossing", "earring", "hiking", "painting", "parking", "ring", "wedding"}
)


@dataclass(frozen=True, slots=True)
class Label:
    """What a text may be parsed to: actions, scopes, and the head nouns of either concept ("" = none)."""

    text: str
    actions: frozenset[str]
    scopes: frozenset[str]
    original_heads: frozenset[str]
    edited_heads: frozenset[str]


def head_of(phrase: str) -> str:
    """The head noun of a concept: its last word before the first preposition or verb, in small letters.

    A word in -ing is a verb unless it is a known noun or opens or ends the phrase ("" for an empty phrase).

    >>> [head_of(p) for p in ("the red stop sign", "man in a suit", "woman wearing a hat", "zebra crossing")]
    ['sign', 'man', 'woman', 'crossing']
    """
    found: list[str] = re.findall(r"[\w'’-]+", phrase.lower())
    words = [stripped for word in found if (stripped := word.strip("'’-"))]
    for place, word in enumerate(words):
        verb = word.endswith("ing") and word not in NOUNS_IN_ING and place < len(words) - 1
        if place > 0 and (word in ENDS or verb):
            return words[place - 1]
    return words[-1] if words else ""


def labels_of(name: str, texts: Sequence[str]) -> list[Label]:
    """The labels of a file; a row without its text is given the text of `texts` with its digest."""
    by_digest = {digest(text): text for text in texts}
    labels = []
    for line in (LABELS / name).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        fields = ("actions", "scopes", "original_heads", "edited_heads")
        text = row["text"] if "text" in row else by_digest[row["digest"]]
        labels.append(Label(text, *(frozenset(row[field]) for field in fields)))
    return labels


def drawn() -> list[Label]:
    return labels_of("labels.jsonl", draw(TEXTS))


def own() -> list[Label]:
    return labels_of("own.jsonl", ())


def non_edits() -> list[str]:
    lines = (LABELS / "non_edits.txt").read_text(encoding="utf-8").splitlines()
    return [line.split("\t", 1)[1] for line in lines]


def accuracy(labels: Sequence[Label]) -> tuple[float, list[str]]:
    """The share of texts whose action is an acceptable one, and the others with what was said of them."""
    missed = [
        f"{label.text!r}: {said.action}, not {'/'.join(sorted(label.actions))}"
        for label in labels
        if (said := parse(label.text)).action not in label.actions
    ]
    return 1 - len(missed) / len(labels), missed


def concepts_of(said: Transformation, label: Label) -> list[tuple[str, frozenset[str]]]:
    return [(said.original_concept, label.original_heads), (said.edited_concept, label.edited_heads)]


def f1_of_heads(labels: Sequence[Label]) -> tuple[float, list[str]]:
    """F1 over the concepts of both sides, and what is wrong.

    A concept that is said counts as right where its head is an acceptable one, else as false. Where no
    right one is said, one counts as missed, unless "" is acceptable. None said where "" is acceptable
    counts as nothing.
    """
    right, false, missed = 0, 0, 0
    wrong = []
    for label in labels:
        for said, heads in concepts_of(parse(label.text), label):
            if said and head_of(said) in heads:
                right += 1
                continue
            false += bool(said)
            missed += "" not in heads
            if said or "" not in heads:
                wrong.append(f"{label.text!r}: {said!r}, not {'/'.join(sorted(heads))}")
    return 2 * right / (2 * right + false + missed), wrong


def refused(texts: Sequence[str]) -> tuple[float, list[str]]:
    """The share of texts that give `unparsed`, and the others with what was said of them."""
    taken = [f"{text!r}: {said.action}" for text in texts if (said := parse(text)).action != "unparsed"]
    return 1 - len(taken) / len(texts), taken


@needs_texts
def test_the_action_of_drawn_instructions_is_an_acceptable_one() -> None:
    share, missed = accuracy(drawn())
    assert share >= LEAST_ACCURACY, missed


@needs_texts
def test_the_concepts_of_drawn_instructions_have_the_right_heads() -> None:
    f1, wrong = f1_of_heads(drawn())
    assert f1 >= LEAST_F1, wrong


@needs_texts
def test_the_labels_are_those_of_the_drawn_texts() -> None:
    labelled = [json.loads(line)["digest"] for line in (LABELS / "labels.jsonl").read_text().splitlines()]
    assert labelled == [digest(text) for text in draw(TEXTS)]


def test_the_action_of_our_own_instructions_is_an_acceptable_one() -> None:
    share, missed = accuracy(own())
    assert share >= LEAST_ACCURACY, missed


def test_the_concepts_of_our_own_instructions_have_the_right_heads() -> None:
    f1, wrong = f1_of_heads(own())
    assert f1 >= LEAST_F1, wrong


def test_texts_that_ask_for_no_edit_are_unparsed() -> None:
    share, taken = refused(non_edits())
    assert share >= LEAST_REFUSED, taken


def test_the_head_of_a_labelled_phrase_is_one_that_was_written_by_hand() -> None:
    for name in ("labels.jsonl", "own.jsonl"):
        for line in (LABELS / name).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            for side in ("original", "edited"):
                assert {head_of(phrase) for phrase in row[f"{side}s"]} <= set(row[f"{side}_heads"]), line


if __name__ == "__main__":
    measured = {"our own": own(), **({"drawn": drawn()} if TEXTS.is_file() else {})}
    for name, labels in measured.items():
        for what, (figure, wrong) in (("actions", accuracy(labels)), ("heads", f1_of_heads(labels))):
            print(f"{name}, {what}: {figure:.3f}", *wrong, sep="\n  ")
    share, taken = refused(non_edits())
    print(f"not edits, refused: {share:.3f}", *taken, sep="\n  ")

"""Instructions of many styles, what they ask for, and texts that ask for nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.errors import InputError
from maskwright.pairs.instruction import ACTIONS, UNPARSED, Transformation, parse
from maskwright.pairs.instruction.text import LONGEST, near, swapped
from maskwright.pairs.instruction.words import ARTICLES, CLOTHES, MATERIALS, PLACES, TIMES, wordset

TRUTHS = """
add | | dog | add a dog
add | | glass of water | Put a glass of water next to the bowl.
add | | bird | Have there be a bird flying over the street
add | | giant snowman | Have there be a giant snowman in the background
add | | hat | put a hat on the man
add | | two yellow flowers | Place two yellow flowers in the middle of the table
add | | rabbit | Let a rabbit sit in the grass.
add | | cat | Could there be a cat on the couch?
add | | bridge | maybe add a bridge over the river
remove | sign | | remove the sign in the background
remove | tree | | get rid of the tree
remove | glasses | | Remove his glasses
remove | hat | | take the hat off the man
remove | bird | | Let the bird be removed.
remove | cars | | make the cars disappear
remove | red car | | Eliminate the red car parked on the street
remove | skis | | Follow the given bounding box [v*] to remove the skis
remove | car | | can u remove the car
replace | dog | cat | Replace the dog with a cat.
replace | cup of coffee | glass of milk | let the cup of coffee be replaced by a glass of milk
replace | food truck | fire truck | let there be a fire truck instead of a food truck
replace | cat | dog | turn the cat into a dog
replace | bus | van | let the bus be a van
replace | skier | boy | Make the skier a boy.
replace | apples | oranges | let the apples be replaced with oranges
replace | dog | cat | Change the animal from a dog to a cat
replace | dog | wolf | What if the dog was a wolf?
replace | skateboard | surfboard | Use a surfboard instead of the skateboard
replace | orange slices | apple slices | change the orange slices into apple slices
attribute | woman | woman wear a dress | let the woman wear a dress
attribute | woman | woman wearing a suit | Have the woman be wearing a suit
attribute | bears | bears sit on a bed | have the bears sit on a bed
attribute | floor | floor marble | make the floor marble
attribute | fire hydrant | fire hydrant red | make the fire hydrant red
attribute | hydrant | hydrant yellow | change the color of the hydrant to yellow
attribute | white bus | red bus | change the white bus into a red bus
attribute | man's shirt | man's shirt red | change the man's shirt to red
attribute | bear | bear howl | let the bear howl
attribute | woman | woman wearing a black tank top | Have the woman on the right be wearing a black tank top
attribute | train | train white and blue | make the train white and blue
attribute | man | beard | give the man a beard
attribute | grass | grass greener | make the grass greener
attribute | bench | bench marble | Make the bench out of marble
attribute | dress | dress blue | Change the dress from red to blue
attribute | men | men wearing a hat | Have one of the men be wearing a hat
background | background | beach | change the background to a beach
background | elephant | water | Let the elephant be on the water.
background | dog | snowy forest | Place the dog in a snowy forest.
background | her | Paris | put her in Paris
text | text A | B | change the text 'A' to 'B'
text | sign | Hello | write "Hello" on the sign
text | price sign | 2.99 | change the price sign to 2.99
text | sign | Not in service | change the sign to say "Not in service
text | TRAIN | PLANE | Replace 'TRAIN' with 'PLANE'
move | cup | cup | move the cup to the left
move | bag | bag | Turn the bag counterclockwise
"""
OF_ALL = """
make it snowy | snowy
What if it were night? | night
in the style of Van Gogh | Van Gogh
Make it look like a watercolor painting | watercolor painting
as if painted by Monet | Monet
make the image black and white | black and white
change image to anime style. | anime style
make it look like it was taken in the 1920s | 1920s
"""
READ = {
    "add": """
        Insert a small dog next to the boy on the left.
        There should be a cat on the couch
        I want a dog on the sofa
        Can we add some balloons to the party?
        throw in a couple of birds
        "Add a snowman in front of the house"
        1. Add a pair of glasses on the table
        The number of camels increases to two
        a table => a table with a vase of flowers""",
    "remove": """
        Can you get rid of the people in the back?
        crop out the man on the left
        I want the tree to be gone
        photoshop out the tourists
        what if there were no cars?
        In the photo, remove the white van.
        a dog and a cat on a sofa => a dog on a sofa""",
    "replace": """
        substitute the sheep with goats
        make the bowl of fruit a bowl of candy
        Could the pizza be a pie?
        turn him into a cyborg
        how about changing the cat to a rabbit
        horse -> camel
        A man riding a horse => A man riding a camel""",
    "attribute": """
        dye her hair purple
        Give her long curly hair
        Can the man be wearing a tie?
        I'd like the man to wear a hat
        Change the expression of the girl to sad
        cover the roof with snow
        Make the horses wearing garlands
        Draw what it will look like after three years.
        what would the man look like with a beard?
        a red car parked -> a blue car parked""",
    "background": """
        make the background blurry
        have the man be in Paris
        Set the scene on a beach
        isolate the cup
        a woman in a kitchen => a woman in a forest""",
    "style": """
        Turn this photo into an oil painting
        Change the weather to rainy
        Apply a sepia filter
        let it be winter
        increase the contrast
        it should be night
        a road in summer => a road in winter""",
    "text": """
        make the sign say "hello"
        add the text "SALE" to the window
        Change the number 5 to 7
        let the sign read Welcome""",
    "move": """
        flip the image horizontally
        swap the positions of the cat and the dog
        zoom in on the face
        put the ball under the table""",
}
SLIPS = """
chnage the cat to a dog
repalce the cat with a dog
turn teh cat into a dog
trun the cat ino a dog
swpa the cat with a dog
relpace the cat wiht a dog
plz change the cat to a dog
"""
NO_EDITS = """
A dog running on the beach.
A sign that says "remove shoes"
a black and white photo of a cat
Portrait of a woman in the style of Van Gogh
The magician made the rabbit disappear.
The recipe says to add salt.
Adding sugar makes it sweeter.
We replaced the old server last week.
Change is good.
Let me know when you arrive
Let it go
Let x be a real number.
Make sure you lock the door.
Make the right choice
Have a nice day!
Have you seen my keys?
Have the results been published?
Give me a call when you get home.
Turn left at the traffic light.
Put the kettle on, would you?
Write a poem about autumn
Draw a cat
What is in this picture?
Can dogs eat chocolate?
Add two tablespoons of sugar and stir well.
Replace all occurrences of foo with bar in the file
Children should be seen and not heard.
How about a coffee?
Place mats on the table
As a child, he loved trains.
Remplace le chien par un chat
Change le ciel en rouge
Añade un perro al lado del niño
Füge einen Hund hinzu
Aggiungi un cane
Verwijder de auto
给男人戴一顶帽子
Добавь собаку
Thêm một con chó
lol nice pic
asdfgh jkl
12345 67890
add
make it
x -> y
Home -> Settings
def add(a, b): return a + b
https://example.com/image.png
"""
VERBS = sorted(
    wordset(
        "add remove replace change turn make let have put give move write paint what if the as zoom use in"
    )
)
LINKS = wordset(
    "of to into with by and instead be wearing say dog man's it her , . ? 'x' \"y z\" -> => two no from"
)
VOCABULARY = sorted({*VERBS, *ARTICLES, *CLOTHES, *MATERIALS, *PLACES, *TIMES, *LINKS})


HERE = Path(__file__).parent
ASKED, NOT_ASKED = HERE / "asked.tsv", HERE / "not_asked.txt"
"""Sentences the rules were written by, each with its action, and texts that are no edits, half of them
imperatives made to mislead; not all of them are read as they should be."""


def lines(table: str) -> list[str]:
    return [line.strip() for line in table.strip().splitlines()]


def truths() -> list[list[str]]:
    return [[part.strip() for part in line.split("|")] for line in lines(TRUTHS)]


@pytest.mark.parametrize(("action", "original", "edited", "text"), truths())
def test_action_and_concepts_are_those_one_reads(action: str, original: str, edited: str, text: str) -> None:
    assert parse(text) == Transformation(action, original, edited, "local")


@pytest.mark.parametrize("line", lines(OF_ALL))
def test_weather_time_and_ways_of_painting_are_styles_of_the_whole(line: str) -> None:
    text, edited = (part.strip() for part in line.split("|"))
    assert parse(text) == Transformation("style", "", edited, "whole")


@pytest.mark.parametrize(
    ("action", "text"), [(a, text) for a, table in READ.items() for text in lines(table)]
)
def test_an_instruction_of_any_style_gives_its_action(action: str, text: str) -> None:
    assert parse(text).action == action


def test_most_of_the_sentences_that_the_rules_were_written_by_give_their_action() -> None:
    rows = [line.split("\t") for line in lines(ASKED.read_text(encoding="utf-8"))]
    wrong = [text for action, text in rows if parse(text).action != action]
    assert len(wrong) <= 0.08 * len(rows), wrong


def test_most_of_what_was_made_to_mislead_is_unparsed() -> None:
    texts = lines(NOT_ASKED.read_text(encoding="utf-8"))
    taken = [text for text in texts if parse(text) != UNPARSED]
    assert len(taken) <= 0.08 * len(texts), taken


@pytest.mark.parametrize("text", lines(SLIPS))
def test_a_slip_of_the_keyboard_is_read_as_it_was_meant(text: str) -> None:
    assert parse(text) == Transformation("replace", "cat", "dog", "local")


@pytest.mark.parametrize("text", lines(NO_EDITS))
def test_a_text_that_asks_for_no_edit_is_unparsed(text: str) -> None:
    assert parse(text) == UNPARSED


@pytest.mark.parametrize("text", [None, "", "   ", "\n", "add a dog. " * 1000, "a" * 10_000, "'" * 10_000])
def test_nothing_and_too_much_are_unparsed(text: str | None) -> None:
    assert parse(text) == UNPARSED


def test_a_text_is_read_up_to_its_longest() -> None:
    text = "add a dog. ".ljust(LONGEST)
    assert parse(text).action == "add"
    assert parse(text + " ") == UNPARSED


def test_the_first_of_several_edits_decides() -> None:
    assert parse("remove the bus and add a train") == Transformation("remove", "bus")
    assert parse("First, add a tree. Then remove the bench.") == Transformation("add", "", "tree")
    assert parse("make the car red and the house blue") == Transformation("attribute", "car", "car red")


def test_the_scope_is_whole_where_any_of_several_edits_asks_for_the_whole() -> None:
    assert parse("add a dog and make it snowy") == Transformation("add", "", "dog", "whole")


def test_a_concept_keeps_its_case_and_its_slips() -> None:
    assert parse("put Her in PARIS").edited_concept == "PARIS"
    assert parse("chnage the backgroud to a beach").original_concept == "backgroud"


def test_what_is_too_long_for_a_concept_loses_what_comes_last_but_keeps_its_head() -> None:
    found = parse("add a very large old dusty wooden box with a golden lock of the last century")
    assert found.edited_concept.split()[-1] == "box"


def _holds(text: str) -> None:
    found = parse(text)
    assert found.action in ACTIONS
    assert (found.scope == "") == (found.action == "unparsed")
    if found.action == "unparsed":
        assert found == UNPARSED
    for concept in (found.original_concept, found.edited_concept):
        words = concept.split()
        assert len(words) <= 6, (text, found)
        assert concept == " ".join(words)
        where = [text.find(word) for word in words]
        assert -1 not in where, (text, found)
        if words and found.action != "text":  # what is written is kept as it is
            assert words[0].lower() not in ARTICLES, (text, found)


@given(st.text(max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    _holds(text)


@given(st.lists(st.sampled_from(VOCABULARY), max_size=12).map(" ".join))
def test_concepts_of_any_words_stand_in_the_text_without_articles_and_at_most_six(text: str) -> None:
    _holds(text)


@given(st.sampled_from(VERBS), st.lists(st.sampled_from(VOCABULARY), max_size=9))
def test_so_do_concepts_of_what_begins_like_an_instruction(verb: str, words: list[str]) -> None:
    _holds(" ".join([verb, *words]))


@given(st.sampled_from([row[3] for row in truths()]), st.data())
def test_so_do_concepts_of_instructions_that_lost_a_word(text: str, data: st.DataObject) -> None:
    words = text.split()
    del words[data.draw(st.integers(0, len(words) - 1))]
    _holds(" ".join(words))


@given(st.sampled_from([row[3] for row in truths()]))
def test_politeness_changes_nothing(text: str) -> None:
    if re.match(r"(let|have|add|remove|replace|make|change|put)\b", text, re.IGNORECASE) and '"' not in text:
        asked = text.rstrip(".")
        assert parse(f"Could you please {asked[0].lower()}{asked[1:]}?") == parse(text)


@pytest.mark.parametrize(
    ("word", "verb"),
    [("remve", "remove"), ("removve", "remove"), ("rempve", "remove"), ("rmeove", "remove"), ("rmovee", "")],
)
def test_one_letter_more_less_other_or_two_swapped_is_one_slip(word: str, verb: str) -> None:
    assert near(word, ["remove", "replace"]) == verb


def test_short_verbs_are_mended_only_where_two_letters_are_swapped() -> None:
    assert swapped("moev", ["move", "make"]) == "move"
    assert swapped("mole", ["move", "make"]) == ""


def test_an_action_that_is_not_known_is_refused() -> None:
    with pytest.raises(InputError, match="explode"):
        Transformation("explode")

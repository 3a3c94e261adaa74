"""Write docs/reference/corpora.md from the table of presets; with --check, only say whether it is stale.

python docs/make_corpora.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from generated import write_or_check

from maskwright.pairs.maskfile import FITS
from maskwright.pairs.presets import PRESETS
from maskwright.pairs.presets.preset import (
    GRADES,
    REDISTRIBUTE,
    Files,
    Flag,
    LabelledFiles,
    LabelledList,
    LabelledTable,
    Preset,
    Table,
    Unfold,
    When,
)
from maskwright.pairs.values import LABELS, REASONS

PAGE = Path(__file__).parent / "reference" / "corpora.md"

INTRODUCTION = """# Published corpora

Written by `docs/make_corpora.py` from the table of presets.

`--corpus NAME` says all that is known of a published corpus: where original, edited picture, instruction and
mask are, which side was edited, what the levels of a mask mean, which rows to leave out. `annotate` makes
masks of corpora of pairs; labelled sets have masks, and `inspect` reads them. Nothing is downloaded but with
`--allow-remote`. Yours is not here: [add it in ten lines](../how-to/add-a-corpus.md).

Every pair of a corpus carries beside the corpus's own columns:

| column | says |
|---|---|
| `corpus` | the preset's name |
| `key` | the corpus's own name of the photograph, or of the session; rows with one key show one photograph |
| `turn` | in sessions of edits: which edit, counted from 1; they are consecutive rows |
| `original_is_authentic` | whether the original is a photograph nobody edited; null where nobody knows |
| `whole_frame` | whether pixels outside the edit were made anew, too; null where nobody knows |

Rows that a corpus's own flaws make useless are rejected as `skipped`, with the reason in `detail`. `inspect`
says where counts differ from the published ones.
"""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, _legend()]
    parts.append(
        "## All of them\n\n| name | corpus | size | grade | what may be passed on |\n|---|---|---|---|---|"
    )
    parts[-1] += "".join(
        f"\n| [`{name}`](#{name}) | {each.title} | {each.size} | {each.grade} | {each.redistribute} |"
        for name, each in PRESETS.items()
    )
    kinds = (
        ("Pairs", [each for each in PRESETS.values() if each.container and not each.is_labelled]),
        ("Labelled pictures", [each for each in PRESETS.values() if each.is_labelled]),
        ("Known by name only", [each for each in PRESETS.values() if each.container is None]),
    )
    for title, presets in kinds:
        parts.append(f"## {title}")
        parts += [_section(each) for each in presets]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _legend() -> str:
    grades = [f"| {word} | {says} |" for word, says in GRADES.items()]
    passing = [f"| {word} | {says} |" for word, says in REDISTRIBUTE.items()]
    labels = [f"| {word} | {says} |" for word, says in LABELS.items()]
    return "\n".join(
        [
            "| grade | how sure it is |\n|---|---|",
            *grades,
            "\n| pass on | a practical reading, no legal advice |\n|---|---|",
            *passing,
            "\n| label | of labelled sets |\n|---|---|",
            *labels,
            "\n`card:` is a data set's card on the Hugging Face hub, `gh:` files of a repository on GitHub,",
            f"`owner/name#n` a thread of it. `skipped` means: {REASONS['skipped']}.",
        ]
    )


def _section(preset: Preset) -> str:
    rows = [f"### {preset.name}", f"{preset.title}, {preset.size}. Home: `{preset.home}`.", _commands(preset)]
    facts = [
        ("grade", f"{preset.grade}: {'; '.join(preset.evidence)}"),
        ("licence", preset.licence),
        ("pass on", preset.redistribute),
        ("published", ", ".join(f"{name or 'all'} {rows:,}" for name, rows in preset.expected.items())),
        *_roles(preset),
        ("original is authentic", "" if preset.is_labelled else _flag(preset.authentic)),
        ("whole frame made anew", _flag(preset.whole_frame)),
        ("mask", _mask(preset)),
        ("left out", "; ".join(f"{_when(skip.when)}: {skip.why}" for skip in preset.skip)),
        ("masks of another size", ", ".join(f"`{name}`" for name in preset.misfits)),
        ("to check", preset.check),
    ]
    shown = [f"| {name} | {text} |" for name, text in facts if text and (preset.container or name != "mask")]
    rows.append("| | |\n|---|---|\n" + "\n".join(shown))
    rows += ["\n".join(f"- {note}" for note in preset.notes)] if preset.notes else []
    return "\n\n".join(rows)


def _commands(preset: Preset) -> str:
    if preset.container is None:
        return "No preset reads it: `maskwright annotate SOURCE OUT --original COL --edited COL`"
    if preset.is_labelled:
        return f"`maskwright inspect {preset.source} --corpus {preset.name}`"
    lines = f"`maskwright annotate {preset.source} OUT --corpus {preset.name}`"
    if isinstance(preset.container, Table) and preset.home.startswith("hf:"):
        split = f":{next(iter(preset.expected))}" if preset.expected else ""
        lines += (
            f", or from the hub as it is read: `maskwright annotate {preset.home}{split} OUT "
            f"--corpus {preset.name} --allow-remote`"
        )
    return lines


def _roles(preset: Preset) -> list[tuple[str, str]]:
    """Where things are."""
    box = preset.container
    if isinstance(box, Table):
        found = [("original", box.original), ("edited", box.edited), ("mask column", box.mask or "")]
        found += [("instruction", "`, `".join(box.instruction)), ("key", "`, `".join(box.key))]
        found.append(("turn", box.turn or ""))
    elif isinstance(box, Unfold):
        found = [("original", "` or `".join(box.original)), ("edited", box.edited), ("last", box.last or "")]
        found += [
            ("instruction", box.instruction or ""),
            ("key", box.key or ""),
            ("paths begin in", box.within),
        ]
    elif isinstance(box, Files):
        found = [("original", box.original), ("edited", box.edited), ("mask file", box.mask or "")]
        found.append(("instructions", box.texts.files if box.texts else ""))
    elif isinstance(box, LabelledFiles):
        found = [("forged", box.forged), ("mask file", box.mask), ("authentic", box.authentic)]
    elif isinstance(box, LabelledTable):
        labels = ", ".join(f"{value} = {label}" for value, label in box.labels.items())
        return [("picture", f"`{box.picture}`"), ("mask column", f"`{box.mask}`"), ("label", labels)]
    elif isinstance(box, LabelledList):
        found = [("list", box.file), ("picture", box.picture), ("mask file", box.mask)]
    else:
        found = []
    return [(name, "`" + place.replace("|", "\\|") + "`") for name, place in found if place]


def _flag(flag: Flag) -> str:
    if isinstance(flag, When):
        return f"{'yes' if flag.then else 'not known'} where {_when(flag)}, else no"
    return {True: "yes", False: "no", None: ""}[flag]


def _when(when: When) -> str:
    pattern = when.pattern.replace("|", "\\|")
    return f"`{when.column}` is `{pattern}`"


def _mask(preset: Preset) -> str:
    box = preset.container
    if not getattr(box, "mask", None):
        return "none"
    rule = f"edited is `{preset.mask_rule}`" if preset.mask_rule else "edited is white"
    return f"{rule}; {FITS[preset.mask_fit]}"


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page()))

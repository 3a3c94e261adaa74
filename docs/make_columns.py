"""Write docs/reference/columns.md from the tables in the code; with --check, only compare."""

from __future__ import annotations

import sys
from pathlib import Path

from generated import write_or_check

from maskwright.corpus.schema import COLUMNS, TYPES
from maskwright.pairs.values import REASONS, VERDICTS

PAGE = Path(__file__).parent / "reference" / "columns.md"

INTRODUCTION = """# Columns

Every row of a corpus has these columns, in this order: `maskwright.open_corpus(OUT).table()`.
What the files around them are: [output](output.md). This page is written by `docs/make_columns.py`.
"""
AFTER_COLUMNS = """
Behind `change` comes one picture column for each layer that the annotator's card names (`side_effect`,
`donor`), then the source's own columns with their names and types. A source column whose name is taken
by one of ours gets `source_` before it: your `id` is `source_id`. `key` and `turn` are yours where your
source has them, and a [published corpus](corpora.md) brings more. Columns that hold pictures are not copied.

A figure of an annotator's own is kept where a column has its name.

`donor` is a picture as large as the ORIGINAL: what was taken of it, level / 255. It is null where nothing was
taken, and where the annotator does not say.

## Pairs that share only an object

Of a pair with the verdict `object_taken` the rest of the edited picture is another photograph. What compares
two copies of one photograph says nothing of it, and is null:

- `shift_px` and `crop_frac`: there is no common frame to have moved or been cropped;
- `background`, `tone_shift_de`, `outside_change`, `sharpness_ratio` and all `outside_` columns with a region:
  the background has no original;
- `contrast`: it is measured against the background;
- `noise_floor`, `unexplained` and `missed_px`: what differs without an edit cannot be told.

`kind`, `scale`, `rotation_deg`, `mirrored` and `residual_px` say how the object lies. The mask, its shape
(`area_frac` to `border_sharpness`), `qes` and `confidence` are of the object. `region_used_frac`,
`side_effect_frac` and `instruction_match` compare it with the region that was given, as always.

What `action`, `original_concept` and `edited_concept` say, and what is `unparsed`:
[instructions](instructions.md).

What `original_phash`, `descriptor` and `edited_descriptor` are, how to compare them and what they miss:
[near-duplicates](../why/descriptor.md).
"""


def page() -> str:
    """The whole page."""
    columns = [f"| `{column.name}` | {TYPES[column.type]} | {column.says} |" for column in COLUMNS]
    reasons = [f"| `{word}` | {says} |" for word, says in REASONS.items() if word]
    verdicts = [f"| `{word}` | {says} |" for word, says in VERDICTS.items()]
    lines = [
        INTRODUCTION,
        "| column | type | what it says |",
        "|---|---|---|",
        *[line.replace("struct<bytes: binary, path: string>", "picture") for line in columns],
        AFTER_COLUMNS,
        "## Status and reason\n",
        "`ok` rows have a mask. `rejected` rows have no answer: a second run would find none. `failed`",
        "rows broke something: `maskwright annotate SOURCE OUT --retry failed` tries them again.\n",
        "| reason | what happened |",
        "|---|---|",
        *reasons,
        "\nThe last three are those of `failed` rows.\n",
        "## Verdict\n",
        "The first that holds wins. Geometry and tone are columns beside it, so nothing is hidden.\n",
        "| verdict | what was found |",
        "|---|---|",
        *verdicts,
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page()))

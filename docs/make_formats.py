"""Write docs/reference/formats.md from the formats in the code; with --check, only compare."""

from __future__ import annotations

import sys
from pathlib import Path

from generated import write_or_check

from maskwright.datasets.formats import FORMATS, Format, load_format
from maskwright.datasets.formats.columns import NAMES
from maskwright.datasets.values import ROW

PAGE = Path(__file__).parent / "reference" / "formats.md"

INTRODUCTION = """# Formats

What `maskwright build DATASET --format FORMAT` writes. All formats hold the same rows in the same splits.
Everything here is tested by the library that is named: `tests/datasets/formats/`.
This page is written by `docs/make_formats.py`.
"""

BESIDE = """
Beside each stand `README.md` and `card.html` with `card/` ([its card](card.md)), `build.json` (what it was
made from and how), `provenance/` (where each row comes from, with the checksum of each file),
`shortcuts.json` and `checksums.sha256`: `sha256sum -c checksums.sha256`.

- Masks are 8-bit grey PNG, 0 and 255, 255 = edited, of the size of their picture. Pictures carry no EXIF:
  loaders that turn pictures and loaders that do not see the same.
- Pictures are stored byte for byte as build encoded them; only `change-detection` turns JPEG into PNG.
- A file is there whole or not at all, and the same corpora and settings give the same bytes.
- `maskwright check` reads all of them, also those of others: Tp and Gt, A and B and label, COCO, ImageFolder,
  Parquet with an `image` and a `mask`, tars with a picture and a mask.
"""

TRAPS = {
    "parquet": """
- `ignore` and `original` are null where there is none: a `collate` function has to expect that.
- For the bytes as they are, say `rows.cast_column("image", datasets.Image(decode=False))`.
""",
    "imagefolder": """
- `load_dataset("imagefolder", ...)` calls the split `val` `validation`; `load_dataset("DATASET")` reads the
  card, and says `val`.
- metadata.jsonl is in every split: in the root older versions of `datasets` do not see it.
- `file_name` is the first key of a line and has to stay it: `datasets` gives the first picture column
  whatever is under that key. If you sort the keys, another column gets the picture, without a word.
- Text that is not known is `""`. A number is left out where it is not known, and from all splits where one
  lacks it altogether: `datasets` refuses splits with different columns. `provenance/` has it.
- Four files a picture: on a shared disk count your inodes first, or take `parquet`.
""",
    "webdataset": """
- The key of a sample ends at the first dot of its name. Ours are digits.
- Say `shardshuffle`, or `webdataset` warns. Samples inside a shard keep their order: add `.shuffle(1000)`.
- `decode("pil")` makes a mask RGB.
- Hugging Face `datasets` names the columns by the members: `picture.png`, `mask.png`, `json`.
- Every sample has every member, so that `to_tuple` never stops. An authentic picture is stored twice.
- A score that the first five samples lack is not a column of `datasets`; the tar has it.
""",
    "imdlbenco": """
- `README-IMDLBenCo.md` in the dataset has the commands, the canvas that fits, and the environment: IMDLBenCo
  0.1.45 needs `numpy<2` and does not install beside maskwright. The tests read exports with a copy of its
  readers, which gives what they give: `tests/datasets/formats/test_imdlbenco_itself.py`.
- **Paths in the lists are relative to the folder you are in.** Change into the dataset first. IMDLBenCo
  otherwise stops with a KeyError that names a picture.
- `Tp` and `Gt` are paired by their place in the sorted folder. One `.DS_Store` in `Tp` moves every mask to
  another picture, without a word; `maskwright check` sees it. Build refuses to finish while anything else is
  in these folders.
- Authentic pictures are in `Au`: in `Tp`, under a black mask, IMDLBenCo labels them forged when it tests. A
  folder has edited pictures only, a list both.
- `balanced.json` draws edited and authentic pictures half and half, 1840 of each an epoch.
- IMDLBenCo gives an authentic picture pixel F1 0 even where nothing was marked: read `test-forged`.
""",
    "coco": """
- One category, `edited`, and one annotation a picture: an edit is one thing, however many pieces it has. An
  authentic picture has no annotation.
- Masks are compressed run lengths, down the columns. Numbers of annotations begin at 1, because COCOeval
  takes 0 for no match.
- COCOeval's area ranges and `maxDets` are made for objects: report `segm` over all areas.
- `image["row"]` has the columns. COCO itself knows no originals: take another format for those.
""",
    "change-detection": """
- No authentic pictures: before and after of one would be the same file, which gives it away and teaches
  nothing. For unchanged pairs that are saved differently, make your own or use `maskwright generate`.
- Before and after are on one grid: build registers the original. Where it had no pixel, its border is
  repeated.
- Open-CD: `LEVIR_CD_Dataset` with `data_root="DATASET"` and
  `data_prefix=dict(img_path_from="train/A", img_path_to="train/B", seg_map_path="train/label")`.
- SAM-CD: set `root` in `datasets/Levir_CD.py`. It takes only names that end in `.png`, and holds all pictures
  of a split in memory, twelve bytes a pixel for each side.
""",
    "masks": """
- For corpora whose pictures may not be passed on. Whoever has the corpus joins them again: the card has the
  command.
- A picture is found by `source` and `source_edited`, its original by `source_original`.
- An authentic row has an empty mask; its picture is the original.
""",
}


def page() -> str:
    """The whole page."""
    forms = [load_format(name) for name in FORMATS]
    renamed = " and ".join(f"`{ours}` is `{theirs}`" for ours, theirs in NAMES.items())
    lines = [
        INTRODUCTION,
        "| format | what it is | authentic pictures | what becomes of `ignore` |",
        "|---|---|---|---|",
        *[
            f"| [`{form.name}`](#{form.name}) | {form.says} | {'yes' if form.authentic else 'no'}"
            f" | {form.of_ignore} |"
            for form in forms
        ],
        BESIDE,
        *[section(form) for form in forms],
        "## Columns\n",
        f"`provenance/*.parquet` has all of these. In the formats' own tables, where `original` is a picture,"
        f"\n{renamed}.\n",
        "| column | what it says |",
        "|---|---|",
        *[f"| `{name}` | {says} |" for name, (_, says) in ROW.items()],
    ]
    return "\n".join(lines) + "\n"


def section(form: Format) -> str:
    """What lies where, what loads it, what to know."""
    width = max(len(place) for place, _ in form.layout) + 2
    tree = "\n".join(
        f"  {'  ' + place[1:] if place.startswith('#') else place:<{width}}{says}"
        for place, says in form.layout
    )
    return f"""## {form.name}

{form.says}

```
DATASET/
{tree}
```

<!-- not run: there is no dataset here; tests/datasets/formats/test_formats.py runs it -->
```python
{form.loading.replace("FOLDER", "DATASET")}
```
{TRAPS[form.name]}- `ignore`: {form.of_ignore}
"""


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page()))

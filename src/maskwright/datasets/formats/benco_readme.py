"""The README of an export for IMDLBenCo: its environment, the commands, and what to know before training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

README, BALANCED, TESTS = "README-IMDLBenCo.md", "balanced.json", "test_datasets.json"
TRAIN_AUTHENTIC = "train_authentic.json"

CANVAS_PX = 1024
"""Side of the canvas that IMDLBenCo's own scripts for its transformers train on (demo_train_iml_vit.sh)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the README says of a dataset.

    Args:
        width, height: the largest of all pictures, in pixels.
        forged, authentic: splits that have such pictures.
    """

    width: int
    height: int
    forged: frozenset[str]
    authentic: frozenset[str]

    def and_row(self, split: str, *, label: str, width: int, height: int) -> Facts:
        """The same with one more picture."""
        return replace(
            self,
            width=max(self.width, width),
            height=max(self.height, height),
            forged=self.forged | ({split} if label == "forged" else set()),
            authentic=self.authentic | ({split} if label == "authentic" else set()),
        )


_TOP = """# {name} in IMDLBenCo

Made by maskwright, for IMDLBenCo 0.1.45. It needs an environment of its own: it pins `numpy<2` and
`albumentations==1.3.0`, and wants `requests` without saying so.

```sh
python3.11 -m venv benco
benco/bin/pip install 'imdlbenco==0.1.45' 'numpy<2' 'albumentations==1.3.0' requests
export BENCO=$PWD/benco WORK=$PWD/work
mkdir $WORK && cd $WORK && $BENCO/bin/benco init model_zoo
```

Run `benco init` in a folder of its own, as above: it writes a `test_datasets.json`, and here is one.

## Train

Type this in the folder of this README: **paths in the lists are relative to the folder you are in**.
From another one IMDLBenCo stops with a KeyError that says a picture "is not registered in DATASETS".
It trains on an NVIDIA GPU.

```sh
{train}
```
"""

_TEST = """
## Test

```sh
{test}
```

`test` has all pictures, `test-forged` the edited ones alone. Read pixel F1 from `test-forged`: IMDLBenCo
gives an authentic picture F1 0 even where nothing was marked, and counts it in the mean.
"""

_KNOW = """
## What to know

- Canvas: no picture here is wider than {width} or higher than {height} pixels.
  {canvas}
- `Tp` and `Gt` are paired by their place in the sorted folder, not by name. Put nothing into them: one
  `.DS_Store` in `Tp` moves every mask to another picture, without a word.
- Masks are grey, 0 and 255; IMDLBenCo takes what is above 127.5 for edited. It knows no pixels to ignore.
- Authentic pictures are in `Au`, and in the lists as `Negative`. A folder (`--data_path train`) has edited
  pictures only; a list (`--data_path train.json`) has both.
- `--data_path balanced.json` draws edited and authentic pictures half and half, 1840 of each an epoch, with
  replacement.
- The last incomplete batch is dropped, in tests, too: keep `--test_batch_size 1`.
"""

_COMMON = """\
    --edge_mask_width 7 --image_size {canvas} {fit} --num_workers 4 \\
    --output_dir {out} --log_dir {out}"""


def readme(name: str, splits: Sequence[str], facts: Facts) -> str:
    """The whole page."""
    fits = max(facts.width, facts.height) <= CANVAS_PX
    fit = "--if_padding" if fits else "--if_resizing"
    canvas = (
        f"So `--if_padding` cuts nothing at {CANVAS_PX} in tests. In training IMDLBenCo first scales\n"
        "  pictures by up to 1.2, and cuts what then is larger."
        if fits
        else f"`--if_padding` would cut off what lies beyond {CANVAS_PX} to the right or below, edits and\n"
        "  all, so the commands resize. Figures of the two do not compare."
    )
    page = _TOP.format(name=name, train=_train(splits, facts, fit))
    if "test" in splits:
        page += _TEST.format(test=_test(fit))
    return page + _KNOW.format(width=facts.width, height=facts.height, canvas=canvas)


def _train(splits: Sequence[str], facts: Facts, fit: str) -> str:
    """The command of IMDLBenCo's own demo_train_iml_vit.sh over these pictures."""
    judged = next((split for split in ("val", "test", "train") if split in facts.forged), "train")
    note = "" if judged == "val" else f"# there is no val here: the checkpoint is chosen on {judged}\n"
    return (
        note
        + f"""\
# pretrained weights: https://dl.fbaipublicfiles.com/mae/pretrain/mae_pretrain_vit_base.pth
$BENCO/bin/torchrun --standalone --nnodes=1 --nproc_per_node=1 $WORK/train.py \\
    --model IML_ViT --edge_lambda 20 --vit_pretrain_path $WORK/mae_pretrain_vit_base.pth \\
    --world_size 1 --data_path train.json --test_data_path {judged} \\
    --batch_size 2 --test_batch_size 1 --accum_iter 8 --epochs 200 --test_period 4 \\
    --lr 1e-4 --min_lr 5e-7 --weight_decay 0.05 --warmup_epochs 2 --seed 42 \\
"""
        + _COMMON.format(canvas=CANVAS_PX, fit=fit, out="$WORK/output")
    )


def _test(fit: str) -> str:
    return """\
$BENCO/bin/torchrun --standalone --nnodes=1 --nproc_per_node=1 $WORK/test.py \\
    --model IML_ViT --world_size 1 --test_data_json test_datasets.json --test_batch_size 1 \\
    --checkpoint_path $WORK/output \\
""" + _COMMON.format(canvas=CANVAS_PX, fit=fit, out="$WORK/results")

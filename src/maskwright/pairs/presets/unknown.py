"""Corpora known by name only: what to check before they are read without a preset."""

from __future__ import annotations

from maskwright.pairs.presets.preset import Preset

UNKNOWN = (
    Preset(
        name="sigma",
        title="SIGMA's release",
        home="hf:PatrickZZZ/SIGMA",
        source="SIGMA",
        size="1,063,140 rows, with subsets of 10,000 and 100,000",
        grade="unknown",
        evidence=("card:PatrickZZZ/SIGMA, of which the columns were not read",),
        licence="not established",
        redistribute="nothing",
        container=None,
        check="its columns (`maskwright inspect` lists them) and whether masks are white where edited",
    ),
    Preset(
        name="seed-data-edit",
        title="SEED-Data-Edit, parts 1 and 2",
        home="hf:AILab-CVC/SEED-Data-Edit-Part1-Openimages",
        source="annotations/*.jsonl",
        size="3.6 million pairs in archives to be joined",
        grade="unknown",
        evidence=("card:AILab-CVC/SEED-Data-Edit-Part1-Openimages, of which the fields were not read",),
        licence="CC-BY-NC-4.0",
        redistribute="masks",
        container=None,
        check="that a line has source_image, target_image and instruction, and where their paths begin",
    ),
    Preset(
        name="sharegpt-4o-image",
        title="ShareGPT-4o-Image",
        home="hf:FreedomIntelligence/ShareGPT-4o-Image",
        source="text_and_image_to_image.json",
        size="46,539 rows",
        grade="unknown",
        evidence=("FreedomIntelligence/ShareGPT-4o-Image#1: pictures missing",),
        licence="not established",
        redistribute="nothing",
        container=None,
        check="that an entry has input_image, output_image and input_prompt, and that its pictures are there",
    ),
    Preset(
        name="pipe-masks",
        title="PIPE_Masks",
        home="hf:paint-by-inpaint/PIPE_Masks",
        source="PIPE_Masks",
        size="not established",
        grade="unknown",
        evidence=("card:paint-by-inpaint/PIPE: masks join on target_img_dataset, img_id and ann_id",),
        licence="CC-BY-4.0",
        redistribute="masks",
        container=None,
        check="that it joins with PIPE on target_img_dataset, img_id and ann_id; make one table of both",
    ),
)
"""Refused, each with what to check."""

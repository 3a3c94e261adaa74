"""Labelled test sets, as the code that loads them describes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.pairs.corpora.folders import write
from tests.pairs.corpora.hub import IMAGE
from tests.pairs.corpora.pictures import edited, photograph, region, stored


def forgery(seed: int) -> np.ndarray[Any, Any]:
    return edited(photograph(seed), region())


def columbia(folder: Path) -> Path:
    """SAFIRE's loader and IML-ViT#44: a coloured JPEG, green forged, red not, each with a dark edge band."""
    band = np.zeros_like(region())
    band[region().any(axis=1).argmax() : region().any(axis=1).argmax() + 3] = True
    colours = np.where(region()[:, :, None], (0, 255, 0), (255, 0, 0))
    colours = np.where((band & region())[:, :, None], (0, 200, 0), colours)
    colours = np.where((band & ~region())[:, :, None], (200, 0, 0), colours).astype(np.uint8)
    for n in (1, 2):
        name = f"canong3_canonxt_sub_0{n}"
        write(folder / "4cam_splc" / f"{name}.tif", stored(forgery(n), "TIFF"))
        mask = stored(colours, "JPEG", quality=95, subsampling=0)
        write(folder / "4cam_splc" / "edgemask" / f"{name}_edgemask.jpg", mask)
    write(folder / "4cam_auth" / "canong3_02_sub_01.tif", stored(photograph(9), "TIFF"))
    return folder


def coverage(folder: Path) -> Path:
    """SAFIRE's loader: `1t.tif` forged, `1.tif` authentic; `copy` is where the copy was taken; 41 misfits."""
    for n in (1, 41):
        write(folder / "image" / f"{n}.tif", stored(photograph(n), "TIFF"))
        write(folder / "image" / f"{n}t.tif", stored(forgery(n), "TIFF"))
        taken = region()[::-1, ::-1]
        drawn = region() if n == 1 else np.repeat(np.repeat(region(), 2, axis=0), 2, axis=1)
        write(folder / "mask" / f"{n}forged.tif", stored(drawn, "TIFF"))
        write(folder / "mask" / f"{n}copy.tif", stored(taken, "TIFF"))
        write(folder / "mask" / f"{n}paste.tif", stored(region(), "TIFF"))
    return folder


def nist16(folder: Path) -> Path:
    """SAFIRE's loader: black is forged, and only the reference table joins probes and masks.

    A splice, a removal whose mask lies in two folders, an authentic probe; one probe is missing.
    """
    header = (
        "TaskID|IsTarget|ProbeFileID|ProbeFileName|ProbeMaskFileName|BaseFileName|"
        "IsManipulationTypeRemoval|IsManipulationTypeSplice|IsManipulationTypeCopyClone"
    )
    lines = [header]
    for probe, mask, kind in (("0128", "3942", "N|Y|N"), ("0278", "0686", "Y|N|N")):
        name = f"reference/manipulation/mask/NC2016_{mask}.png"
        write(folder / "probe" / f"NC2016_{probe}.jpg", stored(forgery(int(probe)), "JPEG"))
        write(folder / name, stored(~region()))
        write(folder / "reference" / "remove" / "mask" / f"NC2016_{mask}.png", stored(~region()))
        row = f"manipulation|Y|{probe}|probe/NC2016_{probe}.jpg|{name}|world/NC2016_3272.jpg|{kind}"
        lines.append(row)
    write(folder / "probe" / "NC2016_0098.jpg", stored(photograph(98), "JPEG"))
    lines.append("manipulation|N|0098|probe/NC2016_0098.jpg||world/NC2016_3272.jpg|||")
    lines.append("manipulation|N|0099|probe/NC2016_0099.jpg||world/NC2016_3272.jpg|||")
    table = "".join(line + "\n" for line in lines).encode()
    write(folder / "reference" / "manipulation" / "NC2016-manipulation-ref.csv", table)
    return folder


def imd2020(folder: Path) -> Path:
    """SAFIRE's list: a folder a post; forgeries of any ending and of two manners of name, one original."""
    for name in ("1b8r7b/c94scmh_0.jpg", "1b8r7b/c94otp8_0.png", "z5/00022_fake.jpg"):
        stem, _, ending = name.rpartition(".")
        write(folder / name, stored(forgery(3), "JPEG" if ending == "jpg" else "PNG"))
        write(folder / f"{stem}_mask.png", stored(region().astype(np.uint8) * np.uint8(7)))
    for name in ("1b8r7b/1b8r7b_orig.jpg", "z5/00022_orig.jpg"):
        write(folder / name, stored(photograph(3), "JPEG"))
    return folder


def casia_v1(folder: Path) -> Path:
    """The corrections' page: one forgery has no mask anywhere; copies are named Sp_, too."""
    for kind, name in (
        ("Sp", "Sp_D_CND_A_sec0056_sec0015_0282"),
        ("CM", "Sp_S_CND_A_pla0016_pla0016_0196"),
    ):
        write(folder / "Tp" / kind / f"{name}.jpg", stored(forgery(4), "JPEG"))
        write(folder / "CASIA 1.0 groundtruth" / kind / f"{name}_gt.png", stored(region()))
    write(folder / "Tp" / "Sp" / "Sp_D_NRN_A_cha0011_sec0011_0542.jpg", stored(forgery(5), "JPEG"))
    write(folder / "Au" / "Au_ani_0001.jpg", stored(photograph(6), "JPEG"))
    return folder


def dso_1(folder: Path) -> Path:
    """TruFor's metrics.py: masks have their picture's name in another folder, black is forged."""
    for n in (1, 2):
        write(folder / "DSO-1" / f"splicing-{n:02}.png", stored(forgery(n)))
        write(folder / "DSO-1-Fake-Images-Masks" / f"splicing-{n:02}.png", stored(~region()))
        write(folder / "DSO-1" / f"normal-{n:02}.png", stored(photograph(n)))
    return folder


def opensdi(folder: Path) -> Path:
    """nebula/OpenSDI_train and hf_datasets.py: no mask is none or all, by the label."""
    schema = pa.schema([("key", pa.string()), ("image", IMAGE), ("mask", IMAGE), ("label", pa.int64())])
    rows = [
        {"key": "real/000000001.jpg", "image": _cell(photograph(1)), "mask": None, "label": 0},
        {
            "key": "partial/sd15/fake/000000002.jpg",
            "image": _cell(forgery(2)),
            "mask": _cell(region()),
            "label": 1,
        },
        {"key": "full/sd15/fake/000000003.jpg", "image": _cell(photograph(3)), "mask": None, "label": 1},
        {"key": "real/000000004.jpg", "image": _cell(photograph(4)), "mask": _cell(region()), "label": 0},
    ]
    return _shard(folder, "sd15-00000-of-00042", rows, schema)


def sid_set(folder: Path) -> Path:
    """saberzl/SID_Set, its card: 0 real, 1 all of it synthetic, 2 tampered; masks of any level."""
    schema = pa.schema(
        [
            ("img_id", pa.string()),
            ("image", IMAGE),
            ("mask", IMAGE),
            ("width", pa.int64()),
            ("height", pa.int64()),
            ("label", pa.int64()),
        ]
    )
    faint = region().astype(np.uint8) * np.uint8(3)
    rows = [
        {"img_id": "000000000001", "image": _cell(photograph(1)), "mask": None, "label": 0},
        {"img_id": "full_synthetic_1", "image": _cell(photograph(2)), "mask": None, "label": 1},
        {"img_id": "tampered_1", "image": _cell(forgery(3)), "mask": _cell(faint), "label": 2},
        {"img_id": "tampered_2", "image": _cell(forgery(3)), "mask": None, "label": 2},
        {"img_id": "other", "image": _cell(forgery(3)), "mask": None, "label": 7},
    ]
    return _shard(folder, "validation-00000-of-00034", rows, schema)


def tgif(folder: Path) -> Path:
    """IDLabMedia/tgif-dataset, its page: `.png_` inside of names; one mask, and two truths: sp and fr."""
    coco = "000000123456"
    write(folder / "original" / "testing" / f"{coco}_orig.png", stored(photograph(1)))
    write(folder / "original" / "testing" / f"{coco}_orig_512.png", stored(photograph(1, (32, 32))))
    small = np.ascontiguousarray(region()[:32, :32])
    for kind in ("bbox", "segm"):
        write(folder / "masks" / "testing" / f"{coco}_mask_{kind}.png", stored(region()))
        write(folder / "masks" / "testing" / f"{coco}_mask_{kind}_512.png", stored(small))
        bordered = np.roll(region(), 1, axis=0) | region()
        write(folder / "masks" / "testing" / f"{coco}_mask_{kind}.png_ps_mask.png", stored(bordered))
    write(folder / "masks" / "testing" / f"{coco}_mask_512.png", stored(small))
    for variant in (0, 1, 2):
        for name in (
            f"SD2-sp/testing/{coco}_mask_bbox.png_ps_mask.png_sd2_{variant}.png",
            f"PS-sp/testing/{coco}_mask_bbox.png_ps_{variant}.png",
        ):
            write(folder / name, stored(forgery(1)))
        crop = f"SD2-fr/testing/{coco}_mask_bbox.png_sd2-512_{variant}.png"
        write(folder / crop, stored(np.ascontiguousarray(forgery(1)[:32, :32])))
    return folder


def _cell(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    return {"bytes": stored(array), "path": None}


def _shard(folder: Path, name: str, rows: list[dict[str, Any]], schema: pa.Schema) -> Path:
    (folder / "data").mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema), folder / "data" / f"{name}.parquet")
    return folder

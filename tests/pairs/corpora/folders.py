"""Corpora that come as folders of files, as their repositories and the code that loads them describe them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.pairs.corpora.pictures import edited, photograph, region, stored


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def casia_v2(folder: Path, number: int = 0) -> Path:
    """CASIA v2 with the masks of namtpham/casia2groundtruth, in the folders SAFIRE's loader wants.

    A splice into `cha_00063` of something from `art_00014`; a copy within `pla_00020`, stored as TIFF;
    a photograph nobody touched; one forgery whose photograph is missing. Forgeries' names: the first scene
    is the background (three loaders: split('_')[5], characters 13 to 21, first match). `number` is added to
    all numbers of scenes.
    """
    cha, art, pla, txt = (f"{each + 100 * number:05}" for each in (63, 14, 20, 9))
    for name in (f"Au_cha_{cha}.jpg", f"Au_art_{art}.jpg", f"Au_pla_{pla}.jpg", f"Au_txt_{txt}.bmp"):
        write(folder / "Au" / name, stored(_scene(name), "BMP" if name.endswith("bmp") else "JPEG"))
    spliced = f"Tp_D_CRN_S_N_cha{cha}_art{art}_11818"
    forged = edited(_scene(f"Au_cha_{cha}.jpg"), region())
    write(folder / "Tp" / f"{spliced}.jpg", stored(forged, "JPEG", quality=95))
    write(folder / "CASIA 2 Groundtruth" / f"{spliced}_gt.png", stored(region()))
    copied = f"Tp_S_NRN_M_N_pla{pla}_pla{pla}_10988"
    write(folder / "Tp" / f"{copied}.tif", stored(edited(_scene(f"Au_pla_{pla}.jpg"), region()), "TIFF"))
    write(folder / "CASIA 2 Groundtruth" / f"{copied}_gt.png", stored(region().astype(np.uint8)))
    write(folder / "Tp" / f"Tp_D_NND_M_N_ani{number:02}077_sec00096_00138.tif", stored(photograph(3), "TIFF"))
    return folder


def _scene(name: str) -> np.ndarray[Any, Any]:
    return photograph(sum(map(ord, name)))


def deal_300k(folder: Path) -> Path:
    """DEAL-300K by the six examples in its repository: a mask has the stem of its edit, 255 is edited.

    Instructions go by the photograph's name, a file for each checkpoint of the model that wrote them.
    """
    for photo, checkpoints in (
        ("000000000009", ("120", "180")),
        ("000000000459", ("120",)),
        ("000000436603", ()),
    ):
        write(folder / "train" / f"{photo}.jpg", stored(photograph(int(photo)), "JPEG"))
        for checkpoint in checkpoints:
            forged = edited(photograph(int(photo)), region())
            write(folder / "train" / f"{photo}_qwen{checkpoint}.jpg", stored(forged, "JPEG"))
            write(folder / "label" / f"{photo}_qwen{checkpoint}.png", stored(region()))
    for checkpoint, part in (("120", "train"), ("180", "dev")):
        entry = {"image_name": "000000000009.jpg", "generated_text": f"let it snow {checkpoint}"}
        name = f"checkpoint-{checkpoint}_{part}_results.json"
        write(folder / "instructions" / name, json.dumps([entry], indent=4).encode())
    return folder


def miml(folder: Path) -> Path:
    """MIML as Auto_Annotate_SPG.py reads it: `0.jpg` is authentic; a folder without its `1.jpg`."""
    for name in ("a1", "b2"):
        write(folder / "SPG" / name / "0.jpg", stored(photograph(1), "JPEG"))
        write(folder / "SPG" / name / "1.jpg", stored(edited(photograph(1), region()), "JPEG"))
    write(folder / "SPG" / "c3" / "0.jpg", stored(photograph(2), "JPEG"))
    return folder


def autosplice(folder: Path) -> Path:
    """AutoSplice as three loaders read it: `{photo}_{n}` forged, masks by photo, three qualities."""
    for photo, forgeries in (("71695", 2), ("80012", 1), ("90000", 0)):
        write(folder / "Authentic" / f"{photo}.jpg", stored(photograph(int(photo)), "JPEG"))
        if forgeries:
            write(folder / "Mask" / f"{photo}_mask.png", stored(region()))
        for n in range(forgeries):
            for quality in (75, 90, 100):
                forged = stored(edited(photograph(int(photo)), region()), "JPEG", quality=quality)
                write(folder / f"Forged_JPEG{quality}" / f"{photo}_{n}.jpg", forged)
        write(folder / "Caption" / f"{photo}.json", b"{}")
    return folder


def cocoglide(folder: Path) -> Path:
    """CocoGlide by TruFor's lists: classes with blanks, joined by the number at the end."""
    for kind, photo in (("dining table", "114871"), ("teddy bear", "563758"), ("cake", "493334")):
        write(folder / "real" / f"{kind}_{photo}.png", stored(photograph(int(photo))))
        forged = stored(edited(photograph(int(photo)), region()))
        write(folder / "fake" / f"glide_inpainting_val2017_{photo}_up.png", forged)
        write(folder / "mask" / f"{kind}_{photo}_mask.png", stored(region()))
    return folder

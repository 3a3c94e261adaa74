"""What a file says of itself is found, and what it says cannot do harm."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from maskwright.errors import InputError
from maskwright.pairs.filefacts import LINE, FileFacts, file_facts
from maskwright.pairs.jpegtables import ZIGZAG, libjpeg_tables
from maskwright.pairs.metadata import TEXT_BYTES
from maskwright.pairs.picture import read_picture
from tests.pairs.awkward import photo, saved, turned
from tests.strategies import broken_files, picture_file

XMP = '<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description {}/></x:xmpmeta>'
JUMBF = b"\0\0\0\x40jumb\0\0\0\x1djumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\x03c2pa\0"


def exif(**tags: Any) -> bytes:
    """EXIF with software, make, model, comment and, where asked for, a latitude."""
    numbers = {"software": 0x0131, "make": 0x010F, "model": 0x0110}
    block = Image.Exif()
    for name, value in tags.items():
        if name in numbers:
            block[numbers[name]] = value
    if tags.get("gps"):
        block.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 30.0), 3: "E", 4: (11.0, 34.0, 0.0)})
    if "comment" in tags:
        block.get_ifd(0x8769)[0x9286] = tags["comment"]
    return block.tobytes()


def with_segment(jpeg: bytes, marker: int, payload: bytes) -> bytes:
    """The JPEG with one more segment behind its first marker."""
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload + jpeg[2:]


def with_chunk(png: bytes, kind: bytes, body: bytes, *, last: bool = False) -> bytes:
    """The PNG with one more chunk, behind its header or before its end."""
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    at = len(png) - 12 if last else 33
    return png[:at] + chunk + png[at:]


def with_text(key: str, text: str, **options: Any) -> bytes:
    info = PngInfo()
    info.add_text(key, text, **options)
    return saved(photo(), "PNG", pnginfo=info)


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:4:4"])
def test_the_quality_of_a_jpeg_from_pillow_is_found_exactly(subsampling: str) -> None:
    for quality in range(30, 101):
        facts = file_facts(saved(photo(), "JPEG", quality=quality, subsampling=subsampling))
        assert (facts.jpeg_quality, facts.jpeg_tables_standard) == (quality, True)


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2", "4:4:4"])
def test_the_chroma_sampling_of_a_jpeg_is_found(subsampling: str) -> None:
    assert file_facts(saved(photo(), "JPEG", subsampling=subsampling)).chroma == subsampling


def test_no_two_qualities_have_the_same_tables() -> None:
    assert len({np.stack(libjpeg_tables(quality)).tobytes() for quality in range(1, 101)}) == 100


def test_the_zigzag_is_the_one_of_the_standard() -> None:
    # ITU-T T.81, figure 5, first row and last row
    places = np.argsort(ZIGZAG).reshape(8, 8)
    assert places[0].tolist() == [0, 1, 5, 6, 14, 15, 27, 28]
    assert places[7].tolist() == [35, 36, 48, 49, 57, 58, 62, 63]


def test_tables_of_another_maker_have_a_nearest_quality_and_are_not_standard() -> None:
    tables = [(table + (np.arange(64) % 3 == 0)).tolist() for table in libjpeg_tables(80)]
    facts = file_facts(saved(photo(), "JPEG", qtables=tables))
    assert facts.jpeg_quality is not None
    assert abs(facts.jpeg_quality - 80) <= 3
    assert facts.jpeg_tables_standard is False


def test_a_grey_jpeg_has_a_quality_and_no_chroma() -> None:
    facts = file_facts(saved(Image.fromarray(photo()).convert("L"), "JPEG", quality=71))
    assert (facts.jpeg_quality, facts.jpeg_tables_standard, facts.chroma) == (71, True, "")


def test_what_is_no_jpeg_has_no_quality() -> None:
    facts = file_facts(saved(photo(), "PNG"))
    assert (facts.jpeg_quality, facts.jpeg_tables_standard, facts.chroma) == (None, None, "")


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF"])
def test_format_size_and_digest_are_those_of_the_file(format_: str) -> None:
    data = saved(photo(), format_)
    facts = file_facts(data)
    assert (facts.format, facts.width, facts.height, facts.size_bytes) == (format_, 56, 40, len(data))
    assert facts.sha256 == hashlib.sha256(data).hexdigest()
    assert (facts.software, facts.camera, facts.generator) == ("", "", "")
    assert not facts.has_gps
    assert not facts.has_credentials


@pytest.mark.parametrize("format_", ["JPEG", "TIFF", "PNG"])
def test_the_size_is_the_stored_one_whatever_exif_says(format_: str) -> None:
    data = saved(photo(), format_, exif=turned(6))
    assert read_picture(data).pixels.shape == (56, 40, 3)
    assert (file_facts(data).width, file_facts(data).height) == (56, 40)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_camera_software_and_place_are_found_in_exif(format_: str) -> None:
    block = exif(make="Nikon Corporation", model="D750", software="Lightroom 5.0", gps=True)
    facts = file_facts(saved(photo(), format_, exif=block))
    assert (facts.camera, facts.software) == ("Nikon Corporation D750", "Lightroom 5.0")
    assert facts.has_gps


def test_a_model_that_repeats_its_make_is_said_once() -> None:
    block = exif(make="Canon", model="Canon EOS 5D")
    assert file_facts(saved(photo(), "JPEG", exif=block)).camera == "Canon EOS 5D"


def test_gps_without_a_latitude_is_no_place() -> None:
    block = Image.Exif()
    block.get_ifd(0x8825)[0] = b"\2\2\0\0"
    assert not file_facts(saved(photo(), "JPEG", exif=block.tobytes())).has_gps


@pytest.mark.parametrize("form", ["{0}='{1}'", '{0}="{1}"'])
def test_software_is_found_in_xmp(form: str) -> None:
    packet = XMP.format(form.format("xmp:CreatorTool", "Adobe Photoshop 25.0")).encode()
    jpeg = with_segment(picture_file("JPEG"), 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)
    assert file_facts(jpeg).software == "Adobe Photoshop 25.0"


def test_software_is_found_in_a_png_text() -> None:
    assert file_facts(with_text("Software", "GIMP 2.10")).software == "GIMP 2.10"


@pytest.mark.parametrize("key", ["parameters", "prompt", "workflow", "Dream"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_generators_png_text_is_evidence_of_a_generator(key: str, packed: bool) -> None:
    assert repr(key) in file_facts(with_text(key, "a cat, Steps: 20", zip=packed)).generator


def test_a_png_text_behind_the_pixels_is_found_too() -> None:
    data = with_chunk(picture_file("PNG"), b"tEXt", b"parameters\0a cat", last=True)
    assert "parameters" in file_facts(data).generator


@pytest.mark.parametrize(
    ("source_type", "word"),
    [("trainedAlgorithmicMedia", "made"), ("compositeWithTrainedAlgorithmicMedia", "changed")],
)
def test_the_digital_source_type_in_xmp_is_evidence_of_a_generator(source_type: str, word: str) -> None:
    place = f"http://cv.iptc.org/newscodes/digitalsourcetype/{source_type}"
    packet = XMP.format(f'Iptc4xmpExt:DigitalSourceType="{place}"').encode()
    webp = saved(photo(), "WEBP", xmp=packet)
    assert f"was {word} by a generator" in file_facts(webp).generator


def test_a_generator_named_as_software_is_evidence() -> None:
    assert "NovelAI" in file_facts(with_text("Software", "NovelAI Diffusion")).generator


def test_settings_in_the_exif_comment_are_evidence_of_a_generator() -> None:
    comment = b"UNICODE\0" + "a cat\nSteps: 20, Sampler: Euler a".encode("utf-16-be")
    facts = file_facts(saved(photo(), "JPEG", exif=exif(comment=comment)))
    assert "comment" in facts.generator


@pytest.mark.parametrize("software", ["Adobe Photoshop 25.0", "imagen 2", "f.lux", "Paint.NET", "Picasa"])
def test_an_ordinary_editor_is_no_generator(software: str) -> None:
    assert file_facts(saved(photo(), "JPEG", exif=exif(software=software))).generator == ""


def test_a_word_of_a_title_is_no_generator() -> None:
    assert file_facts(with_text("Title", "prompt delivery")).generator == ""


def credentials() -> dict[str, bytes]:
    webp = saved(photo(), "WEBP")
    riff = webp + b"C2PA" + struct.pack("<I", len(JUMBF)) + JUMBF + bytes(len(JUMBF) % 2)
    uuid = bytes.fromhex("d8fec3d61b0e483c92975828877ec481") + JUMBF
    return {
        "JPEG": with_segment(picture_file("JPEG"), 0xEB, b"JP\0\1\0\0\0\1" + JUMBF),
        "PNG": with_chunk(picture_file("PNG"), b"caBX", JUMBF),
        "WEBP": riff[:4] + struct.pack("<I", len(riff) - 8) + riff[8:],
        "AVIF": saved(photo(), "AVIF") + struct.pack(">I4s", len(uuid) + 8, b"uuid") + uuid,
    }


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_content_credentials_are_found(format_: str) -> None:
    assert file_facts(credentials()[format_]).has_credentials


def test_an_app11_segment_of_another_kind_is_no_credential() -> None:
    other = with_segment(picture_file("JPEG"), 0xEB, b"JP\0\1\0\0\0\1" + JUMBF.replace(b"c2pa", b"json"))
    assert not file_facts(other).has_credentials


def test_hostile_names_become_one_printable_line() -> None:
    nasty = "\x1b[31mEvil\r\n\u202ename" + "x" * 500
    facts = file_facts(saved(photo(), "JPEG", exif=exif(software=nasty, make="a\x07b", model="c\nd")))
    for text in (facts.software, facts.camera):
        assert text.isprintable()
        assert 0 < len(text) <= LINE


def test_a_png_text_that_swells_is_cut() -> None:
    body = b"parameters\0\0" + zlib.compress(bytes([65]) * (40 * TEXT_BYTES))
    facts = file_facts(with_chunk(picture_file("PNG"), b"zTXt", body, last=True))
    assert "parameters" in facts.generator


@pytest.mark.parametrize("size", [0, 1, 7, 20])
def test_damaged_exif_counts_as_none(size: int) -> None:
    block = exif(make="Canon", gps=True)
    data = with_segment(picture_file("JPEG"), 0xE1, b"Exif\0\0" + block[:size])
    facts = file_facts(data)
    assert (facts.camera, facts.has_gps) == ("", False)


def test_an_ifd_that_points_to_itself_ends() -> None:
    loop = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<HHHIII", 1, 0x8825, 4, 1, 8, 8)
    assert not file_facts(with_segment(picture_file("JPEG"), 0xE1, loop)).has_gps


@pytest.mark.parametrize(
    ("data", "reason"), [(b"", "file_empty"), (b"hello", "not_a_picture"), (b"\xff\xd8\xff\xd9", "truncated")]
)
def test_what_is_no_picture_is_refused_with_the_reason_reading_has(data: bytes, reason: str) -> None:
    with pytest.raises(InputError) as seen:
        file_facts(data)
    with pytest.raises(InputError) as read:
        read_picture(data)
    assert seen.value.reason == read.value.reason == reason


def facts_or_reason(data: bytes) -> FileFacts | str:
    try:
        return file_facts(data)
    except InputError as error:
        return error.reason


@given(broken_files())
def test_broken_files_have_facts_or_a_reason(data: bytes) -> None:
    facts = facts_or_reason(data)
    assert facts if isinstance(facts, str) else facts.width > 0


@given(st.binary(max_size=200), st.sampled_from([0xE1, 0xEB, 0xDB, 0xC0, 0xFF]))
def test_any_bytes_in_a_segment_leave_format_and_digest_alone(payload: bytes, marker: int) -> None:
    data = with_segment(picture_file("JPEG"), marker, b"Exif\0\0" + payload if marker == 0xE1 else payload)
    facts = facts_or_reason(data)
    digest = hashlib.sha256(data).hexdigest()
    assert facts == "truncated" if isinstance(facts, str) else facts.sha256 == digest


@given(st.binary(max_size=120), st.sampled_from([b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"caBX"]))
def test_any_bytes_in_a_chunk_are_survived(body: bytes, kind: bytes) -> None:
    data = with_chunk(picture_file("PNG"), kind, body, last=True)
    assert Image.open(io.BytesIO(data)).size == (24, 20)
    assert file_facts(data).width == 24

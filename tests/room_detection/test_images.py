"""Any file becomes pages or one sentence, and costs bounded time and memory."""

import contextlib
import io
import os
import re
import signal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from containers.room_detection.images import Page, pages
from containers.room_detection.limits import Limits, RefusedBlueprint
from tests.room_detection.files import ENCRYPTED_PDF, encoded, huge_png, pdf, plan

LIMITS = Limits(max_upload_mib=4, max_megapixels=4, max_pages=3)
MUTATIONS = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
GOOD = {
    "png": encoded(plan()),
    "png 1 bit": encoded(plan("1")),
    "png palette": encoded(plan("P")),
    "png gray with alpha": encoded(plan("LA")),
    "png with alpha": encoded(plan("RGBA")),
    "png 16 bit": encoded(plan("I;16")),
    "jpeg": encoded(plan(), "JPEG"),
    "jpeg progressive": encoded(plan(), "JPEG", progressive=True),
    "jpeg cmyk": encoded(plan("CMYK"), "JPEG"),
    "jpeg gray": encoded(plan("L"), "JPEG"),
    "tiff ccitt": encoded(plan("1"), "TIFF", compression="group4"),
    "tiff lzw": encoded(plan(), "TIFF", compression="tiff_lzw"),
    "tiff deflate": encoded(plan(), "TIFF", compression="tiff_adobe_deflate"),
    "tiff jpeg": encoded(plan(), "TIFF", compression="jpeg"),
    "tiff float": encoded(plan("F"), "TIFF"),
    "tiff 32 bit": encoded(plan("I"), "TIFF"),
    "webp": encoded(plan(), "WEBP"),
    "webp lossless with alpha": encoded(plan("RGBA"), "WEBP", lossless=True),
}
STARTS = {
    "png": GOOD["png"],
    "jpeg": GOOD["jpeg"],
    "tiff": GOOD["tiff lzw"],
    "webp": GOOD["webp"],
    "pdf": pdf((200, 100)),
}


def read(body: bytes, limits: Limits = LIMITS) -> list[Page]:
    return list(pages(io.BytesIO(body), limits))


def refusal(body: bytes, limits: Limits = LIMITS) -> RefusedBlueprint:
    with pytest.raises(RefusedBlueprint) as caught:
        read(body, limits)
    reason = caught.value.reason
    assert re.fullmatch(r"The .+: .+\.|A page .+\.|The file is damaged.+\.", reason)
    assert "\n" not in reason
    assert 400 <= caught.value.status < 500
    return caught.value


@pytest.mark.parametrize("name", GOOD)
def test_reads_every_kind_of_picture_as_a_person_sees_it(name: str) -> None:
    [page] = read(GOOD[name])
    gray = page.pixels if page.pixels.ndim == 2 else page.pixels.mean(axis=2)
    difference = np.abs(
        gray.astype(float) - np.asarray(plan("1" if "1 bit" in name or "ccitt" in name else "L").convert("L"))
    )
    assert page.pixels.dtype == np.uint8
    assert np.median(difference) <= 4
    assert (difference > 60).mean() < 0.01


def test_transparent_paper_is_white() -> None:
    clear = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
    assert read(encoded(clear))[0].pixels.min() == 255


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG", "WEBP"])
def test_turns_the_page_as_its_exif_says(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = encoded(plan("RGB"), kind, exif=exif)
    [page] = read(stored)
    dark = page.pixels.mean(axis=2)
    height, width = dark.shape
    corners = {1: (2, 2), 2: (2, -3), 3: (-3, -3), 4: (-3, 2), 5: (2, 2), 6: (2, -3), 7: (-3, -3), 8: (-3, 2)}
    assert (width, height) == ((400, 300) if orientation < 5 else (300, 400))
    assert dark[corners[orientation]] < 128
    assert sum(dark[corner] < 128 for corner in ((2, 2), (2, -3), (-3, 2), (-3, -3))) == 1


def test_broken_exif_does_not_spoil_a_picture() -> None:
    assert len(read(encoded(plan(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff"))) == 1


def test_reads_every_page_of_a_tiff() -> None:
    body = encoded(plan(), "TIFF", save_all=True, append_images=[plan("L", (100, 80)), plan("1", (90, 70))])
    assert [page.pixels.shape[:2] for page in read(body)] == [(300, 400), (80, 100), (70, 90)]


def test_reads_the_first_frame_of_an_animation() -> None:
    body = encoded(plan(), "WEBP", save_all=True, append_images=[plan().rotate(90)], duration=100)
    assert len(read(body)) == 1


def test_draws_every_page_of_a_pdf_at_the_chosen_resolution() -> None:
    found = read(pdf((72, 144), (144, 72)), Limits(pdf_dpi=100))
    assert [(page.pixels.shape[:2], page.dpi) for page in found] == [((200, 100), 100), ((100, 200), 100)]


def test_lowers_the_resolution_of_a_page_that_would_be_too_large() -> None:
    [page] = read(pdf((14_000, 14_000)))
    assert 3_900_000 < page.pixels.shape[0] * page.pixels.shape[1] <= 4_000_000
    assert page.dpi == 10


def test_the_content_decides_and_not_the_name(tmp_path: Path) -> None:
    renamed = tmp_path / "plan.pdf"
    renamed.write_bytes(GOOD["webp"])
    with renamed.open("rb") as file:
        assert len(list(pages(file, LIMITS))) == 1


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1)])
def test_reads_pictures_of_any_shape(size: tuple[int, int]) -> None:
    assert read(encoded(Image.new("L", size, 255)))[0].pixels.shape == size[::-1]


@pytest.mark.parametrize(
    ("body", "words", "status"),
    [
        (b"", "empty", 400),
        (b"GIF89a" + bytes(50), "a GIF", 415),
        (b"\x00\x00\x00\x18ftypheic" + bytes(50), "a HEIC", 415),
        (b"\x00\x00\x00\x18ftypavif" + bytes(50), "an AVIF", 415),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG", 415),
        (b"<!doctype html><p>", "a web page", 415),
        (b"AC1032", "a DWG", 415),
        (b"BM" + bytes(50), "a BMP", 415),
        (b"PK\x03\x04" + bytes(50), "a ZIP", 415),
        (b"II+\x00" + bytes(50), "a BigTIFF", 415),
        (b"hello", "no image and no PDF", 415),
        (bytes(5000), "no image and no PDF", 415),
        (GOOD["png"] + bytes(5 << 20), "the limit is 4 MiB", 413),
        (huge_png(30_000), "30000 x 30000 pixels and the limit is 4 megapixels", 413),
        (encoded(plan("L", (3000, 2000)), "JPEG"), "the limit is 4 megapixels", 413),
        (encoded(plan("1"), "TIFF", save_all=True, append_images=[plan("1")] * 3), "more than 3 pages", 413),
        (pdf(*[(10, 10)] * 4), "more than 3 pages", 413),
        (pdf(), "no pages|damaged", 400),
        (ENCRYPTED_PDF, "encrypted", 400),
        (b"%PDF-1.7\n" + bytes(100), "damaged", 400),
    ],
)
def test_says_in_one_sentence_why_a_file_is_refused(body: bytes, words: str, status: int) -> None:
    found = refusal(body)
    assert re.search(words, found.reason)
    assert found.status == status


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
@pytest.mark.parametrize("kind", ["png", "jpeg", "tiff", "webp"])
def test_refuses_a_picture_that_was_cut_short(kind: str, share: float) -> None:
    body = STARTS[kind]
    assert "damaged or cut short" in refusal(body[: max(16, int(share * len(body)))]).reason


@pytest.mark.parametrize(
    ("end", "words"), [(signal.SIGKILL, "it cannot be read"), (signal.SIGXCPU, "takes too long to read")]
)
def test_a_decoder_that_dies_takes_only_its_file_along(end: signal.Signals, words: str) -> None:
    body = encoded(
        plan(size=(1600, 1200)), "TIFF", compression="tiff_lzw", save_all=True, append_images=[plan(size=(1600, 1200))]
    )
    reading = pages(io.BytesIO(body), LIMITS)
    next(reading)
    children = " ".join(file.read_text() for file in Path("/proc/self/task").glob("*/children")).split()
    [decoder] = [int(child) for child in children if b"decoder" in Path(f"/proc/{child}/cmdline").read_bytes()]
    os.kill(decoder, end)
    with pytest.raises(RefusedBlueprint, match=words):
        next(reading)


def test_a_page_is_decoded_only_when_it_is_asked_for() -> None:
    body = encoded(plan(), "TIFF", save_all=True, append_images=[plan()])
    reading = pages(io.BytesIO(body), LIMITS)
    assert next(reading).pixels.shape == (300, 400, 3)
    reading.close()  # type: ignore[attr-defined]  # a generator: its decoder ends with it


@pytest.mark.parametrize("kind", STARTS)
def test_no_damage_raises_anything_but_a_refusal(kind: str) -> None:
    body = STARTS[kind]

    @MUTATIONS
    @given(st.lists(st.tuples(st.integers(0, len(body) - 1), st.integers(0, 255)), min_size=1, max_size=8))
    def damage(changes: list[tuple[int, int]]) -> None:
        damaged = bytearray(body)
        for position, value in changes:
            damaged[position] = value
        _reads_or_refuses(bytes(damaged))

    damage()


@MUTATIONS
@given(st.sampled_from([body[:12] for body in STARTS.values()]), st.binary(max_size=300))
def test_no_invented_content_raises_anything_but_a_refusal(start: bytes, rest: bytes) -> None:
    _reads_or_refuses(start + rest)


def test_limits_come_from_the_environment() -> None:
    found = Limits.from_environ({"LOUPE_MAX_PAGES": "7", "HOME": "/"})
    assert (found.max_pages, found.pdf_dpi) == (7, 200)


def _reads_or_refuses(body: bytes) -> None:
    with contextlib.suppress(RefusedBlueprint):
        assert all(page.pixels.size for page in read(body))

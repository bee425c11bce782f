"""What the models find, beside the same computed independently with Pillow and NumPy from all pixels.

Exact: container, geometry, tiles, RGB histograms and all their statistics. Within a tolerance: the luma, of which few
pixels are rounded the other way, and what is found at the working size, because large plates are halved before Pillow's
filter. Fingerprints stand beside those of the `imagehash` library, too, whose own
reduction is another: it gets the cells that Pillow makes.
"""

import hashlib
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from imagehash import average_hash, dhash, hex_to_hash, phash
from numpy.typing import NDArray
from PIL import Image, ImageCms

from benchmarks.plate_runs_obvious import measure
from containers.plate_runs.cpu_baseline import cpu_baseline, entropy, statistics
from containers.plate_runs.perceptual import hashes
from containers.plate_runs.pictures import Picture, open_picture
from containers.plate_runs.segmentation_otsu import otsu_threshold, segmentation_otsu
from examples.plates import picture

LAPLACIAN_SHARE = 0.1
HASH_BITS = 4
THRESHOLD_LEVELS = 2
MASK_SHARE = 0.04
IMAGEHASH = {"ahash": (average_hash, (8, 8)), "dhash": (dhash, (9, 8)), "phash": (phash, (32, 32))}
PIXELS = arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40))


def opened(body: bytes, **limits: Any) -> Picture:
    return open_picture(body, name="source/plate-001.JPG", sha256=hashlib.sha256(body).hexdigest(), **limits)


def jpeg(image: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


@pytest.fixture(scope="module", params=[(1, 0.5), (3, 0.9), (5, 2.0), (2, 10.0)], ids=str)
def body(request: pytest.FixtureRequest) -> bytes:
    """Plates below the working size, above it, and large enough to be halved first."""
    number, megapixels = request.param
    return picture(number, megapixels=megapixels)


@pytest.fixture(scope="module")
def both(body: bytes) -> tuple[Picture, dict[str, Any]]:
    return opened(body), measure(body)


def test_histograms_and_statistics_are_exact(both: tuple[Picture, dict[str, Any]]) -> None:
    found, known = both
    stats = cpu_baseline(found).facts["pixel_stats"]
    for name in "RGB":
        assert stats["rgb_histograms"][name] == known["histograms"][name]
        told = {**stats["rgb_stats"][name], "entropy": stats["entropy"][name]}
        assert told == pytest.approx(known["statistics"][name], rel=1e-8)


def test_luma_is_that_of_pillow_but_for_the_rounding_of_few_pixels(both: tuple[Picture, dict[str, Any]]) -> None:
    found, known = both
    stats = cpu_baseline(found).facts["pixel_stats"]
    moved = np.abs(np.cumsum(stats["l_histogram"]["L"]) - np.cumsum(known["histograms"]["L"])).sum()
    assert moved <= 0.01 * stats["luma_stats"]["total"]
    assert stats["luma_stats"]["mean"] == pytest.approx(known["statistics"]["L"]["mean"], abs=0.01)
    assert stats["entropy"]["L"] == pytest.approx(known["statistics"]["L"]["entropy"], abs=0.01)


def test_sharpness_and_fingerprints_keep_their_tolerance(both: tuple[Picture, dict[str, Any]]) -> None:
    found, known = both
    told = cpu_baseline(found).facts
    assert told["pixel_stats"]["laplacian_var"] == pytest.approx(known["laplacian_var"], rel=LAPLACIAN_SHARE)
    for name, text in told["hashes"].items():
        assert (int(text, 16) ^ known[name]).bit_count() <= HASH_BITS


def test_fingerprints_are_those_that_imagehash_takes_of_the_same_cells(body: bytes) -> None:
    told = cpu_baseline(opened(body)).facts["hashes"]
    with Image.open(io.BytesIO(body)) as source:
        luma = source.convert("L")
    for name, (make, cells) in IMAGEHASH.items():
        assert hex_to_hash(told[name]) - make(luma.resize(cells, Image.Resampling.BILINEAR)) <= HASH_BITS


def test_the_mask_is_the_ink_that_the_threshold_tells(both: tuple[Picture, dict[str, Any]]) -> None:
    found, known = both
    measured = segmentation_otsu(found)
    assert measured
    told, [mask] = measured.facts, measured.files.values()
    with Image.open(io.BytesIO(mask)) as ours, Image.open(io.BytesIO(known["mask"])) as theirs:
        assert ours.size == theirs.size == (told["mask_geometry"]["width_px"], told["mask_geometry"]["height_px"])
        assert ours.mode == "1"
        assert np.asarray(ours).mean() == told["foreground_ratio"]
        assert (np.asarray(ours) != np.asarray(theirs)).mean() < MASK_SHARE
    assert told["params"]["threshold"] == pytest.approx(known["threshold"], abs=THRESHOLD_LEVELS)


@given(st.lists(st.integers(0, 50), min_size=256, max_size=256).filter(any))
@settings(deadline=None, derandomize=True)
def test_statistics_of_any_histogram_are_numpys(histogram: list[int]) -> None:
    values = np.repeat(np.arange(256), histogram)
    found = statistics(histogram)
    assert (found["min"], found["max"], found["total"]) == (values.min(), values.max(), values.size)
    assert found["mean"] == pytest.approx(values.mean())
    assert found["std"] == pytest.approx(values.std(), abs=1e-9)
    shares = np.bincount(values) / values.size
    assert entropy(histogram) == pytest.approx(-np.sum(shares[shares > 0] * np.log2(shares[shares > 0])), abs=1e-8)


@given(st.lists(st.integers(0, 50), min_size=256, max_size=256).filter(any))
@settings(deadline=None, derandomize=True)
def test_no_threshold_tells_ink_from_paper_better(histogram: list[int]) -> None:
    counts, values = np.array(histogram, np.float64), np.arange(256)

    def apart(threshold: int) -> float:
        dark, light = counts[: threshold + 1].sum(), counts[threshold + 1 :].sum()
        if not dark or not light:
            return 0.0
        means = [counts[part] @ values[part] / counts[part].sum() for part in (values <= threshold, values > threshold)]
        return float(dark * light * (means[0] - means[1]) ** 2)

    assert apart(otsu_threshold(histogram)) == pytest.approx(max(map(apart, range(256))))


@given(PIXELS)
@settings(deadline=None, derandomize=True)
def test_fingerprints_of_any_pixels_are_sixteen_hex_digits(pixels: NDArray[np.uint8]) -> None:
    found = hashes(pixels)
    assert {len(text) for text in found.values()} == {16}
    assert all(int(text, 16) >= 0 for text in found.values())


def test_black_on_white_is_all_ink_where_it_is_black_and_a_blank_page_has_none() -> None:
    page = np.full((60, 80, 3), 255, np.uint8)
    blank = segmentation_otsu(opened(jpeg(Image.fromarray(page))))
    page[:, :20] = 0
    black = segmentation_otsu(opened(jpeg(Image.fromarray(page), quality=100)))
    assert blank
    assert blank.facts["foreground_ratio"] == 0
    assert black
    assert black.facts["foreground_ratio"] == 0.25


@pytest.mark.parametrize(
    ("options", "subsampling", "progressive"),
    [
        ({"subsampling": 0}, "4:4:4", False),
        ({"subsampling": 1, "progressive": True}, "4:2:2", True),
        ({"subsampling": 2}, "4:2:0", False),
    ],
)
def test_the_container_tells_how_its_jpeg_was_made(
    options: dict[str, Any], subsampling: str, progressive: bool
) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.fromarray(np.arange(3 * 50 * 30, dtype=np.uint32).astype(np.uint8).reshape(50, 30, 3))
    body = jpeg(image, icc_profile=profile, exif=exif, **options)
    facts = cpu_baseline(opened(body)).facts
    told = facts["source_file"]
    assert (told["bytes"], told["extension"], told["format"]) == (len(body), "jpg", "JPEG")
    assert (told["jpeg_subsampling"], told["jpeg_is_progressive"]) == (subsampling, progressive)
    assert (told["exif_present"], told["icc_present"]) == (True, True)
    assert told["icc_hash"] == hashlib.sha256(profile).hexdigest()
    assert len(told["jpeg_quant_hash"]) == 64
    assert (facts["geometry"]["width_px"], facts["geometry"]["height_px"]) == (30, 50)  # as stored, not as turned
    assert opened(jpeg(image, quality=50)).source_file["jpeg_quant_hash"] != told["jpeg_quant_hash"]


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_every_kind_of_jpeg_is_decoded_as_pillow_does(mode: str) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 60, 3), np.uint8)
    body = jpeg(Image.fromarray(pixels).convert(mode))
    facts = cpu_baseline(opened(body)).facts
    with Image.open(io.BytesIO(body)) as known:
        assert facts["geometry"]["mode"] == mode
        assert facts["pixel_stats"]["rgb_histograms"]["R"] == known.convert("RGB").histogram()[:256]
        if mode == "L":
            assert facts["pixel_stats"]["l_histogram"]["L"] == known.histogram()


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (4097, 3), (2, 9000), (17, 1300), (257, 129)])
def test_a_picture_of_any_shape_is_measured_whole(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), np.uint8)
    body = jpeg(Image.fromarray(pixels))
    found = opened(body)
    facts, mask = cpu_baseline(found).facts, segmentation_otsu(found)
    with Image.open(io.BytesIO(body)) as known:
        counts = facts["pixel_stats"]["rgb_histograms"]
        assert counts["R"] + counts["G"] + counts["B"] == known.histogram()
        moved = np.cumsum(facts["pixel_stats"]["l_histogram"]["L"]) - np.cumsum(known.convert("L").histogram())
    assert np.abs(moved).sum() <= 1 + 0.01 * size[0] * size[1]
    assert mask
    assert max(mask.facts["mask_geometry"].values()) == min(1024, max(size))


def test_a_png_in_a_jpegs_place_is_measured_and_told() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (700, 30), "red").save(out, "PNG")
    facts = cpu_baseline(opened(out.getvalue())).facts
    assert facts["decode"]["ok"]
    assert (facts["source_file"]["format"], facts["source_file"]["jpeg_quant_hash"]) == ("PNG", None)
    assert facts["tiling"] == {"tile_size_px": 512, "tiles_x": 2, "tiles_y": 1, "total_tiles": 2}


WHOLE = picture(1, megapixels=0.01)


@pytest.mark.parametrize(
    ("body", "reason", "width"),
    [
        (b"", "cannot identify", None),
        (b"\xff\xd8\xff\xe0 no picture", "", None),
        (WHOLE[:-400], "truncated", True),
        (WHOLE[:900], "", True),
        (b"<svg/>", "cannot identify", None),
    ],
    ids=["empty", "junk", "cut short", "header alone", "svg"],
)
def test_what_cannot_be_decoded_says_why_and_keeps_the_facts_of_its_header(
    body: bytes, reason: str, width: bool | None
) -> None:
    found = opened(body)
    facts = cpu_baseline(found).facts
    assert not facts["decode"]["ok"]
    assert reason in facts["decode"]["error"]
    assert "0x" not in facts["decode"]["error"], "another attempt must say the same"
    assert (facts["pixel_stats"], facts["hashes"]) == (None, None)
    assert (facts["geometry"]["width_px"] is not None) == bool(width)
    assert facts["source_file"]["bytes"] == len(body)
    assert segmentation_otsu(found) is None


def test_a_picture_with_too_many_pixels_is_refused_by_its_header() -> None:
    bomb = bytearray(WHOLE)
    start = bomb.index(b"\xff\xc0" if b"\xff\xc0" in bomb else b"\xff\xc2")
    bomb[start + 5 : start + 9] = b"\xff\xff\xff\xff"  # 65,535 x 65,535 pixels
    facts = cpu_baseline(opened(bytes(bomb))).facts
    assert facts["decode"]["error"] == "ValueError: 65535 x 65535 pixels are more than 200 megapixels."
    assert facts["geometry"]["width_px"] == 65535
    assert opened(WHOLE, max_megapixels=0).decoded is None

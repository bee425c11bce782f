"""Images from strangers: what is read is what a person sees, what cannot be is one sentence."""

import io
import struct
import zlib
from contextlib import suppress

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from examples import cards, networks
from lambdas.search.embedding import Embedder, blob
from lambdas.search.pictures import BadPicture, picture

MOST = 1_000_000
CARD = cards.card(7)


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that says it is so large, and has next to no pixels."""
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT" + zlib.compress(bytes(999)))
    written = [struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def close(image: Image.Image, other: Image.Image, by: float) -> bool:
    return bool(np.abs(np.asarray(image, np.float32) - np.asarray(other, np.float32)).mean() < by)


@pytest.mark.parametrize(("kind", "by"), [("PNG", 0.01), ("JPEG", 6), ("WEBP", 6)])
def test_an_image_of_each_kind_is_read_as_it_looks(kind: str, by: float) -> None:
    assert close(picture(saved(CARD, kind), most_pixels=MOST), CARD, by)


def test_a_photograph_is_turned_as_its_camera_was_held() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = CARD.transpose(Image.Transpose.ROTATE_90)
    assert picture(saved(lying, exif=exif), most_pixels=MOST).size == CARD.size
    assert close(picture(saved(lying, exif=exif), most_pixels=MOST), CARD, 0.01)


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA", "I;16"])
def test_pixels_of_each_kind_become_rgb(mode: str) -> None:
    image = CARD.convert("L").convert("I").point(lambda v: v * 256).convert("I;16") if mode == "I;16" else CARD
    assert picture(saved(image if mode == "I;16" else CARD.convert(mode)), most_pixels=MOST).mode == "RGB"


def test_what_is_transparent_is_white() -> None:
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert picture(saved(clear), most_pixels=MOST).getpixel((3, 3)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (b"", "send a JPEG, PNG or WebP"),
        (b"no image at all", "send a JPEG, PNG or WebP"),
        (saved(CARD, "BMP"), "send a JPEG, PNG or WebP"),
        (saved(CARD, "TIFF"), "send a JPEG, PNG or WebP"),
        (b"%PDF-1.7", "send a JPEG, PNG or WebP"),
        (saved(CARD)[:2000], "damaged or cut short"),
        (saved(CARD, "JPEG")[:2000], "damaged or cut short"),
        (png_header(1000, 1000), "damaged or cut short"),
        (png_header(30_000, 30_000), "megapixels: send it smaller"),
        (png_header(2_000, 2_000), "2000 x 2000 pixels and the limit is 1 megapixels"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(sent: bytes, sentence: str) -> None:
    with pytest.raises(BadPicture, match=sentence):
        picture(sent, most_pixels=MOST)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "WEBP"]), st.integers(0, 10**6), st.binary(min_size=1, max_size=8))
def test_bytes_that_were_changed_are_an_image_or_a_refusal(kind: str, at: int, junk: bytes) -> None:
    body = bytearray(saved(CARD.resize((40, 56)), kind))
    at %= len(body)
    body[at : at + len(junk)] = junk
    with suppress(BadPicture):
        assert picture(bytes(body), most_pixels=MOST).mode == "RGB"


def test_the_networks_vector_is_that_of_an_independent_runtime() -> None:
    network, how = networks.colour_layout(), networks.PREPROCESSING
    theirs = cv2.dnn.readNetFromONNX(np.frombuffer(network, np.uint8))
    ours = Embedder(network, how)
    for number in range(1, 9):
        photograph = cards.photograph(number)
        small = np.asarray(photograph.resize((how["width"], how["height"]), Image.Resampling.BILINEAR))
        theirs.setInput(cv2.dnn.blobFromImage(small, 1 / (255 * 0.25), mean=(127.5, 127.5, 127.5)))
        expected = theirs.forward()[0]
        np.testing.assert_allclose(ours.vector(photograph), expected / np.linalg.norm(expected), atol=1e-3)


def test_channels_are_in_the_order_and_place_that_the_network_wants() -> None:
    red = Image.new("RGB", (5, 4), (255, 0, 0))
    how = {"width": 3, "height": 2, "mean": [0.5, 0.25, 0.0], "std": [0.5, 0.25, 1.0], "order": "RGB", "layout": "NCHW"}
    assert blob(red, how).shape == (1, 3, 2, 3)
    assert blob(red, how)[0, :, 0, 0].tolist() == [1.0, -1.0, 0.0]
    assert blob(red, {**how, "layout": "NHWC"}).shape == (1, 2, 3, 3)
    assert blob(red, {**how, "order": "BGR"})[0, :, 0, 0].tolist() == [-1.0, -1.0, 1.0]


def test_a_photograph_of_a_card_is_nearest_to_that_card() -> None:
    embedder = Embedder(networks.colour_layout(), networks.PREPROCESSING)
    known = np.asarray([embedder.vector(cards.card(number)) for number in range(1, 19)])
    found = [int(np.argmax(known @ embedder.vector(cards.photograph(number)))) + 1 for number in range(1, 19)]
    assert found == list(range(1, 19))

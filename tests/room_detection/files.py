"""Blueprint files of every kind, made in memory: good, odd, broken and hostile."""

import io
import struct
import zlib

import numpy as np
import pypdfium2 as pdfium
from PIL import Image, ImageDraw

ENCRYPTED_PDF = b"""%%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>endobj
4 0 obj<</Filter/Standard/V 1/R 2/P -4/O<%b>/U<%b>>>endobj
trailer<</Root 1 0 R/Encrypt 4 0 R/ID[<00><00>]>>
%%%%EOF""" % (b"ab" * 32, b"cd" * 32)


def plan(mode: str = "RGB", size: tuple[int, int] = (400, 300)) -> Image.Image:
    """Two rooms with a door between them; wider than high, and darker at the upper left corner."""
    picture = Image.new("L", size, 255)
    pen = ImageDraw.Draw(picture)
    width, height = size
    pen.rectangle((width * 0.1, height * 0.1, width * 0.9, height * 0.9), outline=0, width=max(2, height // 30))
    pen.rectangle((width * 0.49, height * 0.1, width * 0.51, height * 0.6), fill=0)
    pen.rectangle((0, 0, width // 20, height // 20), fill=64)
    if mode in {"I;16", "F", "I"}:
        values = np.asarray(picture).astype({"I;16": np.uint16, "F": np.float32, "I": np.int32}[mode])
        return Image.fromarray(values * 257)
    return picture.convert("RGB").convert(mode) if mode != "PA" else picture.convert("P").convert("PA")


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def pdf(*sizes: tuple[float, float]) -> bytes:
    document = pdfium.PdfDocument.new()
    for size in sizes:
        document.new_page(*size).close()
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()


def huge_png(side: int) -> bytes:
    """A well-formed white picture of side x side pixels in a few kilobytes."""
    row = b"\x00" + b"\xff" * ((side + 7) // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    )

"""An open PDF → its pages, each drawn at the chosen resolution or the finest that fits the pixel limit."""

import math
from collections.abc import Iterator
from typing import BinaryIO

import pypdfium2 as pdfium
from pypdfium2 import raw

from containers.room_detection.limits import Limits, RefusedBlueprint
from containers.room_detection.pictures import RawPage

POINTS_PER_INCH = 72


def document_pages(file: BinaryIO, limits: Limits) -> Iterator[RawPage]:
    """Draw page after page; encrypted, damaged and empty documents are refused."""
    document = _opened(file)
    limits.check_pages(len(document))
    for index in range(len(document)):
        page = document[index]
        width, height = page.get_size()
        yield _drawn(page, _scale(width, height, limits))
        page.close()


def _opened(file: BinaryIO) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(file)
    except pdfium.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise RefusedBlueprint("The PDF is encrypted: remove its password and send it again.") from error
        raise


def _scale(width: float, height: float, limits: Limits) -> float:
    """Pixels per point."""
    if not (math.isfinite(width * height) and width * height > 0):
        raise RefusedBlueprint("A page of the PDF has no size: export it again.")
    finest = math.sqrt(limits.max_megapixels * 1e6 / (width * height))
    return min(limits.pdf_dpi / POINTS_PER_INCH, 0.999 * finest)


def _drawn(page: pdfium.PdfPage, scale: float) -> RawPage:
    bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False)
    rows = memoryview(bitmap.buffer).cast("B")
    used = bitmap.width * bitmap.n_channels
    strips = (bytes(rows[y * bitmap.stride : y * bitmap.stride + used]) for y in range(bitmap.height))
    return RawPage(
        width=bitmap.width,
        height=bitmap.height,
        channels=bitmap.n_channels,
        dpi=max(1, round(scale * POINTS_PER_INCH)),
        strips=strips,
    )

"""A file's first bytes → its format; the name and the claimed content type are never asked."""

from containers.room_detection.limits import RefusedBlueprint

HEAD_BYTES = 1024
_TAKEN = "send a PNG, JPEG, TIFF, WebP or PDF blueprint."
_STARTS = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"%PDF-": "PDF",
}
_UNSUPPORTED = {
    b"GIF8": "a GIF",
    b"BM": "a BMP",
    b"II+\x00": "a BigTIFF",
    b"MM\x00+": "a BigTIFF",
    b"8BPS": "a Photoshop file",
    b"AC10": "a DWG drawing",
    b"PK\x03\x04": "a ZIP or Office file",
    b"\x1f\x8b": "a gzip file",
    b"\x00\x00\x00\x0cjP": "a JPEG 2000",
    b"\xff\x0a": "a JPEG XL",
    b"%!PS": "a PostScript file",
}


def format_of(head: bytes) -> str:
    """PNG, JPEG, TIFF, WEBP or PDF; a refusal that names anything else."""
    for start, name in _STARTS.items():
        if head.startswith(start):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if b"%PDF-" in head:
        return "PDF"  # readers accept up to a kilobyte of junk before the header
    raise RefusedBlueprint(f"The file is {_unsupported(head)}: {_TAKEN}", status=415)


def _unsupported(head: bytes) -> str:
    for start, name in _UNSUPPORTED.items():
        if head.startswith(start):
            return name
    if head[4:8] == b"ftyp":
        return "an AVIF" if head[8:12] in {b"avif", b"avis"} else "a HEIC or a video"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<svg", b"<?xml", b"<!--")):
        return "an SVG or other XML" if b"<svg" in text or text.startswith(b"<?xml") else "XML or HTML"
    if text.startswith((b"<!doctype", b"<html")):
        return "a web page"
    return "no image and no PDF"

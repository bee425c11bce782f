"""What the container takes: limits on bytes, pixels and pages, and the one way a blueprint is refused."""

from dataclasses import dataclass

from loupe.settings import Settings


class RefusedBlueprint(ValueError):
    """A file that gives no rooms: one sentence for the person who sent it, and the HTTP status that goes with it."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Limits(Settings):
    """Checked from a file's header, before anything is decoded."""

    max_upload_mib: int = 50
    max_megapixels: int = 100
    max_pages: int = 20
    pdf_dpi: int = 200

    @property
    def max_bytes(self) -> int:
        return self.max_upload_mib << 20

    def check_bytes(self, size: int) -> None:
        if not size:
            raise RefusedBlueprint("The file is empty: send a PNG, JPEG, TIFF, WebP or PDF blueprint.")
        if size > self.max_bytes:
            raise RefusedBlueprint(
                f"The file has {size / (1 << 20):.1f} MiB and the limit is {self.max_upload_mib} MiB: "
                "send fewer pages or a lower resolution.",
                status=413,
            )

    def check_pixels(self, width: int, height: int) -> None:
        if width < 1 or height < 1:
            raise RefusedBlueprint("The image has no pixels: export it again.")
        if width * height > self.max_megapixels * 1_000_000:
            raise RefusedBlueprint(
                f"The image has {width} x {height} pixels and the limit is {self.max_megapixels} megapixels: "
                "send it at a lower resolution.",
                status=413,
            )

    def check_pages(self, count: int) -> None:
        if not count:
            raise RefusedBlueprint("The file has no pages: export it again.")
        if count > self.max_pages:
            raise RefusedBlueprint(
                f"The file has more than {self.max_pages} pages, which is the limit: send it in parts.", status=413
            )

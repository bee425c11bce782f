"""A row's image: its bytes from S3, a folder or the table itself, and its size from its header."""

import io
import mimetypes
import posixpath
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from PIL import Image as Pictures
from PIL import UnidentifiedImageError

from loupe.artifacts import Artifacts, open_artifacts

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

MOST_BYTES = 100 << 20  # the service's limits
MOST_PIXELS = 200_000_000
_KINDS = {"BMP", "GIF", "JPEG", "MPO", "PNG", "TIFF", "WEBP"}


class NoImage(ValueError):
    """A row without an image that could be read; the text is the reason."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image as it will be sent."""

    name: str
    body: bytes
    width: int
    height: int
    content_type: str


class Images:
    """Where rows find their images: `image_path` in one folder, or at an s3:// address."""

    def __init__(self, folder: Artifacts, client: "S3Client | None" = None) -> None:
        self._folder, self._client = folder, client
        self._buckets: dict[str, Artifacts] = {}

    def load(self, path: str, inside: bytes | None = None) -> Image:
        """The image at a path, or the one given; NoImage if there is none that the service would take."""
        body = self.fetched(path) if inside is None else inside
        if not body:
            raise NoImage(f"{path} is empty")
        width, height, kind = _measured(path, body)
        content_type = mimetypes.types_map.get(f".{kind.lower()}", "application/octet-stream")
        return Image(name=f"page.{kind.lower()}", body=body, width=width, height=height, content_type=content_type)

    def place(self, path: str) -> tuple[Artifacts, str]:
        """The folder and name of a path; NoImage for one that leads out of the folder."""
        parts = urlsplit(path)
        if parts.scheme == "s3" and parts.netloc:
            bucket = self._buckets.setdefault(parts.netloc, open_artifacts(f"s3://{parts.netloc}", self._client))
            return bucket, path.removeprefix(f"s3://{parts.netloc}/")
        name = posixpath.normpath(path)
        if "://" in path or not path or name.startswith(("/", "..")) or name == ".":
            raise NoImage(f"{path!r} is neither an s3:// address nor a path inside the image folder")
        return self._folder, name

    def fetched(self, path: str) -> bytes:
        """The bytes at a path, whatever they are; NoImage if there are none, or too many."""
        folder, name = self.place(path)
        try:
            if folder.size(name) > MOST_BYTES:
                raise NoImage(f"{path} has more than {MOST_BYTES >> 20} MiB")
            return folder.read(name)
        except FileNotFoundError:
            raise NoImage(f"{path} is not there") from None
        except (OSError, BotoCoreError, ClientError) as error:
            raise OSError(f"{path} could not be fetched ({type(error).__name__})") from None


def _measured(path: str, body: bytes) -> tuple[int, int, str]:
    """Width, height and kind from the header alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Pictures.open(io.BytesIO(body)) as picture:
                (width, height), kind = picture.size, picture.format
        except (UnidentifiedImageError, Pictures.DecompressionBombError, OSError, ValueError, SyntaxError):
            raise NoImage(f"{path} is no image that can be read") from None
    if kind not in _KINDS:
        raise NoImage(f"{path} is a {kind} file: send PNG, JPEG, TIFF, BMP, GIF or WebP")
    if width * height > MOST_PIXELS:
        raise NoImage(f"{path} has {width} x {height} pixels, more than {MOST_PIXELS // 1_000_000} megapixels")
    return width, height, "jpeg" if kind == "MPO" else kind

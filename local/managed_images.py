"""SageMaker's own images as programs: this machine's Python and its packages stand in for those of the image."""

import re
from pathlib import Path

REGISTRY = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
ENVIRONMENT = {"PYTHONUNBUFFERED": "TRUE", "PYTHONDONTWRITEBYTECODE": "TRUE"}
_IMAGE = re.compile(rf"{re.escape(REGISTRY)}/sagemaker-(scikit-learn|xgboost):[\w.-]+")
_UNQUOTED = re.compile(r"[\w./+:@%-]+")


def managed(image: str) -> bool:
    """Whether an image is one of SageMaker's, in the laptop's region."""
    return _IMAGE.fullmatch(image) is not None


def why_not(entrypoint: tuple[str, ...], scratch: Path) -> str:
    """Why a managed image cannot run on this machine; nothing when it can."""
    if not entrypoint:
        return "the laptop knows its programs only by their ContainerEntrypoint"
    if not _UNQUOTED.fullmatch(str(scratch)):
        return f"its command line would have to name {scratch}, which a shell takes apart: move the laptop's folder"
    return ""

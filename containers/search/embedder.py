"""An ONNX network and its preprocessing, tried once: does a picture become a vector of the version's dimensions?"""

import json
from typing import Any

import numpy as np
import onnxruntime

from containers.search.findings import Finding, Refused
from loupe import contracts
from loupe.contracts import Contract
from loupe.reference import EMBEDDER


def read_preprocessing(body: bytes) -> dict[str, Any]:
    """The `embedder` of `version.json`; Refused says which field is wrong."""
    whole = contracts.schema("search/version")
    contract = Contract("preprocessing", {**whole["properties"]["embedder"], "definitions": whole["definitions"]})
    try:
        return {"file": EMBEDDER, **contract.check({"file": EMBEDDER, **json.loads(body)})}
    except (ValueError, TypeError) as error:
        raise Refused([Finding("preprocessing.json", str(error))]) from None


def doubts(network: bytes, preprocessing: dict[str, Any], dims: int) -> list[Finding]:
    """Why the network cannot serve queries, if it cannot."""
    height, width = preprocessing["height"], preprocessing["width"]
    shape = (1, 3, height, width) if preprocessing["layout"] == "NCHW" else (1, height, width, 3)
    try:
        session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
        [entry] = session.get_inputs()
        found = np.asarray(session.run(None, {entry.name: np.zeros(shape, np.float32)})[0])
    except Exception as error:  # onnxruntime's own are many, and none of their bases says more
        return [Finding(EMBEDDER, f"it does not take an image of {shape}: {' '.join(str(error).split())[:300]}")]
    if found.size != dims:
        return [Finding(EMBEDDER, f"it makes {found.size} numbers of an image, and the rows have {dims}")]
    return []

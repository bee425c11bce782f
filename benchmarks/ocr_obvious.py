"""The obvious OCR program, to compare with: the whole table in pandas, three slots, one checkpoint that grows."""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import requests

BATCH = 500


def main(table: Path, out: Path) -> None:
    rows = pd.read_parquet(table).to_dict("records")
    out.mkdir(parents=True)
    done: list[dict[str, Any]] = []
    with ThreadPoolExecutor(3) as slots, requests.Session() as session:
        for first in range(0, len(rows), BATCH):
            began = time.monotonic()
            done += slots.map(lambda row: _labelled(session, table.parent, row), rows[first : first + BATCH])
            pd.DataFrame(done).to_parquet(out / "part-all.parquet")
            size = (out / "part-all.parquet").stat().st_size
            line = {"message": "checkpoint", "seconds": time.monotonic() - began, "written_bytes": size}
            print(json.dumps(line))


def _labelled(session: requests.Session, folder: Path, row: dict[str, Any]) -> dict[str, Any]:
    page = (folder / row["image_path"]).read_bytes()
    url = os.environ["LOUPE_OCR_URL"] + "/v1/document-digitization"
    words = session.post(url, data={"model": "ocr"}, files={"document": page}, timeout=60).json()["pages"][0]["words"]
    corners = [[[v["x"], v["y"]] for v in word["boundingBox"]["vertices"]] for word in words]
    return {**row, "polygons": corners, "texts": [word["text"] for word in words]}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

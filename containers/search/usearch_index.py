"""`python -m containers.search.usearch_index INDEX ROWS DIMS`: queries on stdin → the ten keys each that it finds."""

import json
import sys

import numpy as np
from usearch.index import Index

NEIGHBOURS = 10


def main(path: str, rows: int, dims: int) -> None:
    index = Index.restore(path, view=True)
    if index is None or (len(index), index.ndim) != (rows, dims):
        held = "no index" if index is None else f"{len(index)} vectors of {index.ndim} numbers"
        sys.exit(f"it holds {held}, and embeddings.npy has {rows} of {dims}")
    queries = np.frombuffer(sys.stdin.buffer.read(), "<f4").reshape(-1, dims)
    keys = [index.search(query, NEIGHBOURS).keys.tolist() for query in queries]
    print(json.dumps([[key for key in found if key < rows] for found in keys]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

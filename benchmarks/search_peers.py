"""Other ways to the nearest rows: NumPy, and the libraries that are installed; each of one thread."""

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Find = Callable[[Floats], NDArray[np.intp]]

NEIGHBOURS = 10
NOT_INSTALLED = "{} is not installed: python -m pip install faiss-cpu==1.15.1 hnswlib==0.8.0"
GRAPHS_UP_TO = 200_000  # rows: beyond, building a graph of one thread takes hours


@dataclass(frozen=True)
class Peer:
    """A way, by name; it is made once from the rows, and then finds ten for each query."""

    name: str
    make: Callable[[Floats], Find]
    package: str = "numpy"
    most_rows: int = 1_000_000

    def missing(self) -> str | None:
        """What to do where its library is not there."""
        try:
            importlib.import_module(self.package)
        except ImportError:
            return NOT_INSTALLED.format(self.package)
        return None


def _bytes_read(rows: Floats) -> Find:
    words = rows.reshape(-1).view(np.int64)
    return lambda _: np.full(1, words.sum() * 0, np.intp)


def _numpy(rows: Floats) -> Find:
    def find(query: Floats) -> NDArray[np.intp]:
        products = rows @ query
        best = np.argpartition(products, len(rows) - NEIGHBOURS)[len(rows) - NEIGHBOURS :]
        return best[np.argsort(-products[best])]

    return find


def _faiss_flat(rows: Floats) -> Find:
    index = _faiss().IndexFlatIP(rows.shape[1])
    index.add(rows)
    return lambda query: np.asarray(index.search(query[None, :], NEIGHBOURS)[1][0], np.intp)


def _faiss_ivf_pq(rows: Floats) -> Find:
    """Lists as many as cells of ours; 32 of them are looked into, and 100 candidates are compared again."""
    faiss = _faiss()
    index = faiss.index_factory(
        rows.shape[1], f"IVF{round(4 * math.sqrt(len(rows)))},PQ192x4fs", faiss.METRIC_INNER_PRODUCT
    )
    index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, 32
    index.train(rows[np.sort(np.random.default_rng(1).choice(len(rows), min(len(rows), 128_000), replace=False))])
    flat = faiss.IndexFlatIP(rows.shape[1])
    for start in range(0, len(rows), 50_000):
        index.add(rows[start : start + 50_000])
        flat.add(rows[start : start + 50_000])
    refined = faiss.IndexRefine(index, flat)
    refined.k_factor, index.nprobe = 10, 32
    kept = (index, flat)  # which faiss does not do
    return lambda query: np.asarray((kept and refined).search(query[None, :], NEIGHBOURS)[1][0], np.intp)


def _faiss() -> Any:
    faiss = importlib.import_module("faiss")
    faiss.omp_set_num_threads(1)
    return faiss


def _hnswlib(rows: Floats) -> Find:
    index = importlib.import_module("hnswlib").Index("ip", rows.shape[1])
    index.init_index(len(rows), ef_construction=100, M=16)
    index.add_items(rows, num_threads=1)
    index.set_ef(64)
    return lambda query: np.asarray(index.knn_query(query, NEIGHBOURS, num_threads=1)[0][0], np.intp)


def _usearch_exact(rows: Floats) -> Find:
    usearch = importlib.import_module("usearch.index")
    return lambda query: np.asarray(
        usearch.search(rows, query, NEIGHBOURS, "ip", exact=True, threads=1).keys.reshape(-1), np.intp
    )


def _usearch_hnsw(rows: Floats) -> Find:
    index = importlib.import_module("usearch.index").Index(ndim=rows.shape[1], metric="ip", dtype="bf16")
    index.add(np.arange(len(rows)), rows, threads=1)
    return lambda query: np.asarray(index.search(query, NEIGHBOURS, threads=1).keys, np.intp)


PEERS = (
    Peer("reading the float32 bytes", _bytes_read),
    Peer("NumPy, exact", _numpy),
    Peer("faiss flat, exact", _faiss_flat, "faiss", GRAPHS_UP_TO),
    Peer("usearch, exact", _usearch_exact, "usearch", GRAPHS_UP_TO),
    Peer("faiss IVF-PQ, refined", _faiss_ivf_pq, "faiss"),
    Peer("hnswlib", _hnswlib, "hnswlib", GRAPHS_UP_TO),
    Peer("usearch HNSW, bf16", _usearch_hnsw, "usearch", GRAPHS_UP_TO),
)

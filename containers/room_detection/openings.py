"""Walls → bridges over their gaps: a doorway between wall ends, a window or thin partition along a drawn line."""

import numpy as np
from numpy.typing import NDArray

from containers.room_detection.masks import Mask, grown, opened
from containers.room_detection.parameters import Parameters


def bridges(walls: Mask, lines: Mask, thickness: float, side: float, parameters: Parameters) -> Mask:
    """Row by row and column by column, the gaps in the walls that a wall's run is taken to continue over."""
    reach = max(3, int(thickness))
    across = _bridged_rows(walls, grown(lines, 1, reach), thickness, side, parameters)
    turned = np.ascontiguousarray(walls.T), np.ascontiguousarray(grown(lines, reach, 1).T)
    return across | _bridged_rows(*turned, thickness, side, parameters).T


def _bridged_rows(walls: Mask, lines: Mask, thickness: float, side: float, parameters: Parameters) -> Mask:
    rows, starts, ends = _gaps(walls)
    run = opened(walls, max(3, round(thickness)), 1) > 0  # where a wall runs along the row, not across it
    before, after = run[rows, starts - 1], run[rows, ends]
    length = ends - starts
    one, two, along = (
        int(share * side)
        for share in (parameters.gap_beside_one_wall, parameters.gap_between_two_walls, parameters.gap_along_a_line)
    )
    near = ((before | after) & (length <= one)) | (before & after & (length <= two))
    drawn = (before | after) & (length <= along) & (_ink_share(lines, rows, starts, ends) >= parameters.drawn_share)
    keep = near | drawn
    return _painted(walls.shape, rows[keep], starts[keep], ends[keep])


def _gaps(walls: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Runs of free pixels that have wall at both ends: their rows, first columns and the columns after the last."""
    change = np.diff(walls.astype(np.int8), axis=1)
    rows, columns = np.nonzero(change)
    leaves = change[rows, columns] < 0
    between = leaves[:-1] & ~leaves[1:] & (rows[:-1] == rows[1:])
    return rows[:-1][between], columns[:-1][between] + 1, columns[1:][between] + 1


def _ink_share(
    lines: Mask, rows: NDArray[np.intp], starts: NDArray[np.intp], ends: NDArray[np.intp]
) -> NDArray[np.float64]:
    total = np.zeros((lines.shape[0], lines.shape[1] + 1), np.int32)
    np.cumsum(lines, axis=1, out=total[:, 1:])
    return np.asarray((total[rows, ends] - total[rows, starts]) / np.maximum(ends - starts, 1), np.float64)


def _painted(shape: tuple[int, ...], rows: NDArray[np.intp], starts: NDArray[np.intp], ends: NDArray[np.intp]) -> Mask:
    height, width = shape
    edges = np.zeros((height, width + 1), np.int8)
    edges[rows, starts] += 1
    edges[rows, ends] -= 1
    return (np.cumsum(edges, axis=1, dtype=np.int8)[:, :-1] > 0).astype(np.uint8)

"""Every number the room detector decides by, relative to the size of the plan or of its walls."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Lengths are shares of the plan's longer side unless a name says pixels."""

    sheet_pixels: int = 9_000_000  # above this a page is reduced before anything else looks at it
    plan_pixels: int = 5_000_000
    longest_plan_side_pixels: int = 1300
    shortest_plan_side_pixels: int = 900  # smaller plans are enlarged, at most `largest_enlargement` times
    largest_enlargement: float = 2.5
    smallest_stroke: float = 0.03  # connected ink below this is text or furniture
    thickest_wall: float = 0.04
    thinnest_wall_pixels: int = 3
    wall_openings: tuple[float, ...] = (0.5, 0.35, 0.22, 0.14)  # of the typical thick stroke, thickest first
    typical_stroke_rank: float = 0.8
    gap_beside_one_wall: float = 0.07
    gap_between_two_walls: float = 0.11
    gap_along_a_line: float = 0.36  # a window or a thin partition: ink covers `drawn_share` of the gap
    drawn_share: float = 0.7
    room_area_side: float = 0.055  # the side of the smallest square that may be a room
    room_side: float = 0.035
    passage_ratio: float = 0.75  # a neck this narrow, against the smaller room beside it, is a doorway
    passage_levels: int = 12
    smallest_inscribed_radius: float = 0.02
    outline_smoothing_pixels: int = 7
    outline_tolerance_pixels: float = 1.5

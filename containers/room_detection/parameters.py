"""Every number the room detector decides by."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Where a name says neither share nor slant, lengths and areas are in pixels."""

    # the sheet: plans on a page
    sheet_pixels: int = 2_000_000  # plans are looked for on a page reduced to this
    plan_pixels: int = 350_000  # what the network reads of one plan
    most_plan_pixels: int = 500_000  # of all plans of a page together, on large pages
    largest_enlargement: float = 2.0
    gap_between_plans: float = 0.03  # share of the page's longer side
    gap_beside_plan: float = 0.12  # share of the plan's longer side
    smallest_stroke: float = 0.08  # share of the longest part drawn; smaller ones do not stretch a plan's box
    smallest_plan: float = 0.12  # share of the largest plan's side

    turn_pixels: int = 120_000  # a plan's turn is measured on it reduced to this
    least_gradient: float = 60.0  # gray levels, of Sobel's operator
    least_agreement: float = 0.25  # share of the strokes' length
    smallest_turn: float = 0.1  # radians; plans turned less are read as they lie

    # rooms on the network's maps
    sure_core: float = 0.5  # probability
    smallest_core: int = 12
    smallest_room: int = 60
    filled: int = 90  # of 255, and darker
    smallest_shaft: int = 15  # of the plan's pixels
    largest_shaft_share: float = 0.25  # of its room
    least_confidence: float = 0.5  # a room less likely than this is not told
    smallest_opening: int = 6
    reach_of_opening: int = 3

    # their outlines, on the maps too
    outline_tolerance: float = 1.0
    smallest_hole: int = 30
    smallest_hole_share: float = 0.004
    slant: float = 0.2  # an edge this close to the plan's direction lies in it
    shortest_edge: tuple[float, float] = (2.0, 6.0)  # in the plan's directions, and slanted; shorter ones are a corner
    largest_change: float = 0.06  # squaring may move this share of a room's area

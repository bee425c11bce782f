"""The buildings that the sample blueprints show, in metres from their upper left corner."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from examples import furniture as f
from examples.canvas import Canvas, Outline, Point, box


@dataclass(frozen=True)
class Door:
    """A gap in a wall that runs along x or y, its leaf hung at one end and swinging to a side; no leaf if `open`."""

    gap: tuple[float, float, float, float]
    hinge_last: bool = False
    swings: int = 1  # towards larger (1) or smaller (-1) coordinates; 0 is an opening without a leaf


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One storey: rooms are what the outline holds besides walls."""

    title: str
    outline: Outline
    rooms: dict[str, Outline]
    doors: tuple[Door, ...]
    windows: tuple[tuple[float, float, float, float], ...]
    furnish: Callable[[Canvas], None]
    walls: str = "solid"
    moved_names: Mapping[str, Point] = field(default_factory=dict)

    @property
    def size(self) -> tuple[float, float]:
        return max(x for x, _ in self.outline), max(y for _, y in self.outline)


def _furnish_flat(c: Canvas) -> None:
    f.bed(c, 1.3, 0.42, width=1.8)
    f.wardrobe(c, 0.42, 3.44, width=2.2)
    f.bed(c, 4.4, 0.42, width=0.9)
    f.bed(c, 6.6, 0.42, width=0.9)
    f.desk(c, 5.4, 0.42, width=1.1)
    f.counter(c, 7.9, 0.4, width=4.0)
    f.table(c, 10.75, 1.8, width=1.3)
    f.sofa(c, 9.0, 7.1, width=2.4)
    f.table(c, 9.7, 4.7, width=1.2, depth=0.7)
    f.wardrobe(c, 11.8, 5.2, width=0.4, depth=1.9)
    f.bath(c, 0.42, 4.3, length=1.9)
    f.toilet(c, 1.4, 4.26)
    f.basin(c, 2.0, 4.26)
    f.shower(c, 0.4, 7.35, side=0.66)
    f.washer(c, 2.18, 7.4)
    f.sideboard(c, 3.3, 7.58)
    f.wardrobe(c, 4.86, 5.9, width=0.4, depth=1.5)
    f.wardrobe(c, 5.45, 6.9, width=0.5, depth=1.1)


FLAT = Plan(
    title="Flat 2.04  Second floor",
    outline=box(0, 0, 12.6, 8.4),
    rooms={
        "Bedroom": box(0.36, 0.36, 4.2, 4.1),
        "Children": box(4.32, 0.36, 7.6, 4.1),
        "Kitchen": box(7.84, 0.36, 12.24, 3.7),
        "Living room": box(7.84, 3.82, 12.24, 8.04),
        "Hall": box(2.94, 4.22, 7.6, 5.54),
        "Bath": box(0.36, 4.22, 2.82, 6.3),
        "Laundry": box(0.36, 6.42, 2.82, 8.04),
        "Study": box(2.94, 5.66, 5.3, 8.04),
        "Entrance": box(5.42, 5.66, 7.6, 8.04),
    },
    doors=(
        Door((3.25, 4.1, 4.1, 4.22), swings=-1),
        Door((5.0, 4.1, 5.85, 4.22), swings=-1),
        Door((2.82, 4.4, 2.94, 5.2)),
        Door((1.95, 6.3, 2.7, 6.42)),
        Door((3.6, 5.54, 4.45, 5.66), hinge_last=True),
        Door((6.1, 5.54, 7.2, 5.66), swings=0),
        Door((7.6, 4.4, 7.84, 5.3)),
        Door((8.2, 3.7, 9.1, 3.82), swings=-1),
        Door((6.4, 8.04, 7.4, 8.4), hinge_last=True, swings=-1),
    ),
    windows=(
        (1.3, 0, 3.1, 0.36), (5.1, 0, 6.8, 0.36), (8.9, 0, 11.2, 0.36), (3.4, 8.04, 4.8, 8.4), (9, 8.04, 11.4, 8.4),
        (0, 4.9, 0.36, 5.6), (0, 6.7, 0.36, 7.3), (12.24, 1.2, 12.6, 2.6), (12.24, 5, 12.6, 6.9),
    ),
    furnish=_furnish_flat,
)  # fmt: skip


def _furnish_office(c: Canvas) -> None:
    for x in (0.6, 4.25, 7.9, 11.55, 15.2):
        f.desk(c, x + 0.2, 0.7, width=1.5)
        f.desk(c, x + 1.8, 0.7, width=1.2)
        f.wardrobe(c, x + 0.1, 4.0, width=1.4, depth=0.45)
    f.table(c, 1.3, 8.6, width=4.2, depth=1.4)
    f.stairs(c, 7.75, 7.1, width=1.15)
    f.stairs(c, 9.05, 7.1, width=1.15)
    for x in (11.85, 12.5):
        f.toilet(c, x, 6.9)
        c.line([(x - 0.1, 6.85), (x - 0.1, 8.0)], width=30)
    for x in (10.7, 11.5):
        f.basin(c, x, 10.55)
    f.counter(c, 13.6, 10.4, width=2.0)
    f.table(c, 16.3, 7.6, width=1.8)


_OFFICES = {f"Office {number}": box(x, 0.45, x + 3.45, 4.55) for number, x in enumerate((0.45, 4.1, 7.75, 11.4), 1)}
OFFICE = Plan(
    title="Office building  Standard floor",
    outline=box(0, 0, 19.1, 11.45),
    rooms={
        **_OFFICES,
        "Office 5": box(15.05, 0.45, 18.65, 4.55),
        "Corridor": box(0.45, 4.75, 18.65, 6.65),
        "Meeting": box(0.45, 6.85, 7.3, 11.0),
        "Stairs": box(7.6, 6.95, 10.3, 11.0),
        "WC": box(10.6, 6.85, 13.0, 11.0),
        "Kitchenette": box(13.2, 6.85, 18.65, 11.0),
    },
    doors=(
        *(Door((x, 4.55, x + 0.95, 4.75), swings=-1) for x in (2.6, 6.25, 9.9, 13.55, 17.25)),
        Door((5.9, 6.65, 6.9, 6.85)),
        Door((8.4, 6.65, 9.5, 6.95)),
        Door((10.75, 6.65, 11.6, 6.85)),
        Door((14.0, 6.65, 15.0, 6.85), hinge_last=True),
        Door((18.65, 5.1, 19.1, 6.2), swings=-1),
    ),
    windows=(
        *((x, 0, x + 2.2, 0.45) for x in (1.0, 4.7, 8.35, 12.0, 15.7)),
        (1.2, 11.0, 3.4, 11.45), (4.2, 11.0, 6.4, 11.45), (14.2, 11.0, 17.4, 11.45), (0, 5.1, 0.45, 6.2),
        (0, 8.0, 0.45, 10.0), (18.65, 8.0, 19.1, 10.0),
    ),
    furnish=_furnish_office,
    walls="hatched",
)  # fmt: skip


def _furnish_ground(c: Canvas) -> None:
    f.counter(c, 0.5, 0.42, width=3.4)
    f.table(c, 1.3, 2.2, width=1.8)
    f.sofa(c, 0.8, 7.55, width=2.2)
    f.sofa(c, 4.2, 7.55, width=1.6)
    f.stairs(c, 4.5, 1.4, width=0.9, steps=10)
    f.toilet(c, 8.85, 0.4)
    f.basin(c, 8.1, 0.4)
    f.wardrobe(c, 7.05, 8.0, width=2.4, depth=0.45)
    f.desk(c, 8.0, 4.42, width=1.4)


_L_SHAPED = [(0.0, 0.0), (9.8, 0.0), (9.8, 8.9), (0.0, 8.9)]
GROUND_FLOOR = Plan(
    title="House K.  Ground floor",
    outline=_L_SHAPED,
    rooms={
        "Kitchen": box(0.36, 0.36, 4.3, 4.2),
        "Living room": [(0.36, 4.35), (6.75, 4.35), (6.75, 8.54), (0.36, 8.54)],
        "Hall": box(4.45, 0.36, 6.75, 4.2),
        "WC": box(6.9, 0.36, 9.44, 1.9),
        "Technical": box(6.9, 2.05, 9.44, 4.2),
        "Guest": box(6.9, 4.35, 9.44, 8.54),
    },
    doors=(
        Door((5.7, 4.2, 6.6, 4.35)),
        Door((6.75, 0.8, 6.9, 1.6)),
        Door((6.75, 2.6, 6.9, 3.4)),
        Door((6.75, 5.0, 6.9, 5.9), hinge_last=True),
        Door((5.5, 0.0, 6.5, 0.36)),
        Door((2.0, 4.2, 3.1, 4.35), swings=0),
    ),
    windows=(
        (1.2, 0, 3.0, 0.36), (7.8, 0, 8.5, 0.36), (1.2, 8.54, 3.0, 8.9), (4.2, 8.54, 6.2, 8.9), (7.5, 8.54, 8.9, 8.9),
        (0, 2.0, 0.36, 3.2), (0, 5.4, 0.36, 7.4), (9.44, 2.7, 9.8, 3.5), (9.44, 5.6, 9.8, 7.2),
    ),
    furnish=_furnish_ground,
    moved_names={"Hall": (0.45, 0.0)},
)  # fmt: skip


def _furnish_upper(c: Canvas) -> None:
    f.bed(c, 1.2, 0.42, width=1.8)
    f.wardrobe(c, 0.42, 3.5, width=2.4)
    f.stairs(c, 4.5, 1.4, width=0.9, steps=10)
    f.bath(c, 8.6, 0.45)
    f.toilet(c, 7.2, 0.4)
    f.basin(c, 7.8, 0.4)
    f.bed(c, 0.5, 6.4, width=0.9)
    f.sideboard(c, 1.7, 8.08, width=1.4)
    f.bed(c, 5.75, 6.4, width=0.9)
    f.sideboard(c, 3.9, 8.08, width=1.4)
    f.sideboard(c, 7.3, 8.08)
    f.desk(c, 8.0, 3.8)
    f.wardrobe(c, 9.0, 4.8, width=0.4, depth=1.8)


UPPER_FLOOR = Plan(
    title="House K.  Upper floor",
    outline=_L_SHAPED,
    rooms={
        "Parents": box(0.36, 0.36, 4.3, 4.2),
        "Child 1": box(0.36, 5.55, 3.45, 8.54),
        "Child 2": box(3.6, 5.55, 6.75, 8.54),
        "Landing": [(4.45, 0.36), (6.75, 0.36), (6.75, 5.4), (0.36, 5.4), (0.36, 4.35), (4.45, 4.35)],
        "Bath": box(6.9, 0.36, 9.44, 3.6),
        "Study": box(6.9, 3.75, 9.44, 8.54),
    },
    doors=(
        Door((3.2, 4.2, 4.1, 4.35), hinge_last=True, swings=-1),
        Door((2.4, 5.4, 3.25, 5.55)),
        Door((3.9, 5.4, 4.75, 5.55), hinge_last=True),
        Door((6.75, 2.4, 6.9, 3.3)),
        Door((6.75, 4.2, 6.9, 5.1), hinge_last=True),
    ),
    windows=(
        (1.2, 0, 3.0, 0.36), (4.9, 0, 5.5, 0.36), (7.6, 0, 8.6, 0.36), (1.2, 8.54, 2.6, 8.9), (4.6, 8.54, 6.0, 8.9),
        (7.5, 8.54, 8.9, 8.9), (0, 1.4, 0.36, 3.0), (0, 6.2, 0.36, 7.6), (9.44, 6.8, 9.8, 8.0),
    ),
    furnish=_furnish_upper,
    walls="hollow",
    moved_names={"Landing": (0.5, 0.0)},
)  # fmt: skip


def _furnish_studio(c: Canvas) -> None:
    f.bed(c, 0.5, 1.0, width=1.4)
    f.sofa(c, 1.7, 4.1, width=1.9)
    f.table(c, 2.5, 0.75, width=1.2, depth=0.8)
    f.counter(c, 5.2, 0.35, width=2.4)
    f.shower(c, 6.95, 2.57, side=0.72)
    f.toilet(c, 5.9, 2.58)
    f.basin(c, 5.15, 2.58)


STUDIO = Plan(
    title="Studio",
    outline=[(0.0, 0.0), (8.0, 0.0), (8.0, 5.3), (0.0, 5.3)],
    rooms={
        "Room": box(0.3, 0.3, 4.9, 5.0),
        "Kitchen": box(5.05, 0.3, 7.7, 2.4),
        "Bath": box(5.05, 2.55, 7.7, 3.95),
        "Entry": box(5.05, 4.1, 7.7, 5.0),
    },
    doors=(
        Door((4.9, 1.2, 5.05, 2.0), swings=-1),
        Door((4.9, 4.15, 5.05, 4.95), swings=-1),
        Door((5.3, 3.95, 6.05, 4.1), swings=-1),
        Door((7.7, 4.15, 8.0, 4.95), swings=-1),
    ),
    windows=((0.9, 0, 2.2, 0.3), (2.9, 0, 4.2, 0.3), (5.6, 0, 7.0, 0.3), (0, 2.0, 0.3, 3.6)),
    furnish=_furnish_studio,
    walls="gray",
    moved_names={"Bath": (0.35, 0.08), "Entry": (-0.4, -0.2)},
)

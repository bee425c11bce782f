"""Random floor plans as geometry: rooms on a grid of decimetres, their walls, and what opens in the walls."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tools.room_detection_model.borders import Opening, Pier, Wall, walls_of
from tools.room_detection_model.partition import Box, Grid, Random, numbers_in, random_rooms

MARGIN = 30  # cells around the house
LARGEST_CLOSET = 260  # cells: a cupboard or a store, most often behind thin walls
_NARROWEST_DOOR = 5.0  # cells, of a closet


@dataclass(frozen=True)
class Layout:
    """`rooms` numbers each cell's room (0 outside); `balconies` are the rooms with light walls."""

    rooms: Grid
    walls: list[Wall]
    balconies: frozenset[int]

    @property
    def numbers(self) -> list[int]:
        return numbers_in(self.rooms)

    @property
    def box(self) -> Box:
        """Where the rooms are."""
        ys, xs = np.nonzero(self.rooms)
        return int(ys.min()), int(xs.min()), int(ys.max()) + 1, int(xs.max()) + 1

    @cached_property
    def closets(self) -> frozenset[int]:
        """The small rooms."""
        numbers, areas = np.unique(self.rooms, return_counts=True)
        return frozenset(numbers[areas <= LARGEST_CLOSET].tolist())

    @cached_property
    def open_plan(self) -> frozenset[int]:
        """The rooms that a whole wall is missing of."""
        return frozenset(number for wall in self.walls if wall.absent for number in wall.rooms)

    def by_balcony(self, wall: Wall) -> bool:
        return not self.balconies.isdisjoint(wall.rooms)

    def outer(self, wall: Wall) -> bool:
        """Whether there is weather on a side of the wall."""
        return wall.exterior or self.by_balcony(wall)


def random_layout(random: Random) -> Layout:
    """One storey of a house or flat with 1 to about 70 rooms."""
    while True:
        rooms = np.pad(random_rooms(random), MARGIN)
        balconies = _add_balconies(random, rooms)
        layout = Layout(rooms, walls_of(rooms), frozenset(balconies))
        if rooms.any():
            _open_walls(random, layout)
            return layout


def _add_balconies(random: Random, rooms: Grid) -> set[int]:
    """Rectangles against the outside, up to three metres deep."""
    balconies: set[int] = set()
    for _ in range(random.choice(4, p=[0.5, 0.3, 0.12, 0.08])):
        walls = [wall for wall in walls_of(rooms) if wall.exterior and wall.length > 12]
        if not walls:
            break
        wall = walls[random.integers(len(walls))]
        long = int(wall.length * (1 if random.random() < 0.4 else random.uniform(0.4, 1.0)))
        deep = int(random.uniform(7, 28))
        offset = int(random.integers(0, wall.length - long + 1))
        free = [box for box in _beside(wall, offset, long, deep) if _is_free(rooms, box)]
        if free:
            number = int(rooms.max()) + 1
            rooms[free[0]] = number
            balconies.add(number)
    return balconies


def _beside(wall: Wall, offset: int, long: int, deep: int) -> list[tuple[slice, slice]]:
    """The rectangles on either side of a stretch of a wall, as rows and columns."""
    x, y = wall.start
    upright = x == wall.end[0]
    at, start = (x, y + offset) if upright else (y, x + offset)
    along = slice(start, start + long)
    sides = (slice(at, at + deep), slice(at - deep, at))
    return [(along, side) if upright else (side, along) for side in sides]


def _is_free(rooms: Grid, box: tuple[slice, slice]) -> bool:
    rows, columns = box
    long, deep = rows.stop - rows.start, columns.stop - columns.start
    return min(rows.start, columns.start) > 3 and rooms[box].size == long * deep and not rooms[box].any()


def _open_walls(random: Random, layout: Layout) -> None:
    _open_doors(random, layout)
    window_share = random.uniform(0.3, 0.95)
    pier_share = random.choice([0.0, 0.08, 0.3])
    for wall in layout.walls:
        if wall.length > 16 and random.random() < pier_share:
            _build_pier(random, wall)
        if wall.exterior and not layout.by_balcony(wall) and wall.length >= 8:
            _open_windows(random, wall, window_share)


def _open_doors(random: Random, layout: Layout) -> None:
    """Doors between rooms that no earlier door joined, a few more, and some to the outside."""
    missing_share = random.choice([0.0, 0.1, 0.3])  # of walls between rooms, which are open along their whole length
    door_width = random.uniform(6.5, 10.5)
    group = {number: number for wall in layout.walls for number in wall.rooms}
    for index in random.permutation(len(layout.walls)):
        wall = layout.walls[index]
        if wall.length < _NARROWEST_DOOR:
            continue
        if wall.exterior:
            _open_outwards(random, wall, door_width, share=0.03 if layout.by_balcony(wall) else 0.06)
            continue
        old, new = (group[number] for number in wall.rooms)
        if old == new and random.random() > 0.12:
            continue
        join = _join_balcony if layout.by_balcony(wall) else _join
        if join(random, wall, door_width, missing_share):
            group = {number: new if of == old else of for number, of in group.items()}


def _open_outwards(random: Random, wall: Wall, door_width: float, *, share: float) -> None:
    if random.random() < share:
        _place(random, wall, "door", door_width * random.choice([1, 1, 1.8]))


def _join_balcony(random: Random, wall: Wall, *_: float) -> bool:
    wide = random.uniform(5, max(6, 0.9 * wall.length))
    return _place(random, wall, random.choice(["door", "window"]), wide)


def _join(random: Random, wall: Wall, door_width: float, missing_share: float) -> bool:
    """Whether the wall now lets people through: a door that is too wide for it is tried again as a narrower one."""
    if wall.length > 12 and random.random() < missing_share:
        wall.absent = True
        return True
    if random.random() < 0.15:
        return _place(random, wall, "passage", random.uniform(8, max(9, min(50, 0.95 * wall.length))))
    widths = door_width * random.choice([1, 1, 1, 1.25, 1.9]), door_width, max(_NARROWEST_DOOR, 0.7 * door_width)
    return any(_place(random, wall, "door", wide) for wide in widths)


def _open_windows(random: Random, wall: Wall, share: float) -> None:
    if wall.length > 26 and random.random() < 0.04:
        _place(random, wall, "garage", random.uniform(22, min(55, wall.length - 3)))
    for _ in range(random.choice([1, 1, 2, 3])):
        if random.random() < share:
            wide = wall.length - 4 if random.random() < 0.12 else random.uniform(5, min(30, wall.length))
            _place(random, wall, "window", wide)


def _build_pier(random: Random, wall: Wall) -> None:
    wide = random.uniform(4, min(18, wall.length - 2))
    start = float(random.choice([0.0, random.uniform(0, wall.length - wide), wall.length - wide]))
    if all(start >= other.end or start + wide <= other.start for other in wall.openings):
        wall.pier = Pier(start, start + wide, float(random.uniform(2, 6) * random.choice([-1, 1])))


def _place(random: Random, wall: Wall, kind: str, wide: float) -> bool:
    """Open the wall somewhere, unless the opening is too wide for it or would touch another; whether it did."""
    ends = 1.0 if random.random() < 0.85 else 0.0
    if wide > wall.length - 2 * ends:
        return False
    start = random.uniform(ends, wall.length - wide - ends)
    if random.random() < 0.4:  # doors sit near corners
        start = random.choice([min(2.0, start), max(start, wall.length - wide - 2)])
    taken: list[Opening | Pier] = [*wall.openings, *([wall.pier] if wall.pier else [])]
    free = all(start >= other.end + 1 or start + wide <= other.start - 1 for other in taken)
    if free:
        wall.openings.append(Opening(str(kind), float(start), float(start + wide)))
    return free

"""A plan → everything that is drawn on its sheet: walls, openings, furniture, names, dimensions, frame, title block."""

import itertools

from examples.canvas import WHITE, Canvas, Point, box
from examples.plans import Door, Plan


def draw_sheet(canvas: Canvas, plan: Plan, *, framed: bool = True) -> None:
    canvas.walls(plan.outline, list(plan.rooms.values()), style=plan.walls)
    for window in plan.windows:
        _window(canvas, window)
    for door in plan.doors:
        _door(canvas, door)
    plan.furnish(canvas)
    _names(canvas, plan)
    if framed:
        _dimensions(canvas, plan)
        _frame(canvas, plan)


def _window(canvas: Canvas, gap: tuple[float, float, float, float]) -> None:
    x0, y0, x1, y1 = gap
    canvas.fill(box(*gap), WHITE)
    canvas.rectangle(*gap, width=15)
    if x1 - x0 > y1 - y0:
        for y in (y0 + 0.45 * (y1 - y0), y0 + 0.6 * (y1 - y0)):
            canvas.line([(x0, y), (x1, y)], width=10)
    else:
        for x in (x0 + 0.45 * (x1 - x0), x0 + 0.6 * (x1 - x0)):
            canvas.line([(x, y0), (x, y1)], width=10)


def _door(canvas: Canvas, door: Door) -> None:
    """The gap cleared, its jambs, and an open leaf with the quarter circle it swings through."""
    x0, y0, x1, y1 = door.gap
    canvas.fill(box(x0 - 0.002, y0 - 0.02, x1 + 0.002, y1 + 0.02) if _along_x(door) else _slack(door), WHITE)
    for jamb in _jambs(door):
        canvas.line(jamb, width=18)
    if door.swings:
        _leaf(canvas, door)


def _along_x(door: Door) -> bool:
    x0, y0, x1, y1 = door.gap
    return x1 - x0 > y1 - y0


def _slack(door: Door) -> list[Point]:
    x0, y0, x1, y1 = door.gap
    return box(x0 - 0.02, y0 - 0.002, x1 + 0.02, y1 + 0.002)


def _jambs(door: Door) -> list[list[Point]]:
    x0, y0, x1, y1 = door.gap
    if _along_x(door):
        return [[(x0, y0), (x0, y1)], [(x1, y0), (x1, y1)]]
    return [[(x0, y0), (x1, y0)], [(x0, y1), (x1, y1)]]


def _leaf(canvas: Canvas, door: Door) -> None:
    x0, y0, x1, y1 = door.gap
    if _along_x(door):
        hinge, width = (x1 if door.hinge_last else x0, y1 if door.swings > 0 else y0), x1 - x0
        end = (hinge[0], hinge[1] + door.swings * width)
        shut = 180.0 if door.hinge_last else 0.0
        turn = door.swings * (-90.0 if door.hinge_last else 90.0)
    else:
        hinge, width = (x1 if door.swings > 0 else x0, y1 if door.hinge_last else y0), y1 - y0
        end = (hinge[0] + door.swings * width, hinge[1])
        shut = 270.0 if door.hinge_last else 90.0
        turn = door.swings * (90.0 if door.hinge_last else -90.0)
    canvas.line([hinge, end], width=35)
    canvas.arc(hinge, width, shut, shut + turn, width=8)


def _names(canvas: Canvas, plan: Plan) -> None:
    for name, outline in plan.rooms.items():
        (x0, y0), (x1, y1) = outline[0], outline[2]
        right, down = plan.moved_names.get(name, (0, 0))
        x, y = (x0 + x1) / 2 + right, (y0 + y1) / 2 + 0.12 * (y1 - y0) + down
        half = 0.065 * max(len(name), 6.5)
        canvas.fill(box(x - half, y - 0.15, x + half, y + 0.41), WHITE)
        canvas.text((x, y), name, size=0.26)
        canvas.text((x, y + 0.3), f"{_area(plan, name):.1f} m2", size=0.19)


def _area(plan: Plan, name: str) -> float:
    points = plan.rooms[name]
    following = [*points[1:], points[0]]
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(points, following, strict=True))) / 2


def _dimensions(canvas: Canvas, plan: Plan) -> None:
    """Two chains above and two on the left: walls and rooms, then the whole."""
    width, height = plan.size
    xs = sorted({round(x, 2) for room in plan.rooms.values() for x, y in room if room[0][1] < 1} | {0, width})
    ys = sorted({round(y, 2) for room in plan.rooms.values() for x, y in room if room[0][0] < 1} | {0, height})
    for chain, offset in ((xs, -0.6), ([0, width], -1.1)):
        _chain(canvas, [(x, offset) for x in chain], upright=False)
    for chain, offset in ((ys, -0.6), ([0, height], -1.1)):
        _chain(canvas, [(offset, y) for y in chain], upright=True)


def _chain(canvas: Canvas, points: list[Point], *, upright: bool) -> None:
    canvas.line([points[0], points[-1]], width=8)
    for x, y in points:
        canvas.line([(x - 0.1, y + 0.1), (x + 0.1, y - 0.1)], width=16)
        canvas.line([(x, y - 0.16), (x, y + 0.16)], width=6)
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        length = bx - ax + by - ay
        at = ((ax + bx) / 2 - (0.15 if upright else 0), (ay + by) / 2 - (0 if upright else 0.15))
        if length > 0.5:
            canvas.text(at, f"{length:.2f}", size=0.18, upright=upright)


def _frame(canvas: Canvas, plan: Plan) -> None:
    """The sheet's border, a title block at the lower right, a scale bar and a north arrow at the lower left."""
    left, top = (14 / canvas.scale - start / canvas.scale for start in canvas.origin)
    right, bottom = left + (canvas.width - 28) / canvas.scale, top + (canvas.height - 28) / canvas.scale
    canvas.rectangle(left, top, right, bottom, width=20)
    canvas.rectangle(right - 5.4, bottom - 1.3, right, bottom, width=14)
    canvas.line([(right - 5.4, bottom - 0.65), (right, bottom - 0.65)], width=10)
    canvas.line([(right - 1.6, bottom - 0.65), (right - 1.6, bottom)], width=10)
    canvas.text((right - 2.7, bottom - 0.98), plan.title, size=0.28)
    canvas.text((right - 3.5, bottom - 0.32), "Drawn for Loupe", size=0.22)
    canvas.text((right - 0.8, bottom - 0.32), "1 : 100", size=0.22)
    for metre in range(5):
        x, y = left + 2.0 + metre, bottom - 0.6
        canvas.rectangle(x, y, x + 1, y + 0.12, width=8)
        if metre % 2 == 0:
            canvas.fill(box(x, y, x + 1, y + 0.12), 0)
    canvas.text((left + 7.4, bottom - 0.54), "5 m", size=0.2)
    north = left + 1.0, bottom - 0.7
    canvas.ellipse(north, (0.35, 0.35), width=10)
    canvas.fill([(north[0], north[1] - 0.5), (north[0] - 0.14, north[1] + 0.2), (north[0], north[1] + 0.08)], 0)
    canvas.line([(north[0], north[1] - 0.5), (north[0] + 0.14, north[1] + 0.2), (north[0], north[1] + 0.08)], width=8)

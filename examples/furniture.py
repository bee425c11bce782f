"""What stands in rooms, drawn as architects draw it: thin lines from above, x and y being the upper left corner."""

from examples.canvas import Canvas

THIN = 12


def bed(canvas: Canvas, x: float, y: float, *, width: float = 1.6, length: float = 2.0) -> None:
    canvas.rectangle(x, y, x + width, y + length, width=THIN)
    pillows = max(1, round(width / 0.8))
    for index in range(pillows):
        left = x + index * width / pillows + 0.08
        canvas.rectangle(left, y + 0.1, left + width / pillows - 0.16, y + 0.5, width=THIN)
    canvas.line([(x, y + 0.75), (x + width, y + 0.75)], width=THIN)
    canvas.line([(x, y + 1.15), (x + 0.5, y + 0.75)], width=THIN)


def wardrobe(canvas: Canvas, x: float, y: float, *, width: float = 1.8, depth: float = 0.6) -> None:
    canvas.rectangle(x, y, x + width, y + depth, width=THIN)
    lengthways = width >= depth
    count = int(max(width, depth) / 0.2)
    for index in range(1, count):
        if lengthways:
            canvas.line([(x + index * 0.2, y + 0.1), (x + index * 0.2 - 0.06, y + depth - 0.1)], width=8)
        else:
            canvas.line([(x + 0.1, y + index * 0.2), (x + width - 0.1, y + index * 0.2 - 0.06)], width=8)


def sofa(canvas: Canvas, x: float, y: float, *, width: float = 2.0, depth: float = 0.85) -> None:
    canvas.rectangle(x, y, x + width, y + depth, width=THIN)
    canvas.rectangle(x + 0.15, y + 0.2, x + width / 2, y + depth - 0.04, width=THIN)
    canvas.rectangle(x + width / 2, y + 0.2, x + width - 0.15, y + depth - 0.04, width=THIN)


def table(canvas: Canvas, x: float, y: float, *, width: float = 1.6, depth: float = 0.9) -> None:
    canvas.rectangle(x, y, x + width, y + depth, width=THIN)
    seats = int(width / 0.6)
    for index in range(seats):
        left = x + (index + 0.5) * width / seats - 0.22
        canvas.rectangle(left, y - 0.38, left + 0.44, y - 0.04, width=THIN)
        canvas.rectangle(left, y + depth + 0.04, left + 0.44, y + depth + 0.38, width=THIN)


def desk(canvas: Canvas, x: float, y: float, *, width: float = 1.4, depth: float = 0.7) -> None:
    """With its chair in front and a screen at the back."""
    canvas.rectangle(x, y, x + width, y + depth, width=THIN)
    canvas.ellipse((x + width / 2, y + depth + 0.3), (0.24, 0.24), width=THIN)
    canvas.rectangle(x + width / 2 - 0.25, y + 0.08, x + width / 2 + 0.25, y + 0.16, width=THIN)


def counter(canvas: Canvas, x: float, y: float, *, width: float = 3.0) -> None:
    """A kitchen's: sink with drainer on the left, hob with four plates on the right."""
    canvas.rectangle(x, y, x + width, y + 0.6, width=THIN)
    canvas.rectangle(x + 0.3, y + 0.1, x + 0.75, y + 0.5, width=THIN)
    for index in range(4):
        canvas.line([(x + 0.85, y + 0.14 + index * 0.1), (x + 1.2, y + 0.14 + index * 0.1)], width=8)
    for dx, dy in ((0.15, 0.16), (0.43, 0.16), (0.15, 0.44), (0.43, 0.44)):
        canvas.ellipse((x + width - 0.8 + dx, y + dy), (0.1, 0.1), width=THIN)


def bath(canvas: Canvas, x: float, y: float, *, width: float = 0.75, length: float = 1.7) -> None:
    canvas.rectangle(x, y, x + width, y + length, width=THIN)
    canvas.ellipse((x + width / 2, y + length / 2), (width / 2 - 0.07, length / 2 - 0.07), width=THIN)
    canvas.ellipse((x + width / 2, y + 0.3), (0.03, 0.03), width=THIN)


def shower(canvas: Canvas, x: float, y: float, *, side: float = 0.9) -> None:
    canvas.rectangle(x, y, x + side, y + side, width=THIN)
    canvas.line([(x, y), (x + side, y + side)], width=8)
    canvas.line([(x + side, y), (x, y + side)], width=8)


def sideboard(canvas: Canvas, x: float, y: float, *, width: float = 1.6, depth: float = 0.42) -> None:
    canvas.rectangle(x, y, x + width, y + depth, width=THIN)
    canvas.line([(x + width / 2, y), (x + width / 2, y + depth)], width=8)


def washer(canvas: Canvas, x: float, y: float) -> None:
    canvas.rectangle(x, y, x + 0.6, y + 0.6, width=THIN)
    canvas.ellipse((x + 0.3, y + 0.32), (0.2, 0.2), width=THIN)


def toilet(canvas: Canvas, x: float, y: float) -> None:
    canvas.rectangle(x, y, x + 0.42, y + 0.18, width=THIN)
    canvas.ellipse((x + 0.21, y + 0.42), (0.18, 0.25), width=THIN)


def basin(canvas: Canvas, x: float, y: float) -> None:
    canvas.rectangle(x, y, x + 0.55, y + 0.42, width=THIN)
    canvas.ellipse((x + 0.275, y + 0.23), (0.2, 0.14), width=THIN)


def stairs(canvas: Canvas, x: float, y: float, *, width: float = 1.0, steps: int = 12) -> None:
    """Up from the top of the sheet to the bottom, with the walking line and its arrow."""
    for index in range(steps + 1):
        canvas.line([(x, y + index * 0.26), (x + width, y + index * 0.26)], width=THIN)
    middle, end = x + width / 2, y + steps * 0.26
    canvas.line([(middle, y + 0.13), (middle, end - 0.1)], width=THIN)
    canvas.line([(middle - 0.1, end - 0.3), (middle, end - 0.1), (middle + 0.1, end - 0.3)], width=THIN)

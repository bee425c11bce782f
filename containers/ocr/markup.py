"""The words of a page's element that the service tells as HTML."""

from html.parser import HTMLParser

_LINES = frozenset({"br", "tr", "p", "li", "div", "h1", "h2", "h3", "h4", "h5", "h6"})
_CELLS = frozenset({"td", "th"})


def text_in(html: str) -> str:
    """What a reader would see, line by line: cells apart, and for a picture the words that stand for it."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.seen).split("\n"))
    return "\n".join(line for line in lines if line)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._part(tag)
        if tag == "img":
            self.seen.append(f" {dict(attrs).get('alt') or ''} ")

    def handle_endtag(self, tag: str) -> None:
        self._part(tag)

    def handle_data(self, data: str) -> None:
        self.seen.append(data.replace("\n", " "))

    def _part(self, tag: str) -> None:
        self.seen.append("\n" if tag in _LINES else " " if tag in _CELLS else "")

"""A frame for people: boxes, labels, confidences, and a strip with place and time below the picture."""

from dataclasses import dataclass, replace

from PIL import ImageDraw
from PIL.Image import Image, Resampling, new

from vigie.domain.detections import Detection
from vigie.domain.pictures import Annotation
from vigie.vision.lettering import Ink, drawable, width_of, write

MAX_SIDE = 1280

_MARKED: Ink = (255, 190, 40)  # amber: apart from others for the colour-blind too, by its lightness
_OTHER: Ink = (235, 235, 235)
_DARK: Ink = (24, 24, 24)
_FAINT: Ink = (190, 190, 190)
_ELLIPSIS = "..."
_UNREADABLE = "?"  # a label in a script that cannot be drawn

_Rect = tuple[int, int, int, int]  # x, y, width, height


@dataclass(frozen=True, slots=True)
class _Pen:
    """Sizes in pixels that suit a picture's width."""

    line: int
    text: int
    pad: int

    @classmethod
    def for_width(cls, width: int) -> "_Pen":
        return cls(
            line=max(2, round(width / 400)),
            text=max(11, round(7 + width / 90)),
            pad=max(3, round(width / 200)),
        )

    @property
    def other(self) -> "_Pen":
        """For labels of what the picture is not about: smaller."""
        return replace(self, text=max(11, round(self.text * 0.8)), pad=max(2, self.pad - 1))


def annotate(image: Image, annotation: Annotation) -> Image:
    """Return a copy of at most `MAX_SIDE` pixels a side, annotated, with the strip added below."""
    small = shrink(image, MAX_SIDE)
    width, height = small.size
    pen = _Pen.for_width(width)
    picture = new("RGB", (width, height + pen.text + 3 * pen.pad), _DARK)
    picture.paste(small)
    draw = ImageDraw.Draw(picture)
    tags = [_place_tag(small.size, annotation.marked, pen, [])]
    for seen in annotation.others:
        tags.append(_place_tag(small.size, seen, pen.other, tags))
    # What the picture is about is placed first and drawn last: nothing hides it. No box crosses a label.
    for seen in reversed(annotation.others):
        _draw_box(draw, _corners(small.size, seen, pen), pen, _OTHER, line=max(1, pen.line // 2))
    for seen, tag in reversed([*zip(annotation.others, tags[1:], strict=True)]):
        _draw_tag(draw, _words(seen), tag, pen.other, back=_DARK, ink=_OTHER)
    _draw_box(draw, _corners(small.size, annotation.marked, pen), pen, _MARKED, line=pen.line)
    _draw_tag(draw, _words(annotation.marked), tags[0], pen, back=_MARKED, ink=_DARK)
    _write_strip(draw, annotation, _Strip(height, width), pen)
    return picture


def shrink(image: Image, side: int) -> Image:
    """Return the picture, scaled down when it has more than `side` pixels a side."""
    width, height = image.size
    scale = side / max(width, height)
    if scale >= 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return image.resize(size, Resampling.HAMMING, reducing_gap=2.0)


def _words(seen: Detection) -> str:
    return f"{drawable(seen.label, otherwise=_UNREADABLE)} {seen.confidence:.0%}"


def _corners(size: tuple[int, int], seen: Detection, pen: _Pen) -> tuple[int, int, int, int]:
    """Return the corners in pixels, so far inside the picture that no line is cut by its edge."""
    width, height = size
    x1, y1, x2, y2 = (round(side) for side in seen.box.in_pixels(width - 1, height - 1))
    edge = pen.line // 2 + 1
    x1, y1 = min(max(x1, edge), width - 1), min(max(y1, edge), height - 1)
    return x1, y1, max(x1, min(x2, width - 1 - edge)), max(y1, min(y2, height - 1 - edge))


def _draw_box(
    draw: ImageDraw.ImageDraw, corners: tuple[int, int, int, int], pen: _Pen, ink: Ink, *, line: int
) -> None:
    rim = max(1, pen.line // 2)
    # A dark rim on both sides, so that the line shows on snow as at night.
    for colour, thick in ((_DARK, line + 2 * rim), (ink, line)):
        x1, y1, x2, y2 = corners
        out = thick // 2  # lines are drawn inwards from the outline
        draw.rectangle((x1 - out, y1 - out, x2 + out, y2 + out), outline=colour, width=thick)


def _place_tag(size: tuple[int, int], seen: Detection, pen: _Pen, taken: list[_Rect]) -> _Rect:
    """Find a place for a label: above its box, else below, else within, where it hides no earlier one."""
    width, height = size
    x1, y1, x2, y2 = _corners(size, seen, pen)
    wide = width_of(_words(seen), size=pen.text, bold=True) + 2 * pen.pad
    tall = round(pen.text * 1.1) + pen.pad
    edge = pen.line // 2 + 1
    places = []
    for top in (y1 - tall - edge, y2 + edge, y1 + edge, y2 - tall - edge):
        for left in (x1 - edge, x2 - wide + edge):
            place = (min(max(left, 0), max(width - wide, 0)), top, wide, tall)
            if 0 <= top <= height - tall:
                places.append(place)
    free = (place for place in places if not any(_overlap(place, other) for other in taken))
    return next(free, places[0] if places else (0, 0, wide, tall))


def _overlap(one: _Rect, other: _Rect) -> bool:
    ax, ay, aw, ah = one
    bx, by, bw, bh = other
    return ax < bx + bw and bx < ax + aw and ay < by + bh and by < ay + ah


def _draw_tag(draw: ImageDraw.ImageDraw, words: str, tag: _Rect, pen: _Pen, *, back: Ink, ink: Ink) -> None:
    x, y, wide, tall = tag
    draw.rectangle((x, y, x + wide - 1, y + tall - 1), fill=back)
    write(draw, words, (x + pen.pad, _baseline(y, tall, pen.text)), size=pen.text, bold=True, ink=ink)


@dataclass(frozen=True, slots=True)
class _Strip:
    """The dark strip below the picture: where it begins, how wide it is."""

    top: int
    width: int


def _write_strip(draw: ImageDraw.ImageDraw, annotation: Annotation, strip: _Strip, pen: _Pen) -> None:
    """Write place and time; a place too long for it is cut."""
    size = pen.text
    while size > 8 and width_of(annotation.time, size=size, bold=False) > strip.width - 4 * pen.pad:
        size -= 1
    time_width = width_of(annotation.time, size=size, bold=False)
    baseline = _baseline(strip.top, pen.text + 3 * pen.pad, size)
    left = strip.width - 2 * pen.pad - time_width
    write(draw, annotation.time, (left, baseline), size=size, bold=False, ink=_FAINT)
    place = drawable(annotation.place, otherwise=annotation.camera_id)
    gap = round(1.5 * pen.text)
    place = _cut(place, strip.width - time_width - 4 * pen.pad - gap, size)
    if place:
        write(draw, place, (2 * pen.pad, baseline), size=size, bold=True, ink=_OTHER)


def _cut(text: str, room: int, size: int) -> str:
    if width_of(text, size=size, bold=True) <= room:
        return text
    while text and width_of(text + _ELLIPSIS, size=size, bold=True) > room:
        text = text[:-1]
    return text.rstrip() + _ELLIPSIS if text else ""


def _baseline(top: int, tall: int, size: int) -> int:
    # Capitals are seven tenths of a font's size.
    return top + (tall + round(size * 0.7)) // 2

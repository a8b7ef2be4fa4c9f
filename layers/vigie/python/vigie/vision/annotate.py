"""A frame for people: boxes, labels, confidences, and a strip with place and time below the picture.

OpenCV 5 draws text in any script with a font of its own; before it, its fonts knew ASCII alone.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from vigie.domain.detections import Detection
from vigie.domain.pictures import Annotation
from vigie.vision.images import Image

MAX_SIDE = 1280

Colour = tuple[int, int, int]  # blue, green, red

_MARKED: Colour = (40, 190, 255)  # amber: apart from others for the colour-blind too, by its lightness
_OTHER: Colour = (235, 235, 235)
_DARK: Colour = (24, 24, 24)
_FAINT: Colour = (190, 190, 190)
_WEIGHT, _BOLD = 500, 650
_ELLIPSIS = "\u2026"

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
            text=max(11, round(8 + width / 80)),
            pad=max(3, round(width / 200)),
        )

    @property
    def other(self) -> "_Pen":
        """For labels of what the picture is not about: smaller."""
        return replace(self, text=max(11, round(self.text * 0.8)), pad=max(2, self.pad - 1))


def annotate(image: Image, annotation: Annotation) -> Image:
    """Return a copy of at most `MAX_SIDE` pixels a side, annotated, with the strip added below."""
    picture = shrink(image, MAX_SIDE)
    picture = picture.copy() if picture is image else picture
    pen = _Pen.for_width(picture.shape[1])
    tags = [_place_tag(picture, annotation.marked, pen, [])]
    for seen in annotation.others:
        tags.append(_place_tag(picture, seen, pen.other, tags))
    # What the picture is about is placed first and drawn last: nothing hides it. No box crosses a label.
    for seen in reversed(annotation.others):
        _draw_box(picture, seen, pen, _OTHER, line=max(1, pen.line // 2))
    for seen, tag in reversed([*zip(annotation.others, tags[1:], strict=True)]):
        _draw_tag(picture, _words(seen), tag, pen.other, back=_DARK, ink=_OTHER)
    _draw_box(picture, annotation.marked, pen, _MARKED, line=pen.line)
    _draw_tag(picture, _words(annotation.marked), tags[0], pen, back=_MARKED, ink=_DARK)
    return np.vstack((picture, _strip(annotation, picture.shape[1], pen)))


def shrink(image: Image, side: int) -> Image:
    """Return the picture, scaled down when it has more than `side` pixels a side."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _words(seen: Detection) -> str:
    return f"{seen.label} {seen.confidence:.0%}"


def _corners(picture: Image, seen: Detection, pen: _Pen) -> tuple[int, int, int, int]:
    """Return the corners in pixels, so far inside the picture that no line is cut by its edge."""
    height, width = picture.shape[:2]
    x1, y1, x2, y2 = (round(side) for side in seen.box.in_pixels(width - 1, height - 1))
    edge = pen.line // 2 + 1
    return max(x1, edge), max(y1, edge), min(x2, width - 1 - edge), min(y2, height - 1 - edge)


def _draw_box(picture: Image, seen: Detection, pen: _Pen, colour: Colour, *, line: int) -> None:
    x1, y1, x2, y2 = _corners(picture, seen, pen)
    # A dark rim on both sides, so that the line shows on snow as at night.
    cv2.rectangle(picture, (x1, y1), (x2, y2), _DARK, line + 2 * max(1, pen.line // 2))
    cv2.rectangle(picture, (x1, y1), (x2, y2), colour, line)


def _place_tag(picture: Image, seen: Detection, pen: _Pen, taken: list[_Rect]) -> _Rect:
    """Find a place for a label: above its box, else below, else within, where it hides no earlier one."""
    height, width = picture.shape[:2]
    x1, y1, x2, y2 = _corners(picture, seen, pen)
    wide, tall = _text_width(_words(seen), pen.text, _BOLD) + 2 * pen.pad, round(pen.text * 1.1) + pen.pad
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


def _draw_tag(picture: Image, words: str, tag: _Rect, pen: _Pen, *, back: Colour, ink: Colour) -> None:
    x, y, wide, tall = tag
    cv2.rectangle(picture, (x, y), (x + wide - 1, y + tall - 1), back, cv2.FILLED)
    _write(picture, words, x + pen.pad, _baseline(y, tall, pen.text), ink, pen.text, _BOLD)


def _strip(annotation: Annotation, width: int, pen: _Pen) -> Image:
    """Draw place and time on a dark strip; a place too long for it is cut."""
    tall = pen.text + 3 * pen.pad
    strip = np.full((tall, width, 3), _DARK, np.uint8)
    size = pen.text
    while size > 8 and _text_width(annotation.time, size, _WEIGHT) > width - 4 * pen.pad:
        size -= 1
    time_width = _text_width(annotation.time, size, _WEIGHT)
    baseline = _baseline(0, tall, size)
    _write(strip, annotation.time, width - 2 * pen.pad - time_width, baseline, _FAINT, size, _WEIGHT)
    room = width - time_width - 6 * pen.pad
    place = _cut(annotation.place, room, size)
    if place:
        _write(strip, place, 2 * pen.pad, baseline, _OTHER, size, _BOLD)
    return strip


def _cut(text: str, room: int, size: int) -> str:
    if _text_width(text, size, _BOLD) <= room:
        return text
    while text and _text_width(text + _ELLIPSIS, size, _BOLD) > room:
        text = text[:-1]
    return text.rstrip() + _ELLIPSIS if text else ""


def _baseline(top: int, tall: int, size: int) -> int:
    # Capitals are seven tenths of a font's size.
    return top + (tall + round(size * 0.7)) // 2


def _font() -> cv2.FontFace:
    return cv2.FontFace("sans")


def _text_width(text: str, size: int, weight: int) -> int:
    (_, _, width, _) = cv2.getTextSize((1, 1), text, (0, 0), _font(), size, weight)
    return int(width)


def _write(picture: Image, text: str, x: int, y: int, ink: Colour, size: int, weight: int) -> None:
    cv2.putText(picture, text, (x, y), ink, _font(), size, weight)

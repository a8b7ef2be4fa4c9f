"""The canary's picture: a person and a car before a row of houses, drawn by code: no photograph is needed.

It is drawn four times as large and then reduced, blurred and given a camera's noise, always the same.
Coordinates are pixels of the finished picture; a figure's own are in heads (a person is eight of them),
a car's are fractions of its length and height.
"""

import io
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from PIL import ImageFilter
from PIL.Image import Image, fromarray, new
from PIL.ImageDraw import Draw, ImageDraw

Colour = tuple[float, float, float]
Point = tuple[float, float]

WIDTH, HEIGHT = 640, 360
_LARGER = 4
_QUALITY = 80
_HORIZON = 175
# Red, green, blue.
_SKY, _HAZE = (150.0, 180.0, 215.0), (215.0, 225.0, 235.0)
_ROAD_FAR, _ROAD_NEAR = (120.0, 120.0, 122.0), (85.0, 85.0, 88.0)
_SHADOW, _BLACK, _TYRE = (53.0, 53.0, 55.0), (25.0, 25.0, 26.0), (32.0, 32.0, 34.0)
_COAT, _TROUSERS, _SHOE = (170.0, 40.0, 40.0), (45.0, 50.0, 75.0), (33.0, 27.0, 24.0)
_SKIN, _HAIR, _LIPS = (205.0, 160.0, 130.0), (50.0, 35.0, 25.0), (150.0, 80.0, 80.0)
_PAINT, _WINDOW, _GLARE = (40.0, 80.0, 150.0), (39.0, 50.0, 60.0), (117.0, 141.0, 157.0)
_BODY = (
    (0.01, 0.62), (0.03, 0.5), (0.12, 0.42), (0.24, 0.38), (0.36, 0.06), (0.44, 0.0), (0.66, 0.0),
    (0.76, 0.07), (0.88, 0.36), (0.97, 0.42), (0.995, 0.55), (0.99, 0.82), (0.95, 0.88), (0.05, 0.88),
    (0.015, 0.8),
)  # fmt: skip
# How bright the car's side is at these fractions of its height: roof, windows, shoulder, sill.
_SHINE = ((0.0, 0.1, 0.36, 0.42, 0.6, 0.88), (1.5, 1.3, 1.05, 1.45, 1.0, 0.55))


def draw_canary() -> bytes:
    """Return the picture as a JPEG of 640x360; the same bytes at every call."""
    picture = new("RGB", (WIDTH * _LARGER, HEIGHT * _LARGER))
    draw = Draw(picture)
    _fade(picture, 0, 150, _SKY, _HAZE)
    _fade(picture, 150, HEIGHT, _ROAD_FAR, _ROAD_NEAR)
    _street(draw)
    _car(picture, draw, left=40, right=300, ground=330)
    _person(draw, x=420, ground=345, height=230)
    small = picture.reduce(_LARGER).filter(ImageFilter.GaussianBlur(0.8))
    noisy = np.asarray(small) + np.random.default_rng(1).normal(0, 4, (HEIGHT, WIDTH, 1))
    jpeg = io.BytesIO()
    fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(jpeg, "JPEG", quality=_QUALITY)
    return jpeg.getvalue()


def _fade(picture: Image, top: int, bottom: int, upper: Colour, lower: Colour) -> None:
    """Fill all the width with what goes from one colour to another."""
    tall = (bottom - top) * _LARGER
    mix = np.linspace(0, 1, tall)[:, None, None]
    column = np.array(upper) * (1 - mix) + np.array(lower) * mix
    picture.paste(fromarray(column.astype(np.uint8)).resize((picture.width, tall)), (0, top * _LARGER))


def _street(draw: ImageDraw) -> None:
    for left, right, top, wall in (
        (0, 230, 30, (168.0, 140.0, 120.0)),
        (230, 430, 10, (190.0, 180.0, 165.0)),
        (430, WIDTH, 40, (150.0, 125.0, 110.0)),
    ):
        _rectangle(draw, left, top, right, _HORIZON, wall)
        for x in range(left + 15, right - 20, 36):
            for y in range(top + 15, _HORIZON - 24, 40):
                _rectangle(draw, x - 2, y - 2, x + 22, y + 27, (225.0, 220.0, 210.0))
                _rectangle(draw, x, y, x + 20, y + 25, (60.0, 75.0, 90.0))
                _rectangle(draw, x, y, x + 20, y + 12, (85.0, 105.0, 125.0))
    _rectangle(draw, 0, _HORIZON, WIDTH, 205, (165.0, 160.0, 152.0))
    _rectangle(draw, 0, 203, WIDTH, 208, (130.0, 126.0, 120.0))
    for x in range(0, WIDTH, 90):
        _rectangle(draw, x, 325, x + 45, 331, (220.0, 220.0, 210.0))


def _person(draw: ImageDraw, *, x: float, ground: float, height: float) -> None:
    """Draw a person who comes towards us, in heads from the middle between the feet, upwards."""
    head = height / 8

    def at(along: float, up: float) -> Point:
        return x + along * head, ground - up * head

    def oval(
        along: float, up: float, wide: float, tall: float, colour: Colour, *, half: bool = False
    ) -> None:
        _oval(draw, at(along, up), (wide * head, tall * head), colour, half=half)

    def limb(joints: Sequence[Point], widths: Sequence[float], colour: Colour) -> None:
        places = [at(*joint) for joint in joints]
        for start, end, wide, narrow in zip(places, places[1:], widths, widths[1:], strict=False):
            _limb(draw, start, end, wide * head, narrow * head, colour)

    oval(0.4, 0, 1.6, 0.22, _SHADOW)
    limb(((0.32, 4.1), (0.75, 2.1), (1.05, 0.25)), (0.5, 0.36, 0.24), _shade(_TROUSERS, 0.8))
    limb(((-0.3, 4.1), (-0.4, 2.1), (-0.75, 0.25)), (0.52, 0.38, 0.25), _TROUSERS)
    oval(1.25, 0.15, 0.42, 0.18, _SHOE)
    oval(-0.55, 0.1, 0.45, 0.19, _SHOE)
    limb(((0.75, 6.3), (1.1, 5.0), (1.25, 3.9)), (0.3, 0.26, 0.2), _shade(_COAT, 0.75))
    oval(1.27, 3.7, 0.18, 0.26, _shade(_SKIN, 0.9))
    _stripes(draw, lambda t: (at(0.95 * t, 6.35), at(0.78 * t, 5.0), at(0.85 * t, 3.8)), _COAT, darkest=0.72)
    oval(0, 6.35, 0.95, 0.35, _shade(_COAT, 0.95))
    limb(((-0.8, 6.25), (-1.15, 5.0), (-1.0, 3.9)), (0.32, 0.28, 0.21), _shade(_COAT, 0.92))
    oval(-0.98, 3.68, 0.19, 0.27, _SKIN)
    _polygon(draw, [at(-0.22, 7.0), at(0.22, 7.0), at(0.22, 6.4), at(-0.22, 6.4)], _shade(_SKIN, 0.85))
    oval(0, 7.42, 0.43, 0.56, _SKIN)
    oval(0.12, 7.4, 0.3, 0.5, _shade(_SKIN, 0.9))
    oval(0, 7.6, 0.47, 0.45, _HAIR, half=True)
    oval(0, 7.62, 0.46, 0.2, _HAIR)
    for side in (-0.16, 0.16):
        oval(side, 7.4, 0.06, 0.04, _HAIR)
    oval(0, 7.1, 0.14, 0.04, _LIPS)


def _car(picture: Image, draw: ImageDraw, *, left: float, right: float, ground: float) -> None:
    """Draw a car from its side, which goes to the left."""
    length = right - left
    height = length * 0.33
    top = ground - height

    def at(points: Sequence[Point]) -> list[Point]:
        return [(left + length * along, top + height * down) for along, down in points]

    _oval(draw, (left + length / 2, ground + 1), (length * 0.52, height * 0.1), _SHADOW)
    body = new("L", picture.size)
    _polygon(Draw(body), at(_BODY), 255)
    down = (np.arange(picture.height) / _LARGER - top) / height
    shine = np.interp(down, *_SHINE)[:, None, None]
    paint = np.clip(shine * np.array(_PAINT), 0, 255).astype(np.uint8)
    picture.paste(fromarray(paint).resize(picture.size), mask=body)
    for points, colour in (
        (((0.28, 0.37), (0.385, 0.09), (0.53, 0.06), (0.53, 0.37)), _WINDOW),
        (((0.55, 0.06), (0.66, 0.06), (0.74, 0.12), (0.82, 0.37), (0.55, 0.37)), _WINDOW),
        (((0.30, 0.34), (0.39, 0.12), (0.45, 0.10), (0.36, 0.34)), _GLARE),
        (((0.57, 0.34), (0.6, 0.1), (0.65, 0.1), (0.64, 0.34)), _GLARE),
        *(
            (((x, 0.4), (x + 0.006, 0.4), (x + 0.006, 0.82), (x, 0.82)), _shade(_PAINT, 0.5))
            for x in (0.27, 0.54, 0.8)
        ),
        *(
            (((x, 0.48), (x + 0.05, 0.48), (x + 0.05, 0.51), (x, 0.51)), _shade(_PAINT, 0.6))
            for x in (0.47, 0.73)
        ),
        (((0.015, 0.5), (0.07, 0.46), (0.075, 0.56), (0.012, 0.6)), (240.0, 240.0, 225.0)),
        (((0.96, 0.44), (0.992, 0.5), (0.99, 0.6), (0.955, 0.58)), (200.0, 30.0, 30.0)),
        (((0.01, 0.74), (0.1, 0.78), (0.1, 0.86), (0.02, 0.84)), _TYRE),
    ):
        _polygon(draw, at(points), colour)
    radius = height * 0.24
    for along in (0.19, 0.81):
        x = left + length * along
        _oval(draw, (x, ground - radius * 0.75), (radius * 1.22, radius * 1.22), _BLACK)
        _wheel(draw, (x, ground - radius * 0.62), radius)


def _wheel(draw: ImageDraw, hub: Point, radius: float) -> None:
    grey = 1.0
    for size, grey in ((1.15, 25.0), (1.0, 33.0), (0.62, 152.0), (0.5, 107.0), (0.15, 60.0)):
        _oval(draw, hub, (radius * size, radius * size), (grey, grey, grey))
    for angle in np.radians(np.arange(0, 360, 72)):
        hole = (hub[0] + radius * 0.33 * np.cos(angle), hub[1] + radius * 0.33 * np.sin(angle))
        _oval(draw, hole, (radius * 0.1, radius * 0.1), (grey, grey, grey))


def _limb(draw: ImageDraw, start: Point, end: Point, wide: float, narrow: float, colour: Colour) -> None:
    (ax, ay), (bx, by) = start, end
    length = float(np.hypot(bx - ax, by - ay))
    nx, ny = (ay - by) / length, (bx - ax) / length
    _stripes(
        draw,
        lambda t: ((ax + nx * wide * t, ay + ny * wide * t), (bx + nx * narrow * t, by + ny * narrow * t)),
        colour,
        darkest=0.75,
    )
    _oval(draw, end, (narrow * 0.98, narrow * 0.98), _shade(colour, 0.92))


def _stripes(
    draw: ImageDraw, edge: Callable[[float], Sequence[Point]], colour: Colour, *, darkest: float
) -> None:
    """Fill what lies between `edge(-1)` and `edge(1)` as a round thing looks that is lit from one side."""
    places = np.linspace(-1, 1, 11)
    for a, b in pairwise(places):
        light = darkest + (1 - darkest) * float(np.cos((a + b) / 2 * 1.3 + 0.4))
        _polygon(draw, [*edge(float(a)), *reversed(edge(float(b)))], _shade(colour, light))


def _shade(colour: Colour, light: float) -> Colour:
    red, green, blue = (min(part * light, 255.0) for part in colour)
    return red, green, blue


def _ink(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = (round(part) for part in colour)
    return red, green, blue


def _polygon(draw: ImageDraw, points: Sequence[Point], colour: Colour | int) -> None:
    ink = colour if isinstance(colour, int) else _ink(colour)
    draw.polygon([(x * _LARGER, y * _LARGER) for x, y in points], fill=ink)


def _rectangle(draw: ImageDraw, x1: float, y1: float, x2: float, y2: float, colour: Colour) -> None:
    _polygon(draw, [(x1, y1), (x2, y1), (x2, y2), (x1, y2)], colour)


def _oval(draw: ImageDraw, centre: Point, radii: Point, colour: Colour, *, half: bool = False) -> None:
    """Draw a filled ellipse, or with `half` its upper half."""
    (x, y), (wide, tall) = ((one * _LARGER, other * _LARGER) for one, other in (centre, radii))
    around = (x - wide, y - tall, x + wide, y + tall)
    draw.chord(around, 180 if half else 0, 360, fill=_ink(colour))

"""Masks as a part of ffmpeg's filter graph: what they cover is gone before a JPEG is made.

A polygon becomes a stack of boxes whose places are fractions of the picture, since ffmpeg paints boxes and
no polygons. So one graph serves every size of picture, and a stream that changes its size in the middle
stays masked; there is no file and no second input that could be missing. Boxes err outward. When a graph
cannot be built ffmpeg gives no picture at all.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from vigie.domain.cameras import Mask, Polygon

Box = tuple[float, float, float, float]

_BANDS = 64  # a picture's height in boxes, where an outline is slanted
_BLUR = "boxblur=lr='min(w,h)/14':lp=3:cr='min(cw,ch)/14':cp=3"
_MOST_CORNERS = 2000  # a second's work
# Linux takes 128 KiB as one argument; the rest of the graph, whatever the camera, has 8 KiB of them.
_MOST_CHARACTERS = 120 * 1024
_WHITE_ALONE = "lutyuv=y='if(gt(val,127),255,0)'"


def mask_filters(masks: Sequence[Mask]) -> str:
    """Return the filters that cover the masks' polygons, to be put after the scaling; empty without masks."""
    painted = [_paint(mask.polygon, "black") for mask in masks if mask.mode == "paint"]
    blurred = [_paint(mask.polygon, "white") for mask in masks if mask.mode == "blur"]
    filters = []
    if blurred:
        # The blurred picture shows through where a third copy, black before, is painted white.
        shape = ",".join(["lutyuv=y=0", *blurred, _WHITE_ALONE])
        filters.append(
            "split=3[sharp][soft][shape];"
            f"[soft]{_BLUR}[blurred];[shape]{shape}[alpha];"
            "[blurred][alpha]alphamerge[cover];[sharp][cover]overlay=format=yuv420"
        )
    # A JPEG's full range would make a box's black a dark grey.
    return ",".join(["scale=out_range=tv,format=yuv420p", *filters, *painted]) if masks else ""


def check_masks(masks: Sequence[Mask]) -> None:
    """Refuse masks of one camera that ffmpeg cannot be told in one argument.

    Raises:
        ValueError: they have too many corners together, or too slanted an outline.

    """
    corners = sum(len(mask.polygon) for mask in masks)
    if corners > _MOST_CORNERS:
        raise ValueError(f"masks have {corners} corners together; at most {_MOST_CORNERS} are allowed")
    size = 0
    for mask in masks:
        # One by one: an outline of nothing but spikes has a hundred thousand times too many.
        for box in _boxes(mask.polygon):
            size += len(_drawn(box, "black")) + 1
            if size > _MOST_CHARACTERS:
                raise ValueError("masks make more boxes than ffmpeg can be told; use fewer, or simpler ones")


def _paint(polygon: Polygon, colour: str) -> str:
    """Return the boxes that cover a polygon; one pixel more on each side, for rounding."""
    return ",".join(_drawn(box, colour) for box in _boxes(polygon))


def _drawn(box: Box, colour: str) -> str:
    left, top, right, bottom = box
    return (
        f"drawbox=x=floor(iw*{left:.6f})-1:y=floor(ih*{top:.6f})-1"
        f":w=ceil(iw*{right - left:.6f})+3:h=ceil(ih*{bottom - top:.6f})+3:color={colour}:t=fill"
    )


def boxes(polygon: Polygon) -> list[Box]:
    """Return boxes (left, top, right, bottom) in fractions of the picture that together hold the polygon."""
    return list(_boxes(polygon))


def _boxes(polygon: Polygon) -> Iterator[Box]:
    corners = {y for _, y in polygon}
    lines = {number / _BANDS for number in range(_BANDS + 1) if min(corners) < number / _BANDS < max(corners)}
    above: Box | None = None
    for top, bottom in pairwise(sorted(corners | lines)):
        for left, right in _spans(polygon, top, bottom):
            if above is not None and (above[0], above[2], above[3]) == (left, right, top):
                above = (left, above[1], right, bottom)
            else:
                if above is not None:
                    yield above
                above = (left, top, right, bottom)
    if above is not None:
        yield above


def _spans(polygon: Polygon, top: float, bottom: float) -> Iterable[tuple[float, float]]:
    """Return where a polygon lies within a band that no corner divides, each span at its widest."""
    middle = (top + bottom) / 2
    crossings = []
    for (ax, ay), (bx, by) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        if min(ay, by) <= top and bottom <= max(ay, by):
            at = [ax + (bx - ax) * (y - ay) / (by - ay) for y in (top, middle, bottom)]
            crossings.append((at[1], min(at), max(at)))
    crossings.sort()
    return [(a[1], b[2]) for a, b in zip(crossings[::2], crossings[1::2], strict=True)]

"""The motion gate: which of a camera's pictures are worth sending. See docs/edge.md for what it lets through.

The rule is a background model on a small grey picture. Each picture is first brought to the background's
brightness by one gain and offset, which answers clouds, exposure and flicker. What still differs, by more
than the noise that each pixel is known to have, is foreground, and its connected areas are judged one by
one: an area whose texture is the background's own under another light is light, and becomes background at
once; any other one of enough size lets the picture through. A thing that stands still stays foreground
until `absorb_s`; the background that it hid is remembered, so that its going leaves no ghost.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from vigie.domain.cameras import Gate
from vigie.errors import SourceError

Verdict = Literal["learning", "motion", "after", "heartbeat", "still"]
Grey = npt.NDArray[np.float32]
Bits = npt.NDArray[np.bool_]

_LEAST_WIDTH, _MOST_WIDTH = 96, 160
_REDUCED = {
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    1: cv2.IMREAD_GRAYSCALE,
}
_LEAST_MATCHED = 100  # pixels, to tell a gain by
_MOST_GAIN = 2.0
_LEARNING = 5  # pictures that go through before the gate knows anything
_FOLLOW_S = 15.0  # how fast the background follows what is not foreground
_NOISE_S = 30.0
_NOISES = 4.0  # a pixel must differ by this many of its mean deviations
_LEAST_NOISE = 1.5  # grey levels
_WINDOW = (7, 7)  # of the texture, in pixels of the small picture
_TEXTURE = 3.0  # grey levels of deviation within the window that make a texture
_ALIKE = 0.7  # correlation of two textures that are one
_SAME_SHARE = 0.6  # of an area's textured pixels that must be alike for it to be light
_SMOOTH_SHARE = 0.04  # an area with less texture than this has no outline: light
_LONGEST_GAP_S = 60.0  # after a longer one the background is out of date

# sensitivity: (share of the picture that a thing must cover, grey levels by which it must differ)
_SENSES = {"low": (0.01, 26.0), "normal": (0.003, 18.0), "high": (0.001, 11.0)}
_SPECK = np.ones((2, 2), np.uint8)
_AROUND = np.ones((5, 5), np.uint8)
_JOIN = np.ones((3, 3), np.uint8)


@dataclass(slots=True)
class _Model:
    """The background, and what each pixel is known for; all of the small picture's shape."""

    seen: Grey  # the background
    hidden: Grey  # what it was before a thing, or another light, became part of it
    covered: Bits  # where that is so
    noise: Grey  # mean absolute deviation, grey levels
    stood_s: Grey  # for how long the pixel has been foreground

    def take_in(self, pixels: Bits, picture: Grey) -> None:
        """Make these pixels of the picture background, and remember what they cover."""
        self.hidden[pixels] = self.seen[pixels]
        self.seen[pixels] = picture[pixels]
        self.covered |= pixels
        self.stood_s[pixels] = 0


class MotionGate:
    """Judges one camera's pictures in the order of capture. It depends on nothing but its arguments."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._share, self._levels = _SENSES[gate.sensitivity]
        self._model: _Model | None = None
        self._ignored: Bits | None = None
        self._reduced = max(_REDUCED)
        self._learned = 0
        self._newest: datetime | None = None
        self._moved_at: datetime | None = None
        self._beat: int | None = None
        self._blind_until: datetime | None = None

    def ignore_until(self, instant: datetime) -> None:
        """Take what changes until then for light and not for motion: we are switching a lamp ourselves.

        Whoever was seen before that goes on being seen.
        """
        self._blind_until = instant

    def judge(self, jpeg: bytes, instant: datetime) -> Verdict:
        """Return why the picture goes through, or `still` when it does not.

        `instant` is its capture time. One before the last one's says that the clock was set back, after which
        nothing that is known in seconds counts any more: the background is learned anew.

        Raises:
            SourceError: the bytes are no picture.

        """
        picture = self._small(jpeg)
        moves = self._look(picture, instant)
        self._newest = instant
        if moves:
            self._moved_at = instant
        return self._verdict(instant, moves=moves)

    def _verdict(self, instant: datetime, *, moves: bool) -> Verdict:
        # Counted on the clock, so that each minute has one, which a pause of a minute would not promise.
        beat = math.floor(instant.timestamp() / self._gate.heartbeat_s)
        due, self._beat = beat != self._beat, beat
        if self._learned <= _LEARNING:
            return "learning"
        if moves:
            return "motion"
        if self._moved_at is not None and instant - self._moved_at <= timedelta(seconds=self._gate.after_s):
            return "after"
        return "heartbeat" if due else "still"

    def _look(self, picture: Grey, instant: datetime) -> bool:
        """Compare with the background, bring that up to date, and tell whether something is there."""
        elapsed_s = (instant - self._newest).total_seconds() if self._newest is not None else 0.0
        if elapsed_s < 0:
            self._model = self._moved_at = self._beat = self._blind_until = None
        model = self._model
        if model is None or model.seen.shape != picture.shape or elapsed_s > _LONGEST_GAP_S:
            self._begin(picture)
            return False
        self._learned += 1
        _match(model, picture)
        changed, uncovered = self._changed(picture, model)
        things, light = self._areas(changed, uncovered, picture, model.seen)
        if self._blind_until is not None and instant <= self._blind_until:
            light |= things & (model.stood_s == 0)
            things &= ~light
        model.take_in(light, picture)
        # Around a thing too, or its outline would be taken in first, and the rest pixel by pixel.
        around = cv2.dilate(things.astype(np.uint8), _AROUND).astype(np.bool_)
        self._follow(model, picture, around, (around | changed) & ~light, elapsed_s)
        return bool(things.any())

    def _begin(self, picture: Grey) -> None:
        self._model = _Model(
            seen=picture.copy(),
            hidden=picture.copy(),
            noise=np.full_like(picture, _LEAST_NOISE * 2),
            stood_s=np.zeros_like(picture),
            covered=np.zeros(picture.shape, np.bool_),
        )
        self._learned = 1
        self._ignored = _painted(self._gate, picture.shape) if self._gate.ignore else None

    def _changed(self, picture: Grey, model: _Model) -> tuple[Bits, Bits]:
        """Return the pixels that differ from the background, and those that show again what it covers."""
        limit = np.maximum(_NOISES * model.noise, self._levels)
        changed = np.abs(picture - model.seen) > limit
        if self._ignored is not None:
            changed &= ~self._ignored
        return changed, changed & model.covered & (np.abs(picture - model.hidden) <= limit)

    def _areas(self, changed: Bits, uncovered: Bits, picture: Grey, seen: Grey) -> tuple[Bits, Bits]:
        """Return the pixels of the things that are there, and those of light, or where a thing left."""
        bits = cv2.morphologyEx(changed.astype(np.uint8), cv2.MORPH_OPEN, _SPECK)
        bits = cv2.morphologyEx(bits, cv2.MORPH_CLOSE, _JOIN)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(bits, connectivity=8)
        areas = stats[:, cv2.CC_STAT_AREA]
        large = areas >= self._share * bits.size
        large[0] = False
        if not large.any():
            return np.zeros(bits.shape, np.bool_), np.zeros(bits.shape, np.bool_)
        textured, alike = _textures(picture, seen)

        def pixels(which: Bits) -> npt.NDArray[np.int64]:
            return np.bincount(labels[which], minlength=count)

        smooth = pixels(textured) < _SMOOTH_SHARE * areas
        same = pixels(alike) > _SAME_SHARE * pixels(textured)
        left = pixels(uncovered) > _SAME_SHARE * areas
        nothing = large & (smooth | same | left)
        return (large & ~nothing)[labels], nothing[labels]

    def _follow(self, model: _Model, picture: Grey, things: Bits, held: Bits, elapsed_s: float) -> None:
        """Let the background follow where nothing is held, and take in what has stood too long."""
        difference = picture - model.seen
        free = ~held
        share = max(-math.expm1(-elapsed_s / _FOLLOW_S), 1 / self._learned)
        model.seen += share * difference * free
        calm = np.minimum(np.abs(difference), 2 * self._levels)
        model.noise += -math.expm1(-elapsed_s / _NOISE_S) * (calm - model.noise) * ~things
        np.maximum(model.noise, _LEAST_NOISE, out=model.noise)
        model.stood_s += elapsed_s
        model.stood_s *= held
        model.take_in(model.stood_s > self._gate.absorb_s, picture)

    def _small(self, jpeg: bytes) -> Grey:
        """Decode to a small grey picture; the JPEG's own reduced decoding does nearly all of it."""
        data = np.frombuffer(jpeg, np.uint8)
        while True:
            grey: Any = cv2.imdecode(data, _REDUCED[self._reduced])
            if grey is None:
                raise SourceError("a picture cannot be decoded")
            if grey.shape[1] >= _LEAST_WIDTH or self._reduced == 1:
                break
            self._reduced //= 2
        if grey.shape[1] > _MOST_WIDTH:
            height = max(1, round(grey.shape[0] * _MOST_WIDTH / grey.shape[1]))
            grey = cv2.resize(grey, (_MOST_WIDTH, height), interpolation=cv2.INTER_AREA)
        smooth: Grey = cv2.GaussianBlur(grey, (3, 3), 0).astype(np.float32)
        return smooth


def _match(model: _Model, picture: Grey) -> None:
    """Bring the background to the picture's brightness by one gain and offset, whatever came into view."""
    free = (model.stood_s == 0)[::2, ::2]
    now, seen = picture[::2, ::2][free], model.seen[::2, ::2][free]
    if now.size < _LEAST_MATCHED:
        return
    gain, offset = 1.0, float(np.median(now - seen))
    for _ in range(2):
        error = np.abs(now - (gain * seen + offset))
        kept = error <= max(2.5 * float(np.median(error)), _LEAST_NOISE)
        a, b = seen[kept], now[kept]
        spread = float(a.var())
        gain = 1.0 if spread < _TEXTURE**2 else float(((a - a.mean()) * (b - b.mean())).mean()) / spread
        gain = min(max(gain, 1 / _MOST_GAIN), _MOST_GAIN)
        offset = float(b.mean() - gain * a.mean())
    model.seen = gain * model.seen + offset
    model.hidden = gain * model.hidden + offset


def _painted(gate: Gate, shape: tuple[int, ...]) -> Bits:
    """Return the pixels that lie in one of the polygons where motion counts for nothing."""
    bits = np.zeros(shape, np.uint8)
    scale = np.array([shape[1] - 1, shape[0] - 1])
    for polygon in gate.ignore:
        cv2.fillPoly(bits, [np.round(np.array(polygon) * scale).astype(np.int32)], 1)
    return bits.astype(np.bool_)


def _textures(one: Grey, other: Grey) -> tuple[Bits, Bits]:
    """Return where either picture has a texture, and where both have the same one, by correlation.

    A texture is what is left without the slow change of brightness, which light makes.
    """
    one, other = one - cv2.blur(one, _WINDOW), other - cv2.blur(other, _WINDOW)
    power, others_power = cv2.blur(one * one, _WINDOW), cv2.blur(other * other, _WINDOW)
    textured: Bits = np.maximum(power, others_power) > _TEXTURE**2
    alike = cv2.blur(one * other, _WINDOW) > _ALIKE * np.sqrt(power * others_power)
    return textured, textured & alike

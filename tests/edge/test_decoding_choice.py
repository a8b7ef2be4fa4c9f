"""Which way of decoding is chosen, by itself: no stream, no ffmpeg."""

from typing import Any

import pytest

from edge_agent.decoding import DecodeOtherwise, Decoding, DecodingChoice
from edge_agent.settings import CameraSettings


def camera(url: str = "rtsp://192.0.2.7/live", *, fps: float = 1.0, decode: Any = "auto") -> CameraSettings:
    return CameraSettings("yard", url, fps=fps, decode=decode)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def software_choice(clock: Clock) -> DecodingChoice:
    return DecodingChoice(find=lambda _: (), clock=clock)


def pictures(choice: DecodingChoice, clock: Clock, gap_s: float, *, count: int = 8) -> None:
    for _ in range(count):
        clock.now += gap_s
        choice.picture(1.0)


def test_a_run_decodes_more_only_when_pictures_come_too_slowly() -> None:
    clock = Clock()
    choice = software_choice(clock)
    assert choice.begin(camera()).decoding is Decoding.KEYFRAMES
    pictures(choice, clock, 1.02)  # a second and what a network trembles
    with pytest.raises(DecodeOtherwise):
        pictures(choice, clock, 2.0)
    assert choice.begin(camera()).decoding is Decoding.REFERENCES
    pictures(choice, clock, 1.0)
    with pytest.raises(DecodeOtherwise):
        pictures(choice, clock, 1.5)
    assert choice.begin(camera()).decoding is Decoding.ALL
    pictures(choice, clock, 9.0)  # nothing more can be done
    # Ten minutes later keyframes may come more often; after a second trial in vain, twenty minutes.
    clock.now += 600
    assert choice.begin(camera()).decoding is Decoding.KEYFRAMES
    with pytest.raises(DecodeOtherwise):
        choice.give_up()
    clock.now += 700
    assert choice.begin(camera()).decoding is Decoding.REFERENCES
    clock.now += 600
    assert choice.begin(camera()).decoding is Decoding.KEYFRAMES


def test_a_late_picture_now_and_then_changes_nothing() -> None:
    clock = Clock()
    choice = software_choice(clock)
    choice.begin(camera())
    for _ in range(50):
        pictures(choice, clock, 1.0, count=12)
        pictures(choice, clock, 2.3, count=2)  # a retry of the radio
        pictures(choice, clock, 0.4, count=2)  # what it held up


def test_a_run_that_costs_more_ends_when_keyframes_are_to_be_tried_again() -> None:
    clock = Clock()
    choice = software_choice(clock)

    def gives_up_after(good: int) -> None:
        assert choice.begin(camera()).decoding is Decoding.KEYFRAMES
        pictures(choice, clock, 1.0, count=good)
        with pytest.raises(DecodeOtherwise):
            pictures(choice, clock, 2.0)

    def rests() -> int:
        """Seconds that the dearer run goes on by itself."""
        assert choice.begin(camera()).decoding is Decoding.REFERENCES
        begun = clock.now
        with pytest.raises(DecodeOtherwise):
            pictures(choice, clock, 1.0, count=100_000)
        return int(clock.now - begun)

    for wanted in (600, 1200, 2400):
        gives_up_after(5)
        assert rests() == wanted
    gives_up_after(700)  # a good stretch
    assert rests() == 600
    gives_up_after(5)
    assert rests() == 1200


def test_a_stall_now_and_then_costs_a_run_and_no_more() -> None:
    """For two days keyframes come each second, and each eight minutes the network stalls."""
    clock = Clock()
    choice = software_choice(clock)
    ways = set()
    while clock.now < 2 * 86_400:
        ways.add(choice.begin(camera()).decoding)
        pictures(choice, clock, 1.0, count=480)
        clock.now += 2.5
        with pytest.raises(DecodeOtherwise):
            choice.stalled(1.0)
    assert ways == {Decoding.KEYFRAMES}


def test_a_second_stall_within_a_minute_is_evidence_and_its_rest_does_not_grow() -> None:
    clock = Clock()
    choice = software_choice(clock)

    def stalls_after(count: int, gap_s: float = 1.0) -> Decoding:
        pictures(choice, clock, gap_s, count=count)
        with pytest.raises(DecodeOtherwise):
            choice.stalled(1.0)
        return choice.begin(camera()).decoding

    assert choice.begin(camera()).decoding is Decoding.KEYFRAMES
    for _ in range(4):
        assert stalls_after(5) is Decoding.KEYFRAMES
        assert stalls_after(5) is Decoding.REFERENCES
        clock.now += 600
        assert choice.begin(camera()).decoding is Decoding.KEYFRAMES
    assert stalls_after(12, 0.0) is Decoding.REFERENCES, "a burst is no proof that they come on time"
    clock.now += 600
    assert choice.begin(camera()).decoding is Decoding.KEYFRAMES
    assert stalls_after(1) is Decoding.REFERENCES
    clock.now += 600
    assert choice.begin(camera()).decoding is Decoding.REFERENCES, "those two were in vain"


def test_a_camera_that_was_off_for_days_is_tried_with_keyframes_minutes_later() -> None:
    clock = Clock()
    choice = software_choice(clock)
    while clock.now < 5 * 86_400:
        choice.begin(camera())
        clock.now += 20
        if choice.has_another:
            with pytest.raises(DecodeOtherwise):
                choice.give_up()
        else:
            choice.mute()
        clock.now += 300
    clock.now += 600
    assert choice.begin(camera()).decoding is Decoding.KEYFRAMES


@pytest.mark.parametrize(
    ("settings", "first"),
    [
        (camera(fps=2.0), Decoding.KEYFRAMES),
        (camera(fps=5.0), Decoding.REFERENCES),
        (camera(fps=10.0), Decoding.ALL),
        (camera(decode="all"), Decoding.ALL),
        (camera("clips/hall.mp4"), Decoding.ALL),  # its times are exact
        (camera("usb:/dev/video0"), Decoding.ALL),
        (camera(fps=10.0, decode="keyframes"), Decoding.KEYFRAMES),
    ],
)
def test_what_is_tried_first(settings: CameraSettings, first: Decoding) -> None:
    assert software_choice(Clock()).begin(settings).decoding is first


def test_keyframes_that_are_asked_for_are_kept() -> None:
    clock = Clock()
    choice = software_choice(clock)
    choice.begin(camera(decode="keyframes"))
    pictures(choice, clock, 9.0)
    assert choice.begin(camera(decode="keyframes")).decoding is Decoding.KEYFRAMES

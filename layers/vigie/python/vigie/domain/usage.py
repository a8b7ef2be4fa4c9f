"""Usage: what AWS charges for, as far as a function counts it while it works for a camera."""

from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Units that were consumed. They are priced when they are read, since prices change and counts do not.

    `megabyte_ms` is the milliseconds of a function times the megabytes of its memory. `puts` are what S3
    charges as such (PUT, COPY, LIST), `gets` its reads, `publishes` what was told to a topic; `write_units`
    and `read_units` are the table's own figures. `messages` are those that a function took which no frame's
    count tells of, `shadow_operations` are readings and writings of AWS IoT's device shadows.
    """

    megabyte_ms: int = 0
    puts: int = 0
    gets: int = 0
    publishes: int = 0
    write_units: int = 0
    read_units: int = 0
    messages: int = 0
    shadow_operations: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(*(own + more for own, more in zip(astuple(self), astuple(other), strict=True)))

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(*(own - less for own, less in zip(astuple(self), astuple(other), strict=True)))


NO_USAGE = Usage()

"""The finding about a service that not every region of AWS has."""

from collections.abc import Iterator

from vigie.domain.cameras import Engine
from vigie.domain.findings import Finding, ok, warning
from vigie.domain.sites import Site


def judge_rekognition(site: Site, *, region: str, offered: bool | None) -> Finding:
    """Judge whether what the site asks of Rekognition can be had; None says that nobody knows the region.

    A warning at most: frames are looked at and alerts go out without it, and lists of regions grow old.
    """
    asking = ", ".join(_uses(site))
    if not asking:
        return ok("nothing in the site document asks for Rekognition")
    if offered:
        return ok(f"Rekognition is in {region}: {asking}")
    said = "is not in" if offered is False else "may not be in"
    return warning(
        f"Rekognition {said} {region}, as far as the AWS SDK here knows, and the site document asks for it: "
        f"{asking}",
        "leave that out of the site document, or deploy to a region that has it, such as eu-west-1",
    )


def _uses(site: Site) -> Iterator[str]:
    if site.comparison.share > 0:
        yield "comparison"
    for camera in site.cameras:
        if camera.engine is Engine.REKOGNITION:
            yield f"engine of {camera.camera_id}"
    if site.known_faces.enabled:
        yield "known_faces"

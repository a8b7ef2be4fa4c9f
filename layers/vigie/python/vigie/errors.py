"""Every failure that Vigie foresees; the text of each is one sentence for a person.

::

    VigieError
    ├── ConfigError          what a person wrote: a file, a key, an environment variable
    ├── FrameKeyError        an object key under frames/ that is no frame key
    ├── MessageError         an event of a shape that we do not know
    ├── PictureError         bytes that are no picture we will decode
    ├── ModelError           a file that is no detector, or none at all
    │   └── DownloadError    the web gave none, or not the one that was meant
    ├── SourceError          a camera's source that does not open or has no pictures
    ├── LampError            a lamp's device that does not do what it is told
    ├── SetupError           this machine or this cloud lacks something that a run needs
    └── CloudError           AWS, or what stands in for it, said no
        ├── NotFound         the object or item is not there
        ├── Conflict         another writer was first
        ├── Unavailable      throttled, timed out or out of reach: the same call may succeed later
        ├── NotSent          a notice was refused, or found no way, before anybody can have got it
        └── AccessDenied     the credentials do not allow the call
"""


class VigieError(Exception):
    """Root of the tree; `str(error)` is one sentence for a person."""


class ConfigError(VigieError):
    """A file, key or variable that a person wrote is wrong; names the place and what is allowed."""


class FrameKeyError(VigieError):
    """An object key is no frame key."""


class MessageError(VigieError):
    """An event or message has a shape that we do not know."""


class PictureError(VigieError):
    """Bytes are no picture that we decode: broken, cut short, too large, of another format."""


class ModelError(VigieError):
    """A model file is missing, unreadable or not of a known signature."""


class DownloadError(ModelError):
    """A file could not be fetched whole, or was not the one expected."""


class SourceError(VigieError):
    """A camera's source does not open, or delivers no pictures."""


class LampError(VigieError):
    """A lamp's device is out of reach, or refuses what it is told."""


class SetupError(VigieError):
    """This machine, or the cloud that a run stands on, lacks something that the run needs."""


class CloudError(VigieError):
    """AWS, or what stands in for it, refused a call."""


class NotFound(CloudError):  # noqa: N818 - a state of the world, read as such where it is caught
    """The object or item is not there."""


class Conflict(CloudError):  # noqa: N818
    """A conditional write lost against another writer."""


class Unavailable(CloudError):  # noqa: N818
    """Throttled, timed out or out of reach; the same call may succeed later."""


class NotSent(CloudError):  # noqa: N818
    """A notice has surely gone to nobody: what was paid for it can be given back."""


class AccessDenied(CloudError):  # noqa: N818
    """The credentials do not allow the call."""

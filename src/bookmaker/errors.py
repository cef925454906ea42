"""What the chapter machine refuses beside what the library does."""

import errno

from scalinglaws.errors import ScalingLawError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_FOLDER = {errno.ENOTDIR, errno.EEXIST}


class ChapterFailed(ScalingLawError):
    """A chapter that stopped at a failing cell; the message names chapter, cell and error."""


def disk_problem(error: OSError) -> str:
    """Say in a sentence what a file or folder refused, and what to do about it."""
    place = error.filename or "A file"
    if error.errno in _FULL:
        return f"The disk is full ({place}): free some space and run the same command again."
    if error.errno in _CLOSED:
        return (
            f"{place} may not be written or read ({error.strerror}): give yourself the right with "
            "`chmod -R u+rwX`, or work in a clone of your own on a disk that can be written."
        )
    if error.errno in _NO_FOLDER:
        return (
            f"{place} cannot be made, because a file stands where a folder is needed: remove the "
            "file (`make clean` removes all of _build) and run the same command again."
        )
    return f"{place}: {error.strerror or error}. Run the same command again when that is mended."

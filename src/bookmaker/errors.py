"""What the chapter machine refuses beside what the library does."""

from scalinglaws.errors import ScalingLawError


class ChapterFailed(ScalingLawError):
    """A chapter that stopped at a failing cell; the message names chapter, cell and error."""

"""Errors that the user can fix."""

from __future__ import annotations


class PipelineError(Exception):
    """Something outside the code is wrong: a file, an archive, a download.

    The message is one line that says what, where, and what to do about it.
    """

    exit_code = 1


class ParamsError(PipelineError):
    """A value in params.yaml is missing, unknown or impossible.

    Of a message above 1,000 characters the middle is left out: a name may be as long as its file,
    and what is wrong stands at the start of the line, what is allowed at its end.
    """

    exit_code = 2

    def __init__(self, message: str) -> None:
        longest, cut = 1_000, " ... "
        half = (longest - len(cut)) // 2
        fits = len(message) <= longest
        super().__init__(message if fits else message[:half] + cut + message[-half:])

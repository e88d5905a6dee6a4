"""The errors a user can cause and mend."""

from __future__ import annotations


class PipelineError(Exception):
    """Something outside the code is wrong: a file, an archive, a download.

    The message is one line that says what, where, and what to do about it.
    """

    exit_code = 1


class ParamsError(PipelineError):
    """A value in params.yaml is missing, unknown or impossible."""

    exit_code = 2

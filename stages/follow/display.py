"""What a run says of its progress: a line that changes on a terminal, lines in a log."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from tqdm import tqdm

from stages.follow.events import Course, Started, Step

SECONDS = 60


class Display:
    """Tells of a run's stages and steps on standard error.

    Parameters
    ----------
    total : int or None
        How many stages there are, if that is known.
    """

    def __init__(self, total: int | None) -> None:
        self.total = total
        self._since = self._printed = self._last = 0.0
        self._done = 0
        # A bar without a bar: one line that is written anew, and cleared in the end.
        self._line = tqdm(bar_format="{desc}", disable=None, leave=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._line.close()

    def show(self, event: Started | Step, course: Course) -> None:
        """Tell of an event, in the place of the one before.

        A log gets a line for each stage, and one a minute for the steps of a long one.
        """
        now = time.monotonic()
        of = f" of {self.total}" if self.total else ""
        stage = course.ran[-1].replace("@", " ")
        text = f"stage {len(course.seen)}{of}: {stage}"
        if isinstance(event, Started):
            self._since, self._done = now, 0
        else:
            if event.done <= self._done:  # it counts anew: the next view of all pictures
                self._since = self._last
            self._done = event.done
            text += f", {event.done} of {event.total}, {_left(event, now - self._since)}"
        self._last = now
        if self._line.disable:
            if isinstance(event, Started) or now - self._printed > SECONDS:
                print(text, file=sys.stderr, flush=True)
                self._printed = now
        else:
            self._line.set_description_str(text)


def _left(step: Step, seconds: float) -> str:
    """Return the time that the other steps take if they are like those done."""
    minutes = round(seconds / step.done * (step.total - step.done) / SECONDS)
    return f"about {minutes} minutes left" if minutes > 1 else "about a minute left"

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
        self._since = self._printed = 0.0
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
        of = f" of {self.total}" if self.total else ""
        stage = course.ran[-1].replace("@", " ")
        text = f"stage {len(course.seen)}{of}: {stage}"
        if isinstance(event, Started):
            self._since = time.monotonic()
        else:
            text += f", {event.done} of {event.total}, {self._left(event)}"
        if self._line.disable:
            if isinstance(event, Started) or time.monotonic() - self._printed > SECONDS:
                print(text, file=sys.stderr, flush=True)
                self._printed = time.monotonic()
        else:
            self._line.set_description_str(text)

    def _left(self, step: Step) -> str:
        """Return the time that the stage's other steps take if they are like those done."""
        per_step = (time.monotonic() - self._since) / step.done
        minutes = round(per_step * (step.total - step.done) / SECONDS)
        return f"about {minutes} minutes left" if minutes > 1 else "about a minute left"

"""What a revision of the project has: its parameters, results and verdicts."""

from __future__ import annotations

import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages.evaluation.predictions import load_predictions
from stages.evaluation.results import Result, settings_of
from stages.params.experiment import merge
from stages.runtime.errors import PipelineError

WORKSPACE = "the workspace"


class Revision:
    """A commit, a branch or a tag; or, without a name, the files as they are.

    What git carries is read from there, and results from DVC's cache or the remote that the
    revision names for them.

    Parameters
    ----------
    name : str or None

    Raises
    ------
    PipelineError
        If there is no such revision, or it has no params.yaml that can be read.
    """

    def __init__(self, name: str | None) -> None:
        self.name = name or WORKSPACE
        try:
            self._files = DVCFileSystem(rev=name)
            text = self._files.read_text("params.yaml")
            self.params: dict[str, Any] = YAML(typ="safe").load(text)
        except (DvcException, OSError, YAMLError) as error:
            reason = " ".join(str(error).split())
            raise PipelineError(f"{self.name} cannot be read: {reason}") from None

    def metrics(self, experiment: str) -> dict[str, Any] | None:
        """Return the headline numbers of an experiment; None if it has none."""
        dataset = self.params["experiments"][experiment]["dataset"]
        content = self._read(f"reports/{dataset}/metrics/{experiment}.json")
        return None if content is None else json.loads(content)

    def result(self, experiment: str) -> Result | None:
        """Return all that evaluate wrote; None where that is not to be had, or is of another form.

        Older revisions wrote other forms, and what nobody pushed is only where it was made.
        """
        dataset = self.params["experiments"][experiment]["dataset"]
        paths = [f"data/evaluations/{dataset}/{experiment}.{end}" for end in ("json", "npz")]
        scores, answers = map(self._read, paths)
        if scores is None or answers is None:
            return None
        with TemporaryDirectory() as folder:
            path = Path(folder) / "answers.npz"
            path.write_bytes(answers)
            try:
                settings = merge(self.params, experiment)
                own = settings_of(self.params, settings)
                predictions = load_predictions(path)
                return Result(experiment, settings, json.loads(scores), predictions, own)
            except PipelineError:
                return None

    def verdicts(self, dataset: str) -> dict[str, str]:
        """Return the verdict of each claim; none if the dataset has no report."""
        content = self._read(f"reports/{dataset}/tables/claims.csv")
        if content is None:
            return {}
        table = pd.read_csv(io.BytesIO(content))
        return dict(zip(table["claim"], table["verdict"], strict=True))

    def _read(self, path: str) -> bytes | None:
        try:
            content: bytes = self._files.read_bytes(path)
        except (DvcException, OSError):
            return None
        return content

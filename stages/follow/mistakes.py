"""What DVC says of its own mistakes, in one line with what to do."""

from __future__ import annotations

import re

# What DVC's words contain, what to say instead (None keeps them), and what to do.
KNOWN = (
    (
        "is not a git repository",
        "this folder is no git repository, which DVC needs",
        "run 'git init' here (a download as a zip has none), then the same again",
    ),
    (
        "possible merge conflicts",
        None,
        "settle the conflict, or run 'git checkout --ours FILE'; then the same again",
    ),
    ("not found inside 'dvc.yaml'", None, "name an entry of datasets: in params.yaml"),
    ("dvc.lock' ", None, "run 'git checkout dvc.lock', then the same again"),
    ("dvc.yaml' ", None, "correct it, or run 'git checkout dvc.yaml'"),
    ("YAML file structure is corrupted", None, "correct it, or run 'git checkout params.yaml'"),
    ("it is being blocked by", "another DVC works in this folder", "wait until it ends"),
    ("acquire lock", "another DVC works in this folder", "wait until it ends"),
    ("No space left", None, "make room, then the same again"),
)
NOISE = re.compile(
    r"\x1b\[[0-9;?]*[A-Za-z]"  # colours
    r"|^(ERROR|WARNING): "
    r"|^\s*\d+ ?│?.*$"  # a quotation of the file, with the number of the line
    r"|[│╭╰─]+",
    re.MULTILINE,
)
OF_A_STAGE = re.compile(r"^ERROR: failed to reproduce '[^']+': failed to run: ")


def in_one_line(said: str) -> str:
    """Return what DVC said when it failed, in one line with what to do; nothing if it said nothing.

    Where a stage failed, DVC repeats its command: what is wrong the stage has said itself.
    """
    said = "\n".join(line for line in said.splitlines() if not OF_A_STAGE.match(line))
    words = " ".join(NOISE.sub("", said).split()).removesuffix(".")
    if not words:
        return ""
    for part, instead, remedy in KNOWN:
        if part in said:
            return f"{instead or words}: {remedy}"
    return f"DVC: {words}"

"""The digest of a module's meaning: no comments, docstrings or layout, on any Python from 3.11 on.

``ast.dump`` and ``ast.unparse`` give other text on other versions of Python. Here a syntax tree is
written out by its fields, without those that are empty, which newer versions add.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator

LENGTH = 16  # hexadecimal digits that are kept: 64 bits
IGNORED = {"type_comment", "kind", "ctx"}
WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def source_digest(source: bytes) -> str:
    """Return the digest of a module; raise a SyntaxError if it is none."""
    text = "".join(_tokens(ast.parse(source)))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:LENGTH]


def file_digest(content: bytes) -> str:
    """Return the digest of a data file, whichever line ends a checkout gave it."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()[:LENGTH]


def _tokens(node: ast.AST) -> Iterator[str]:
    yield f"{type(node).__name__}("
    for field, value in ast.iter_fields(node):
        if field == "body" and isinstance(node, WITH_DOCSTRING):
            value = _without_docstring(value)
        if isinstance(node, ast.JoinedStr) and field == "values":
            value = list(_merged(value))
        if field not in IGNORED and value is not None and value != []:
            yield f"{field}="
            yield from _value(value)
    yield ")"


def _value(value: object) -> Iterator[str]:
    if isinstance(value, ast.AST):
        yield from _tokens(value)
    elif isinstance(value, list):
        for item in value:
            yield from _value(item)
            yield ","
    else:
        # ascii: which characters repr() escapes depends on Python's version of Unicode.
        yield f"{type(value).__name__}:{value!a};"


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    is_docstring = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    return body[1:] if is_docstring else body


def _merged(parts: list[ast.expr]) -> Iterator[ast.expr | str]:
    """Join the pieces of text between an f-string's values: versions of Python cut them apart."""
    text = ""
    for part in parts:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            text += part.value
            continue
        if text:
            yield text
        text = ""
        yield part
    if text:
        yield text

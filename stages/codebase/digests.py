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


def source_digest(source: bytes | ast.Module) -> str:
    """Return the digest of a module, parsed or not; raise a SyntaxError if it is none."""
    tokens: list[str] = []
    _write(source if isinstance(source, ast.Module) else ast.parse(source), tokens)
    text = "".join(tokens)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:LENGTH]


def file_digest(content: bytes) -> str:
    """Return the digest of a data file, whichever line ends a checkout gave it."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()[:LENGTH]


def _write(node: ast.AST, tokens: list[str]) -> None:
    tokens.append(f"{type(node).__name__}(")
    for field, value in ast.iter_fields(node):
        if field == "body" and isinstance(node, WITH_DOCSTRING):
            value = _without_docstring(value)
        if isinstance(node, ast.JoinedStr) and field == "values":
            value = list(_merged(value))
        if field not in IGNORED and value is not None and value != []:
            tokens.append(f"{field}=")
            _write_value(value, tokens)
    tokens.append(")")


def _write_value(value: object, tokens: list[str]) -> None:
    if isinstance(value, ast.AST):
        _write(value, tokens)
    elif isinstance(value, list):
        for item in value:
            _write_value(item, tokens)
            tokens.append(",")
    else:
        # ascii: which characters repr() escapes depends on Python's version of Unicode.
        tokens.append(f"{type(value).__name__}:{value!a};")


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

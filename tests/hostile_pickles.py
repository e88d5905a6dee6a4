"""Pickles that a batch reader must refuse: what they would run, take, or break."""

from __future__ import annotations

import io
import marshal
import os
import pickle
import struct
import subprocess

import numpy as np

from tests.helpers import array2, batch2, dtype2, random_pictures, text2

ROWS = random_pictures(3).reshape(3, -1)
OBJECTS = dtype2(b"O8", b"")
RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"


def text(value):
    """Pickle text, by an opcode that all protocols have."""
    return b"V" + str(value).encode() + b"\n"


def binary(value):
    """Pickle bytes, as protocol 3 does."""
    return b"B" + struct.pack("<I", len(value)) + value


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


def call(module, attribute, *arguments):
    return apply(name(module, attribute), *arguments)


def apply(function, *arguments):
    return function + b"(" + b"".join(arguments) + b"tR"


def data(value):
    """Pickle a dictionary with `value` as its data."""
    return b"\x80\x02}" + text2(b"data") + value + b"s."


def touch(canary):
    """Pickle what makes the file `canary`, as a program."""
    return text(program(canary))


def program(canary):
    return f"__import__('pathlib').Path({str(canary)!r}).touch()"


def shell(canary):
    return text(f"touch {canary}")


def system_of(module):
    """Pickle the function `system` of a pickled module, as got by getattr."""
    return call("builtins", "getattr", module, text("system"))


def mapped(canary):
    """Pickle an iterator that runs a program when it is iterated over."""
    return call("builtins", "map", name("builtins", "eval"), b"](" + touch(canary) + b"e")


def compiled(canary):
    """Pickle a call of a function that is made from its code."""
    code = marshal.dumps(compile(program(canary), "", "exec"))
    function = call("types", "FunctionType", call("marshal", "loads", binary(code)), b"}")
    return data(apply(function))


def object_file(canary):
    """Pickle numpy.load of a file whose objects are a pickle that runs a program."""
    content = io.BytesIO()
    np.save(content, np.array([Reduced(eval, program(canary))], dtype=object), allow_pickle=True)
    file = call("io", "BytesIO", binary(content.getvalue()))
    return data(call("numpy", "load", file, b"N\x88"))


def partial_with_state(canary):
    partial = b"cfunctools\npartial\ncbuiltins\nint\n\x85R"
    return data(partial + b"(cbuiltins\neval\n(" + touch(canary) + b"t}Ntb" + b")R")


class Reduced:
    """Its pickle, of any protocol, calls what it is told to."""

    def __init__(self, function, *arguments):
        self.plan = (function, arguments)

    def __reduce__(self):
        return self.plan


def dumped(protocol, function, *arguments):
    return pickle.dumps({b"data": Reduced(function, *arguments)}, protocol=protocol)


# Each makes the file `canary` if it is run.
RUNNERS = {
    "os.system": lambda canary: data(call("os", "system", shell(canary))),
    "posix.system": lambda canary: dumped(2, os.system, f"touch {canary}"),
    "popen": lambda canary: dumped(4, subprocess.Popen, ["touch", str(canary)]),
    "check-output": lambda canary: dumped(5, subprocess.check_output, ["touch", str(canary)]),
    "eval": lambda canary: dumped(4, eval, program(canary)),
    "exec": lambda canary: dumped(3, exec, program(canary)),
    "python2-eval": lambda canary: dumped(2, eval, program(canary)),
    "mkdir": lambda canary: dumped(4, os.mkdir, str(canary)),
    "open": lambda canary: data(call("builtins", "open", text(canary), text("w"))),
    "codecs-open": lambda canary: data(call("codecs", "open", text(canary), text("w"))),
    "getattr-of-import": lambda canary: data(
        apply(system_of(call("builtins", "__import__", text("os"))), shell(canary))
    ),
    "getattr-of-importlib": lambda canary: data(
        apply(system_of(call("importlib", "import_module", text("os"))), shell(canary))
    ),
    "getattr-of-a-library": lambda canary: data(
        apply(system_of(call("ctypes", "CDLL", b"N")), text2(f"touch {canary}".encode()))
    ),
    "attrgetter": lambda canary: data(
        apply(
            apply(
                call("operator", "attrgetter", text("os.system")),
                call("importlib", "import_module", text("shutil")),
            ),
            shell(canary),
        )
    ),
    "methodcaller": lambda canary: data(
        apply(
            call("operator", "methodcaller", text("touch")), call("pathlib", "Path", text(canary))
        )
    ),
    "partial": lambda canary: data(
        apply(call("functools", "partial", name("builtins", "eval"), touch(canary)))
    ),
    "partial-with-state": partial_with_state,
    "reduce": lambda canary: data(
        call("functools", "reduce", name("builtins", "eval"), b"](" + touch(canary) + b"}e")
    ),
    "iterated-map": lambda canary: data(call("builtins", "list", mapped(canary))),
    "copyreg-newobj": lambda canary: data(
        call("copyreg", "__newobj__", name("builtins", "tuple"), mapped(canary))
    ),
    "copyreg-reconstructor": lambda canary: data(
        call("copyreg", "_reconstructor", name("builtins", "tuple") * 2, mapped(canary))
    ),
    "runpy": lambda canary: data(call("runpy", "_run_code", touch(canary), b"}")),
    "timeit": lambda canary: data(
        call("timeit", "timeit", touch(canary), text(""), name("time", "time"), b"K\x01")
    ),
    "code-object": compiled,
    "pickle-in-a-pickle": lambda canary: data(
        call("pickle", "loads", binary(dumped(4, eval, program(canary))))
    ),
    "numpy-runstring": lambda canary: data(call("numpy.testing", "runstring", touch(canary), b"}")),
    "numpy-load-of-objects": object_file,
    "in-an-object-array": lambda canary: data(
        array2((1, 1), OBJECTS, b"]" + call("os", "system", shell(canary)) + b"a")
    ),
    "inst": lambda canary: data(b"(" + shell(canary) + b"ios\nsystem\n"),
    "obj": lambda canary: data(b"(csubprocess\nPopen\n](" + text("touch") + text(canary) + b"eo"),
    "newobj": lambda canary: data(name("builtins", "tuple") + mapped(canary) + b"\x85\x81"),
    "newobj-ex": lambda canary: data(name("builtins", "tuple") + mapped(canary) + b"\x85}\x92"),
    "stack-global": lambda canary: data(
        apply(text("os") + text("system") + b"\x93", shell(canary))
    ),
    "dotted-name": lambda canary: (
        b"\x80\x04"
        + data(text("numpy") + text("testing.runstring") + b"\x93" + touch(canary))[2:-2]
        + b"}\x86Rs."
    ),
    "beside-the-batch": lambda canary: (
        batch2(ROWS, [1, 2, 3])[:-1] + call("os", "system", shell(canary)) + b"0."
    ),
    "in-a-key": lambda canary: (
        b"\x80\x02}" + call("os", "system", shell(canary)) + b"NsU\x04dataNs."
    ),
}

# What must not even be imported, or would not return if it were called.
NAMES = [
    ("nt", "system"),
    ("pty", "spawn"),
    ("webbrowser", "open"),
    ("antigravity", "geohash"),
    ("builtins", "breakpoint"),
    ("builtins", "input"),
    ("os", "abort"),
    ("os", "_exit"),
    ("shutil", "rmtree"),
    ("socket", "create_connection"),
    ("urllib.request", "urlopen"),
    ("logging.config", "dictConfig"),
    ("joblib", "load"),
    ("ctypes", "string_at"),
    ("numpy", "fromfile"),
    ("numpy", "ndarray.tofile"),
    ("numpy.core.multiarray", "_reconstruct.__globals__"),
    ("stages.fetch", "main"),
    ("stages.sources.cifar_pickles", "_Reader"),
    ("__main__", "__builtins__"),
    ("", ""),
    ("no.such.module", "at_all"),
    ("\x1b[31mred", "\x07bell"),
    ("x" * 100_000, "y" * 100_000),
]
NAMED = {f"name-{number}": data(call(*names, text(1))) for number, names in enumerate(NAMES)}

MALFORMED = {
    "persistent-id": data(b"Pother\n"),
    "binary-persistent-id": data(text("other") + b"Q"),
    "extension-of-1-byte": data(b"\x82\x2a"),
    "extension-of-2-bytes": data(b"\x83\x2a\x2a"),
    "extension-of-4-bytes": data(b"\x84\x2a\x2a\x2a\x2a"),
    "new-object": data(b"csubprocess\nPopen\n)\x81"),
    "buffer-of-nobody": data(b"\x97"),
    "read-only-buffer": data(text("own") + b"\x98"),
    "stack-global-of-numbers": data(b"K\x01K\x02\x93"),
    "reconstruct-of-another-kind": data(RECONSTRUCT + b"cnumpy\ndtype\nK\x00\x85U\x01b\x87R"),
    "object-array": data(array2((1, 1), OBJECTS, b"]Na")),
    "scalar": data(call("numpy.core.multiarray", "scalar", dtype2(b"i8"), text2(bytes(8)))),
    "state-of-the-reader": data(RECONSTRUCT + b"N}" + text("__new__") + b"Ns\x86b"),
    "state-of-a-class": data(b"cnumpy\nndarray\nN}" + text("__setstate__") + b"Ns\x86b"),
    "list": pickle.dumps([1, 2]),
    "number": pickle.dumps(7),
    "empty-file": b"",
    "no-pickle": b"these are no pictures",
    "gzip": b"\x1f\x8b\x08\x00" + bytes(100),
    "only-a-stop": b".",
    "no-stop": data(b"N")[:-1],
    "stack-underflow": b"\x80\x02R.",
    "memo-of-nothing": data(b"h\x63"),
    "unknown-protocol": b"\x80\x63}.",
    "text-that-is-no-text": data(b"X\x02\x00\x00\x00\xff\xff"),
    "frame-beyond-the-end": b"\x80\x04\x95" + struct.pack("<Q", 2**40) + b"}.",
    "frame-in-a-frame": b"\x80\x04\x95" + struct.pack("<Q", 3) + b"\x95\x01" + bytes(8) + b"}.",
    "frame-cut-short": b"\x80\x04\x95" + struct.pack("<Q", 1) + data(b"N")[2:],
}


def laughs(kind, levels):
    """Pickle lists (`l`) or tuples (`t`), each of twice the one before: 2**levels if walked."""
    first = b"]q\x00" if kind == b"l" else b"(tq\x00"
    doubled = (b"h%c%sq%c" % (level, kind, level + 1) for level in range(levels))
    return b"(" * levels + first + b"".join(doubled)


# Each would take memory, time or the interpreter if it were let to.
BOMBS = {
    "huge-reconstruct": data(RECONSTRUCT + b"cnumpy\nndarray\nJ\xff\xff\xff\x7f\x85U\x01b\x87R"),
    "huge-array": data(b"cnumpy\nndarray\n(" + b"J\xff\xff\xff\x7f" * 3 + b"t\x85R"),
    "shape-beyond-its-content": data(array2((2**20, 3072), dtype2(b"u1"), text2(b"few"))),
    "huge-memo": data(b"Nr\xff\xff\xff\x7f"),
    "huge-text-memo": data(b"Np2000000000\n"),
    "bytes-beyond-the-end": b"\x80\x04\x8e" + struct.pack("<Q", 2**60) + b"}.",
    "bytearray-beyond-the-end": b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b"}.",
    "text-beyond-the-end": b"\x80\x02T" + struct.pack("<i", 2**31 - 1) + b"}.",
    "negative-length": b"\x80\x02T" + struct.pack("<i", -1) + b"}.",
    "many-digits": data(b"I" + b"9" * 2_000_000 + b"\n"),
    "million-numbers": b"\x80\x02}U\x06labels](" + b"K\x01" * 1_000_000 + b"es.",
    "million-names": b"\x80\x02(" + name("numpy", "dtype") * 1_000_000 + b"t.",
    "laughing-key": b"\x80\x02}" + laughs(b"t", 60) + b"Ns.",
    "laughing-key-within-the-limits": b"\x80\x02}" + laughs(b"t", 15) + b"Ns.",
    "laughing-key-by-duplicates": b"\x80\x02})" + b"2\x86" * 60 + b"Ns.",
    "laughing-list": data(laughs(b"l", 60)),
    "laughing-persistent-id": data(laughs(b"l", 60) + b"Q"),
    "deep-list": b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".",
    "deep-value": data(b"]" * 100_000 + b"a" * 99_999),
    "deep-dictionary": data(b"}U\x01k" * 100_000 + b"N" + b"s" * 100_000),
    "deep-key": b"\x80\x02}(t" + b"\x85" * 2_000_000 + b"K\x01s.",
    "list-shorter-than-its-array": data(array2((2**10, 2**10), OBJECTS, b"]")),
    "address-as-object": data(
        RECONSTRUCT
        + b"cnumpy\nndarray\n"
        + array2((1, 1), dtype2(b"O8"), text2(b"\x08" * 8))
        + b"U\x01b\x87R"
    ),
    "thirty-megabytes-of-quotes": data(b"S" + b"'" * 30_000_000 + b"\n"),
    "thirty-megabytes-of-nothing": b"\x80\x02" + b"N0" * 15_000_000 + b"}.",
}

"""One interpreter that has imported the libraries, and forks a process for each stage that asks.

Importing scikit-learn, pandas and matplotlib takes two seconds a stage, and most of the time of a
small study. DVC still runs every command, and a stage still imports the project's own modules, from
its own folder; only the libraries are there already. What depends on a process of its own, on
signals or on how Python starts, runs without: a command whose environment has other settings of
Python or of the libraries than the server, and all that tests start in the background.

Run as a script, this is the ``python`` that DVC finds first.
"""

from __future__ import annotations

import functools
import json
import os
import socket
import struct
import sys
from pathlib import Path

SOCKET = "TESTS_FORK_SERVER"
# What libraries and Python read when they are imported.
SETTINGS = ("PYTHON", "OPENBLAS", "OMP", "MKL", "NUMBA", "MPL", "MATPLOTLIB", "HOME", "XDG", "LANG")
LIBRARIES = (
    *("numpy", "pandas", "scipy.optimize", "scipy.stats", "sklearn.model_selection"),
    *("joblib", "matplotlib.backends.backend_agg", "matplotlib.figure", "PIL.Image", "pydantic"),
    *("ruamel.yaml", "skimage", "tabulate", "threadpoolctl", "tqdm", "typer", "jinja2"),
)
LENGTH = struct.Struct("!I")


@functools.cache
def start() -> dict[str, str]:
    """Start the server, which ends with this process; return what commands need.

    Their PATH begins with the folder that is PATH here.
    """
    import atexit  # noqa: PLC0415 - not for the client, which starts for every stage
    import shutil  # noqa: PLC0415
    import subprocess  # noqa: PLC0415
    import tempfile  # noqa: PLC0415
    import time  # noqa: PLC0415

    folder = Path(tempfile.mkdtemp(prefix="forks-"))
    shim, place = folder / "python", folder / "socket"
    shim.write_text(f"#!{sys.executable} -IS\n{Path(__file__).read_text()}")
    shim.chmod(0o755)
    server = subprocess.Popen([sys.executable, __file__, "--serve", str(place)])
    while not place.exists():
        assert server.poll() is None, "the server has not started"
        time.sleep(0.05)

    @atexit.register
    def end() -> None:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)

    return {
        "PATH": str(folder),
        "TESTS_PYTHON": sys.executable,
        SOCKET: str(place),
        f"{SOCKET}_SETTINGS": json.dumps(settings_of(dict(os.environ))),
    }


def settings_of(environment: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in environment.items() if key.startswith(SETTINGS)}


def serve(path: str) -> None:
    """Answer requests until the process that started this one ends."""
    import gc  # noqa: PLC0415 - not for the client, which starts for every stage
    import importlib  # noqa: PLC0415
    import signal  # noqa: PLC0415

    for name in LIBRARIES:
        importlib.import_module(name)
    gc.freeze()  # or a collection would copy all of their pages
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers of children are not waited for
    parent = os.getppid()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        server.settimeout(1)
        while os.getppid() == parent:
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            if os.fork() == 0:
                server.close()
                _keep(connection)
            connection.close()


def _keep(connection: socket.socket) -> None:
    """Fork the stage, and tell the client how it ended."""
    import signal  # noqa: PLC0415

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    connection.setblocking(True)
    head, descriptors, _, _ = socket.recv_fds(connection, LENGTH.size, 3)
    (length,) = LENGTH.unpack(head)
    body = b""
    while len(body) < length:
        body += connection.recv(length - len(body))
    request = json.loads(body)
    child = os.fork()
    if child == 0:
        connection.close()
        _run(request, descriptors)
    _, status = os.waitpid(child, 0)
    connection.sendall(LENGTH.pack(os.waitstatus_to_exitcode(status) & 0xFF))
    os._exit(0)


def _run(request: dict[str, object], descriptors: list[int]) -> None:
    """Be the process that was asked for."""
    import atexit  # noqa: PLC0415
    import runpy  # noqa: PLC0415
    import traceback  # noqa: PLC0415

    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    module, *arguments = request["arguments"]
    sys.path[0] = request["folder"]
    sys.argv = [module, *arguments]
    if {"COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"} & os.environ.keys():
        import coverage  # noqa: PLC0415

        coverage.process_startup(slug="fork")
    code = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as stop:
        code = stop.code or 0
        if isinstance(code, str):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # taking all libraries down takes longer than most stages


def ask(path: str, module_and_arguments: list[str]) -> int:
    """Have a module run; return its exit code."""
    request = {
        "arguments": module_and_arguments,
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
    }
    body = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        socket.send_fds(client, [LENGTH.pack(len(body))], [0, 1, 2])
        client.sendall(body)
        answer = client.recv(LENGTH.size, socket.MSG_WAITALL)
    return LENGTH.unpack(answer)[0] if answer else 1


def main() -> None:
    place = os.environ.get(SOCKET, "")
    settings = json.loads(os.environ.get(f"{SOCKET}_SETTINGS", "null"))
    is_stage = sys.argv[1:2] == ["-m"] and sys.argv[2].startswith("stages.")
    if is_stage and settings == settings_of(dict(os.environ)) and Path(place).is_socket():
        sys.exit(ask(place, sys.argv[2:]))
    python = os.environ["TESTS_PYTHON"]
    os.execv(python, [python, *sys.argv[1:]])  # noqa: S606 - the interpreter of these tests


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2])
    else:
        main()

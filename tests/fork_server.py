"""Interpreters that have imported the libraries, and fork a process for each stage that asks.

Importing scikit-learn, pandas and matplotlib takes two seconds a stage, and most of the time of a
small study; DVC takes one to start. DVC still runs every command, and a stage still imports the
project's own modules, from its own folder; only the libraries are there already, DVC's for DVC and
the stages' for them. What depends on a process of its own, on signals or on how Python starts, runs
without: a command whose environment has other settings of Python or of the libraries than the
server, and all that tests start in the background.

Run as a script, this is the ``python`` that DVC finds first, or the ``dvc`` that the tests do.
"""

from __future__ import annotations

import functools
import json
import os
import socket
import struct
import sys
from pathlib import Path

FOLDER = "TESTS_FORK_SERVERS"
# What libraries and Python read when they are imported.
SETTINGS = ("PYTHON", "OPENBLAS", "OMP", "MKL", "NUMBA", "MPL", "MATPLOTLIB", "HOME", "XDG", "LANG")
STAGES = (
    *("numpy", "pandas", "scipy.optimize", "scipy.stats", "sklearn.model_selection"),
    *("joblib", "matplotlib.backends.backend_agg", "matplotlib.figure", "matplotlib.style"),
    *("PIL.Image", "pydantic.main", "pydantic.fields", "pydantic.types", "latex2mathml.converter"),
    *("markdown_it", "mdit_py_plugins.anchors", "mdit_py_plugins.dollarmath"),
    *("ruamel.yaml", "skimage", "tabulate", "threadpoolctl", "tqdm", "typer", "jinja2"),
)
DVC = (
    *("dvc.cli", "dvc.cli.parser", "dvc.repo", "dvc.stage.run", "dvc.repo.reproduce"),
    *("dvc.dependency", "dvc.output", "dvc.fs", "dvc.utils.strictyaml", "dvc.schema"),
    *("dvc.repo.experiments", "dvc.repo.metrics.diff", "dvc.repo.params.diff", "dvc.compare"),
    *("dvc_data.index", "dvc_data.hashfile.build", "rich.table", "scmrepo.git"),
)
LIBRARIES = {"python": STAGES, "dvc": DVC}
LENGTH = struct.Struct("!I")


@functools.cache
def start() -> dict[str, str]:
    """Start the servers, which end with this process; return what commands need.

    Their PATH begins with the folder that is PATH here.
    """
    import atexit  # noqa: PLC0415 - not for the client, which starts for every stage
    import shutil  # noqa: PLC0415
    import subprocess  # noqa: PLC0415
    import tempfile  # noqa: PLC0415
    import time  # noqa: PLC0415

    folder = Path(tempfile.mkdtemp(prefix="forks-"))
    servers = []
    for name in LIBRARIES:
        shim, place = folder / name, folder / f"{name}.socket"
        shim.write_text(f"#!{sys.executable} -IS\n{Path(__file__).read_text()}")
        shim.chmod(0o755)
        servers.append(subprocess.Popen([sys.executable, __file__, "--serve", str(place)]))
    while len([*folder.glob("*.socket")]) < len(servers):
        assert all(server.poll() is None for server in servers), "a server has not started"
        time.sleep(0.05)

    @atexit.register
    def end() -> None:
        for server in servers:
            server.terminate()
            server.wait()
        shutil.rmtree(folder)

    return {
        "PATH": str(folder),
        "TESTS_PYTHON": sys.executable,
        FOLDER: str(folder),
        f"{FOLDER}_SETTINGS": json.dumps(settings_of(dict(os.environ))),
    }


def settings_of(environment: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in environment.items() if key.startswith(SETTINGS)}


def serve(path: str) -> None:
    """Answer requests until the process that started this one ends."""
    import gc  # noqa: PLC0415 - not for the client, which starts for every stage
    import importlib  # noqa: PLC0415
    import signal  # noqa: PLC0415

    for name in LIBRARIES[Path(path).stem]:
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
    """Fork the process, and tell the client how it ended."""
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
    is_dvc = Path(sys.argv[0]).name == "dvc"
    command = ["-m", "dvc", *sys.argv[1:]] if is_dvc else sys.argv[1:]
    settings = json.loads(os.environ.get(f"{FOLDER}_SETTINGS", "null"))
    if command[:1] == ["-m"] and settings == settings_of(dict(os.environ)):
        module = command[1]
        kind = "python" if module.startswith("stages.") else module
        place = Path(os.environ.get(FOLDER, ""), f"{kind}.socket")
        if place.is_socket():
            sys.exit(ask(str(place), command[1:]))
    python = os.environ["TESTS_PYTHON"]
    os.execv(python, [python, *command])  # noqa: S606 - the interpreter of these tests


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2])
    else:
        main()

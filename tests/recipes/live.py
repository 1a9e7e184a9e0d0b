"""What both recipes need: a server, readers who follow its tasks, and the comparison with the files at the end."""

import importlib.util
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request

JOBS = pathlib.Path(__file__).parent / "jobs"

# Seconds until a test gives up what it waits for; a sound run needs a fraction of them.
JOB_DEADLINE = 240
END_DEADLINE = 120


class Failed(Exception):
    """What did not hold."""


def main(package, recipe):
    """Runs `recipe(run)` in a folder of its own, and tells in one line how it ended."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} LOGBOOM")
    # The scripts are called as the packages are: where this one lies is no place to look for them.
    here = pathlib.Path(__file__).resolve().parent
    sys.path[:] = [path for path in sys.path if pathlib.Path(path).resolve() != here]
    if importlib.util.find_spec(package) is None:
        print(f"skipped: there is no Python package {package} here")
        return
    # Not $TMPDIR: the path of a socket that Ray makes below may have 107 bytes, and macOS's folder takes half of them.
    with tempfile.TemporaryDirectory(prefix="logboom-", dir="/tmp") as folder:
        run = Run(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(folder).resolve())
        try:
            recipe(run)
        except Failed as failure:
            run.stop()
            sys.exit(f"failed: {failure}")
        except Exception:
            run.stop()
            traceback.print_exc()
            sys.exit("failed: see above")
        run.stop()
    print(f"ok: {run.lines} lines of {run.sources} sources")


class Run:
    """The processes of one recipe, and what was found."""

    def __init__(self, logboom, folder):
        self.logboom, self.folder = logboom, folder
        self.read = folder / "read"
        self.lines = self.sources = 0
        self.url = None
        self.readers = {}
        self.started = []

    def start(self, name, *command, cwd=None, stdout=None):
        """Starts a process in a session of its own, so that what it leaves behind can be ended with it."""
        env = {key: value for key, value in os.environ.items() if not key.startswith("LOGBOOM_")}
        env["RECIPE_READ"] = str(self.read)
        with open(self.folder / f"{name}.output", "wb") as output:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=cwd or self.folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=stdout or output,
                stderr=output,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def output(self, name):
        return (self.folder / f"{name}.output").read_text(errors="replace")

    def serve(self, folder):
        process = self.start(
            "serve", self.logboom, "serve", folder, "--listen", "127.0.0.1:0", "--data", self.folder / "data",
            stdout=subprocess.PIPE,
        )
        said = process.stdout.readline().decode().split()
        if said[:2] != ["listening", "on"]:
            raise Failed(f"the server did not start:\n{self.output('serve')}")
        self.url = said[2]

    def ship(self, task, *files):
        """Ships files that may not be there yet, until nobody writes to them any more."""
        return self.start(
            "ship-" + task.replace("/", "-"),
            self.logboom, "ship", "--server", self.url, "--task", task, "--state", self.folder / "state",
            "--until-closed", *files,
        )

    def job(self, script, *arguments, live):
        """
        Runs a job to its end, and follows meanwhile each task that the server comes to show. The job says
        `read me` and goes on when the readers of all tasks named in `live()` have come to that line.
        """
        job = self.start("job", sys.executable, JOBS / script, *arguments, cwd=JOBS)
        deadline = time.monotonic() + JOB_DEADLINE
        while job.poll() is None:
            if time.monotonic() > deadline:
                raise Failed(f"the job did not end:\n{self.output('job')}")
            self.follow_all()
            if all(task in self.readers and self.readers[task].is_asked for task in live()):
                self.read.touch()
            time.sleep(0.1)
        if not self.read.exists():
            raise Failed(f"the readers came to no line that asks for them while the job ran:\n{self.output('job')}")
        if job.returncode != 0:
            raise Failed(f"the job ended with {job.returncode}:\n{self.output('job')}")
        self.follow_all()

    def wait(self, name, process):
        try:
            status = process.wait(END_DEADLINE)
        except subprocess.TimeoutExpired:
            raise Failed(f"{name} did not end:\n{self.output(name)}") from None
        if status != 0:
            raise Failed(f"{name} ended with {status}:\n{self.output(name)}")

    def get(self, path):
        return urllib.request.urlopen(self.url + path, timeout=30)

    def tasks(self):
        with self.get("/api/v1/tasks") as answer:
            return [task["id"] for task in json.load(answer)["tasks"]]

    def follow_all(self):
        for task in self.tasks():
            if task not in self.readers:
                self.readers[task] = Reader(self, task)

    def check(self, task, folder, files=None, rewritten=()):
        """
        The task's sources are the files of the folder (or those named), byte for byte; and who followed it has
        each line of each of them once, in order. Of files that are rewritten as a whole, the last content alone counts.
        """
        if task not in self.readers:
            raise Failed(f"there was no task {task}; there are {sorted(self.readers)}")
        reader = self.readers[task]
        reader.wait()
        names = files or [path.name for path in folder.iterdir() if not path.name.startswith(".") and path.is_file()]
        with self.get(f"/api/v1/tasks/{quoted(task)}") as answer:
            sources = json.load(answer)["sources"]
        if sorted(source["id"] for source in sources) != sorted(names):
            raise Failed(f"{task} has the sources {sources}, not {sorted(names)}")
        for name in sorted(names):
            written = (folder / name).read_bytes()
            with self.get(f"/api/v1/tasks/{quoted(task)}/sources/{quoted(name)}/raw") as answer:
                served = answer.read()
            if served != written:
                raise Failed(f"{task}: {name} is served with {len(served)} bytes that are not its {len(written)}")
            expected = list(lines(written))
            got = reader.lines.get(name, [])
            if name in rewritten:
                got = got[len(got) - len(expected):]
            if got != expected:
                at = next((i for i, (a, b) in enumerate(zip(got, expected)) if a != b), min(len(got), len(expected)))
                raise Failed(
                    f"{task}: of {name} the reader got {len(got)} lines instead of {len(expected)}; from line {at + 1} on"
                    f"\n  {got[at:at + 3]}\ninstead of\n  {expected[at:at + 3]}"
                )
            self.sources += 1
            self.lines += len(expected)

    def stop(self):
        """Ends what we started and is still there, and all that it has started."""
        for process in reversed(self.started):
            for sign in (signal.SIGTERM, signal.SIGKILL):
                if process.poll() is None:
                    try:
                        os.killpg(process.pid, sign)
                        process.wait(10)
                    except (ProcessLookupError, subprocess.TimeoutExpired):
                        pass
            if process.stdout:
                process.stdout.close()


class Reader(threading.Thread):
    """Somebody who follows a task from its first line to its end."""

    def __init__(self, run, task):
        super().__init__(daemon=True)
        self.task, self.run_, self.lines, self.error, self.is_asked = task, run, {}, None, False
        self.start()

    def run(self):
        try:
            with urllib.request.urlopen(
                f"{self.run_.url}/api/v1/tasks/{quoted(self.task)}/lines?follow=1", timeout=END_DEADLINE
            ) as answer:
                for line in answer:
                    # An empty line is a sign of life.
                    if line.strip():
                        self.take(json.loads(line))
        except Exception as error:
            self.error = error

    def take(self, record):
        if "error" in record:
            raise Failed(record["error"]["detail"])
        self.is_asked |= "read me" in record["text"]
        self.lines.setdefault(record["source"], []).append((record["offset"], record["text"]))

    def wait(self):
        """Until the server says that this was all: thirty quiet seconds after the last line of a file."""
        self.join(END_DEADLINE)
        if self.is_alive():
            raise Failed(f"{self.task}: the reader has not come to the end")
        if self.error is not None:
            raise Failed(f"{self.task}: the reader was cut off: {self.error!r}")


def lines(written):
    """A file's lines as records have them: where each starts, and its text."""
    offset = 0
    while offset < len(written):
        end = written.find(b"\n", offset)
        end = len(written) if end < 0 else end
        yield offset, written[offset:end].removesuffix(b"\r").decode(errors="replace")
        offset = end + 1


def quoted(part):
    return urllib.parse.quote(part, safe="")

"""A Ray job with tasks and actors, its session's folder read while it runs."""

import live

# The raylet writes this one anew every ten seconds.
REWRITTEN = ["debug_state.txt"]


def recipe(run):
    sessions = run.folder / "ray"
    sessions.mkdir()
    run.serve(sessions)
    run.job("ray_job.py", sessions, live=lambda: [f"{session(sessions).name}/logs"])
    folder = session(sessions) / "logs"
    run.check(f"{folder.parent.name}/logs", folder, rewritten=REWRITTEN)


def session(sessions):
    return (sessions / "session_latest").resolve()


if __name__ == "__main__":
    live.main("ray", recipe)

"""NVFlare's simulator with three sites, read while it runs: in its workspace, and shipped from each site."""

import live

SITES = ["site-1", "site-2", "site-3"]
SHIPPED = ["log.txt", "error_log.txt"]


def recipe(run):
    workspace = run.folder / "workspace"
    workspace.mkdir()
    run.serve(workspace)
    ships = {
        site: run.ship(f"sites/{site}", *(workspace / "hello" / site / name for name in SHIPPED)) for site in SITES
    }
    live_tasks = [f"{prefix}/{site}" for prefix in ("hello", "sites") for site in SITES]
    run.job("nvflare_job.py", workspace, live=lambda: live_tasks)
    for site, ship in ships.items():
        run.wait(f"ship-sites-{site}", ship)
    for site in ["server", *SITES]:
        run.check(f"hello/{site}", workspace / "hello" / site)
    for site in SITES:
        run.check(f"sites/{site}", workspace / "hello" / site, files=SHIPPED)


if __name__ == "__main__":
    live.main("nvflare", recipe)

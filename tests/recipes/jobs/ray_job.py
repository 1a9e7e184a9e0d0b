"""Tasks and actors that print and log until somebody has read it, in a session below the folder that is given."""

import logging
import os
import sys
import time

import ray

ray.init(
    num_cpus=2,
    include_dashboard=False,
    object_store_memory=80 * 1024 * 1024,
    log_to_driver=False,
    _temp_dir=sys.argv[1],
)


@ray.remote
def work(number):
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for step in range(100):
        print(f"task {number}, step {step}", flush=True)
        logging.getLogger("work").info("task %s, step %s", number, step)
        time.sleep(0.02)


@ray.remote(num_cpus=0)
class Counter:
    def __init__(self):
        self.count = 0

    def add(self, number):
        self.count += number
        print("counted to", self.count)
        print("a warning at", self.count, file=sys.stderr)
        time.sleep(0.05)


@ray.remote
def last():
    print("read me", flush=True)
    deadline = time.monotonic() + 60
    while not os.path.exists(os.environ["RECIPE_READ"]) and time.monotonic() < deadline:
        time.sleep(0.05)


counters = [Counter.remote() for _ in range(2)]
running = [work.remote(number) for number in range(12)]
running += [counter.add.remote(number) for number in range(100) for counter in counters]
ray.get(running)
ray.get(last.remote())
ray.shutdown()

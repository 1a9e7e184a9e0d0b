"""What each site runs: rounds of a training that only logs."""

import logging
import os
import time

import nvflare.client as flare

log = logging.getLogger("trainer")
flare.init()
site = flare.get_site_name()
while flare.is_running():
    model = flare.receive()
    if model is None:
        break
    for step in range(100):
        log.info("%s, round %s: step %s, loss %.4f", site, model.current_round, step, 1 / (1 + step))
        time.sleep(0.01)
    log.warning("%s, round %s: two lines,\nof which this is the second", site, model.current_round)
    if model.current_round == model.total_rounds - 1:
        log.info("%s: read me", site)
        deadline = time.monotonic() + 60
        while not os.path.exists(os.environ["RECIPE_READ"]) and time.monotonic() < deadline:
            time.sleep(0.05)
    weights = {name: values + 1 for name, values in model.params.items()}
    flare.send(flare.FLModel(params=weights, params_type=model.params_type, current_round=model.current_round))

"""Averages three numbers over three sites, in the workspace that is given."""

import sys

from nvflare.app_common.np.recipes.fedavg import NumpyFedAvgRecipe
from nvflare.recipe.sim_env import SimEnv

recipe = NumpyFedAvgRecipe(
    name="hello", model=[[1.0, 2.0, 3.0]], min_clients=3, num_rounds=3, train_script="trainer.py"
)
recipe.execute(SimEnv(num_clients=3, workspace_root=sys.argv[1]))

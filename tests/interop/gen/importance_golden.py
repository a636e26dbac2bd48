"""Records Optuna's PED-ANOVA importances: tests/golden/tpe/importances.json.

    python3 importance_golden.py > ../../golden/tpe/importances.json     (Optuna 5.0.0)
"""
import json
import math
import random
import warnings

import optuna
from optuna.distributions import distribution_to_json

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)


def objective(trial, kind, rng):
    x = trial.suggest_float("x", -5, 5)
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    units = trial.suggest_int("units", 16, 256, step=16)
    wide = trial.suggest_int("wide", 1, 5000, log=True)
    q = trial.suggest_float("q", 0, 1, step=0.05)
    act = trial.suggest_categorical("act", ["relu", "gelu", None, 3])
    trial.suggest_categorical("one", ["only"])
    value = x * x + abs(math.log10(lr) + 3) + (0 if act == "gelu" else 1) + units / 512 + q
    if kind == "conditional" and act == "relu":
        value += trial.suggest_float("slope", 0, 1)
    if kind == "moving":
        value += trial.suggest_float("shift", 0, 1 if trial.number % 2 else 2)
    if kind == "infinite" and trial.number % 7 == 0:
        return math.inf
    if kind == "ties":
        return float(round(value))
    return value + wide / 5000


def record(kind, direction, trials, seed):
    rng = random.Random(seed)
    study = optuna.create_study(direction=direction, sampler=optuna.samplers.TPESampler(seed=seed))
    for _ in range(trials):
        trial = study.ask()
        value = objective(trial, kind, rng)
        if rng.random() < 0.1:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, value)
    rows = [
        {"state": t.state.name, "value": None if t.value is None else
         (t.value if math.isfinite(t.value) else str(t.value)),
         "params": {k: [t.distributions[k].to_internal_repr(v), distribution_to_json(t.distributions[k])]
                    for k, v in t.params.items()}}
        for t in study.trials]
    names = sorted({json.dumps(d) for r in rows for _, d in r["params"].values()})
    for row in rows:
        row["params"] = {k: [v, names.index(json.dumps(d))] for k, (v, d) in row["params"].items()}
    return {"kind": kind, "direction": direction, "distributions": [json.loads(n) for n in names],
            "trials": rows, "importances": optuna.importance.get_param_importances(study)}


cases = [record("plain", "minimize", 60, 1), record("plain", "maximize", 35, 2),
         record("conditional", "minimize", 60, 3), record("moving", "minimize", 40, 4),
         record("infinite", "minimize", 40, 5), record("ties", "minimize", 50, 6),
         record("plain", "minimize", 3, 7)]
print('{"optuna": "' + optuna.__version__ + '", "cases": [')
print(",\n".join(json.dumps(case) for case in cases))
print("]}")

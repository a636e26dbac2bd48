"""Records what Optuna's pruners decide: tests/golden/tpe/pruner_decisions.json.

    python3 pruner_golden.py > ../../golden/tpe/pruner_decisions.json     (Optuna 5.0.0)
"""
import json
import math
import random
import warnings

import optuna
from optuna.pruners import HyperbandPruner, MedianPruner, PatientPruner, PercentilePruner
from optuna.pruners import SuccessiveHalvingPruner, ThresholdPruner

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)

CASES = [
    ("hyperband", {}, lambda: HyperbandPruner(), 24, 27),
    ("hyperband", {"min_resource": 1, "max_resource": 27, "reduction_factor": 3},
     lambda: HyperbandPruner(1, 27, 3), 30, 27),
    ("hyperband", {"min_resource": 2, "max_resource": 40, "reduction_factor": 2, "bootstrap_count": 1},
     lambda: HyperbandPruner(2, 40, 2, 1), 30, 40),
    ("threshold", {"lower": -0.5, "upper": 0.9}, lambda: ThresholdPruner(-0.5, 0.9), 16, 10),
    ("threshold", {"upper": 0.5, "n_warmup_steps": 3, "interval_steps": 4},
     lambda: ThresholdPruner(None, 0.5, 3, 4), 16, 14),
    ("patient", {"patience": 2}, lambda: PatientPruner(None, 2), 16, 12),
    ("patient", {"patience": 1, "min_delta": 0.2}, lambda: PatientPruner(None, 1, 0.2), 16, 12),
    ("patient", {"patience": 1, "wrapped": "median"}, lambda: PatientPruner(MedianPruner(), 1), 20, 12),
    ("median", {}, lambda: MedianPruner(), 20, 12),
    ("percentile", {"percentile": 60, "n_startup_trials": 2, "n_warmup_steps": 2, "interval_steps": 3},
     lambda: PercentilePruner(60.0, 2, 2, 3), 20, 12),
    ("asha", {"min_resource": 1, "reduction_factor": 2}, lambda: SuccessiveHalvingPruner(1, 2), 20, 16),
    ("asha", {}, lambda: SuccessiveHalvingPruner(), 20, 16),
]


def shown(value):
    return value if math.isfinite(value) else str(value)


def record(seed, name, options, pruner, direction, trials, steps):
    rng = random.Random(seed)
    study = optuna.create_study(
        study_name=f"golden-{seed}", direction=direction, pruner=pruner,
        sampler=optuna.samplers.RandomSampler(seed=0))
    events, running = [], []
    asked = 0
    while asked < trials or running:
        if asked < trials and len(running) < 3 and (not running or rng.random() < 0.4):
            running.append([study.ask(), 0, rng.random()])
            asked += 1
            continue
        entry = rng.choice(running)
        trial, step, level = entry
        value = round(level + rng.gauss(0, 0.3) - 0.3 * math.log1p(step), 3)
        if rng.random() < 0.03:
            value = rng.choice([math.nan, math.inf, -math.inf])
        trial.report(value, step)
        prune = bool(trial.should_prune())
        events.append([trial.number, step, shown(value), prune])
        entry[1] += 1
        if prune:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            running.remove(entry)
        elif entry[1] == steps:
            study.tell(trial, level)
            events.append([trial.number, "complete", level])
            running.remove(entry)
    return {"pruner": name, "options": options, "study": study.study_name, "direction": direction,
            "events": events}


cases = []
for index, (name, options, make, trials, steps) in enumerate(CASES):
    for direction in ("minimize", "maximize"):
        cases.append(record(2 * index + (direction == "maximize"), name, options, make(), direction,
                            trials, steps))
print('{"optuna": "' + optuna.__version__ + '", "cases": [')
print(",\n".join(json.dumps(case) for case in cases))
print("]}")

"""Optuna's TPE and ours in the same run: ask + five suggestions + tell, in turns; medians and ratios.

    PYTHON bench/peers/tpe/run.py PATH/OF/tpe_peer [--json OUT.json]

PYTHON is one with Optuna 5.0.0, such as build/interop-venv/bin/python, which tests/interop/run makes.
"""
import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

try:
    import numpy
    import optuna
except ImportError:
    print("bench/peers/tpe: SKIPPED: this Python has no Optuna; run tests/interop/run first")
    sys.exit(0)

warnings.filterwarnings("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
DISTRIBUTIONS = {
    "learning_rate": optuna.distributions.FloatDistribution(1e-5, 1e-2, log=True),
    "hidden_dim": optuna.distributions.IntDistribution(32, 256, step=32),
    "num_layers": optuna.distributions.IntDistribution(1, 4),
    "dropout": optuna.distributions.FloatDistribution(0.0, 0.5),
    "activation": optuna.distributions.CategoricalDistribution(["relu", "gelu", "swish"]),
}


def suggest(trial):
    trial.suggest_float("learning_rate", 1e-5, 1e-2, log=True)
    trial.suggest_int("hidden_dim", 32, 256, step=32)
    trial.suggest_int("num_layers", 1, 4)
    trial.suggest_float("dropout", 0.0, 0.5)
    trial.suggest_categorical("activation", ["relu", "gelu", "swish"])


def fill(study, count):
    random = numpy.random.RandomState(7)
    trials = []
    for _ in range(count):
        params = {"learning_rate": float(10 ** random.uniform(-5, -2)),
                  "hidden_dim": int(32 * random.randint(1, 9)),
                  "num_layers": int(random.randint(1, 5)),
                  "dropout": float(random.uniform(0, 0.5)),
                  "activation": ["relu", "gelu", "swish"][random.randint(3)]}
        value = -(math.log10(params["learning_rate"]) + 3.4) ** 2 - (params["dropout"] - 0.2) ** 2
        trials.append(optuna.trial.create_trial(params=params, distributions=DISTRIBUTIONS,
                                                value=value))
    study.add_trials(trials)


class Optuna:
    def __init__(self, url, trials):
        sampler = optuna.samplers.TPESampler(multivariate=True, constant_liar=True, seed=42)
        self.study = optuna.create_study(direction="maximize", sampler=sampler,
                                         storage=None if url == "memory" else url)
        fill(self.study, trials)

    def ask(self, count):
        rows = []
        for _ in range(count):
            start = time.perf_counter()
            trial = self.study.ask()
            suggest(trial)
            asked = time.perf_counter()
            self.study.tell(trial, 0.1)
            rows.append([(asked - start) * 1e3, (time.perf_counter() - asked) * 1e3])
        return rows


class Ours:
    def __init__(self, program, url, trials):
        self.child = subprocess.Popen([program, url, str(trials)], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        self.child.stdout.readline()

    def do(self, what, count):
        self.child.stdin.write(f"{what} {count}\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    def close(self):
        self.child.stdin.close()
        self.child.wait()


def medians(rows):
    return [statistics.median(column) for column in zip(*rows)]


def in_turns(optuna_side, ours, rounds, each):
    """Rows of both, [ask ms, tell ms]; the first round of each is not counted."""
    rows = {"optuna": [], "ours": [], "fixed": [], "sync": []}
    for turn in range(rounds + 1):
        found = {"optuna": optuna_side.ask(each), "ours": ours.do("ask", each * 3)}
        if ours_is_on_disk(ours):
            found["fixed"] = ours.do("fixed", each * 3)
            found["sync"] = ours.do("sync", each * 3)
        if turn > 0:
            for name, some in found.items():
                rows[name] += some
    return rows


def ours_is_on_disk(ours):
    return ours.child.args[1] != "memory"


def compare(program, folder, kind, trials, rounds, each):
    url = {"memory": lambda side: "memory", "sqlite": lambda side: f"sqlite:///{folder}/{side}-{trials}.db"}[kind]
    ours = Ours(program, url("ours"), trials)
    rows = in_turns(Optuna(url("optuna"), trials), ours, rounds, each)
    ours.close()
    (theirs_ask, theirs_tell), (ask, tell) = medians(rows["optuna"]), medians(rows["ours"])
    row = {"storage": kind, "trials": trials, "optuna_ask_ms": theirs_ask, "ours_ask_ms": ask,
           "ask_ratio": theirs_ask / ask, "optuna_tell_ms": theirs_tell, "ours_tell_ms": tell,
           "tell_ratio": theirs_tell / tell}
    if kind == "sqlite":
        row["fixed_ask_ms"], row["fixed_tell_ms"] = medians(rows["fixed"])
        row["fdatasync_ms"] = statistics.median(rows["sync"])
        row["fixed_ask_ratio"] = theirs_ask / row["fixed_ask_ms"]
    return row


def growth(program, trials):
    ours = Ours(program, "memory", trials)
    ours.do("ask", 3)
    ask, tell = medians(ours.do("ask", 15))
    ours.close()
    return {"storage": "memory", "trials": trials, "ours_ask_ms": ask, "ours_tell_ms": tell}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--json")
    parser.add_argument("--rounds", type=int, default=8)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for kind, sizes in (("memory", (10, 100, 1000, 5000)), ("sqlite", (10, 100, 1000))):
            for trials in sizes:
                each = 5 if trials < 5000 else 3
                rows.append(compare(options.program, folder, kind, trials, options.rounds, each))
                print(json.dumps(rows[-1]), flush=True)
    for trials in (10_000, 30_000, 100_000):
        rows.append(growth(options.program, trials))
        print(json.dumps(rows[-1]), flush=True)
    out = {"optuna": optuna.__version__, "python": platform.python_version(),
           "numpy": numpy.__version__, "cores": os.cpu_count(), "rows": rows}
    if options.json:
        with open(options.json, "w") as file:
            json.dump(out, file, indent=1)


main()

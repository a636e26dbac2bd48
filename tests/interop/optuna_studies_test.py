"""Studies shared with the real Optuna: it opens and goes on with our file, we go on with its.

    optuna_studies_test.py BUILD_FOLDER   (the program is BUILD_FOLDER/../thunderline)
"""
import json
import math
import os
import subprocess
import sys
import tempfile

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
PROGRAM = os.path.join(os.path.dirname(os.path.abspath(sys.argv[1])), "thunderline")
SPACE = [
    {"name": "lr", "type": "float", "low": 1e-5, "high": 1e-2, "log": True},
    {"name": "units", "type": "int", "low": 32, "high": 256, "step": 32},
    {"name": "act", "type": "categorical", "choices": ["relu", "gelu", None, 2.5, True]},
]


def run(*arguments):
    done = subprocess.run([PROGRAM, *arguments, "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def suggest(trial):
    return {"lr": trial.suggest_float("lr", 1e-5, 1e-2, log=True),
            "units": trial.suggest_int("units", 32, 256, step=32),
            "act": trial.suggest_categorical("act", ["relu", "gelu", None, 2.5, True])}


def objective(trial):
    values = suggest(trial)
    return abs(math.log10(values["lr"]) + 3) + values["units"] / 256


def optuna_reads_and_continues_ours(folder):
    url = f"sqlite:///{folder}/ours.db"
    space = f"{folder}/space.json"
    with open(space, "w") as file:
        json.dump(SPACE, file)
    run("tune", "--space", space, "--command", "echo report 0 {units}; echo {lr}", "--trials", "14",
        "--seed", "42", "--study", "ours", "--storage", url)
    shown = run("studies", "show", "ours", "--storage", url)
    study = optuna.load_study(study_name="ours", storage=url)
    assert len(study.trials) == 14
    for ours, theirs in zip(shown["trials"], study.trials):
        assert ours["number"] == theirs.number and ours["value"] == theirs.value
        assert ours["params"] == theirs.params, (ours, theirs.params)
        assert theirs.intermediate_values == {0: ours["params"]["units"]}
        assert theirs.datetime_start <= theirs.datetime_complete
    assert shown["best"]["number"] == study.best_trial.number
    study.optimize(objective, n_trials=5)
    study.enqueue_trial({"lr": 0.001, "act": "gelu"})
    asked = run("studies", "ask", "ours", "--space", space, "--storage", url)
    assert asked["number"] == 19 and asked["params"]["lr"] == 0.001
    assert asked["params"]["act"] == "gelu"
    run("studies", "tell", "ours", "19", "0.5", "--storage", url)
    # Seen by the study object that is open all the while.
    assert study.trials[19].value == 0.5
    study.optimize(objective, n_trials=1)
    importances = optuna.importance.get_param_importances(study)
    found = run("studies", "show", "ours", "--storage", url)["importances"]
    for name, importance in importances.items():
        assert abs(found[name] - importance) < 1e-6, (found, importances)


def streams_are_optunas(folder):
    url = f"sqlite:///{folder}/stream.db"
    space = f"{folder}/space.json"
    ours = run("tune", "--space", space, "--command", "echo {units}", "--trials", "10", "--seed",
               "7", "--study", "s", "--storage", url)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=7))
    for trial in ours["trials"]:
        asked = study.ask()
        assert suggest(asked) == trial["params"]
        study.tell(asked, trial["value"])


def we_read_and_continue_theirs(folder):
    url = f"sqlite:///{folder}/theirs.db"
    study = optuna.create_study(study_name="theirs", storage=url, direction="maximize")
    study.set_user_attr("owner", {"a": [1, None]})
    study.optimize(objective, n_trials=12)
    trial = study.ask()
    trial.report(math.nan, 0)
    trial.report(math.inf, 1)
    trial.set_user_attr("note", [1, math.nan])
    suggest(trial)
    study.tell(trial, state=optuna.trial.TrialState.FAIL)
    study.tell(study.ask(), -math.inf)
    exported = run("studies", "export", "theirs", "--storage", url)
    assert exported["trials"][12]["state"] == "fail"
    assert exported["trials"][12]["intermediate_values"] == {"0": "NaN", "1": "Infinity"}
    assert exported["trials"][12]["user_attributes"] == {"note": [1, "NaN"]}
    assert exported["trials"][13]["value"] == "-Infinity"
    assert exported["user_attributes"] == {"owner": {"a": [1, None]}}
    asked = run("studies", "ask", "theirs", "--space", f"{folder}/space.json", "--storage", url)
    report = run("studies", "report", "theirs", str(asked["number"]), "3", "0.25", "--storage", url)
    assert report["prune"] is False
    run("studies", "tell", "theirs", str(asked["number"]), "9.5", "--storage", url)
    assert study.best_trial.number == asked["number"] and study.best_value == 9.5
    assert study.best_trial.params == asked["params"]
    assert study.best_trial.intermediate_values == {3: 0.25}


def several_objectives_are_shown_but_not_continued(folder):
    url = f"sqlite:///{folder}/many.db"
    study = optuna.create_study(study_name="many", storage=url, directions=["minimize", "maximize"])
    study.optimize(lambda t: (t.suggest_float("x", 0, 1), 2.0), n_trials=2)
    shown = run("studies", "show", "many", "--storage", url)
    assert shown["directions"] == ["minimize", "maximize"]
    assert shown["trials"][0]["values"][1] == 2.0
    done = subprocess.run([PROGRAM, "studies", "ask", "many", "--space", f"{folder}/space.json",
                           "--storage", url], capture_output=True, text=True)
    assert done.returncode == 5 and "objectives" in done.stderr


def a_dead_workers_trial_is_queued_again(folder):
    url = f"sqlite:///{folder}/dead.db"
    storage = optuna.storages.RDBStorage(url, heartbeat_interval=60)
    study = optuna.create_study(study_name="dead", storage=storage)
    trial = study.ask()
    trial.suggest_float("lr", 1e-5, 1e-2, log=True)
    storage.record_heartbeat(trial._trial_id)
    import sqlite3
    with sqlite3.connect(f"{folder}/dead.db") as db:
        db.execute("UPDATE trial_heartbeats SET heartbeat='2020-01-01 00:00:00'")
    run("tune", "--space", f"{folder}/space.json", "--command", "echo 1", "--trials", "3",
        "--study", "dead", "--storage", url)
    again = [t for t in study.trials if "failed_trial" in t.system_attrs]
    assert study.trials[0].state == optuna.trial.TrialState.FAIL
    assert len(again) == 1 and again[0].params["lr"] == study.trials[0].params["lr"]
    assert optuna.storages.RetryHeartbeatStaleTrialCallback.retry_history(again[0]) == [0]


with tempfile.TemporaryDirectory() as home:
    for test in (optuna_reads_and_continues_ours, streams_are_optunas, we_read_and_continue_theirs,
                 several_objectives_are_shown_but_not_continued,
                 a_dead_workers_trial_is_queued_again):
        test(home)
        print("ok", test.__name__)

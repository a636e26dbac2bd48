import type { Model, Stage, Training, Trials } from "../api";
import { duration, fixed, scorer, signed, whole } from "../format";
import { Card, Empty, Loading, Pill, StateIcon } from "../parts";
import { now, setPaused, topics } from "../store";
import { TrialHistory } from "./charts";

function fact(stage: Stage, training: Training): [string, string] {
  switch (stage.name) {
    case "collect": return [training.rows ? `${whole(training.rows)} steps` : "reads the log", "closed, with rewards"];
    case "feature": return ["40 features", "schema 1"];
    case "tpe and train": return [`${training.trial} of ${training.trials} trials`, `best ${training.objective} ${fixed(training.best, 4)}`];
    case "evaluate": return ["challenger, champion", "on the newest 400 steps"];
    case "export": return ["ONNX, opset 17", "compared with our engine"];
    default: return ["swap without a pause", "logged first"];
  }
}
function took(stage: Stage): string {
  if (stage.started_ms === null) return "";
  return duration((stage.ended_ms ?? now.value) - stage.started_ms);
}
const CLASS: Record<string, string> = { running: "now", pending: "pend", failed: "fail", refused: "refu", done: "" };

function Rail({ training }: { training: Training }) {
  return (
    <ol class="rail rail6" aria-label="Stages of the training">
      {training.stages.map((stage) => {
        const [first, second] = fact(stage, training);
        return (
          <li key={stage.name} class={`stg ${CLASS[stage.state] ?? ""}`} aria-current={stage.state === "running" ? "step" : undefined}>
            <div class="n"><StateIcon state={stage.state} />{stage.name}<span class="vh">{stage.state}</span><span class="t">{took(stage)}</span></div>
            <div class="f">{first}</div><div class="f">{second}</div>
            {stage.name === "tpe and train" && stage.state === "running" &&
              <progress class="bar" max={training.trials} value={training.trial} aria-label="trials finished" />}
          </li>
        );
      })}
    </ol>
  );
}
function Search({ training, trials }: { training: Training; trials: Trials | undefined }) {
  const stage = training.stages[2]!;
  const spent = stage.started_ms === null ? 0 : (stage.ended_ms ?? now.value) - stage.started_ms;
  const each = training.trial > 0 ? spent / training.trial : 0;
  const left = each * (training.trials - training.trial);
  const best = trials?.value.indexOf(training.best) ?? -1;
  return (
    <Card title="Search" sub={`lowest ${training.objective}, TPE`} span="c6 search" save="search" more={<a class="sm i2 nw" href="/training/progress">All trials</a>}>
      <dl class="now3">
        <div><dt>Finished</dt><dd>{training.trial} <small>of {training.trials}</small></dd></div>
        <div><dt>Best {training.objective}</dt><dd>{fixed(training.best, 4)} <small>{best >= 0 ? `trial ${best}` : ""}</small></dd></div>
        <div><dt>Time left</dt><dd>{stage.state !== "running" ? "–" : training.trial < 5 ? <small>estimating</small> : `≈ ${duration(left)}`}</dd></div>
        <div><dt>Speed</dt><dd>{each > 0 ? (60000 / each).toFixed(0) : "–"} <small>trials/min</small></dd></div>
      </dl>
      {trials && trials.n.length > 0 ? <TrialHistory trials={trials} /> : <Empty>The first trial has not ended yet.</Empty>}
    </Card>
  );
}
function Plan({ training }: { training: Training }) {
  return (
    <Card title="Plan" sub="of the training planner" span="c3">
      <ul class="tree">
        <li class="row"><StateIcon state={training.outcome} /><b>Model {training.version}</b><span class="t">{training.outcome}</span></li>
        {training.stages.map((stage) => (
          <li key={stage.name} class={`row i1 ${stage.state === "running" ? "n" : ""}`}><StateIcon state={stage.state} />{stage.name}<span class="t">{took(stage)}</span></li>
        ))}
      </ul>
    </Card>
  );
}
function Gate({ training, record }: { training: Training; record: Model | undefined }) {
  const title = training.outcome === "running" ? `Will model ${training.version} be deployed?` : `Model ${training.version} was ${training.outcome}`;
  return (
    <Card title={title} span="c3">
      {record && record.version === training.version ? <>
        <div class="chk"><StateIcon state={record.decision} /><span>Value against the champion</span><b>{signed(record.challenger_value - record.champion_value)}</b></div>
        <div class="chk"><StateIcon state={record.decision} /><span>Brier on the hold-out</span><b>{fixed(record.brier, 4)}</b></div>
        <div class="chk"><StateIcon state={record.decision} /><span>AUC on the hold-out</span><b>{fixed(record.auc, 4)}</b></div>
        <p class="sm i2 gatewhy">{record.reason}</p>
      </> : <p class="sm i2">Decided after evaluate, by replay of known rewards on the newest closed steps, paired with the champion. A refusal says which figure failed.</p>}
    </Card>
  );
}
const SECONDS: [string, string][] = [["collect", "var(--s6)"], ["feature", "var(--s6)"], ["tpe_train", "var(--s1)"], ["evaluate", "var(--s3)"], ["export", "var(--s4)"], ["deploy", "var(--s4)"]];

export function Runs({ models, span = "c12" }: { models: Model[]; span?: string }) {
  const sum = (model: Model): number => Object.values(model.seconds).reduce((a, b) => a + b, 0);
  const longest = Math.max(...models.map(sum), 1e-9);
  return (
    <Card title="Trainings" sub="newest first; each row is one pass through the stages" span={`${span} runs`} flush save="trainings">
      {models.length === 0 ? <Empty>None has ended yet. The heuristic decides until the first model is deployed.</Empty> :
        <div class="scroll" tabIndex={0} role="region" aria-label="Trainings"><table><thead><tr><th>Model</th><th>Outcome</th><th class="r">vs champion</th><th class="r hm">AUC</th><th class="r hm">Brier</th><th class="r hm">Trials</th><th class="r hm">Steps</th><th class="hm w24">Time by stage</th><th class="r hm">Took</th><th class="r">At mail</th></tr></thead>
          <tbody>{[...models].reverse().map((model, i) => (
            <tr key={i} title={model.reason}>
              <td class="b">{model.version}</td><td><Pill state={model.decision} /></td>
              <td class="r b">{signed(model.challenger_value - model.champion_value)}</td>
              <td class="r hm">{fixed(model.auc, 4)}</td><td class="r hm">{fixed(model.brier, 4)}</td><td class="r hm">{model.trials}</td><td class="r hm">{whole(model.trained_on)}</td>
              <td class="hm"><svg class="chart" viewBox="0 0 200 10" preserveAspectRatio="none" height="10" role="img" aria-label={`${sum(model).toFixed(1)} seconds`}>
                {SECONDS.reduce<{ x: number; bars: preact.JSX.Element[] }>((at, [name, color]) => {
                  const width = (200 * (model.seconds[name] ?? 0)) / longest;
                  at.bars.push(<rect key={name} x={at.x} width={width} height="10" fill={color}><title>{`${name} ${(model.seconds[name] ?? 0).toFixed(2)} s`}</title></rect>);
                  return { x: at.x + width, bars: at.bars };
                }, { x: 0, bars: [] }).bars}</svg></td>
              <td class="r hm">{duration(1000 * sum(model))}</td><td class="r">{whole(model.at_event)}</td>
            </tr>))}</tbody></table></div>}
    </Card>
  );
}

const STAGES = ["collect", "feature", "tpe and train", "evaluate", "export", "deploy"];
/** What stands where a training will be: nothing moves when the first one begins. */
const NONE: Training = {
  version: 1, reason: "", outcome: "running", why: "", started_ms: 0, rows: 0, trial: 0, trials: 0, objective: "val_loss", best: null,
  stages: STAGES.map((name) => ({ name, state: "pending", started_ms: null, ended_ms: null })),
};
const TONE: Record<string, string> = { refused: "warn", failed: "bad", deployed: "ok", running: "run" };

/** Why this training runs, or what came of it: always there, one line. */
function Why({ training, decides }: { training: Training | null | undefined; decides: string }) {
  const text = !training ? `A training begins once enough rewards were seen; ${decides} decides until then.`
    : training.outcome === "running" ? `Began because of ${training.reason}.`
    : training.outcome === "deployed" ? `Model ${training.version} passed the gate and decides from the next tick on.`
    : `Model ${training.version} was ${training.outcome}: ${training.why}`;
  const state = training ? training.outcome : "waiting";
  return <div class={`bn ${TONE[state] ?? "idle"} line`} title={text}><StateIcon state={state} /><span class="el">{text}</span></div>;
}

export default function Pipeline() {
  const run = topics.run.value;
  const training = topics.training.value;
  const models = topics.models.value?.models ?? [];
  const record = models[models.length - 1];
  if (!run) return <Loading />;
  const paused = run.state === "paused";
  const shown = training ?? NONE;
  return <>
    <div class="hd">
      <h2>{training ? `Training model ${training.version}` : "No training yet"}</h2>
      <Pill state={training && training.outcome === "running" ? "running" : training?.outcome ?? run.state} />
      <span class="sp" />
      <button class="btn" disabled={run.state === "done"} title={run.state === "done" ? "The run is over" : ""} onClick={() => void setPaused(!paused)}>{paused ? "Resume run" : "Pause run"}</button>
    </div>
    <Why training={training} decides={scorer(run.model_version)} />
    <Rail training={shown} />
    <div class="g">
      <Search training={shown} trials={topics.trials.value} /><Plan training={shown} /><Gate training={shown} record={record} />
      <Runs models={models} />
    </div>
  </>;
}

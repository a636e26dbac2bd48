import { clock, duration, fixed, scorer, signed, whole } from "../format";
import { Card, Empty, Icon, Loading, Tile } from "../parts";
import { topics } from "../store";
import { ObservableTitle, verdict } from "./charts";
import { Runs } from "./pipeline";

const OBSERVABLES = ["plv", "sigma", "lambda"] as const;

export default function Overview() {
  const run = topics.run.value;
  if (!run) return <Loading />;
  const training = topics.training.value;
  const models = topics.models.value?.models ?? [];
  const deployed = models.filter((model) => model.decision === "deployed").length;
  const observed = topics.observables.value;
  const messages = [...(topics.messages.value ?? [])].reverse().slice(0, 12);
  const searching = training?.outcome === "running" ? `Model ${training.version} is being trained, trial ${training.trial} of ${training.trials}.` : "No training runs.";
  const alerts = run.degradations > 0 ? `The live model got worse ${run.degradations} times; see models.` : "Nothing needs your attention.";
  return <>
    <p class="hero el">{run.model_version === "heuristic" ? "The heuristic decides; no model is live yet." : `${scorer(run.model_version).replace("m", "M")} decides, ${deployed} of ${models.length} trained were deployed.`}</p>
    <p>{run.state === "done" ? "The run is over. " : ""}{searching} {alerts}</p>
    <div class="tiles">
      <Tile label="Reward per mail" value={run.seen_reward_mean === null ? "–" : signed(run.seen_reward_mean)} note={`mean of ${whole(run.seen)} rewards seen`} />
      <Tile label="Mails" value={whole(run.events)} unit={`of ${whole(run.events_in_all)}`} note={`tick ${whole(run.ticks)}`} />
      <Tile label="Decisions" value={whole(run.decisions)} note="made by the chief" />
      <Tile label="Expired undecided" value={whole(run.forced)} note={`${run.events ? ((100 * run.forced) / run.events).toFixed(1) : "0.0"} % of mails`} />
      <Tile label="Models deployed" value={String(deployed)} unit={`of ${models.length}`} note="the gate refused the rest" />
      <section class="p st1"><div class="sm i2">Observables</div>
        {OBSERVABLES.map((name) => <div class="obs" key={name}><ObservableTitle name={name} /><span class={observed && verdict(name, observed.now[name]) === "healthy" ? "ok" : "i3"}>{observed ? verdict(name, observed.now[name]) : "–"}</span><b class="r">{fixed(observed?.now[name], 2)}</b></div>)}
      </section>
    </div>
    <div class="g">
      <Runs models={models} span="c8" />
      <Card title="Events" sub="newest first" span="c4">
        {messages.length === 0 ? <Empty>The agents have said nothing yet.</Empty> :
          <ul class="ev">{messages.map((m, i) => <li class="row" key={i}><time>{clock(m.ts)}</time><span class="el" title={m.summary}><b>{m.type.replaceAll("_", " ")}</b> {m.summary}</span></li>)}</ul>}
        {run.state === "done" && <p class="sm"><Icon name="done" tone="ok" /> The whole report is at <a href="/api/v1/report">/api/v1/report</a> ({duration(Date.now() - run.opened_ms)} since the start).</p>}
      </Card>
    </div>
  </>;
}

import { useState } from "preact/hooks";
import { fixed, param } from "../format";
import { Card, Empty, Pill } from "../parts";
import { topics } from "../store";
import { BandChart, ObservableTitle, TrialHistory, verdict } from "./charts";

export default function Progress() {
  const [filter, setFilter] = useState("");
  const training = topics.training.value;
  const trials = topics.trials.value;
  const observed = topics.observables.value;
  if (!topics.run.value) return <div class="load" />;
  const names = Object.keys(trials?.params[0] ?? {});
  const rows = (trials?.n ?? [])
    .map((n, i) => ({ n, value: trials!.value[i] ?? null, epochs: trials!.epochs[i]!, params: trials!.params[i]! }))
    .filter((row) => filter === "" || `#${row.n} ${Object.entries(row.params).map(([k, v]) => `${k}=${param(v)}`).join(" ")}`.includes(filter))
    .sort((a, b) => (a.value ?? Infinity) - (b.value ?? Infinity));
  return <>
    <div class="hd">
      <h2>{training ? `Model ${training.version}, ${training.trial} of ${training.trials} trials` : "No trial yet"}</h2>
      {training && <Pill state={training.outcome} />}
      {training && <progress class="bar head" max={training.trials} value={training.trial} aria-label="trials finished" />}
    </div>
    <div class="g">
      <Card title="Trials by value" sub="lowest val_loss first" span="c5" flush more={<input class="flt" aria-label="Filter trials" placeholder="filter: #12, relu" value={filter} onInput={(e) => setFilter(e.currentTarget.value)} />}>
        {rows.length === 0 ? <Empty>{filter ? "No trial fits the filter." : "The first trial has not ended yet."}</Empty> :
          <div class="scroll tall"><table class="tl"><thead><tr><th>Trial</th><th class="r">val_loss</th><th class="r">Epochs</th>{names.map((name) => <th key={name} class="r">{name.replace("_", " ")}</th>)}</tr></thead>
            <tbody>{rows.slice(0, 200).map((row, i) => <tr key={row.n} class={i === 0 && !filter ? "sel" : ""}><td class="b">{row.n}</td><td class="r">{row.value === null ? <span class="bad">failed</span> : fixed(row.value, 4)}</td><td class="r">{row.epochs}</td>{names.map((name) => <td key={name} class="r">{param(row.params[name] ?? "–")}</td>)}</tr>)}</tbody></table></div>}
      </Card>
      <Card title="Search" sub="each dot a trial; the line is the best so far" span="c7">
        {trials && trials.n.length > 0 ? <TrialHistory trials={trials} height={300} /> : <Empty>Trials appear here as they end.</Empty>}
      </Card>
      {observed && (["plv", "sigma", "lambda"] as const).map((name) =>
        <Card key={name} title={<><ObservableTitle name={name} /> {fixed(observed.now[name], 2)}</>} sub={verdict(name, observed.now[name])} span="c4 band">
          <BandChart name={name} data={observed} />
        </Card>)}
    </div>
  </>;
}

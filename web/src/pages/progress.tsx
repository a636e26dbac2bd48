import { useEffect, useState } from "preact/hooks";
import { request, type Page, type Training, type Trials } from "../api";
import { fixed, param } from "../format";
import { Card, Empty, Loading, Pill } from "../parts";
import { topics } from "../store";
import { useAddress } from "../url";
import { BandChart, ObservableTitle, TrialHistory, verdict } from "./charts";
import { TrialDetail } from "./trial";

/** The home's trainings, newest first; looked for anew when one begins or ends. */
function useTrainings(key: string): Training[] {
  const [list, setList] = useState<Training[]>([]);
  useEffect(() => { request<Page<Training>>("/api/v1/trainings?limit=200").then((page) => setList(page.items), () => undefined); }, [key]);
  return list;
}
/** The trials of the training that was picked: the running one's live, an older one's from the history. */
function useTrials(picked: number, live: Trials | undefined): Trials | undefined {
  const [past, setPast] = useState<Trials | undefined>();
  const isLive = picked === 0 || picked === live?.version;
  useEffect(() => { if (!isLive) request<Trials>(`/api/v1/trainings/${picked}/trials`).then(setPast, () => setPast(undefined)); }, [picked, isLive]);
  return isLive ? live : past?.version === picked ? past : undefined;
}

export default function Progress() {
  const [filter, setFilter] = useAddress("find");
  const [model, setModel] = useAddress("model");
  const [chosen, setChosen] = useAddress("trial");
  const newest = topics.training.value;
  const observed = topics.observables.value;
  const list = useTrainings(`${newest?.version} ${newest?.outcome}`);
  const trials = useTrials(Number(model) || 0, topics.trials.value);
  if (!topics.run.value) return <Loading />;
  const training = model && Number(model) !== newest?.version ? list.find((one) => one.version === Number(model)) ?? newest : newest;
  const names = Object.keys(trials?.params[0] ?? {});
  const all = (trials?.n ?? [])
    .map((n, i) => ({ n, value: trials!.value[i] ?? null, epochs: trials!.epochs[i]!, params: trials!.params[i]! }))
    .sort((a, b) => (a.value ?? Infinity) - (b.value ?? Infinity));
  const rows = all.filter((row) => filter === "" || `#${row.n} ${Object.entries(row.params).map(([k, v]) => `${k}=${param(v)}`).join(" ")}`.includes(filter));
  const best = all[0];
  const number = chosen !== "" && all.some((row) => row.n === Number(chosen)) ? Number(chosen) : best?.n;
  const versions = [...new Set([...(newest ? [newest.version] : []), ...list.map((one) => one.version)])].sort((a, b) => b - a);
  return <>
    <div class="hd">
      <h2>{training ? `Model ${training.version}, ${training.trial} of ${training.trials} trials` : "No trial yet"}</h2>
      {training && <Pill state={training.outcome} />}
      {training && <progress class="bar head" max={training.trials} value={training.trial} aria-label="trials finished" />}
      {versions.length > 1 && <label class="sm i2 sel1">training <select value={model || String(newest?.version)} onChange={(e) => { setChosen(""); setModel(e.currentTarget.value === String(newest?.version) ? "" : e.currentTarget.value); }}>
        {versions.map((v) => <option key={v} value={v}>model {v}</option>)}</select></label>}
      {chosen !== "" && <button class="ib" onClick={() => setChosen("")}>Follow the best</button>}
    </div>
    <div class="g">
      <Card title="Trials by value" sub={`lowest ${trials?.objective ?? "val_loss"} first`} span="c5" flush save="trials" more={<input class="flt" aria-label="Filter trials" placeholder="filter: #12, relu" value={filter} onInput={(e) => setFilter(e.currentTarget.value)} />}>
        <div class="scroll h300" tabIndex={0} role="region" aria-label="Trials">
        {rows.length === 0 ? <Empty>{filter ? "No trial fits the filter." : "The first trial has not ended yet."}</Empty> :
          <table class="tl pick"><thead><tr><th>Trial</th><th class="r">{trials!.objective}</th><th class="r">Epochs</th>{names.map((name) => <th key={name} class="r">{name.replace("_", " ")}</th>)}</tr></thead>
            <tbody>{rows.slice(0, 200).map((row, i) => <tr key={i} class={row.n === number ? "sel" : ""} onClick={() => setChosen(String(row.n))}><td class="b"><button class="lk" aria-label={`Show trial ${row.n}`} aria-pressed={row.n === number}>{row.n}</button></td><td class="r">{row.value === null ? <span class="bad">failed</span> : fixed(row.value, 4)}</td><td class="r">{row.epochs}</td>{names.map((name) => <td key={name} class="r">{param(row.params[name] ?? "–")}</td>)}</tr>)}</tbody></table>}
        </div>
      </Card>
      <Card title="Search" sub="each dot a trial; the line is the best so far" span="c7 fixed" save="search">
        {trials && trials.n.length > 0 ? <TrialHistory trials={trials} height={270} /> : <Empty>Trials appear here as they end.</Empty>}
      </Card>
      {training && number !== undefined ? <TrialDetail version={training.version} number={number} /> :
        <Card title="Epochs" span="c12 trial"><Empty>The loss and accuracy of a trial by epoch appear here when the first one has ended.</Empty></Card>}
      {(["plv", "sigma", "lambda"] as const).map((name) =>
        <Card key={name} title={<><ObservableTitle name={name} /> {fixed(observed?.now[name], 2)}</>} sub={observed ? verdict(name, observed.now[name]) : ""} span="c4 band" save={name}>
          {observed ? <BandChart name={name} data={observed} /> : <div class="hole" />}
        </Card>)}
    </div>
  </>;
}

// One trial in full: its epochs, its parameters, its log.
import { useEffect, useState } from "preact/hooks";
import { request, type Trial } from "../api";
import { clock, fixed, param } from "../format";
import { Card, Empty, Lambda } from "../parts";
import { useAddress } from "../url";
import { Curves, type Line } from "./curves";

const RETRY_MS = 700;
const SMOOTH = ["0", "0.5", "0.8", "0.95"];

/** The trial as the server remembers it; a trial that has just ended is stored a moment later. */
function useTrial(version: number, number: number): [Trial | null, string] {
  const [trial, setTrial] = useState<Trial | null>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    let retry = 0, left = 3, gone = false;
    const load = (): void => {
      request<Trial>(`/api/v1/trainings/${version}/trials/${number}`).then(
        (one) => { if (!gone) { setTrial(one); setError(""); } },
        (why: Error) => { if (gone) return; if (left-- > 0) retry = window.setTimeout(load, RETRY_MS); else setError(why.message); });
    };
    load();
    return () => { gone = true; clearTimeout(retry); };
  }, [version, number]);
  return [trial, error];
}

/** The loss of now between the first epoch's and the best one's. */
function LossBar({ values }: { values: (number | null)[] }) {
  const known = values.filter((v): v is number => v !== null);
  if (known.length < 2) return null;
  const first = known[0]!, last = known[known.length - 1]!, best = Math.min(...known);
  const share = first > best ? Math.max(0, (first - last) / (first - best)) : 0;
  return (
    <div class="lb"><span class="sm i2">loss {fixed(first, 4)}</span>
      <progress class="bar head" max={1} value={share} aria-label="how far the loss fell from the first epoch's to the best" />
      <span class="sm"><b>{fixed(last, 4)}</b> <span class="i2">{last > first ? "rising" : `best ${fixed(best, 4)}`}</span></span></div>
  );
}

export function TrialDetail({ version, number }: { version: number; number: number }) {
  const [trial, error] = useTrial(version, number);
  const [scale, setScale] = useAddress("y", "linear");
  const [weight, setWeight] = useAddress("smooth", "0");
  const [at, setAt] = useState<number | null>(null);
  const curves = trial?.curves; // Of the trial before, until the next one is there: nothing flickers.
  const x = curves?.epoch ?? [];
  const here = at !== null && at < x.length ? at : x.length - 1;
  const lines = (...names: ["loss" | "accuracy", "val_loss" | "val_accuracy"]): Line[] => names.flatMap((name, i) => {
    const values = curves?.[name];
    return values ? [{ name, values, color: i ? "--s1" : "--s6", dash: i ? undefined : [4, 3] }] : [];
  });
  const shown = (group: Line[]) => <div class="lg">{group.map((line) =>
    <span key={line.name}><i style={`border-color:var(${line.color});border-top-style:${line.dash ? "dashed" : "solid"}`} />{line.name.replace("_", " ")} <b>{fixed(line.values[here], 4)}</b></span>)}</div>;
  const title = `Trial ${number} of model ${version}`;
  const group = (name: string, all: Line[], can: boolean) => all.length > 0 && trial && (
    <div class="half">{shown(all)}
      <Curves key={`${trial.version}/${trial.number}/${name}`} name={name} x={x} lines={all} weight={Number(weight)} log={can && scale === "log"} sync="epochs" onEpoch={setAt}
        say={`${name} over ${x.length} epochs, ${all.map((line) => `${line.name} ${fixed(line.values[line.values.length - 1], 4)} at the end`).join(", ")}`} /></div>);
  return (
    <Card title={title} sub={trial && trial.number === number && trial.version === version ? `epoch ${x[here] ?? "–"} of ${trial.epochs}, ended ${clock(trial.ended_ms)}` : "loading"} span="c12 trial" save={title}
      more={<><label class="sm i2 sel1">smooth <select value={weight} onChange={(e) => setWeight(e.currentTarget.value)}>{SMOOTH.map((s) => <option key={s} value={s}>{s === "0" ? "off" : s}</option>)}</select></label>
        <button class="ib" aria-pressed={scale === "log"} onClick={() => setScale(scale === "log" ? "linear" : "log")}>log axis</button></>}>
      {error ? <Empty>This trial is not remembered: {error}.</Empty> : <>
        {curves?.val_loss ? <LossBar values={curves.val_loss} /> : <div class="lb" />}
        <div class="two">
          {trial && !curves ? <Empty>Its curves have aged out: those of the newest 20 trainings are kept, and of older ones the best trial's.</Empty> : <>
            {group("loss", lines("loss", "val_loss"), true) || <div class="half" />}{group("accuracy", lines("accuracy", "val_accuracy"), false) || <div class="half" />}</>}
          <div class="facts">
            <dl class="kv">{trial === null && <dt>loading</dt>}{Object.entries(trial?.params ?? {}).map(([name, value]) => <><dt key={name}>{name.replaceAll("_", " ")}</dt><dd>{param(value)}</dd></>)}
              <dt>PLV, σ, <Lambda /> at its end</dt><dd>{fixed(trial?.plv, 2)}, {fixed(trial?.sigma, 2)}, {fixed(trial?.lambda, 2)}</dd></dl>
          </div>
          <details class="log"><summary>Log, {trial?.log.length ?? 0} lines</summary><pre>{(trial?.log ?? []).join("\n") || "aged out"}</pre></details>
        </div></>}
    </Card>
  );
}

import type { Observables, Point, Trials } from "../api";
import { fixed } from "../format";
import { Lambda, Plot, line, ticks } from "../parts";
import { searchRange } from "../series";

/** Every trial's value, and the best so far as a line. */
export function TrialHistory({ trials, height = 230 }: { trials: Trials; height?: number }) {
  // One bad trial must not flatten the rest: what lies beyond the axis is marked at its edge, and said.
  const { low, high, above } = searchRange(trials.value.filter((v): v is number => v !== null));
  let best = Infinity;
  const steps: [number, number][] = [];
  trials.value.forEach((v, i) => {
    if (v !== null && v < best) { if (steps.length) steps.push([trials.n[i]!, best]); best = v; steps.push([trials.n[i]!, v]); }
  });
  const last = trials.n[trials.n.length - 1] ?? 0;
  if (steps.length) steps.push([last, best]);
  const all = Math.max(trials.trials - 1, 1);
  return (
    <Plot label={`${trials.n.length} of ${trials.trials} trials, best ${trials.objective} ${fixed(steps.length ? best : null, 4)}`}
      xs={[0, all]} ys={[low, high]} yt={ticks(low, high)} yf={(v) => v.toFixed(3)}
      xt={ticks(0, all, 5).map((t) => [t, t === 0 ? "trial 0" : String(t)])} width={innerWidth <= 760 ? 340 : 560} height={height} rows={[["trial", trials.objective], ...trials.n.map((n, i) => [n, trials.value[i] ?? null])]}
      draw={(f) => <>
        {above > 0 && <text x={f.right} y={f.top + 10} text-anchor="end" style="fill:var(--ink2)">▲ {above} above {high.toFixed(3)}, at the edge</text>}
        {trials.value.map((v, i) => v === null
          ? <text key={i} x={f.x(trials.n[i]!)} y={f.bottom - 4} text-anchor="middle" style="fill:var(--bad)">×</text>
          : v > high ? <path key={i} d={`M${f.x(trials.n[i]!)} ${f.top + 16}l4 7h-8z`} fill="var(--s6)"><title>{`trial ${trials.n[i]}: ${fixed(v, 4)}, above the axis`}</title></path>
          : <circle key={i} cx={f.x(trials.n[i]!)} cy={f.y(v)} r="3" fill="var(--s1)"><title>{`trial ${trials.n[i]}: ${fixed(v, 4)}`}</title></circle>)}
        <path d={line(steps.map(([x, y]) => [f.x(x), f.y(y)]))} fill="none" stroke="var(--s2)" stroke-width="1.6" />
        {steps.length > 0 && <text x={Math.min(f.x(last) + 6, f.right - 34)} y={f.y(best) - 6} style="fill:var(--s2);font-weight:600">{fixed(best, 4)}</text>}
      </>} />
  );
}

const BANDS = {
  plv: { at: 1, range: [0, 1], band: [0.3, 0.7], words: "healthy 0.3 to 0.7" },
  sigma: { at: 2, range: [0.4, 1.6], band: [0.8, 1.2], words: "healthy 0.8 to 1.2" },
  lambda: { at: 3, range: [-0.2, 0.2], band: [-0.2, 0], words: "healthy up to 0" },
} as const;
export type ObservableName = keyof typeof BANDS;

export function verdict(name: ObservableName, value: number | null): string {
  if (value === null) return "not yet known";
  const { band } = BANDS[name];
  return value <= band[1] && (name === "lambda" || value >= band[0]) ? "healthy" : "outside its band";
}
export const ObservableTitle = ({ name }: { name: ObservableName }) =>
  name === "plv" ? <>PLV</> : name === "sigma" ? <>σ</> : <Lambda />;

/** One observable over the ticks, in its healthy band. */
export function BandChart({ name, data, height = 150 }: { name: ObservableName; data: Observables; height?: number }) {
  const { at, range, band, words } = BANDS[name];
  const known = data.history.filter((p: Point) => p[at] !== null);
  const values = known.map((p) => p[at]!);
  const low = Math.min(range[0], ...values);
  const high = Math.max(range[1], ...values);
  const first = data.history[0]?.[0] ?? 0;
  const lastTick = data.history[data.history.length - 1]?.[0] ?? 1;
  return (
    <Plot label={`${name} ${fixed(data.now[name], 2)}, ${words}`} xs={[first, Math.max(lastTick, first + 1)]} ys={[low, high]}
      yt={ticks(low, high, 4)} yf={(v) => fixed(v, 1)}
      xt={[[first, ""], [lastTick, ""]]} width={360} height={height} rows={[["tick", name], ...known.map((p): [number, number | null] => [p[0], p[at]])]}
      draw={(f) => <>
        <rect x={f.left} width={f.right - f.left} y={f.y(band[1])} height={f.y(name === "lambda" ? low : band[0]) - f.y(band[1])} fill="var(--band)" />
        <line x1={f.left} x2={f.right} y1={f.y(band[1])} y2={f.y(band[1])} stroke="var(--band-line)" stroke-dasharray="2 3" />
        <text x={f.left + 6} y={f.y(band[1]) + 13} style="fill:var(--ok)">{words}</text>
        <path d={line(known.map((p) => [f.x(p[0]), f.y(p[at]!)]))} fill="none" stroke="var(--s1)" stroke-width="1.6" />
        <text x={f.right} y={f.bottom + 16} text-anchor="end">tick {lastTick}</text>
        <text x={f.left} y={f.bottom + 16}>{first}</text>
      </>} />
  );
}

// What pages are made of: icons, pills, tiles, charts, and the states of waiting and failing.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { offers, remember, type Offer, type Rows } from "./save";

const PATHS: Record<string, string> = {
  overview: '<rect x="2" y="2" width="5" height="7" rx="1"/><rect x="9" y="2" width="5" height="4" rx="1"/><rect x="2" y="11" width="5" height="3" rx="1"/><rect x="9" y="8" width="5" height="6" rx="1"/>',
  pipeline: '<circle cx="3" cy="8" r="1.6"/><circle cx="13" cy="3.5" r="1.6"/><circle cx="13" cy="12.5" r="1.6"/><path d="M4.6 8H7c2 0 1.6-4.5 4.4-4.5M7 8c2 0 1.6 4.5 4.4 4.5"/>',
  progress: '<path d="M2 13.5h12M2.5 10.5l3.2-4 2.8 2.3 5-6"/>',
  bits: '<circle cx="4" cy="4" r="2"/><circle cx="12" cy="5" r="1.6"/><circle cx="7.5" cy="12" r="2"/><path d="M5 5.8l1.7 4.3M6 4.2l4.4.6M8.8 10.4l2.4-4"/>',
  agents: '<rect x="5.5" y="1.5" width="5" height="4" rx="1"/><rect x="1" y="10.5" width="5" height="4" rx="1"/><rect x="10" y="10.5" width="5" height="4" rx="1"/><path d="M8 5.5V8M3.5 10.5V8h9v2.5"/>',
  models: '<path d="M8 1.5l6 3v7l-6 3-6-3v-7z"/><path d="M2 4.5l6 3 6-3M8 7.5v7"/>',
  trajectories: '<path d="M2 12.5c3 0 2.5-9 6-9s2 6 6 6"/><circle cx="2" cy="12.5" r=".8" fill="currentColor"/><circle cx="14" cy="9.5" r=".8" fill="currentColor"/>',
  theme: '<circle cx="8" cy="8" r="6"/><path d="M8 2a6 6 0 010 12z" fill="currentColor"/>',
  done: '<circle cx="8" cy="8" r="6.5" fill="currentColor" stroke="none"/><path d="M5 8.2l2.1 2.1L11 6.2" stroke="var(--bg1)" stroke-width="1.8"/>',
  running: '<circle cx="8" cy="8" r="3" fill="currentColor" stroke="none"/><circle cx="8" cy="8" r="6.2" opacity=".35"/><path class="spin" d="M8 1.8A6.2 6.2 0 0114.2 8"/>',
  pending: '<circle cx="8" cy="8" r="6"/>',
  failed: '<path d="M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3z" fill="currentColor" stroke="none"/><path d="M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4" stroke="var(--bg1)" stroke-width="1.8"/>',
  refused: '<circle cx="8" cy="8" r="6"/><path d="M4 12l8-8"/>',
  warn: '<path d="M8 1.8l6.6 11.7H1.4z" fill="currentColor" stroke="none"/><path d="M8 6v3.6M8 11.6v.1" stroke="var(--bg1)" stroke-width="1.6"/>',
  paused: '<path d="M5.5 3.5v9M10.5 3.5v9" stroke-width="2.2"/>',
  waiting: '<circle cx="8" cy="8" r="6"/><path d="M8 4.8V8l2.2 1.6"/>',
  save: '<path d="M8 2v8M4.8 7L8 10.2 11.2 7M3 13.5h10"/>',
  inbox: '<path d="M2 9l2-5.5h8L14 9v4H2zM2 9h3.5l1 1.8h3l1-1.8H14"/>',
};
const TONE: Record<string, string> = {
  "rolled back": "warn",
  done: "ok", deployed: "ok", live: "ok", running: "run", working: "run", recovering: "run", refused: "warn", waiting: "i3",
  restarting: "warn", paused: "i3", failed: "bad", idle: "i3", pending: "i3",
};
const SHAPE: Record<string, string> = { deployed: "done", live: "done", working: "running", recovering: "running", restarting: "warn", "rolled back": "warn", idle: "pending" };

export function Icon({ name, tone = "" }: { name: string; tone?: string }) {
  const svg = `<svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">${PATHS[name] ?? ""}</svg>`;
  return <span class={`ic ${tone}`} aria-hidden="true" dangerouslySetInnerHTML={{ __html: svg }} />;
}
export const StateIcon = ({ state }: { state: string }) => <Icon name={SHAPE[state] ?? state} tone={TONE[state]} />;
export function Pill({ state, text }: { state: string; text?: string }) {
  const word = text ?? state;
  return <span class={`pill ${TONE[state] ?? ""}`}><Icon name={SHAPE[state] ?? state} />{word.charAt(0).toUpperCase() + word.slice(1)}</span>;
}
export function Tile(p: { label: string; value: string; unit?: string; note: string; wide?: boolean }) {
  return (
    <section class={`p st ${p.wide ? "wide1" : ""}`}>
      <div class="l">{p.label}</div>
      <div class="v">{p.value}{p.unit && <small>{p.unit}</small>}</div>
      <div class="d" title={p.note}>{p.note}</div>
    </section>
  );
}
/** A menu of what can be saved; it is made when it is opened, from what is there then. */
function Save({ of, name }: { of: { current: HTMLElement | null }; name: string }) {
  const [list, setList] = useState<Offer[] | null>(null);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!list) return;
    const close = (event: Event): void => {
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !box.current?.contains(event.target as Node)) setList(null);
    };
    addEventListener("pointerdown", close);
    addEventListener("keydown", close);
    return () => { removeEventListener("pointerdown", close); removeEventListener("keydown", close); };
  }, [list]);
  return (
    <div class="save" ref={box}>
      <button class="ib sq" aria-label={`Save ${name}`} aria-expanded={list !== null} onClick={() => setList(list ? null : of.current ? offers(of.current, name) : [])}><Icon name="save" /></button>
      {list && <div class="menu" role="group" aria-label={`Save ${name}`}>{list.length === 0 ? <span class="i3 sm">nothing to save yet</span> :
        list.map((offer) => <button key={offer.label} onClick={() => { void offer.run(); setList(null); }}>{offer.label}</button>)}</div>}
    </div>
  );
}
export function Card(p: { title: ComponentChildren; sub?: ComponentChildren; span: string; flush?: boolean; more?: ComponentChildren; save?: string; children: ComponentChildren }) {
  const part = useRef<HTMLElement>(null);
  return (
    <section class={`p ${p.span} ${p.flush ? "flush" : ""}`} ref={part}>
      <div class="ph"><h2>{p.title}</h2>{p.sub && <span class="sub">{p.sub}</span>}<span class="sp" />{p.more}{p.save && <Save of={part} name={p.save} />}</div>
      {p.children}
    </section>
  );
}
export const Loading = () => <div class="load" role="status" aria-label="Loading"><i /><i /><i /></div>;
export const Empty = ({ children }: { children: ComponentChildren }) => <p class="empty">{children}</p>;
export const Lambda = () => <span class="lam" aria-label="lambda hat">λ</span>;

interface Frame { x: (v: number) => number; y: (v: number) => number; left: number; right: number; top: number; bottom: number }
/** A chart's frame in user units; the picture scales with its card and its text stays readable. */
export function Plot(p: { label: string; xs: [number, number]; ys: [number, number]; yt: number[]; yf: (v: number) => string; xt?: [number, string][]; width: number; height: number; rows?: Rows; draw: (f: Frame) => ComponentChildren }) {
  const chart = useRef<SVGSVGElement>(null);
  useEffect(() => remember(chart.current, p.rows ?? []), [p.rows]);
  const f = { left: 44, right: p.width - 12, top: 8, bottom: p.height - 22 };
  const span = (low: number, high: number): number => (high > low ? high - low : 1);
  const frame: Frame = {
    ...f,
    x: (v) => f.left + ((v - p.xs[0]) / span(p.xs[0], p.xs[1])) * (f.right - f.left),
    y: (v) => f.bottom - ((Math.min(Math.max(v, p.ys[0]), p.ys[1]) - p.ys[0]) / span(p.ys[0], p.ys[1])) * (f.bottom - f.top),
  };
  return (
    <svg class="chart" ref={chart} viewBox={`0 0 ${p.width} ${p.height}`} role="img" aria-label={p.label}>
      {p.yt.map((t) => <g key={t}><line x1={f.left} x2={f.right} y1={frame.y(t)} y2={frame.y(t)} stroke="var(--line)" /><text x={f.left - 6} y={frame.y(t) + 4} text-anchor="end">{p.yf(t)}</text></g>)}
      {p.xt?.map(([t, text]) => <text key={t} x={frame.x(t)} y={p.height - 6} text-anchor="middle">{text}</text>)}
      {p.draw(frame)}
    </svg>
  );
}
/** Round steps for an axis from low to high. */
export function ticks(low: number, high: number, about = 4): number[] {
  const raw = (high - low) / about || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= raw) ?? raw;
  const out: number[] = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step / 1e6; v += step) out.push(Number(v.toPrecision(6)));
  return out;
}
export const line = (points: [number, number][]): string => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

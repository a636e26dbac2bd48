// Curves by epoch: uPlot, with the cursor in step over all charts of a page.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { remember } from "../save";
import { smooth, type Value } from "../series";
import { theme } from "../theme";

export interface Line { name: string; values: Value[]; color: string; dash?: number[] }
const HEIGHT = 210;
const color = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const faded = (name: string): string => color(name) + "59";

/** With smoothing each line is there twice: as it is, faint, and smoothed. */
function columns(x: number[], lines: Line[], weight: number): uPlot.AlignedData {
  const raw = lines.map((line) => line.values);
  return [x, ...(weight > 0 ? raw : []), ...lines.map((line) => smooth(line.values, weight))] as uPlot.AlignedData;
}
function options(width: number, lines: Line[], weight: number, log: boolean, sync: string): uPlot.Options {
  const axis = { stroke: color("--ink3"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false }, font: "11px sans-serif" };
  const real = lines.map((line) => ({ label: line.name, stroke: color(line.color), width: 1.6, dash: line.dash, spanGaps: false, points: { show: false } }));
  const raw = weight > 0 ? lines.map((line) => ({ label: `${line.name} raw`, stroke: faded(line.color), width: 1, points: { show: false } })) : [];
  return {
    width, height: HEIGHT, legend: { show: false }, padding: [8, 12, 0, 0],
    cursor: { sync: { key: sync }, y: false, drag: { x: false, y: false } },
    scales: { x: { time: false }, y: log ? { distr: 3, log: 10 } : {} },
    axes: [{ ...axis, size: 26 }, { ...axis, size: 52, values: (_, ticks) => ticks.map((t) => (t === null ? "" : String(Number(t.toPrecision(3))))) }],
    series: [{}, ...raw, ...real],
  };
}

export function Curves(p: { name: string; x: number[]; lines: Line[]; weight: number; log: boolean; sync: string; say: string; onEpoch: (at: number | null) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const shades = theme.value;
  useEffect(() => {
    const at = box.current!;
    const chart = new uPlot(options(at.clientWidth, p.lines, p.weight, p.log, p.sync), columns(p.x, p.lines, p.weight), at);
    chart.root.setAttribute("aria-hidden", "true");
    const over = (): void => p.onEpoch(chart.cursor.idx ?? null);
    chart.over.addEventListener("pointermove", over);
    chart.over.addEventListener("pointerleave", () => p.onEpoch(null));
    const follow = new ResizeObserver(() => chart.setSize({ width: at.clientWidth, height: HEIGHT }));
    follow.observe(at);
    remember(at, [["epoch", ...p.lines.map((line) => line.name)], ...p.x.map((x, i) => [x, ...p.lines.map((line) => line.values[i] ?? null)])]);
    return () => { follow.disconnect(); chart.destroy(); };
  }, [p.x, p.weight, p.log, shades]);
  return <div class="curves" ref={box} data-chart={p.name} role="img" aria-label={p.say} />;
}

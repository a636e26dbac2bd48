import { useEffect, useState } from "preact/hooks";
import type { Bit, Field } from "../api";
import { request } from "../api";
import { fixed, scorer, whole } from "../format";
import { Card, Empty, Loading } from "../parts";
import { topics } from "../store";
import { useAddress } from "../url";

const LANES = ["sensory", "perceptual", "cognitive", "motor", "mnemonic", "social", "ethical", "executive"];
const SHOWN_ROWS = 24;

export function Glyph({ category, x, y, r }: { category: string; x: number; y: number; r: number }) {
  const ring = (n: number, start: number, inner = 1): string => Array.from({ length: n }, (_, i) => {
    const q = inner !== 1 && i % 2 ? r * inner : r;
    const a = start + (i * 2 * Math.PI) / n;
    return `${(x + q * Math.cos(a)).toFixed(1)},${(y + q * Math.sin(a)).toFixed(1)}`;
  }).join(" ");
  switch (category) {
    case "perceptual": return <polygon points={ring(3, -Math.PI / 2)} />;
    case "cognitive": return <polygon points={ring(6, 0)} />;
    case "social": return <polygon points={ring(4, 0)} />;
    case "ethical": return <polygon points={ring(10, -Math.PI / 2, 0.5)} />;
    case "executive": return <rect x={x - r * 0.85} y={y - r * 0.85} width={r * 1.7} height={r * 1.7} rx="2" />;
    case "motor": return <rect x={x - r * 1.25} y={y - r * 0.72} width={r * 2.5} height={r * 1.44} rx={r * 0.72} />;
    case "mnemonic": return <><circle cx={x} cy={y} r={r} /><circle cx={x} cy={y} r={r / 2} fill="none" stroke="var(--bg1)" /></>;
    default: return <circle cx={x} cy={y} r={r} />;
  }
}
export const CategoryIcon = ({ name }: { name: string }) =>
  <svg class="cic" width="14" height="14" viewBox="0 0 16 16" aria-hidden="true" style={`fill:var(--${name})`}><Glyph category={name} x={8} y={8} r={6} /></svg>;

/** The newest chains, one row each: bits stand in the lane of their category. */
function Graph({ field, shown, pick, picked }: { field: Field; shown: (bit: Bit) => boolean; pick: (id: string) => void; picked: string }) {
  const parent = field.bits.map((_, i) => i);
  const root = (i: number): number => (parent[i] === i ? i : (parent[i] = root(parent[i]!)));
  for (const [a, b] of field.edges) parent[root(b)] = root(a);
  const chains = new Map<number, number[]>();
  field.bits.forEach((bit, i) => { if (shown(bit)) chains.set(root(i), [...(chains.get(root(i)) ?? []), i]); });
  const rows = [...chains.values()].slice(-SHOWN_ROWS).reverse();
  const lanes = LANES.filter((lane) => field.bits.some((bit) => bit.category === lane));
  const width = innerWidth <= 760 ? 400 : 760, top = 34, pitch = 24;
  const place = new Map<number, [number, number]>();
  rows.forEach((row, y) => row.forEach((i) => {
    const lane = lanes.indexOf(field.bits[i]!.category);
    place.set(i, [60 + (lane * (width - 120)) / Math.max(1, lanes.length - 1), top + 14 + y * pitch]);
  }));
  if (rows.length === 0) return <Empty>No bit of this kind lives at this tick.</Empty>;
  return (
    <svg class="field" viewBox={`0 0 ${width} ${top + 14 + rows.length * pitch}`} role="group" aria-label={`${rows.length} chains of bits by category`}>
      {lanes.map((lane, i) => <text key={lane} x={60 + (i * (width - 120)) / Math.max(1, lanes.length - 1)} y="16" text-anchor="middle">{lane}</text>)}
      {field.edges.map(([a, b]) => {
        const from = place.get(a), to = place.get(b);
        return from && to && <line key={`${a}-${b}`} x1={from[0]} y1={from[1]} x2={to[0]} y2={to[1]} stroke="var(--line2)" />;
      })}
      {[...place].map(([i, [x, y]]) => {
        const bit = field.bits[i]!;
        const pending = bit.status !== "active";
        return (
          <g key={bit.id} role="button" tabIndex={0} aria-label={`${bit.category} bit, ${bit.status}${bit.score ? `, score ${fixed(bit.score.score, 2)}` : ""}`} onClick={() => pick(bit.id)} onKeyDown={(e) => { if (e.key === "Enter") pick(bit.id); }}
            class={picked === bit.id ? "sel" : ""} style={`fill:var(--${bit.category});fill-opacity:${bit.score ? 0.25 + 0.75 * bit.score.score : 0.55};stroke:var(--${bit.category});stroke-dasharray:${pending ? "2 2" : "none"}`}>
            <Glyph category={bit.category} x={x} y={y} r={7} />
            {bit.score && <text x={x + 13} y={y + 4} style="fill-opacity:1;stroke:none">{fixed(bit.score.score, 2)}</text>}
          </g>);
      })}
    </svg>
  );
}

function Detail({ id }: { id: string }) {
  const [bit, setBit] = useState<Record<string, unknown> | null>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    setBit(null); setError("");
    request<Record<string, unknown>>(`/api/v1/bits/${id}`).then(setBit, (e: Error) => setError(e.message));
  }, [id]);
  if (error) return <Empty>This bit is gone: {error}.</Empty>;
  if (!bit) return <Empty>Loading the bit.</Empty>;
  const names = (bit.channel_names ?? []) as string[];
  const values = (bit.channels ?? []) as number[];
  const score = bit.score as { score: number; confidence: number; suggested_action: string } | null | undefined;
  return <dl class="kv">
    <dt>Id</dt><dd class="mono xs">{id}</dd><dt>Status</dt><dd>{String(bit.status)}</dd>
    <dt>Score</dt><dd>{score ? `${fixed(score.score, 2)}, ${score.suggested_action}` : "– not scored"}</dd>
    {names.map((name, i) => <><dt key={name}>{name.replaceAll("_", " ")}</dt><dd>{fixed(values[i], 2)}</dd></>)}
  </dl>;
}

export default function Bits() {
  const [status, setStatus] = useAddress("status", "all");
  const [category, setCategory] = useAddress("category");
  const [frozen, setFrozen] = useState<Field | null>(null);
  const [picked, setPicked] = useAddress("bit");
  const live = topics.bits.value;
  const field = frozen ?? live;
  if (!field) return <Loading />;
  const of = (name: string): number => field.counts[name] ?? 0;
  const filters: [string, number][] = [["all", of("active") + of("pending")], ["active", of("active")], ["pending", of("pending")]];
  return <>
    <div class="hd">
      <div class="seg" role="group" aria-label="Status">{filters.map(([name, n]) => <button key={name} aria-pressed={status === name} onClick={() => setStatus(name)}>{name} <b>{whole(n)}</b></button>)}</div>
      <span class="sp" /><span class="i2">tick {whole(field.tick)}</span>
      <button class="btn" data-freeze aria-pressed={frozen !== null} onClick={() => setFrozen(frozen ? null : live ?? null)}>{frozen ? "Go on" : "Freeze"}</button>
    </div>
    <div class="lay">
      <section class="p flush top0">
        <div class="cats">{field.categories.map((one) => (
          <button key={one.name} aria-pressed={category === one.name} onClick={() => setCategory(category === one.name ? "" : one.name)}>
            <div class="n"><CategoryIcon name={one.name} /><span class="el">{one.name}</span></div>
            <div class="m"><b>{one.n}</b>{one.mean_score !== null && <span class="i3 xs">mean {fixed(one.mean_score, 2)}</span>}</div>
          </button>))}</div>
        <Graph field={field} picked={picked} pick={setPicked} shown={(bit) => (status === "all" || bit.status === status) && (!category || bit.category === category)} />
      </section>
      <div class="side2">
        <Card save="evaluations" title="Evaluations" sub="newest first" span="" flush>
          {field.evaluations.length === 0 ? <Empty>Nothing was scored yet.</Empty> :
            <div class="scroll" tabIndex={0} role="region" aria-label="Evaluations"><table><tbody>{field.evaluations.map((one, i) => <tr key={i} class={picked === one.id ? "sel" : ""} onClick={() => setPicked(one.id)}><td><CategoryIcon name={one.category} /> <b>{fixed(one.score, 2)}</b></td><td>{one.action}</td><td class="i3">{scorer(one.model_version)}</td><td class="r i3">{whole(one.tick)}</td></tr>)}</tbody></table></div>}
        </Card>
        <Card title="Selected bit" span="">{picked ? <Detail id={picked} /> : <Empty>Pick a bit in the graph or the list.</Empty>}</Card>
      </div>
    </div>
  </>;
}

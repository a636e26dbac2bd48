import { useEffect, useState } from "preact/hooks";
import { request, type LogStats, type Step, type StepPage } from "../api";
import { bytes, fixed, scorer, signed, whole } from "../format";
import { Card, Empty, Loading, Tile } from "../parts";
import { topics } from "../store";

const ACTIONS = ["deliver", "quarantine"];
const EVERY_MS = 2000;

export default function Trajectories() {
  const [stats, setStats] = useState<LogStats | null>(null);
  const [steps, setSteps] = useState<Step[]>([]);
  const [error, setError] = useState("");
  const over = topics.run.value?.state === "done";
  useEffect(() => {
    const load = (): void => {
      Promise.all([request<LogStats>("/api/v1/trajectories/stats"), request<StepPage>("/api/v1/trajectories?newest=true&limit=100")])
        .then(([s, page]) => { setStats(s); setSteps(page.items.reverse()); setError(""); }, (e: Error) => setError(e.message));
    };
    load();
    if (over) return;
    const timer = setInterval(() => { if (!document.hidden) load(); }, EVERY_MS);
    return () => clearInterval(timer);
  }, [over]);
  if (error && !stats) return <div class="bn bad" role="alert"><span>The log cannot be read: {error}.</span></div>;
  if (!stats) return <Loading />;
  return <>
    <div class="tiles5">
      <Tile label="Steps" value={whole(stats.steps)} note="decisions in the log" />
      <Tile label="Rewards known" value={whole(stats.outcomes)} note={`${whole(stats.open_steps)} steps are open`} />
      <Tile label="Transitions" value={whole(stats.transitions)} note="changes in bits' lives" />
      <Tile label="Size" value={bytes(stats.size_bytes)} note={stats.segments === 1 ? "1 segment" : `${stats.segments} segments`} />
      <Tile label="Not yet durable" value={whole(stats.not_yet_durable)} note="records that wait for the disk" />
    </div>
    <Card save="steps" title="Newest steps" sub="newest first; a reward is open until it comes back" span="" flush>
      {steps.length === 0 ? <Empty>Nothing was decided yet.</Empty> :
        <div class="scroll tall" tabIndex={0} role="region" aria-label="Steps"><table><thead><tr><th>Tick</th><th>Episode</th><th>Action</th><th class="r">Score</th><th class="r hm">Propensity</th><th class="hm">Decided by</th><th class="r">Reward</th></tr></thead>
          <tbody>{steps.map((step, i) => <tr key={i}><td>{whole(step.tick ?? 0)}</td><td class="mono i2">{step.episode.slice(0, 8)}…{step.episode.slice(-6)}</td><td>{ACTIONS[step.action] ?? step.action}{step.forced ? " (expired)" : ""}</td>
            <td class="r">{fixed(step.score, 2)}</td><td class="r hm">{fixed(step.propensity, 3)}</td><td class="hm i2">{step.model_version ? scorer(step.model_version) : "–"}</td>
            <td class={`r b ${(step.reward ?? 0) < 0 ? "bad" : ""}`}>{step.reward === null ? <span class="i3">open</span> : signed(step.reward, 2)}</td></tr>)}</tbody></table></div>}
    </Card>
  </>;
}

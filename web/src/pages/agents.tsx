import { age, clock, fixed, whole } from "../format";
import { Card, Empty, Pill } from "../parts";
import { now, topics } from "../store";
import type { Agent } from "../api";

const TITLES: Record<string, string> = { orchestrator: "Orchestrator", planner: "Training planner", trainer: "Trainer", evaluation: "Evaluation", export: "Export" };

function AgentCard({ agent }: { agent: Agent }) {
  return (
    <section class={`p ag ${agent.state === "working" ? "w" : ""}`}>
      <div class="hd"><h2>{TITLES[agent.name] ?? agent.name}</h2><span class="sp" /><Pill state={agent.state} /></div>
      <p class="doing">{agent.doing || <span class="i3">nothing to do</span>}</p>
      <dl><dt>Messages</dt><dd>{whole(agent.messages)}</dd><dt>Last</dt><dd class="el">{agent.last ? agent.last.type.replaceAll("_", " ") : "–"}</dd>
        <dt>Seen</dt><dd>{agent.last ? `${age(now.value - agent.last.ts)} ago` : "–"}</dd><dt>Restarts</dt><dd class={agent.restarts ? "warn b" : ""}>{agent.restarts}</dd></dl>
    </section>
  );
}

export default function Agents() {
  const data = topics.agents.value;
  if (!data) return <div class="load" />;
  const messages = [...(topics.messages.value ?? [])].reverse();
  return <>
    <div class="five">{data.agents.map((agent) => <AgentCard key={agent.name} agent={agent} />)}</div>
    <div class="g">
      <Card title="Messages" sub="newest first; the last 500" span="c7" flush>
        {messages.length === 0 ? <Empty>The agents have said nothing yet; the first training is not due.</Empty> :
          <div class="scroll tall"><table class="msgs"><thead><tr><th>Time</th><th>Message</th><th>From</th><th>To</th><th class="hm">What</th></tr></thead>
            <tbody>{messages.slice(0, 200).map((m) => <tr key={m.n}><td class="i3">{clock(m.ts)}</td><td class="b">{m.type.replaceAll("_", " ")}</td><td>{m.from}</td><td>{m.to}</td><td class="hm el wide" title={m.summary}>{m.summary}</td></tr>)}</tbody></table></div>}
      </Card>
      <Card title="Chiefs" sub="of the conductor" span="c5" flush>
        <table class="chf"><thead><tr><th>Chief</th><th>Last action</th><th class="hm">Outcome</th><th class="r">Steps</th><th class="r">Errors</th><th class="r">Reward</th></tr></thead>
          <tbody>{data.chiefs.map((chief) => <tr key={chief.name}><td class="b">{chief.name}</td><td>{chief.last_action.replaceAll("_", " ")}</td><td class="hm el wide" title={chief.last_detail}>{chief.last_detail || "–"}</td><td class="r">{whole(chief.steps)}</td><td class={`r ${chief.errors ? "bad" : ""}`}>{chief.errors}</td><td class="r">{fixed(chief.reward, 1)}</td></tr>)}</tbody></table>
      </Card>
    </div>
  </>;
}

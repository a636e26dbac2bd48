import { useEffect, useState } from "preact/hooks";
import { age, clock, fixed, whole } from "../format";
import { Card, Empty, Loading, Pill } from "../parts";
import { now, topics } from "../store";
import { request, type Agent, type Message, type Page } from "../api";
import { useAddress } from "../url";

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

/** Messages before the live ones, or those that have the text, from the history. */
function usePast(text: string): [Message[], number | null, () => void] {
  const [items, setItems] = useState<Message[]>([]);
  const [next, setNext] = useState<number | null>(null);
  const load = (before: number): void => {
    request<Page<Message>>(`/api/v1/messages/history?limit=500&before=${before}&text=${encodeURIComponent(text)}`).then(
      (page) => { setItems((old) => (before ? [...old, ...page.items] : page.items)); setNext(page.next); }, () => setNext(null));
  };
  useEffect(() => { setItems([]); setNext(null); if (!text) return; const wait = setTimeout(() => load(0), 250); return () => clearTimeout(wait); }, [text]);
  return [items, next, () => load(next ?? 0)];
}

export default function Agents() {
  const [find, setFind] = useAddress("find");
  const [past, next, more] = usePast(find);
  const [older, setOlder] = useState(false);
  const data = topics.agents.value;
  if (!data) return <Loading />;
  const live = [...(topics.messages.value ?? [])].reverse();
  const messages = find ? past : older && past.length ? past : live.slice(0, 200);
  return <>
    <div class="five">{data.agents.map((agent) => <AgentCard key={agent.name} agent={agent} />)}</div>
    <div class="g">
      <Card title="Messages" sub="newest first; 10,000 are kept" span="c7 tallcard" flush save="messages" more={<input class="flt" aria-label="Filter messages" placeholder="filter" value={find} onInput={(e) => setFind(e.currentTarget.value)} />}>
        {messages.length === 0 ? <Empty>{find ? "No message has this text." : "The agents have said nothing yet; the first training is not due."}</Empty> :
          <div class="scroll tall" tabIndex={0} role="region" aria-label="Messages"><table class="msgs"><thead><tr><th>Time</th><th>Message</th><th>From</th><th>To</th><th class="hm">What</th></tr></thead>
            <tbody>{messages.map((m, i) => <tr key={i}><td class="i3">{clock(m.ts)}</td><td class="b">{m.type.replaceAll("_", " ")}</td><td>{m.from}</td><td>{m.to}</td><td class="hm el wide" title={m.summary}>{m.summary}</td></tr>)}</tbody></table>{(find || older) && next !== null && <button class="btn more" onClick={more}>Older messages</button>}{!find && !older && live.length >= 200 && <button class="btn more" onClick={() => { setOlder(true); more(); }}>Older messages</button>}</div>}
      </Card>
      <Card title="Chiefs" sub="of the conductor" span="c5" flush save="chiefs">
        <table class="chf"><thead><tr><th>Chief</th><th>Last action</th><th class="hm">Outcome</th><th class="r">Steps</th><th class="r">Errors</th><th class="r">Reward</th></tr></thead>
          <tbody>{data.chiefs.map((chief) => <tr key={chief.name}><td class="b">{chief.name}</td><td>{chief.last_action.replaceAll("_", " ")}</td><td class="hm el wide" title={chief.last_detail}>{chief.last_detail || "–"}</td><td class="r">{whole(chief.steps)}</td><td class={`r ${chief.errors ? "bad" : ""}`}>{chief.errors}</td><td class="r">{fixed(chief.reward, 1)}</td></tr>)}</tbody></table>
      </Card>
    </div>
  </>;
}

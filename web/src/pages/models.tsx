import { useEffect, useRef, useState } from "preact/hooks";
import { newKey, type Model } from "../api";
import { fixed, param, scorer, signed, whole } from "../format";
import { Card, Empty, Loading, Pill } from "../parts";
import { askForModel, topics } from "../store";

/** Asks whether to do it, and why: the reason stands in the audit log. */
function Confirm({ version, live, close }: { version: number | null; live: string; close: (told: string) => void }) {
  const box = useRef<HTMLDialogElement>(null);
  const key = useRef(newKey());
  const [reason, setReason] = useState("");
  const [error, setError] = useState("");
  useEffect(() => { box.current?.showModal(); }, []);
  const title = version === null ? `Roll back ${scorer(live)}?` : `Let model ${version} decide?`;
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    const failed = await askForModel(version, reason, key.current);
    if (failed) setError(failed);
    else close(version === null ? "The rollback was asked for; it holds from the next tick on." : `Model ${version} was asked for; it decides from the next tick on.`);
  };
  return (
    <dialog class="pal ask" ref={box} aria-labelledby="ask" onClose={() => close("")}>
      <form onSubmit={(e) => void send(e)}>
        <h2 id="ask">{title}</h2>
        <p class="sm i2">{scorer(live).replace(/^./, (c) => c.toUpperCase())} decides now. The change holds from the next tick on, is logged and audited, and can be undone here.</p>
        <label class="sm">Why <input required maxLength={400} autofocus value={reason} onInput={(e) => setReason(e.currentTarget.value)} placeholder="one sentence for the audit log" /></label>
        {error && <p class="sm bad" role="alert">{error}</p>}
        <p class="fx"><span class="sp" /><button type="button" class="btn" onClick={() => close("")}>Cancel</button><button class="btn pri">{version === null ? "Roll back" : "Promote"}</button></p>
      </form>
    </dialog>
  );
}
const state = (model: Model, live: string): string => (String(model.version) === live ? "live" : model.rolled_back_at !== null ? "rolled back" : model.decision);

export default function Models() {
  const [asked, setAsked] = useState<number | null | undefined>(undefined);
  const [told, setTold] = useState("");
  const data = topics.models.value;
  if (!data) return <Loading />;
  const live = data.models.find((model) => String(model.version) === data.live);
  const over = topics.run.value?.state === "done";
  const why = over ? "The run is over: thunderline models changes a home at rest" : "";
  return <>
    <div class="hd"><h2>{scorer(data.live).replace(/^./, (c) => c.toUpperCase())} decides</h2><Pill state="live" />
      <span class="i2">{live ? `deployed at mail ${whole(live.at_event)}: ${live.reason}` : "The first model that passes the gate takes over."}</span><span class="sp" />
      <button class="btn" disabled={!live || over} title={why} onClick={() => setAsked(null)}>Roll back</button></div>
    {told && <div class="bn run" role="status"><span>{told}</span></div>}
    {data.degradation.length > 0 && <div class="bn warn" role="status"><span>The live model got worse at mail {data.degradation.map((d) => whole(d.at_event)).join(", ")}; a training follows each alarm.</span></div>}
    <div class="g">
      <Card title="Versions" sub="newest first; values are mean rewards on the hold-out" span="c12" flush save="models">
        {data.models.length === 0 ? <Empty>No training has ended yet.</Empty> :
          <div class="scroll tall" tabIndex={0} role="region" aria-label="Versions"><table><thead><tr><th>Model</th><th>Decision</th><th class="r">Value</th><th class="r hm">Champion</th><th class="r hm">Difference</th><th class="r">AUC</th><th class="r hm">Brier</th><th class="r hm">Steps</th><th class="hm">Parameters</th><th class="r"><span class="vh">Action</span></th></tr></thead>
            <tbody>{[...data.models].reverse().map((model, i) => <>
              <tr key={2 * i} class={model === live ? "sel" : ""}><td class="b">{model.version}</td><td><Pill state={state(model, data.live)} /></td>
                <td class="r">{signed(model.challenger_value)}</td><td class="r hm">{signed(model.champion_value)}</td><td class="r b hm">{signed(model.challenger_value - model.champion_value)}</td>
                <td class="r">{fixed(model.auc, 4)}</td><td class="r hm">{fixed(model.brier, 4)}</td><td class="r hm">{whole(model.trained_on)}</td>
                <td class="hm el wide i2" title={JSON.stringify(model.params)}>{Object.entries(model.params).map(([k, v]) => `${k.replace("_", " ")} ${param(v)}`).join(", ")}</td>
                <td class="r">{model.decision === "deployed" && model !== live && <button class="btn" disabled={over} title={why} onClick={() => setAsked(model.version)}>Promote</button>}</td></tr>
              <tr key={2 * i + 1} class="sub"><td /><td colSpan={9} class="why i2">{model.reason}</td></tr></>)}</tbody></table></div>}
      </Card>
    </div>
    {asked !== undefined && <Confirm version={asked} live={data.live} close={(text) => { setAsked(undefined); if (text) setTold(text); }} />}
  </>;
}

import { fixed, param, scorer, signed, whole } from "../format";
import { Card, Empty, Pill } from "../parts";
import { topics } from "../store";

export default function Models() {
  const data = topics.models.value;
  if (!data) return <div class="load" />;
  const deployed = data.models.filter((model) => model.decision === "deployed");
  const live = deployed[deployed.length - 1];
  return <>
    <div class="hd"><h2>{data.live === "heuristic" ? "The heuristic decides" : `${scorer(data.live).replace("m", "M")} decides`}</h2><Pill state="live" />
      <span class="i2">{live ? `deployed at mail ${whole(live.at_event)}: ${live.reason}` : "The first training will bring the first model."}</span></div>
    {data.degradation.length > 0 && <div class="bn warn" role="status"><span>The live model got worse at mail {data.degradation.map((d) => whole(d.at_event)).join(", ")}; a training follows each alarm.</span></div>}
    <div class="g">
      <Card title="Versions" sub="newest first; values are mean rewards on the hold-out" span="c12" flush>
        {data.models.length === 0 ? <Empty>No training has ended yet.</Empty> :
          <div class="scroll tall"><table><thead><tr><th>Model</th><th>Decision</th><th class="r">Value</th><th class="r hm">Champion</th><th class="r">Difference</th><th class="r hm">AUC</th><th class="r hm">Brier</th><th class="r hm">Steps</th><th class="hm">Parameters</th></tr></thead>
            <tbody>{[...data.models].reverse().map((model) => <>
              <tr key={model.version} class={model === live ? "sel" : ""}><td class="b">{model.version}</td><td><Pill state={model === live ? "live" : model.decision} /></td>
                <td class="r">{signed(model.challenger_value)}</td><td class="r hm">{signed(model.champion_value)}</td><td class="r b">{signed(model.challenger_value - model.champion_value)}</td>
                <td class="r hm">{fixed(model.auc, 4)}</td><td class="r hm">{fixed(model.brier, 4)}</td><td class="r hm">{whole(model.trained_on)}</td>
                <td class="hm el wide i2">{Object.entries(model.params).map(([k, v]) => `${k.replace("_", " ")} ${param(v)}`).join(", ")}</td></tr>
              <tr key={`${model.version}why`} class="sub"><td /><td colSpan={8} class="why i2">{model.reason}</td></tr></>)}</tbody></table></div>}
      </Card>
    </div>
  </>;
}

import { signal } from "@preact/signals";
import { render, type ComponentType } from "preact";
import { lazy } from "./lazy";
import { useEffect, useState } from "preact/hooks";
import "./app.css";
import { age, clock, fixed, whole } from "./format";
import type { Command } from "./palette";
import { Icon } from "./parts";
import { otherTheme } from "./theme";
import { readAddress } from "./url";
import { failure, lastNews, link, now, setPaused, show, topics } from "./store";

interface Page { path: string; name: string; title: string; key: string; view: ComponentType }
const page = (path: string, name: string, title: string, key: string, load: () => Promise<{ default: ComponentType }>): Page =>
  ({ path, name, title, key, view: lazy(load) });
const PAGES: Page[] = [
  page("/", "overview", "Overview", "o", () => import("./pages/overview")),
  page("/training/pipeline", "pipeline", "Pipeline", "p", () => import("./pages/pipeline")),
  page("/training/progress", "progress", "Progress", "r", () => import("./pages/progress")),
  page("/training/bits", "bits", "Bits", "b", () => import("./pages/bits")),
  page("/training/agents", "agents", "Agents", "a", () => import("./pages/agents")),
  page("/models", "models", "Models", "m", () => import("./pages/models")),
  page("/trajectories", "trajectories", "Trajectories", "t", () => import("./pages/trajectories")),
];
const at = (path: string): Page => PAGES.find((p) => p.path === path) ?? PAGES[0]!;

function Strip() {
  const run = topics.run.value;
  const training = topics.training.value;
  if (!run) return null;
  const busy = training?.outcome === "running";
  return (
    <a class="strip" href="/training/pipeline">
      <span class="segs" aria-hidden="true">{(training?.stages ?? []).map((stage) => <i key={stage.name} class={stage.state === "done" ? "d" : stage.state === "running" ? "n" : ""} />)}</span>
      {busy ? <span><b>Model {training.version}</b> {training.stages.find((s) => s.state === "running")?.name} <b>{training.trial}/{training.trials}</b> · best {fixed(training.best, 4)}</span>
        : <span><b>{run.state === "done" ? "The run is over" : "No training runs"}</b></span>}
    </a>
  );
}
function Live() {
  const state = link.value;
  const quiet = age(now.value - lastNews.value);
  const words = state === "live" ? (topics.run.value?.state === "done" ? "live, idle " : "live ") : state === "loading" ? "loading" : state === "failed" ? "offline" : "reconnecting ";
  const dot = state === "live" ? "" : state === "failed" ? "off" : "hollow";
  return <span class="live"><i class={dot} />{words}{lastNews.value > 0 && <span class="n">{quiet}</span>}</span>;
}
/** What a screen reader is told: stages and outcomes, not every trial. */
function said(): string {
  const training = topics.training.value;
  if (link.value === "reconnecting") return "Reconnecting to the server";
  if (!training) return "";
  const stage = training.stages.find((one) => one.state === "running")?.name;
  return `Model ${training.version}: ${training.outcome === "running" ? stage ?? "" : training.outcome}`;
}
function Nav({ here }: { here: Page }) {
  const item = (p: Page) => <a key={p.path} href={p.path} aria-current={p === here ? "page" : undefined} title={p.title}><Icon name={p.name} /><span class="tx">{p.title}</span><span class="k">g {p.key}</span></a>;
  const run = topics.run.value;
  return (
    <aside class="side">
      <div class="brand"><svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true"><path d="M9.5 1L3 9.2h4.2L6 15l7-8.6H8.6z" fill="currentColor" /></svg><span class="tx">Thunderline</span></div>
      <div class="world"><Icon name="inbox" /><span class="tx"><b>{run?.world ?? "–"}</b> {run && <span class="i3 xs">{whole(run.events)} of {whole(run.events_in_all)}</span>}</span></div>
      <nav class="nav" aria-label="Pages">{item(PAGES[0]!)}<h3>Training</h3>{PAGES.slice(1, 5).map(item)}<h3>Serving</h3>{PAGES.slice(5).map(item)}</nav>
      <div class="foot">{location.host}{run && <><br />seed {run.seed}, rate {run.rate}<br />since {clock(run.opened_ms)}</>}</div>
    </aside>
  );
}
function Banner() {
  if (link.value === "reconnecting" && now.value - lastNews.value > 3000)
    return <div class="bn warn over" role="status"><Icon name="warn" /><span>Reconnecting. The figures are as of {clock(lastNews.value)}.</span></div>;
  if (link.value === "failed")
    return <div class="bn bad over" role="alert"><Icon name="failed" /><span>The server at {location.host} does not answer. Is <code>thunderline run</code> still up? {failure.value}</span></div>;
  return failure.value ? <div class="bn warn over" role="alert"><Icon name="warn" /><span>{failure.value}</span></div> : null;
}

const KEYS_KEPT = "single-keys";
const singleKeys = signal(localStorageOr(KEYS_KEPT, "on") === "on");
function localStorageOr(name: string, otherwise: string): string { try { return localStorage.getItem(name) ?? otherwise; } catch { return otherwise; } }
function switchKeys(): void {
  singleKeys.value = !singleKeys.value;
  try { localStorage.setItem(KEYS_KEPT, singleKeys.value ? "on" : "off"); } catch { /* It holds until the page is left. */ }
}
const togglePause = (): void => void setPaused(topics.run.value?.state !== "paused");
const press = (selector: string): void => document.querySelector<HTMLElement>(selector)?.click();
/** Moves the selection within the page's first table of rows that can be picked. */
function nextRow(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>("table.pick tbody tr")];
  const at = rows.findIndex((row) => row.classList.contains("sel"));
  const row = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
  row?.click();
  row?.scrollIntoView({ block: "nearest" });
}

function commands(go: (path: string) => void): Command[] {
  return [
    ...PAGES.map((p) => ({ name: `Go to ${p.title}`, keys: `g ${p.key}`, run: () => go(p.path) })),
    { name: topics.run.value?.state === "paused" ? "Resume the run" : "Pause the run", keys: "Shift P", run: togglePause },
    { name: "Switch between dark and light", keys: "Shift T", run: otherTheme },
    { name: "Filter this page's list", keys: "/", run: () => document.querySelector<HTMLElement>("main input")?.focus() },
    { name: "Next row", keys: "j", run: () => nextRow(1) },
    { name: "Previous row", keys: "k", run: () => nextRow(-1) },
    { name: "Freeze or go on with the bits", keys: "space", run: () => press("[data-freeze]") },
    { name: singleKeys.value ? "Turn single keys off" : "Turn single keys on", keys: "", run: switchKeys },
    { name: "Show the keys", keys: "?", run: () => { palette.value = "keys"; } },
  ];
}
const palette = signal<"" | "commands" | "keys">("");

function useKeys(go: (path: string) => void): void {
  useEffect(() => {
    let began = 0;
    const onKey = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key === "k") { event.preventDefault(); palette.value = palette.value ? "" : "commands"; return; }
      const target = event.target as Element;
      if (!singleKeys.value || palette.value || target.closest("input,select,textarea,dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
      const key = event.key === " " ? "space" : event.key === "T" || event.key === "P" ? `Shift ${event.key}` : event.key;
      if (key === "space" && target.closest("button,a,summary")) return;
      const typed = Date.now() - began < 1500 ? `g ${key}` : key;
      began = key === "g" ? Date.now() : 0;
      const command = commands(go).find((one) => one.keys === typed);
      if (!command || (key === "space" && !document.querySelector("[data-freeze]"))) return;
      event.preventDefault();
      command.run();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

const Palette = lazy(() => import("./palette"));

function App() {
  const [here, setHere] = useState(at(location.pathname));
  const go = (path: string): void => { history.pushState(null, "", path); readAddress(); setHere(at(new URL(path, location.href).pathname)); scrollTo(0, 0); };
  useEffect(() => {
    const onClick = (event: MouseEvent): void => {
      const anchor = (event.target as Element).closest("a");
      if (!anchor || event.ctrlKey || event.metaKey || event.shiftKey || !PAGES.some((p) => p.path === anchor.pathname)) return;
      event.preventDefault();
      go(anchor.pathname + anchor.search);
    };
    const onPop = (): void => { readAddress(); setHere(at(location.pathname)); };
    addEventListener("click", onClick);
    addEventListener("popstate", onPop);
    return () => { removeEventListener("click", onClick); removeEventListener("popstate", onPop); };
  }, []);
  useEffect(() => { document.title = `${here.title} · Thunderline`; void show(here.name); }, [here]);
  useKeys(go);
  const View = here.view;
  const tabs = PAGES.slice(0, 5);
  return (
    <div class={`app ${link.value === "reconnecting" ? "stale" : ""}`}>
      <a class="skip" href="#main">Skip to content</a>
      <Nav here={here} />
      <header class="top"><h1>{here.title}</h1><Strip /><span class="sp" /><Live /><button class="ib wide" onClick={() => { palette.value = "commands"; }}>Commands <kbd>Ctrl K</kbd></button><button class="ib sq" aria-label="Switch between dark and light" onClick={otherTheme}><Icon name="theme" /></button></header>
      <div class="striprow"><Strip /></div>
      <main id="main"><Banner /><View key={here.name} />
        <nav class="phone" aria-label="More pages">{PAGES.slice(5).map((p) => <a key={p.path} href={p.path} class="btn">{p.title}</a>)}</nav></main>
      {palette.value && <Palette mode={palette.value} commands={commands(go)} close={() => { palette.value = ""; }} />}
      <p class="vh" aria-live="polite">{said()}</p>
      <nav class="tabs" aria-label="Pages">{tabs.map((p) => <a key={p.path} href={p.path} aria-current={p === here ? "page" : undefined}><Icon name={p.name} />{p.title}</a>)}</nav>
    </div>
  );
}
render(<App />, document.getElementById("app")!);

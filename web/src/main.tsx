import { render, type ComponentType } from "preact";
import { lazy } from "./lazy";
import { useEffect, useState } from "preact/hooks";
import "./app.css";
import { age, clock, fixed, whole } from "./format";
import { Icon } from "./parts";
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

function setTheme(theme: string): void {
  document.documentElement.dataset.theme = theme;
  try { localStorage.setItem("theme", theme); } catch { /* A browser that keeps nothing still shows it. */ }
}
const storedTheme = (): string | null => { try { return localStorage.getItem("theme"); } catch { return null; } };
setTheme(new URLSearchParams(location.search).get("theme") ?? storedTheme() ?? (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark"));
const otherTheme = (): void => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");

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
    return <div class="bn warn" role="status"><Icon name="warn" /><span>Reconnecting. The figures are as of {clock(lastNews.value)}.</span></div>;
  if (link.value === "failed")
    return <div class="bn bad" role="alert"><Icon name="failed" /><span>The server at {location.host} does not answer. Is <code>thunderline run</code> still up? {failure.value}</span></div>;
  return failure.value ? <div class="bn warn" role="alert"><Icon name="warn" /><span>{failure.value}</span></div> : null;
}

function useKeys(go: (path: string) => void): void {
  useEffect(() => {
    let began = 0;
    const onKey = (event: KeyboardEvent): void => {
      if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "T") return otherTheme();
      if (event.key === "P") return void setPaused(topics.run.value?.state !== "paused");
      const target = Date.now() - began < 1500 ? PAGES.find((p) => p.key === event.key) : undefined;
      began = event.key === "g" ? Date.now() : 0;
      if (target) go(target.path);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

function App() {
  const [here, setHere] = useState(at(location.pathname));
  const go = (path: string): void => { history.pushState(null, "", path); setHere(at(path)); scrollTo(0, 0); };
  useEffect(() => {
    const onClick = (event: MouseEvent): void => {
      const anchor = (event.target as Element).closest("a");
      if (!anchor || event.ctrlKey || event.metaKey || event.shiftKey || !PAGES.some((p) => p.path === anchor.pathname)) return;
      event.preventDefault();
      go(anchor.pathname);
    };
    const onPop = (): void => setHere(at(location.pathname));
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
      <header class="top"><h1>{here.title}</h1><Strip /><span class="sp" /><Live /><button class="ib sq" aria-label="Switch between dark and light" onClick={otherTheme}><Icon name="theme" /></button></header>
      <div class="striprow"><Strip /></div>
      <main id="main"><Banner /><View key={here.name} />
        <nav class="phone" aria-label="More pages">{PAGES.slice(5).map((p) => <a key={p.path} href={p.path} class="btn">{p.title}</a>)}</nav></main>
      <nav class="tabs" aria-label="Pages">{tabs.map((p) => <a key={p.path} href={p.path} aria-current={p === here ? "page" : undefined}><Icon name={p.name} />{p.title}</a>)}</nav>
    </div>
  );
}
render(<App />, document.getElementById("app")!);

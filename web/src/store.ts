// One snapshot, then the stream. Every topic is a signal; pages read the ones they need.
import { batch, signal } from "@preact/signals";
import { ApiError, request, type Message, type Snapshot, type Topics } from "./api";

type Slots = { [K in keyof Topics]: ReturnType<typeof signal<Topics[K] | undefined>> };
export const topics: Slots = {
  run: signal(), training: signal(), trials: signal(), models: signal(), agents: signal(),
  messages: signal(), bits: signal(), observables: signal(),
};
export type Link = "loading" | "live" | "reconnecting" | "failed";
export const link = signal<Link>("loading");
export const failure = signal("");
export const lastNews = signal(0);
/** Ticks once a second: every age on the page hangs on it. */
export const now = signal(Date.now());
setInterval(() => { now.value = Date.now(); }, 1000);

const KEPT_MESSAGES = 500;
const HIDDEN_MS = 1000;
let source: EventSource | null = null;
let retry = 0;
let page = "";

function put(topic: string, value: unknown): void {
  const slot = topics[topic as keyof Topics] as { value: unknown } | undefined;
  if (slot) slot.value = value;
}

/** Shows a page: takes its snapshot and follows its topics from there on. */
export async function show(name: string): Promise<void> {
  page = name;
  clearTimeout(retry);
  source?.close();
  try {
    const snapshot = await request<Snapshot>(`/api/v1/snapshot/${name}`);
    if (page !== name) return;
    batch(() => Object.entries(snapshot.topics).forEach(([topic, value]) => put(topic, value)));
    failure.value = "";
    // Browsers open only six connections to one host: a tab that nobody sees gives its stream back
    // and looks once a second.
    if (document.hidden) look(name);
    else follow(name, snapshot.last_event_id);
  } catch (error) {
    if (page !== name) return;
    failure.value = error instanceof ApiError ? error.message : "";
    lost(name);
  }
}

function look(name: string): void {
  lastNews.value = Date.now();
  link.value = "live";
  retry = window.setTimeout(() => void show(name), HIDDEN_MS);
}
document.addEventListener("visibilitychange", () => { if (page) void show(page); });

function lost(name: string): void {
  source?.close();
  link.value = lastNews.value === 0 ? "failed" : "reconnecting";
  retry = window.setTimeout(() => void show(name), 1000 + Math.random() * 1000);
}

const TOPICS: Record<string, string> = {
  overview: "run,training,models,observables,messages", pipeline: "run,training,trials,models",
  progress: "run,training,trials,observables", bits: "run,training,bits",
  agents: "run,training,agents,messages", models: "run,training,models", trajectories: "run,training",
};

function follow(name: string, after: string): void {
  const stream = new EventSource(`/api/v1/stream?topics=${TOPICS[name]}&after=${encodeURIComponent(after)}`);
  source = stream;
  let waiting: [string, unknown][] = [];
  const apply = (): void => {
    const taken = waiting;
    waiting = [];
    batch(() => {
      for (const [topic, value] of taken) {
        if (topic !== "messages") { put(topic, value); continue; }
        const news = value as Message[];
        topics.messages.value = [...(topics.messages.value ?? []), ...news].slice(-KEPT_MESSAGES);
      }
      lastNews.value = Date.now();
      link.value = "live";
    });
  };
  const take = (topic: string) => (event: MessageEvent<string>): void => {
    waiting.push([topic, JSON.parse(event.data) as unknown]);
    // A hidden page gets no animation frames; it is brought up to date by a timer.
    if (waiting.length === 1) document.hidden ? setTimeout(apply, 250) : requestAnimationFrame(apply);
  };
  for (const topic of TOPICS[name]!.split(",")) stream.addEventListener(topic, take(topic));
  stream.addEventListener("ping", () => { lastNews.value = Date.now(); });
  stream.addEventListener("reset", () => void show(name));
  stream.onopen = () => { link.value = "live"; lastNews.value = Date.now(); };
  stream.onerror = () => { if (source === stream) lost(name); };
}

/** Asks for another model: a version that was deployed before, or the one before the live one. */
export async function askForModel(version: number | null, reason: string, key: string): Promise<string> {
  try {
    await request(`/api/v1/models/${version === null ? "rollback" : `${version}/promote`}`, "POST", { reason }, key);
    return "";
  } catch (error) {
    return error instanceof ApiError ? `${error.message}. ${error.hint}` : "The server does not answer.";
  }
}

export async function setPaused(paused: boolean): Promise<void> {
  try {
    await request(`/api/v1/run/${paused ? "pause" : "resume"}`, "POST", {});
    failure.value = "";
  } catch (error) {
    failure.value = error instanceof ApiError ? `${error.message}. ${error.hint}` : "The server does not answer.";
  }
}

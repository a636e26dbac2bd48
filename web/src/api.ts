// The shapes of the server's JSON, as docs/http.md and /api/openapi.json describe them.
export interface Run {
  run_id: string; world: string; seed: number; rate: number | "max"; opened_ms: number;
  state: "running" | "paused" | "recovering" | "done";
  stage: string; events: number; events_in_all: number; ticks: number; decisions: number;
  forced: number; seen: number; seen_reward_mean: number | null; model_version: string;
  models: number; degradations: number;
}
export type StageState = "pending" | "running" | "done" | "refused" | "failed";
export interface Stage { name: string; state: StageState; started_ms: number | null; ended_ms: number | null }
export interface Training {
  version: number; reason: string; outcome: "running" | "deployed" | "refused" | "failed"; why: string;
  started_ms: number; rows: number; trial: number; trials: number; objective: string;
  best: number | null; stages: Stage[];
}
export type Params = Record<string, string | number | boolean>;
export interface Trials {
  version: number; objective: string; trials: number;
  n: number[]; value: (number | null)[]; epochs: number[]; params: Params[];
}
export interface Model {
  version: number; trained_on: number; trials: number; params: Params; brier: number; auc: number;
  champion_value: number; challenger_value: number; decision: "deployed" | "refused" | "failed";
  rolled_back_at: number | null; reason: string; at_event: number; seconds: Record<string, number>;
}
export interface Models { live: string; models: Model[]; degradation: { at_event: number; statistic: number }[] }
export interface Agent {
  name: string; state: "idle" | "working" | "waiting" | "restarting" | "failed"; doing: string;
  messages: number; last: { type: string; ts: number } | null; restarts: number;
}
export interface Chief { name: string; steps: number; errors: number; last_action: string; last_detail: string; reward: number }
export interface Agents { agents: Agent[]; chiefs: Chief[] }
export interface Message { n: number; ts: number; type: string; from: string; to: string; summary: string }
export interface Score { score: number; confidence: number; label: string; action: string; model_version: string }
export interface Bit {
  id: string; category: string; status: string; kind: string; energy: number; salience: number;
  spawned_tick: number; score: Score | null;
}
export interface Field {
  tick: number; counts: Record<string, number>; shown: number; bits: Bit[];
  edges: [number, number, string][];
  categories: { name: string; shape: string; n: number; mean_score: number | null }[];
  evaluations: (Score & { id: string; category: string; tick: number })[];
}
export type Point = [number, number | null, number | null, number | null];
export interface Observables { tick: number; now: { plv: number | null; sigma: number | null; lambda: number | null }; history: Point[] }
export interface Step {
  sequence: number; id: string; episode: string; action: number; reward: number | null; seen: boolean;
  propensity: number | null; tick: number | null; model_version: string | null; score: number | null; forced: boolean | null;
}
export interface StepPage { items: Step[]; next: number | null }
export interface LogStats { steps: number; outcomes: number; open_steps: number; not_yet_durable: number; size_bytes: number; transitions: number; segments: number }

export interface Curves { epoch: number[]; loss?: (number | null)[]; val_loss?: (number | null)[]; accuracy?: (number | null)[]; val_accuracy?: (number | null)[] }
export interface Trial {
  version: number; number: number; value: number | null; epochs: number; params: Params; ended_ms: number;
  plv: number | null; sigma: number | null; lambda: number | null; curves: Curves | null; log: string[];
}
export interface Page<T> { items: T[]; next: number | null }

export interface Topics {
  run: Run; training: Training | null; trials: Trials; models: Models; agents: Agents;
  messages: Message[]; bits: Field; observables: Observables;
}
export interface Snapshot { last_event_id: string; topics: Partial<Topics> }

/** A failed request: the server's own words where it gave them. */
export class ApiError extends Error {
  constructor(readonly status: number, message: string, readonly hint: string) { super(message); }
}

/** A name for one wish, so that a second click on it does nothing. */
export const newKey = (): string => Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(16).padStart(8, "0")).join("");

export async function request<T>(path: string, method = "GET", body?: unknown, key = ""): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  if (response.status === 401) location.assign("/login");
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return answer as T;
  const problem = (answer ?? {}) as { detail?: string; hint?: string };
  throw new ApiError(response.status, problem.detail ?? response.statusText, problem.hint ?? "");
}

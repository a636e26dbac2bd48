export const whole = (value: number): string => Math.round(value).toLocaleString("en-US");
export const signed = (value: number, digits = 3): string => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(digits);
export const fixed = (value: number | null | undefined, digits: number): string =>
  value === null || value === undefined ? "–" : (value < 0 ? "−" : "") + Math.abs(value).toFixed(digits);

export function duration(ms: number): string {
  const s = ms / 1000;
  if (s < 1) return `${Math.max(0, Math.round(ms))} ms`;
  if (s < 60) return `${s.toFixed(1)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
export function age(ms: number): string {
  const s = Math.max(0, ms / 1000);
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 120) return `${Math.floor(s)} s`;
  return s < 7200 ? `${Math.floor(s / 60)} min` : `${Math.floor(s / 3600)} h`;
}
export const clock = (unixMs: number): string => new Date(unixMs).toLocaleTimeString("en-GB");
export function bytes(n: number): string {
  return n < 1 << 20 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / (1 << 20)).toFixed(1)} MiB`;
}
/** "model 3" for a model's version, "the heuristic" before the first. */
export const scorer = (version: string): string => (version === "heuristic" ? "the heuristic" : `model ${version}`);
export const param = (value: string | number | boolean): string =>
  typeof value !== "number" ? String(value) : Number.isInteger(value) ? String(value) : value < 0.001 ? value.toExponential(1) : value.toFixed(4);

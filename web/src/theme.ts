import { signal } from "@preact/signals";

const stored = (): string | null => { try { return localStorage.getItem("theme"); } catch { return null; } };
const wanted = (): string => new URLSearchParams(location.search).get("theme") ?? stored() ?? (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark");
export const theme = signal(wanted() === "light" ? "light" : "dark");
document.documentElement.dataset.theme = theme.value;

export function otherTheme(): void {
  theme.value = theme.value === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = theme.value;
  try { localStorage.setItem("theme", theme.value); } catch { /* A browser that keeps nothing still shows it. */ }
}

// Figures of curves, without a chart.
export type Value = number | null;

/** Exponential moving average, `weight` of what was before; 0 gives the values themselves. */
export function smooth(values: Value[], weight: number): Value[] {
  let mean = 0, seen = 0;
  return values.map((value) => {
    if (value === null) return null;
    mean = weight * mean + (1 - weight) * value;
    ++seen;
    return mean / (1 - weight ** seen); // Without this the first values would be drawn to 0.
  });
}

/** The axis of a search: from the lowest value to above the worse half; how many values lie beyond. */
export function searchRange(values: number[]): { low: number; high: number; above: number } {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return { low: 0, high: 1, above: 0 };
  const low = sorted[0]!;
  const most = sorted[sorted.length - 1]!;
  const usual = Math.max(sorted[Math.floor((sorted.length - 1) * 0.9)]!, low + 1e-6);
  // A few values that are not far off get room; the rest is marked at the edge.
  const high = most - low <= 2 * (usual - low) ? most : usual;
  const pad = Math.max((high - low) * 0.12, 1e-6);
  return { low: low - pad, high: high + pad, above: sorted.filter((v) => v > high + pad).length };
}

import { describe, expect, it } from "vitest";
import { age, bytes, duration, fixed, param, scorer, signed, whole } from "./format";
import { matching } from "./palette";
import { csv } from "./save";
import { searchRange, smooth } from "./series";

describe("format", () => {
  it("writes numbers with a true minus and thousands", () => {
    expect([whole(1234567.4), signed(-0.5), signed(0.25, 1), fixed(-1.005, 2)]).toEqual(["1,234,567", "−0.500", "+0.3", "−1.00"]);
    expect(fixed(null, 3)).toBe("–");
  });
  it("writes times in the unit that fits", () => {
    expect([duration(-3), duration(999), duration(1000), duration(61_000), duration(3_660_000)]).toEqual(["0 ms", "999 ms", "1.0 s", "1 min 1 s", "1 h 1 min"]);
    expect([age(-5), age(9900), age(119_000), age(7_200_000)]).toEqual(["0.0 s", "9.9 s", "119 s", "2 h"]);
  });
  it("names who scores, sizes and parameters", () => {
    expect([scorer("heuristic"), scorer("3"), bytes(2048), bytes(3 << 20)]).toEqual(["the heuristic", "model 3", "2.0 KiB", "3.0 MiB"]);
    expect([param(0.00031), param(0.5), param(64), param("relu")]).toEqual(["3.1e-4", "0.5000", "64", "relu"]);
  });
});

describe("series", () => {
  it("smooths without a pull to zero at the start and keeps gaps", () => {
    expect(smooth([2, null, 2], 0.9)).toEqual([expect.closeTo(2), null, expect.closeTo(2)]);
    expect(smooth([1, 3], 0)).toEqual([1, 3]);
    const curve = smooth([0, 1, 0, 1], 0.5) as number[];
    expect(Math.max(...curve)).toBeLessThan(1);
  });
  it("ends a search's axis before its outliers, and counts them", () => {
    const values = [...Array.from({ length: 18 }, (_, i) => 0.1 + i / 1000), 5, 9];
    const range = searchRange(values);
    expect(range.above).toBe(2);
    expect(range.high).toBeLessThan(1);
    expect(range.low).toBeLessThan(0.1);
    expect(searchRange([1, 2, 3]).above).toBe(0);
    expect(searchRange([])).toEqual({ low: 0, high: 1, above: 0 });
    const one = searchRange([4]);
    expect(one.low).toBeLessThan(4);
    expect(one.high).toBeGreaterThan(4);
  });
});

describe("csv", () => {
  it("quotes what must be quoted and disarms formulas, not numbers", () => {
    expect(csv([["a,b", 'c"d', null, -1.5], ["=1+1", "-2", "-x", "line\nbreak"]])).toBe('"a,b","c""d",,-1.5\r\n\'=1+1,-2,\'-x,"line\nbreak"\r\n');
  });
});

describe("palette", () => {
  const commands = ["Go to Overview", "Go to Progress", "Pause the run"].map((name) => ({ name, keys: "", run: () => undefined }));
  it("finds commands by letters in order", () => {
    expect(matching(commands, "gpro").map((one) => one.name)).toEqual(["Go to Progress"]);
    expect(matching(commands, "")).toHaveLength(3);
    expect(matching(commands, "zz")).toEqual([]);
  });
});

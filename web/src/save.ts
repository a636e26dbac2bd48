// Charts as PNG, charts and tables as CSV.
export type Rows = (string | number | null)[][];
/** What a chart was drawn from, headings first. */
const drawn = new WeakMap<Element, Rows>();
export const remember = (chart: Element | null, rows: Rows): void => { if (chart) drawn.set(chart, rows); };

/** RFC 4180; what a spreadsheet would take for a formula gets an apostrophe. */
export function csv(rows: Rows): string {
  const cell = (value: string | number | null): string => {
    let text = value === null ? "" : String(value);
    if (typeof value === "string" && /^[=+@\t\r]|^-(?![\d.])/.test(text)) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => row.map(cell).join(",") + "\r\n").join("");
}

function tableRows(table: HTMLTableElement): Rows {
  const text = (cell: HTMLTableCellElement): string => (cell.title && cell.classList.contains("el") ? cell.title : cell.textContent ?? "").trim().replace("−", "-");
  return [...table.rows].filter((row) => !row.classList.contains("sub")).map((row) => [...row.cells].map(text));
}
function save(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
const STYLED = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-family", "font-size", "font-weight", "text-anchor"];

/** The picture with the colours that it has on the page. */
function painted(chart: SVGSVGElement, width: number, height: number): string {
  const copy = chart.cloneNode(true) as SVGSVGElement;
  const from = [chart, ...chart.querySelectorAll("*")], to = [copy, ...copy.querySelectorAll("*")];
  to.forEach((element, i) => {
    const style = getComputedStyle(from[i]!);
    // As attributes: the pages' policy takes no inline style, in a picture neither.
    for (const name of STYLED) element.setAttribute(name, style.getPropertyValue(name));
    element.removeAttribute("style");
  });
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return new XMLSerializer().serializeToString(copy);
}
async function picture(chart: Element): Promise<Blob | null> {
  const { width, height } = chart.getBoundingClientRect();
  const canvas = document.createElement("canvas");
  const scale = 2;
  canvas.width = width * scale;
  canvas.height = height * scale;
  const paper = canvas.getContext("2d")!;
  paper.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--bg1");
  paper.fillRect(0, 0, canvas.width, canvas.height);
  if (chart instanceof HTMLCanvasElement) paper.drawImage(chart, 0, 0, canvas.width, canvas.height);
  else {
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(painted(chart as SVGSVGElement, canvas.width, canvas.height))}`;
    await image.decode();
    paper.drawImage(image, 0, 0);
  }
  return new Promise((done) => canvas.toBlob(done));
}

export interface Offer { label: string; run: () => Promise<void> | void }
/** What of this part of a page can be saved. */
export function offers(part: Element, name: string): Offer[] {
  const file = name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "thunderline";
  const list: Offer[] = [];
  const text = (rows: Rows): Blob => new Blob([csv(rows)], { type: "text/csv" });
  for (const chart of part.querySelectorAll("svg.chart[role=img],svg.field,.uplot canvas")) {
    const label = chart.closest("[data-chart]")?.getAttribute("data-chart") ?? "chart";
    const suffix = label === "chart" ? "" : `-${label}`;
    if (chart.closest("td")) continue;
    list.push({ label: `${label} as PNG`, run: async () => { const image = await picture(chart); if (image) save(`${file}${suffix}.png`, image); } });
    const rows = drawn.get(chart.closest("[data-chart]") ?? chart);
    if (rows) list.push({ label: `${label} as CSV`, run: () => save(`${file}${suffix}.csv`, text(rows)) });
  }
  const table = part.querySelector("table");
  if (table) list.push({ label: "table as CSV", run: () => save(`${file}.csv`, text(tableRows(table))) });
  return list;
}

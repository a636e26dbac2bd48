// The pages of a real run in a real browser: pages_test.mjs BINARY NODE_MODULES BUILT_APP OUT_FOLDER
// Keeps the screenshots in OUT_FOLDER. Prints what failed; exits with 1 if anything did.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { FIGURES } from "./figures.mjs";
import { layoutFaults } from "./layout.mjs";
import { Server, until } from "./server.mjs";

const [binary, modules, app, out] = process.argv.slice(2);
const { chromium } = createRequire(join(modules, "x"))("playwright-core");
const axe = readFileSync(join(modules, "axe-core/axe.min.js"), "utf8");
const PATHS = {
  overview: "/", pipeline: "/training/pipeline", progress: "/training/progress", bits: "/training/bits",
  agents: "/training/agents", models: "/models", trajectories: "/trajectories",
};
const CLS = 0.02, INITIAL_KB = 50, WHOLE_KB = 90;

let failed = 0, checks = 0;
function check(right, what) {
  ++checks;
  if (right) return;
  ++failed;
  console.log(`FAILED ${what}`);
}
async function part(name, work) {
  const start = Date.now();
  try { await work(); } catch (error) { check(false, `${name}: ${error.stack}`); }
  console.log(`${name}: ${((Date.now() - start) / 1000).toFixed(1)} s`);
}

async function freePort() {
  const probe = createServer();
  await new Promise((done) => probe.listen(0, "127.0.0.1", done));
  const { port } = probe.address();
  await new Promise((done) => probe.close(done));
  return port;
}

/** Every page shows what the API says, while the run stands still. */
async function figures(tab, server) {
  for (const [name, path] of Object.entries(PATHS)) {
    await tab.goto(server.base + path);
    let differing = [];
    await until(async () => {
      try { differing = (await FIGURES[name](tab, (at) => server.get(at))).filter(([shown, wanted]) => JSON.stringify(shown) !== JSON.stringify(wanted)); }
      catch (error) { differing = [[String(error), ""]]; }
      return differing.length === 0;
    }, "", () => "", 4).catch(() => undefined);
    for (const [shown, wanted] of differing) check(false, `${name} shows ${JSON.stringify(shown)?.slice(0, 300)}, the API says ${JSON.stringify(wanted).slice(0, 300)}`);
    check(true, name);
  }
}

/** Tabs that follow a run and add up what jumped on them. */
async function watchShifts(context, server) {
  const tabs = [];
  // No more than four: browsers open six connections to a host, and here every tab counts as seen.
  for (const name of ["overview", "pipeline", "progress", "bits"]) {
    const path = PATHS[name];
    const tab = await context.newPage();
    await tab.addInitScript(() => {
      globalThis.shifts = [];
      new PerformanceObserver((list) => list.getEntries().forEach((entry) => globalThis.shifts.push([entry.value, entry.sources.map((s) => `${s.node?.className ?? s.node?.parentNode?.className} ${s.node?.textContent?.slice(0, 20)} ${s.previousRect.x},${s.previousRect.y}>${s.currentRect.x},${s.currentRect.y}`).join(" | ")])))
        .observe({ type: "layout-shift", buffered: true });
    });
    await tab.goto(server.base + path);
    tabs.push([name, tab]);
  }
  return tabs;
}
async function judgeShifts(tabs) {
  for (const [name, tab] of tabs) {
    await tab.bringToFront();
    const shifts = await tab.evaluate(() => globalThis.shifts);
    const sum = shifts.reduce((total, [value]) => total + value, 0);
    check(sum < CLS, `${name} jumped: ${sum.toFixed(4)} ${JSON.stringify(shifts.sort((a, b) => b[0] - a[0]).slice(0, 4))}`);
    await tab.close();
  }
}

/** From the table of trials to one trial's epochs and its log, in two clicks; the address remembers it. */
async function drill(tab, server) {
  await tab.goto(server.base + PATHS.progress);
  await tab.click("table.pick tbody tr:nth-child(2)");
  const number = new URL(tab.url()).searchParams.get("trial");
  await tab.waitForSelector(`.trial h2:has-text("Trial ${number} of")`);
  await tab.click(".log summary");
  const version = (await tab.textContent(".trial h2")).match(/model (\d+)/)[1];
  const trial = await until(() => server.get(`/api/v1/trainings/${version}/trials/${number}`).catch(() => null), "the trial is stored");
  await until(async () => (await tab.textContent(".log pre")) === trial.log.join("\n"), "the trial's log is shown");
  check(trial.curves.val_loss.length === trial.epochs, "a trial has a value for each of its epochs");
  await until(async () => (await tab.$$(".trial canvas")).length === 2, "loss and accuracy are drawn");
  await tab.reload();
  await tab.waitForSelector(`.trial h2:has-text("Trial ${number} of")`);
  check(true, "the address keeps the trial");
  // The keyboard: the palette goes to a page, a key goes back.
  await tab.keyboard.press("Control+k");
  await tab.fill(".pal input", "agents");
  await tab.keyboard.press("Enter");
  await tab.waitForSelector(".five");
  await tab.keyboard.press("g");
  await tab.keyboard.press("r");
  await tab.waitForSelector("table.pick");
  for (const [card, label] of [["Save search", "chart as PNG"], ["Save search", "chart as CSV"], ["Save trials", "table as CSV"], [`Save Trial`, "loss as PNG"], [`Save Trial`, "loss as CSV"]]) {
    await tab.click(`button[aria-label^="${card}"]`);
    const [file] = await Promise.all([tab.waitForEvent("download", { timeout: 8000 }).catch((error) => { throw new Error(`${card}, ${label}: ${error.message}`); }), tab.click(`.menu button:text-is("${label}")`)]);
    const content = readFileSync(await file.path());
    const right = label.endsWith("PNG") ? content.length > 2000 && content.subarray(1, 4).toString() === "PNG" : content.toString().split("\r\n").length > 3;
    check(right, `${card}: ${label} gives ${content.length} bytes`);
  }
}

/** A rollback and a promotion from the page, with the confirmation and the audit line. */
async function actions(tab, server) {
  await tab.goto(server.base + PATHS.models);
  const before = (await server.get("/api/v1/models")).live;
  await tab.click('button:text-is("Roll back")');
  await tab.fill(".ask input", "a test of the way back");
  await tab.click('.ask button:text-is("Roll back")');
  await until(async () => (await server.get("/api/v1/models")).live !== before, "the model before decides");
  await tab.waitForSelector(".pill:has-text('Rolled back')");
  await tab.click(`tr:has(td:text-is("${before}")) button:text-is("Promote")`);
  await tab.fill(".ask input", "a test of the way forth");
  await tab.click('.ask button:text-is("Promote")');
  await until(async () => (await server.get("/api/v1/models")).live === before, "it decides again");
  await tab.waitForSelector(`.hd h2:has-text("Model ${before} decides")`);
  const audit = readFileSync(join(server.home, "audit", readdirSync(join(server.home, "audit")).find((file) => file.endsWith("l"))), "utf8");
  check(/rollback[^\n]*a test of the way back/.test(audit), "the rollback is audited");
  check(/promote[^\n]*a test of the way forth/.test(audit), "the promotion is audited");
  const key = { "Content-Type": "application/json", "Idempotency-Key": "once" };
  const again = () => fetch(`${server.base}/api/v1/models/rollback`, { method: "POST", headers: key, body: '{"reason":"twice"}' });
  check((await again()).status === 202 && (await again()).status === 202, "an idempotent call is answered twice");
  await until(async () => (await server.get("/api/v1/models")).live !== before, "it was rolled back");
  await until(() => readFileSync(join(server.home, "audit", readdirSync(join(server.home, "audit")).find((file) => file.endsWith("l"))), "utf8").includes("twice"), "it is audited");
}

/** The server is killed and comes back: the page says so, and goes on by itself. */
async function recovery(tab, server) {
  await tab.goto(server.base + PATHS.overview);
  await tab.waitForSelector(".tiles");
  await tab.evaluate(() => { globalThis.sameLoad = true; });
  const before = (await server.get("/api/v1/run")).events;
  await server.kill();
  await tab.waitForSelector("text=/Reconnecting/i", { timeout: 8000 });
  await tab.waitForSelector(".bn.warn[role=status]", { timeout: 8000 });
  await tab.screenshot({ path: join(out, "overview-reconnecting.png") });
  await server.start();
  await until(async () => (await tab.textContent(".live")).startsWith("live"), "the page is live again");
  await until(async () => Number((await tab.textContent(".tiles .st:nth-child(2) .v")).replace(/,|of.*/g, "")) >= before, "its figures are back", () => server.words.slice(-1500));
  check(await tab.evaluate(() => globalThis.sameLoad === true), "the page was loaded anew");
}

async function looks(browser, server, theme) {
  for (const [width, height] of [[1440, 900], [390, 844]]) {
    const context = await browser.newContext({ viewport: { width, height }, hasTouch: width < 500, isMobile: width < 500 });
    const tab = await context.newPage();
    tab.on("console", (message) => { if (message.type() === "error") check(false, `the console says: ${message.text()}`); });
    for (const [name, path] of Object.entries(PATHS)) {
      await tab.goto(`${server.base}${path}?theme=${theme}`);
      await tab.waitForSelector("main .p", { timeout: 8000 });
      await tab.evaluate(() => document.fonts.ready);
      const where = `${name} ${width} ${theme}`;
      // What comes in a moment after the first figures: wait until the page stands still.
      let faults = [], before = "";
      await until(async () => {
        const now = await tab.evaluate(() => document.querySelector("main").innerText.length + " " + document.body.scrollHeight);
        const still = now === before;
        before = now;
        return still;
      }, "", () => "", 1).catch(() => undefined);
      faults = await tab.evaluate(layoutFaults);
      for (const fault of faults) check(false, `${where}: ${fault}`);
      check(true, where);
      await tab.screenshot({ path: join(out, `${name}-${width}-${theme}.png`), fullPage: true });
      if (width < 500) continue; // The same elements.
      await tab.evaluate(axe);
      const { violations } = await tab.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
      for (const one of violations.filter((v) => ["serious", "critical"].includes(v.impact))) check(false, `${where}: axe ${one.id}, ${one.help}: ${one.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`);
    }
    await context.close();
  }
}

function sizes() {
  const folder = join(app, "assets");
  const files = readdirSync(folder).map((file) => ({ file, size: gzipSync(readFileSync(join(folder, file)), { level: 9 }).length }));
  const first = readFileSync(join(app, "index.html"), "utf8");
  const scripts = files.filter(({ file }) => file.endsWith(".js"));
  const initial = scripts.filter(({ file }) => first.includes(file)).reduce((sum, { size }) => sum + size, 0);
  const all = files.filter(({ file }) => !file.endsWith(".svg")).reduce((sum, { size }) => sum + size, 0);
  console.log(`first JavaScript ${(initial / 1000).toFixed(1)} kB, the whole app ${(all / 1000).toFixed(1)} kB, gzip`);
  check(initial > 0 && initial <= INITIAL_KB * 1000, `the first JavaScript is ${initial} bytes`);
  check(all <= WHOLE_KB * 1000, `the app is ${all} bytes`);
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const home = mkdtempSync(join(tmpdir(), "thunderline-pages-"));
const flags = ["--seed", "6", "--limit", "5000", "--rate", "25", "--set", "training.trials=8"];
const server = new Server(binary, join(home, "home"), await freePort(), flags);
const browser = await chromium.launch({ executablePath: process.env.THUNDERLINE_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
try {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  sizes();
  await part("start", () => server.start());
  const tabs = await watchShifts(context, server);
  const tab = await context.newPage();
  tab.on("console", (message) => { if (message.type() === "error" && !/ERR_|404/.test(message.text())) check(false, `the console says: ${message.text()}`); });
  tab.on("pageerror", (error) => check(false, `an error on a page: ${error.stack}`));
  await part("a model is live", () => until(async () => (await server.get("/api/v1/models")).models.some((m) => m.decision === "deployed"), "a model is live", () => "", 30));
  await server.post("/api/v1/run/pause");
  await part("figures", () => figures(tab, server));
  await part("drill", () => drill(tab, server));
  await server.post("/api/v1/run/resume");
  await part("actions", () => actions(tab, server));
  await part("nothing jumps", () => judgeShifts(tabs));
  await part("kill and recover", () => recovery(tab, server));
  await part("figures after the restart", async () => { await until(async () => !["recovering"].includes((await server.get("/api/v1/run")).state), "what was is repeated"); await server.post("/api/v1/run/pause"); await figures(tab, server); });
  await Promise.all(["dark", "light"].map((theme) => part(`looks ${theme}`, () => looks(browser, server, theme))));
} catch (error) {
  check(false, error.stack);
} finally {
  await browser.close();
  await server.kill();
  rmSync(home, { recursive: true, force: true });
}
console.log(`${checks - failed} passed, ${failed} failed; screenshots in ${out}`);
process.exit(failed ? 1 : 0);

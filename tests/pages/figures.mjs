// What each page shows, and what the API says that it has to show. Both are text.
const whole = (n) => Math.round(n).toLocaleString("en-US");
const fixed = (n, digits) => (n === null || n === undefined ? "–" : (n < 0 ? "−" : "") + Math.abs(n).toFixed(digits));
const signed = (n, digits = 3) => (n === null ? "–" : n < 0 ? "−" : "+") + Math.abs(n).toFixed(digits);

/** Text of every element that fits, in the page's order. */
const texts = (page, selector) => page.$$eval(selector, (all) => all.map((one) => one.textContent.trim()));
/** Cells of a table's rows, the columns asked for. */
const cells = (page, table, columns) => page.$$eval(`${table} tbody tr:not(.sub)`,
  (rows, wanted) => rows.map((row) => wanted.map((at) => row.cells[at].textContent.trim())), columns);

const tiles = async (page) => Object.fromEntries(await page.$$eval(".st", (all) =>
  all.map((tile) => [tile.querySelector(".l").textContent, tile.querySelector(".v").textContent])));
const runs = (models) => [...models.models].reverse().map((m) => [String(m.version), m.decision, signed(m.challenger_value - m.champion_value)]);
const lower = (rows, at) => rows.map((row) => row.map((cell, i) => (i === at ? cell.toLowerCase() : cell)));

export const FIGURES = {
  overview: async (page, api) => {
    const [run, models] = [await api("/api/v1/run"), await api("/api/v1/models")];
    const deployed = models.models.filter((m) => m.decision === "deployed").length;
    const shown = await tiles(page);
    return [
      [shown.Mails, `${whole(run.events)}of ${whole(run.events_in_all)}`],
      [shown.Decisions, whole(run.decisions)],
      [shown["Expired undecided"], whole(run.forced)],
      [shown["Reward per mail"], signed(run.seen_reward_mean)],
      [shown["Models deployed"], `${deployed}of ${models.models.length}`],
      [lower(await cells(page, "table", [0, 1, 2]), 1), runs(models)],
    ];
  },
  pipeline: async (page, api) => {
    const [training, models] = [await api("/api/v1/run/training"), await api("/api/v1/models")];
    const facts = await texts(page, ".now3 dd");
    return [
      [facts[0], `${training.trial} of ${training.trials}`],
      [facts[1].split(" ")[0], fixed(training.best, 4)],
      [await page.$$eval(".rail .vh", (all) => all.map((one) => one.textContent)), training.stages.map((s) => s.state)],
      [lower(await cells(page, ".runs table", [0, 1, 2]), 1), runs(models)],
    ];
  },
  progress: async (page, api) => {
    const [trials, observed] = [await api("/api/v1/run/trials"), await api("/api/v1/observables")];
    const wanted = trials.n.map((n, i) => [String(n), fixed(trials.value[i], 4), String(trials.epochs[i])])
      .sort((a, b) => Number(a[1]) - Number(b[1]));
    return [
      [await cells(page, ".tl", [0, 1, 2]), wanted],
      [(await texts(page, ".band h2")).map((text) => text.split(" ").pop()), ["plv", "sigma", "lambda"].map((name) => fixed(observed.now[name], 2))],
    ];
  },
  bits: async (page, api) => {
    const field = await api("/api/v1/bits");
    const [active, pending] = [field.counts.active ?? 0, field.counts.pending ?? 0];
    return [
      [await texts(page, "[aria-label=Status] b"), [active + pending, active, pending].map(whole)],
      [await texts(page, ".cats .m > b"), field.categories.map((one) => String(one.n))],
      [(await cells(page, ".side2 table", [0])).map(([text]) => text), field.evaluations.map((one) => fixed(one.score, 2))],
    ];
  },
  agents: async (page, api) => {
    const [data, messages] = [await api("/api/v1/agents"), await api("/api/v1/messages")];
    return [
      [(await texts(page, ".ag dl > dd:nth-of-type(1)")), data.agents.map((agent) => whole(agent.messages))],
      [(await texts(page, ".ag .pill")).map((text) => text.toLowerCase()), data.agents.map((agent) => agent.state)],
      [await cells(page, ".chf", [0, 3, 4]), data.chiefs.map((chief) => [chief.name, whole(chief.steps), String(chief.errors)])],
      [await cells(page, ".msgs", [1, 2, 3]), [...messages].reverse().slice(0, 200).map((m) => [m.type.replaceAll("_", " "), m.from, m.to])],
    ];
  },
  models: async (page, api) => {
    const models = await api("/api/v1/models");
    return [[await cells(page, "table", [0, 2, 5]),
      [...models.models].reverse().map((m) => [String(m.version), signed(m.challenger_value), fixed(m.auc, 4)])]];
  },
  trajectories: async (page, api) => {
    const [stats, newest] = [await api("/api/v1/trajectories/stats"), await api("/api/v1/trajectories?newest=true&limit=100")];
    const shown = await tiles(page);
    return [
      [shown.Steps, whole(stats.steps)],
      [shown["Rewards known"], whole(stats.outcomes)],
      [shown.Transitions, whole(stats.transitions)],
      [await cells(page, "table", [0, 6]), newest.items.reverse().map((step) => [whole(step.tick), step.reward === null ? "open" : signed(step.reward, 2)])],
    ];
  },
};

// Runs of the real program for the tests of its pages.
import { spawn } from "node:child_process";
import { once } from "node:events";

export class Server {
  constructor(binary, home, port, flags) {
    Object.assign(this, { binary, home, port, flags, base: `http://127.0.0.1:${port}`, words: "" });
  }

  async start() {
    this.process = spawn(this.binary, ["run", "--home", this.home, "--listen", `127.0.0.1:${this.port}`, ...this.flags]);
    for (const stream of [this.process.stdout, this.process.stderr]) stream.on("data", (text) => { this.words += text; });
    await until(() => fetch(`${this.base}/readyz`).then((answer) => answer.ok, () => false), "the run is open", () => this.words);
  }

  /** As a power cut would: nothing is told, nothing is written any more. */
  async kill() {
    if (!this.process || this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = once(this.process, "exit");
    this.process.kill("SIGKILL");
    await gone;
  }

  async get(path) {
    const answer = await fetch(this.base + path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  post(path, body = {}) {
    return fetch(this.base + path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  }
}

/** Asks again, 20 times a second, until the answer is yes. Fails after `seconds`. */
export async function until(question, what, context = () => "", seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`after ${seconds} s not yet: ${what}. ${context()}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

// The active row beside the table: what it is, why it failed, its curves, and the end of what it printed.
import { mlflow, own } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { clock, lasting, number } from "../../lib/format.js";
import { listen } from "../../lib/stream.js";
import { dot } from "./cells.js";

const LINES = 200; // of the end of the output
const PAGE = 10_000, PAGES = 5; // lines of one answer, answers that are read to come to the end
const PAUSE = 120; // milliseconds that a row must be the active one

export class Drawer {
  element = h("aside", { class: "drawer", "aria-label": "The active run", hidden: true });
  #run = "";
  #asked = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #soon;
  #stop = () => {};
  #close;

  /** @param {() => void} close */
  constructor(close) {
    this.#close = close;
  }

  /** Show that run; none: go away. @param {string} run */
  show(run) {
    if (run === this.#run) return;
    this.#run = run;
    this.#leave();
    this.element.hidden = run === "";
    if (run !== "") this.#soon = setTimeout(() => void this.#load(run), this.element.childElementCount > 0 ? PAUSE : 0);
    else fill(this.element);
  }

  #leave() {
    clearTimeout(this.#soon);
    this.#asked.abort();
    this.#stop();
    this.#stop = () => {};
  }

  /** @param {string} id */
  async #load(id) {
    this.#asked = new AbortController();
    const { signal } = this.#asked;
    try {
      const { run } = await mlflow("runs/get", { run_id: id });
      if (signal.aborted || this.#run !== id) return;
      const output = h("pre", { class: "tail", tabindex: 0, "aria-label": "End of the output" });
      fill(this.element, this.#head(run.info), facts(run), metrics(run.data.metrics ?? []), params(run.data.params ?? []), h("h3", null, "Output"), output);
      await this.#follow(id, output, signal);
    } catch (error) {
      if (!signal.aborted) fill(this.element, this.#head({ run_id: id, run_name: id }), h("p", { class: "bad" }, error instanceof Error ? error.message : String(error)));
    }
  }

  /** @param {any} info */
  #head({ run_id, run_name, status }) {
    return h("header", null, h("h2", null, dot(run_id), h("a", { href: `/r/${run_id}` }, run_name)), status && h("span", { class: "chip" }, status.toLowerCase()),
      h("button", { class: "plain", "aria-label": "Close", onclick: this.#close }, "✕"));
  }

  /** The end of what it printed, and what it prints from now on. @param {string} id @param {HTMLElement} output @param {AbortSignal} signal */
  async #follow(id, output, signal) {
    const { lines, next, ended } = await tail(id, signal);
    show(output, lines);
    if (lines.length === 0) fill(output, h("span", { class: "soft" }, ended ? "It printed nothing." : "No output yet."));
    if (ended || signal.aborted) return;
    this.#stop = listen([`logs:${id}@${next}`], ({ kind, data }) => kind === "log" && show(output, data.lines));
  }
}

/** The last lines, as far as they are among the first ones that are read. @param {string} id @param {AbortSignal} signal */
async function tail(id, signal) {
  /** @type {any[]} */
  let lines = [];
  let answer = { next: "0.0", ended: false, lines };
  for (let page = 0; page < PAGES; page += 1) {
    answer = await own(`/runs/${encodeURIComponent(id)}/logs`, { after: answer.next, limit: PAGE }, signal);
    lines = [...lines, ...answer.lines].slice(-LINES);
    if (answer.ended || answer.lines.length < PAGE) break;
  }
  return { ...answer, lines };
}

/** @param {HTMLElement} output @param {any[]} lines */
function show(output, lines) {
  if (lines.length === 0) return;
  output.querySelector(".soft")?.remove();
  const atEnd = output.scrollTop + output.clientHeight >= output.scrollHeight - 4 || output.childElementCount === 0;
  output.append(...lines.map(({ stream, text }) => h("span", { class: stream === "stderr" ? "stderr" : null }, plain(text ?? ""))));
  while (output.childElementCount > LINES) output.firstElementChild?.remove();
  if (atEnd) output.scrollTop = output.scrollHeight;
}

/** Without colours, and of a bar that was drawn again and again its last state. @param {string} text */
function plain(text) {
  const words = text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "").replace(/\r?\n$/, ""), drawn = words.split("\r").filter(Boolean);
  return `${drawn.at(-1) ?? ""}\n`;
}

/** @param {any} run */
function facts({ info, data }) {
  const tags = Object.fromEntries((data.tags ?? []).map((/** @type {any} */ { key, value }) => [key, value]));
  const why = tags["runner.trouble"] ?? tags["runner.error"], code = tags["runner.exit_code"], commit = tags["mlflow.source.git.commit"];
  const entries = [
    ["Started", clock(info.start_time)],
    ["Time", info.start_time ? lasting((info.end_time || Date.now()) - info.start_time) : ""],
    ["By", info.user_id],
    ["Code", commit?.slice(0, 10)],
  ].filter(([, value]) => value);
  const failed = (why || (code && code !== "0")) && h("p", { class: "failed" }, [why, code && code !== "0" && `exit code ${code}`].filter(Boolean).join("; "));
  return [failed, h("dl", null, entries.map(([name, value]) => [h("dt", null, name), h("dd", null, value)])), tags["mlflow.note.content"] && h("p", { class: "note" }, tags["mlflow.note.content"])];
}

/** @param {{ key: string, value: number }[]} found */
function metrics(found) {
  if (found.length === 0) return "";
  const own = found.filter(({ key }) => !key.startsWith("system/")).sort((a, b) => a.key.localeCompare(b.key));
  return [h("h3", null, "Metrics"), h("div", { class: "tiles" }, own.slice(0, 12).map(({ key, value }) => h("div", { class: "tile" }, h("span", { class: "soft" }, key), h("strong", null, number(value)))))];
}

/** @param {{ key: string, value: string }[]} found */
function params(found) {
  if (found.length === 0) return "";
  return [h("h3", null, "Parameters"), h("dl", { class: "mono" }, found.sort((a, b) => a.key.localeCompare(b.key)).map(({ key, value }) => [h("dt", null, key), h("dd", null, value)]))];
}

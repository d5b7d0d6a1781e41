// The active row beside the table: what it is, why it failed, its curves, and the end of what it printed.
import { sparkline } from "../../charts/sparkline.js";
import { mlflow, own } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { clock, lasting } from "../../lib/format.js";
import { listen } from "../../lib/stream.js";
import { dot, goesOn, plain } from "./cells.js";
import { courses } from "./curves.js";

const LINES = 200; // of the end of the output
const TILES = 12;
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

  /** Show that run; none: go away. @param {string} run @param {string} [name] as far as it is known */
  show(run, name = run.slice(0, 8)) {
    if (run === this.#run) return;
    const changes = this.#run !== "";
    this.#run = run;
    this.#leave();
    this.element.hidden = run === "";
    fill(this.element, run !== "" && this.#head({ id: run, name }));
    if (run !== "") this.#soon = setTimeout(() => void this.#load(run), changes ? PAUSE : 0);
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
      const run = flat((await mlflow("runs/get", { run_id: id })).run);
      if (signal.aborted) return;
      const output = h("pre", { class: "tail", tabindex: 0, "aria-label": "End of the output" });
      fill(this.element, this.#head(run), facts(run), metrics(run.metrics), params(run.params), h("h3", null, "Output"), output);
      void this.#explain(run, signal).catch(() => undefined);
      void this.#curves(id, signal).catch(() => undefined);
      await this.#follow(id, output, signal);
    } catch (error) {
      if (!signal.aborted) fill(this.element, this.#head({ id, name: id }), h("p", { class: "bad" }, error instanceof Error ? error.message : String(error)));
    }
  }

  /** What a run that failed without a word of runner's said last. @param {Run} run @param {AbortSignal} signal */
  async #explain({ id, status, tags }, signal) {
    const place = this.element.querySelector(".failed");
    if (status !== "FAILED" || !place || tags["runner.trouble"] || tags["runner.error"]) return;
    const { last_error: last } = await own(`/runs/${id}/overview`, {}, signal);
    if (last) fill(place, [last, exit(tags)].filter(Boolean).join("; "));
  }

  /** The courses of the metrics, where there are more points than one. @param {string} id @param {AbortSignal} signal */
  async #curves(id, signal) {
    const tiles = new Map([.../** @type {NodeListOf<HTMLElement>} */ (this.element.querySelectorAll(".tile"))].map((tile) => [tile.dataset.key ?? "", tile]));
    if (tiles.size === 0) return;
    for (const { key, points } of await courses([id], [...tiles.keys()], signal)) if (points.length > 1) tiles.get(key)?.append(sparkline(points, { run: id, label: key }));
  }

  /** @param {any} run */
  #head({ id, name, status }) {
    return h("header", null, h("h2", null, dot(id), h("a", { href: `/r/${id}` }, name)), status && h("span", { class: "chip" }, status.toLowerCase()),
      h("button", { class: "plain", "aria-label": "Close", onclick: this.#close }, "✕"));
  }

  /** @param {string} metric @param {number | string | undefined} value */
  #told(metric, value) {
    const tile = [.../** @type {NodeListOf<HTMLElement>} */ (this.element.querySelectorAll(".tile"))].find(({ dataset }) => dataset.key === metric);
    if (tile && value !== undefined) fill(/** @type {HTMLElement} */ (tile.querySelector("strong")), plain(value));
  }

  /** The end of what it printed, and what it prints from now on. @param {string} id @param {HTMLElement} output @param {AbortSignal} signal @param {string} [from] the end that is shown */
  async #follow(id, output, signal, from) {
    const { lines, next, ended } = await own(`/runs/${encodeURIComponent(id)}/logs`, { before: "end", limit: LINES }, signal);
    if (signal.aborted) return;
    if (ended && from !== undefined) return this.#again(id);
    if (next !== from) show(output, lines, true);
    if (lines.length === 0) fill(output, h("span", { class: "soft" }, ended ? "It printed nothing." : "No output yet."));
    if (ended) return;
    const before = this.#stop;
    let at = next, asking = false;
    this.#stop = listen([`logs:${id}@${next}`, `run:${id}`], ({ kind, data }) => {
      if (kind === "log") {
        at = data.next;
        show(output, data.lines);
      } else if (kind === "metrics") this.#told(data.key, data.points.at(-1)?.[2]);
      else if (kind === "run" && !goesOn(data)) this.#again(id);
      else if (kind === "reset" && !data.key && !asking) {
        asking = true;
        void this.#follow(id, output, signal, at).catch(() => { asking = false; });
      }
    });
    before();
  }

  /** Why it ended, and with what. @param {string} id */
  #again(id) {
    this.#leave();
    void this.#load(id);
  }
}

/** @param {HTMLElement} output @param {any[]} lines @param {boolean} [anew] instead of those that are there */
function show(output, lines, anew = false) {
  if (lines.length === 0) return;
  const atEnd = output.scrollTop + output.clientHeight >= output.scrollHeight - 4 || output.childElementCount === 0, place = output.scrollTop;
  if (anew) fill(output);
  output.querySelector(".soft")?.remove();
  output.append(...lines.map(({ stream, text }) => h("span", { class: stream === "stderr" ? "stderr" : null }, line(text ?? ""))));
  while (output.childElementCount > LINES) output.firstElementChild?.remove();
  output.scrollTop = atEnd ? output.scrollHeight : place;
}

/** Without colours, and of a bar that was drawn again and again its last state. @param {string} text */
function line(text) {
  const words = text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "").replace(/\r?\n$/, ""), drawn = words.split("\r").filter(Boolean);
  return `${drawn.at(-1) ?? ""}\n`;
}

/** @typedef {{ id: string, name: string, status: string, begun?: number, ended?: number, user: string, tags: Record<string, string>, params: Record<string, string>, metrics: { key: string, value: number }[] }} Run */

/** @param {any} run as MLflow's API tells it @returns {Run} */
function flat({ info, data }) {
  const named = (/** @type {{ key: string, value: string }[]} */ all = []) => Object.fromEntries(all.map(({ key, value }) => [key, value]));
  return {
    id: info.run_id, name: info.run_name, status: info.status, begun: info.start_time, ended: info.end_time || undefined, user: info.user_id,
    tags: named(data.tags), params: named(data.params), metrics: data.metrics ?? [],
  };
}

/** @param {Record<string, string>} tags */
const exit = (tags) => (tags["runner.exit_code"] && tags["runner.exit_code"] !== "0" ? `exit code ${tags["runner.exit_code"]}` : "");

/** @param {Run} run */
function facts({ tags, status, begun, ended, user }) {
  const why = [tags["runner.trouble"] ?? tags["runner.error"], exit(tags)].filter(Boolean).join("; ") || (status === "FAILED" ? "It failed." : ""), note = tags["mlflow.note.content"];
  const entries = [
    ["Started", clock(begun)],
    ["Time", begun ? lasting((ended ?? Date.now()) - begun) : ""],
    ["By", user],
    ["Code", tags["mlflow.source.git.commit"]?.slice(0, 10)],
  ].filter(([, value]) => value);
  return [
    why && h("p", { class: "failed" }, why),
    h("dl", null, entries.map(([name, value]) => [h("dt", null, name), h("dd", null, value)])),
    note && h("p", { class: "note" }, note),
  ];
}

/** @param {{ key: string, value: number }[]} found */
function metrics(found) {
  const own = found.filter(({ key }) => !key.startsWith("system/")).sort((a, b) => a.key.localeCompare(b.key)).slice(0, TILES);
  if (own.length === 0) return "";
  return [h("h3", null, "Metrics"), h("div", { class: "tiles" }, own.map(({ key, value }) => h("div", { class: "tile", "data-key": key }, h("span", { class: "soft" }, key), h("strong", null, plain(value)))))];
}

/** @param {Record<string, string>} found */
function params(found) {
  const entries = Object.entries(found).sort(([a], [b]) => a.localeCompare(b));
  if (entries.length === 0) return "";
  return [h("h3", null, "Parameters"), h("dl", { class: "mono" }, entries.map(([key, value]) => [h("dt", null, key), h("dd", null, value)]))];
}

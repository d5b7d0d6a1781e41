// Running now: how far, how well, how much longer; stopped from here where it was started from here.
import { own } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { counted, lasting } from "../../lib/format.js";
import { progressOf, told, usualOf } from "../../lib/progress.js";
import { stopButton } from "../run/stopping.js";
import { course, details, experiment, link, metrics } from "./model.js";

/** @typedef {import("./model.js").Row} Row */

const ENDED = 5; // runs of an experiment that tell how long one takes

/** @type {Set<string>} what was started by this server and goes on: it can be stopped from here */
let stoppable = new Set();
let starts = true;

export async function lookForStarted() {
  if (!starts) return;
  const { allowed, executions } = await own("/executions");
  starts = allowed;
  stoppable = new Set(executions.filter((/** @type {any} */ each) => each.exit_code === null).map((/** @type {any} */ each) => each.run_id));
}

/** @type {Map<string, number | undefined>} milliseconds that runs of an experiment take */
const usual = new Map();

/** See how long runs of these experiments took. @param {Row[]} rows */
export async function lookForUsual(rows) {
  await Promise.all([...new Set(rows.map(({ experiment }) => experiment))].filter((id) => !usual.has(id)).map(async (id) => {
    const { rows: ended } = await own("/runs/table", { experiment: id, q: "status = finished", limit: ENDED });
    usual.set(id, usualOf(ended));
  }));
}

/** @param {Row[]} rows @param {number} total */
export function running(rows, total) {
  if (rows.length === 0) return [h("h2", null, "Running now"), h("p", { class: "card soft" }, "Nothing runs.")];
  return [
    h("h2", null, "Running now ", h("span", { class: "chip" }, String(total))),
    h("ul", { class: "card rows" }, rows.map((row) => item(row, usual.get(row.experiment)))),
    total > rows.length && h("p", null, h("a", { href: "/runs?q=status+%3D+running" }, `All ${counted(total, "run")}`)),
  ];
}

/** @param {Row} row @param {number | undefined} long milliseconds that it may take */
function item(row, long) {
  return h("li", { "data-run": row.id, "data-started": row.started, "data-usual": long },
    h("span", { class: "dot busy", "aria-hidden": "true" }),
    h("span", { class: "who" }, link(row), " ", experiment(row)),
    h("time", { class: "soft when" }, row.started ? lasting(Date.now() - row.started) : ""),
    stoppable.has(row.id) && stopButton(row, true),
    h("span", { class: "what mono", "data-metrics": true }, course(row.id), metrics(row.id)),
    h("span", { class: "going soft", "data-going": true }, going(row.id, row.started, long)),
  );
}

/** @param {string} id @param {number | undefined} started @param {number | undefined} long */
function going(id, started, long) {
  const detail = details.get(id), known = detail && progressOf({ params: detail.params, metrics: detail.metrics.map(({ key, step, timestamp }) => ({ key, step, time: timestamp })), started }, long);
  return known && [h("progress", { max: 1, value: known.part, "aria-label": "Progress" }), " ", told(known)];
}

/** What has changed in the rows since: metrics of one run, or the time of all. @param {HTMLElement} block @param {string} [run] */
export function renewed(block, run) {
  for (const row of /** @type {NodeListOf<HTMLElement>} */ (block.querySelectorAll("[data-run]"))) {
    const id = row.dataset.run ?? "", started = Number(row.dataset.started) || undefined;
    const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (row.querySelector(name));
    if (run === id) fill(part("[data-metrics]"), course(id), metrics(id));
    if (started) part("time").textContent = lasting(Date.now() - started);
    fill(part("[data-going]"), going(id, started, Number(row.dataset.usual) || undefined));
  }
}

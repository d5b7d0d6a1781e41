// What is going on: running now, failed lately and why, what comes next, each experiment with its last result.
import { change, own } from "../lib/api.js";
import { copyable } from "../lib/command.js";
import { fill, h, main } from "../lib/dom.js";
import { bind } from "../lib/keys.js";
import { listen } from "../lib/stream.js";
import { hear } from "./runs/better.js";
import { disk } from "./home/disk.js";
import { experiments, lastOf } from "./home/experiments.js";
import { failed, isNew } from "./home/failed.js";
import { heard, look, lookBack, names } from "./home/model.js";
import { lookForStarted, lookForUsual, renewed, running } from "./home/running.js";
import { upcoming } from "./home/upcoming.js";

/** @typedef {import("./home/model.js").Row} Row */

const RUNNING = 10, FAILED = 5, RECENT = 300;
const REST = 1000; // milliseconds between two looks
const SEEN = "runner.home.seen";
const DAY = 86_400_000;

const title = document.title;
const since = Number(keep(SEEN) ?? 0) || Date.now() - DAY;
/** @type {() => void} */
let unlisten = () => undefined;

const blocks = {
  running: h("section", { "aria-label": "Running now" }),
  failed: h("section", { "aria-label": "Failed lately" }),
  next: h("section", { "aria-label": "Next", hidden: true }),
  disk: h("section", { "aria-label": "Disk", hidden: true }),
  experiments: h("section", { "aria-label": "Experiments" }),
};

async function load() {
  const [found, recent, going, broken] = await Promise.all([
    change("experiments/search", { max_results: 1000 }),
    own("/runs/table", { limit: RECENT }),
    own("/runs/table", { q: "status = running", limit: RUNNING }),
    own("/runs/table", { q: "status = failed", sort: "-ended", limit: FAILED }),
  ]);
  for (const each of found.experiments ?? []) names.set(each.experiment_id, each.name);
  hear(found.experiments ?? []);
  const last = await lastOf(recent.rows);
  await Promise.all([look([...going.rows, ...broken.rows, ...last.values()]), lookForStarted(), lookForUsual(going.rows)]);
  await lookBack(going.rows);
  const lately = broken.rows.filter((/** @type {Row} */ row) => (row.ended ?? 0) > Date.now() - 7 * DAY);
  tell(going.total, lately);
  if (recent.total === 0) return fill(main(), empty());
  if (!blocks.running.isConnected) fill(main(), h("h1", { class: "visually-hidden" }, "Home"), h("div", { class: "home" }, h("div", null, blocks.running, blocks.next), h("div", null, blocks.failed, blocks.disk), blocks.experiments));
  renew(blocks.running, running(going.rows, going.total));
  renew(blocks.failed, failed(lately, since));
  drawExperiments(last);
  follow(going.rows);
}

/** @param {Map<string, Row>} last */
const drawExperiments = (last) => renew(blocks.experiments, experiments(last, () => drawExperiments(last)));

/** @param {number} going @param {Row[]} broken */
function tell(going, broken) {
  const fresh = broken.filter((row) => isNew(row, since)).length;
  const parts = [going && `${going} running`, fresh && `${fresh} failed`].filter(Boolean);
  document.title = parts.length > 0 ? `${parts.join(", ")} · runner` : title;
}

/** Other content for a block; focus stays where it was. @param {HTMLElement} block @param {any} content */
function renew(block, content) {
  const known = (/** @type {Element | null} */ element) => element && (element.getAttribute("href") ?? element.getAttribute("aria-label"));
  const focused = block.contains(document.activeElement) ? known(document.activeElement) : null;
  fill(block, content);
  if (focused) /** @type {HTMLElement | undefined} */ ([...block.querySelectorAll("a, button")].find((each) => known(each) === focused))?.focus();
}

/** Hear the metrics of what runs, and read what came before the stream had begun. @param {Row[]} rows */
function follow(rows) {
  let isHeard = false;
  unlisten();
  unlisten = rows.length === 0 ? () => undefined : listen(rows.map((row) => `run:${row.id}`), ({ kind, data }) => {
    if (kind === "metrics" && heard(data.run, data.key, data.points)) renewed(blocks.running, data.run);
    if (kind === "run" && !isHeard) void look(rows).then(() => rows.forEach((row) => renewed(blocks.running, row.id)), refused);
    isHeard ||= kind === "run";
  });
}

/** A block that is there where it has something to show. @param {HTMLElement} block @param {() => Promise<any[]>} read */
async function showIn(block, read) {
  const content = await read();
  block.hidden = content.length === 0;
  renew(block, content);
}

function empty() {
  return h("div", { class: "empty" },
    h("h1", null, "No runs yet"),
    h("p", null, "Run the project in this directory, and it is recorded:"), copyable("runner run ."),
    h("p", null, "Record from a program that uses mlflow:"), copyable(`MLFLOW_TRACKING_URI=${location.origin} python train.py`),
    h("p", null, "Bring in what MLflow has recorded:"), copyable("runner import mlflow sqlite:///mlflow.db"),
  );
}

/** What this browser keeps. @param {string} name @returns {string | null} */
function keep(name) {
  try {
    const kept = localStorage.getItem(name);
    addEventListener("pagehide", () => localStorage.setItem(name, String(Date.now())));
    return kept;
  } catch {
    return null;
  }
}

let looking = false, again = false;

/** Look once more, but not more than once a second. */
async function refresh() {
  if (looking) {
    again = true;
    return;
  }
  looking = true;
  do {
    again = false;
    await load().catch(refused);
    await new Promise((resolve) => setTimeout(resolve, REST));
  } while (again);
  looking = false;
}

/** @param {unknown} error */
function refused(error) {
  if (!blocks.running.isConnected) fill(main(), h("p", { class: "bad", role: "alert" }, error instanceof Error ? error.message : String(error)));
}

setInterval(() => renewed(blocks.running), 1000);
bind({ r: ["All runs", () => location.assign("/runs")] });
listen(["runs"], () => void refresh());
void refresh();
void showIn(blocks.next, upcoming);
void showIn(blocks.disk, disk);

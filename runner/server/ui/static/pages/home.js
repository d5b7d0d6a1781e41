// What is going on: running now, failed lately and why, what comes next, each experiment with its last result.
import { ApiError, change, own } from "../lib/api.js";
import { sparkline } from "../charts/sparkline.js";
import { copyable } from "../lib/command.js";
import { fill, h, main } from "../lib/dom.js";
import { ago, clock, counted, lasting, number } from "../lib/format.js";
import { bind } from "../lib/keys.js";
import { listen } from "../lib/stream.js";

/** @typedef {{ id: string, name: string, experiment: string, status: string, started?: number, ended?: number }} Row */
/** @typedef {{ key: string, value: number }} Metric */
/** @typedef {{ metrics: Metric[], tags: Record<string, string> }} Detail */

const RUNNING = 10, FAILED = 5, EXPERIMENTS = 12, RECENT = 300, METRICS = 3;
const POINTS = 60; // of a small course
const REST = 1000; // milliseconds between two looks
const SEEN = "runner.home.seen";
const DAY = 86_400_000;

const title = document.title;
const since = Number(keep(SEEN) ?? 0) || Date.now() - DAY;
/** @type {Map<string, Detail>} */
const details = new Map();
/** @type {Map<string, { key: string, points: (number | null)[][] }>} the course of the first metric of what runs */
const courses = new Map();
/** @type {Map<string, string>} names of experiments by their ids */
const names = new Map();
/** @type {() => void} */
let unlisten = () => undefined;

const blocks = {
  running: h("section", { "aria-label": "Running now" }),
  failed: h("section", { "aria-label": "Failed lately" }),
  next: h("section", { "aria-label": "Next", hidden: true }),
  experiments: h("section", { "aria-label": "Experiments" }),
};

async function load() {
  const [found, recent, running, failed] = await Promise.all([
    change("experiments/search", { max_results: 1000 }),
    own("/runs/table", { limit: RECENT }),
    own("/runs/table", { q: "status = running", limit: RUNNING }),
    own("/runs/table", { q: "status = failed", sort: "-ended", limit: FAILED }),
  ]);
  for (const each of found.experiments ?? []) names.set(each.experiment_id, each.name);
  const last = lastOf(recent.rows);
  await look([...running.rows, ...failed.rows, ...last.values()]);
  await Promise.all([lookBack(running.rows), lookForStarted()]);
  const lately = failed.rows.filter((/** @type {Row} */ row) => (row.ended ?? 0) > Date.now() - 7 * DAY);
  tell(running.total, lately);
  if (recent.total === 0) return fill(main(), empty());
  if (!blocks.running.isConnected) fill(main(), h("h1", { class: "visually-hidden" }, "Home"), h("div", { class: "home" }, Object.values(blocks)));
  renew(blocks.running, runningBlock(running.rows, running.total));
  renew(blocks.failed, failedBlock(lately));
  renew(blocks.experiments, experimentsBlock(last, recent.rows));
  follow(running.rows);
}

/** The newest run of each experiment, the last active first. @param {Row[]} rows newest first */
function lastOf(rows) {
  /** @type {Map<string, Row>} */
  const last = new Map();
  for (const row of rows) if (!last.has(row.experiment) && last.size < EXPERIMENTS) last.set(row.experiment, row);
  return last;
}

/** Metrics and tags of runs. @param {Row[]} rows */
async function look(rows) {
  const wanted = [...new Set(rows.filter((row) => !ended(row) || !details.has(row.id)).map((row) => row.id))];
  if (wanted.length === 0) return;
  const { runs = [] } = await change("runs/search", {
    experiment_ids: [...new Set(rows.map((row) => row.experiment))],
    filter: `attributes.run_id IN (${wanted.map((id) => `'${id}'`).join(", ")})`,
    max_results: wanted.length,
  });
  for (const run of runs) {
    const tags = Object.fromEntries((run.data.tags ?? []).map((/** @type {any} */ tag) => [tag.key, tag.value]));
    details.set(run.info.run_id, { metrics: run.data.metrics ?? [], tags });
  }
}

/** @type {Set<string>} what was started by this server and goes on: it can be stopped from here */
let stoppable = new Set();
let starts = true;

async function lookForStarted() {
  if (!starts) return;
  const { allowed, executions } = await own("/executions");
  starts = allowed;
  stoppable = new Set(executions.filter((/** @type {any} */ each) => each.exit_code === null).map((/** @type {any} */ each) => each.run_id));
}

/** The course that the first metric of each run has had so far. @param {Row[]} rows */
async function lookBack(rows) {
  const wanted = rows.flatMap((row) => {
    const [metric] = shownMetrics(row.id);
    return metric && !courses.has(row.id) ? [{ run: row.id, key: metric.key }] : [];
  });
  if (wanted.length === 0) return;
  const { series } = await own("/runs/series", { runs: wanted.map(({ run }) => run), keys: [...new Set(wanted.map(({ key }) => key))], buckets: POINTS });
  for (const { run, key } of wanted) {
    const found = series.find((/** @type {any} */ each) => each.run === run && each.key === key);
    courses.set(run, { key, points: found?.points ?? [] });
  }
}

/** @param {Row} row */
const ended = (row) => !["RUNNING", "PENDING", "QUEUED", "PREPARING"].includes(row.status);

/** @param {number} running @param {Row[]} failed */
function tell(running, failed) {
  const fresh = failed.filter((row) => (row.ended ?? 0) > since).length;
  const parts = [running && `${running} running`, fresh && `${fresh} failed`].filter(Boolean);
  document.title = parts.length > 0 ? `${parts.join(", ")} · runner` : title;
}

/** Other content for a block; focus stays where it was. @param {HTMLElement} block @param {any} content */
function renew(block, content) {
  const focused = block.contains(document.activeElement) ? document.activeElement?.getAttribute("href") : null;
  fill(block, content);
  if (focused) [...block.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
}

/** @param {Row[]} rows @param {number} total */
function runningBlock(rows, total) {
  if (rows.length === 0) return [h("h2", null, "Running now"), h("p", { class: "soft" }, "Nothing runs.")];
  const more = total > rows.length && h("p", null, h("a", { href: "/runs?q=status+%3D+running" }, `All ${counted(total, "run")}`));
  return [
    h("h2", null, "Running now ", h("span", { class: "chip" }, String(total))),
    h("ul", { class: "card rows" }, rows.map((row) =>
      h("li", { "data-run": row.id },
        h("span", { class: "dot busy", "aria-hidden": "true" }),
        h("span", { class: "who" }, link(row), " ", experiment(row)),
        h("span", { class: "what mono", "data-metrics": true }, course(row.id), metrics(row.id)),
        h("time", { class: "soft when", "data-since": row.started }, row.started ? lasting(Date.now() - row.started) : ""),
        stoppable.has(row.id) && h("button", { onclick: () => void stop(row.id), "aria-label": `Stop ${row.name}` }, "Stop"),
      ))),
    more,
  ];
}

/** @param {string} run */
const stop = async (run) => (await import("../lib/runagain.js")).stop(run);

/** @param {Row[]} rows */
function failedBlock(rows) {
  if (rows.length === 0) return [h("h2", null, "Failed lately"), h("p", { class: "soft" }, "Nothing failed in the last 7 days.")];
  return [
    h("h2", null, "Failed lately"),
    h("ul", { class: "card rows" }, rows.map((row) =>
      h("li", { class: "tall" },
        h("span", { class: "dot broken", "aria-hidden": "true" }),
        h("span", { class: "who" }, link(row), " ", experiment(row), (row.ended ?? 0) > since && h("span", { class: "chip new" }, "new")),
        h("span", { class: "soft when", title: clock(row.ended) }, ago(row.ended)),
        reason(row),
      ))),
  ];
}

/** Why it failed; the end of its output where nothing says more than its exit code. @param {Row} row */
function reason(row) {
  const tags = details.get(row.id)?.tags ?? {}, code = tags["runner.exit_code"];
  const told = tags["runner.error"] ?? tags["runner.trouble"];
  const shown = h("span", { class: "reason mono" }, told ?? (code === undefined ? "" : `exit code ${code}`));
  if (told === undefined) void output(row, shown, code);
  return shown;
}

/** @type {Map<string, string>} */
const outputs = new Map();

/** @param {Row} row @param {HTMLElement} shown @param {string | undefined} code */
async function output(row, shown, code) {
  const known = outputs.get(row.id) ?? (await own(`/runs/${row.id}/overview`).catch(() => ({}))).last_error ?? "";
  outputs.set(row.id, known);
  if (known) fill(shown, known, code !== undefined && h("span", { class: "soft" }, ` (exit code ${code})`));
}

/** @param {Map<string, Row>} last @param {Row[]} recent */
function experimentsBlock(last, recent) {
  return [
    h("h2", null, "Experiments"),
    h("div", { class: "tiles" }, [...last].map(([id, row]) => {
      const lately = recent.filter((each) => each.experiment === id && (each.started ?? 0) > Date.now() - 7 * DAY).length;
      return h("article", { class: "card tile" },
        h("h3", null, h("a", { href: `/runs?experiment=${encodeURIComponent(id)}` }, names.get(id) ?? id)),
        h("p", { class: "soft" }, lately > 0 ? `${counted(lately, "run")} in the last 7 days` : `last active ${ago(row.started)}`),
        h("p", null, h("span", { class: `dot ${mark(row)}`, role: "img", "aria-label": row.status.toLowerCase() }), " ", link(row), h("span", { class: "soft" }, ` ${ago(row.ended ?? row.started)}`)),
        h("p", { class: "mono values" }, metrics(row.id)),
      );
    })),
  ];
}

/** @param {Row} row */
const mark = (row) => (ended(row) ? (row.status === "FINISHED" ? "well" : "broken") : "busy");
/** @param {Row} row */
const link = (row) => h("a", { href: `/r/${row.id}` }, row.name);
/** @param {Row} row */
const experiment = (row) => h("span", { class: "soft" }, names.get(row.experiment) ?? "");

/** @param {string} id */
const shownMetrics = (id) => (details.get(id)?.metrics ?? []).filter((metric) => !metric.key.startsWith("system/")).slice(0, METRICS);

/** @param {string} id */
function course(id) {
  const found = courses.get(id);
  return found && found.points.length > 1 && sparkline(found.points, { run: id, label: found.key });
}

/** @param {string} id */
function metrics(id) {
  return shownMetrics(id).map((metric) => [h("span", { class: "metric" }, h("span", { class: "soft" }, metric.key), ` ${number(metric.value)}`), " "]);
}

/** Hear the metrics of what runs. @param {Row[]} rows */
function follow(rows) {
  unlisten();
  unlisten = rows.length === 0 ? () => undefined : listen(rows.map((row) => `run:${row.id}`), (news) => {
    if (news.kind !== "metrics") return;
    const point = news.data.points.at(-1), detail = details.get(news.data.run);
    if (!point || !detail) return;
    const known = detail.metrics.find((metric) => metric.key === news.data.key);
    if (known) known.value = point[2];
    else detail.metrics.push({ key: news.data.key, value: point[2] });
    const drawn = courses.get(news.data.run);
    if (drawn && drawn.key === news.data.key) drawn.points.push(...news.data.points.map((/** @type {number[]} */ [step, , value]) => [step, value]));
    const shown = blocks.running.querySelector(`[data-run="${news.data.run}"] [data-metrics]`);
    if (shown) fill(shown, course(news.data.run), metrics(news.data.run));
  });
}

async function comingUp() {
  const answer = await own("/schedules").catch((error) => (error instanceof ApiError ? null : Promise.reject(error)));
  const coming = (answer?.schedules ?? [])
    .filter((/** @type {any} */ each) => each.next && each.state !== "paused")
    .sort((/** @type {any} */ a, /** @type {any} */ b) => a.next - b.next)
    .slice(0, 5);
  blocks.next.hidden = coming.length === 0;
  renew(blocks.next, [
    h("h2", null, "Next"),
    h("ul", { class: "card rows" }, coming.map((/** @type {any} */ each) =>
      h("li", null,
        h("span", { class: "who" }, h("a", { href: `/schedules?name=${encodeURIComponent(each.name)}` }, each.name)),
        h("time", { class: "soft when" }, `in ${lasting(each.next - Date.now())}, ${clock(each.next)}`),
      ))),
  ]);
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
    await load().catch(failed);
    await new Promise((resolve) => setTimeout(resolve, REST));
  } while (again);
  looking = false;
}

/** @param {unknown} error */
function failed(error) {
  if (!blocks.running.isConnected) fill(main(), h("p", { class: "bad", role: "alert" }, error instanceof Error ? error.message : String(error)));
}

setInterval(() => {
  for (const time of blocks.running.querySelectorAll("time")) time.textContent = lasting(Date.now() - Number(time.dataset.since));
}, 1000);
bind({ r: ["All runs", () => location.assign("/runs")] });
listen(["runs"], () => void refresh());
void refresh();
void comingUp();

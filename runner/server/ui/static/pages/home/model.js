// What Home knows of runs: their metrics and tags, read once, and kept up by news.
import { change, own } from "../../lib/api.js";
import { deciding, isOfMachine } from "../../lib/deciding.js";
import { h } from "../../lib/dom.js";
import { number } from "../../lib/format.js";
import { grow, sparkline } from "../../charts/sparkline.js";

/** @typedef {{ id: string, name: string, experiment: string, status: string, started?: number, ended?: number }} Row */
/** @typedef {{ key: string, value: number | string, step: number, timestamp: number }} Metric as MLflow tells it */
/** @typedef {{ metrics: Metric[], params: Record<string, string>, tags: Record<string, string> }} Detail */

const METRICS = 3; // of a run that are shown
const POINTS = 60; // of a small course

/** @type {Map<string, Detail>} */
export const details = new Map();
/** @type {Map<string, { key: string, points: (number | null)[][] }>} the course of the first metric of what runs */
const courses = new Map();
/** @type {Map<string, string>} names of experiments by their ids */
export const names = new Map();

/** @param {Row} row */
export const hasEnded = (row) => !["RUNNING", "PENDING", "QUEUED", "PREPARING"].includes(row.status);

/** Read metrics, params and tags of runs. @param {Row[]} rows */
export async function look(rows) {
  const wanted = [...new Set(rows.filter((row) => !hasEnded(row) || !details.has(row.id)).map((row) => row.id))];
  if (wanted.length === 0) return;
  const { runs = [] } = await change("runs/search", {
    experiment_ids: [...new Set(rows.map((row) => row.experiment))],
    filter: `attributes.run_id IN (${wanted.map((id) => `'${id}'`).join(", ")})`,
    max_results: wanted.length,
  });
  for (const { info, data } of runs) details.set(info.run_id, { metrics: newest(info.run_id, data.metrics ?? []), params: pairs(data.params), tags: pairs(data.tags) });
}

/** What was read, but where news were faster. @param {string} run @param {Metric[]} read */
function newest(run, read) {
  const known = new Map(details.get(run)?.metrics.map((metric) => [metric.key, metric]));
  return read.map((metric) => {
    const here = known.get(metric.key);
    return here && here.timestamp > metric.timestamp ? here : metric;
  });
}

/** @param {{ key: string, value: string }[]} [given] @returns {Record<string, string>} */
const pairs = (given) => Object.fromEntries((given ?? []).map(({ key, value }) => [key, value]));

/** Read the course that the first metric of each run has had so far. @param {Row[]} rows */
export async function lookBack(rows) {
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

/** New points of a metric. @param {string} run @param {string} key @param {[number, number, number][]} points */
export function heard(run, key, points) {
  const [step, timestamp, value] = points.at(-1) ?? [], detail = details.get(run);
  if (step === undefined || timestamp === undefined || value === undefined || !detail) return false;
  const known = detail.metrics.find((metric) => metric.key === key);
  if (known) Object.assign(known, { step, timestamp, value });
  else detail.metrics.push({ key, step, timestamp, value });
  const drawn = courses.get(run);
  if (drawn?.key === key) grow(drawn.points, points);
  return true;
}

/** The metrics of a run that say most. @param {string} id */
export const shownMetrics = (id) => deciding(details.get(id)?.metrics ?? []).filter(({ key }) => !isOfMachine(key)).slice(0, METRICS);

/** @param {string} id */
export function course(id) {
  const found = courses.get(id);
  return found && found.points.length > 1 && sparkline(found.points, { run: id, label: found.key });
}

/** @param {string} id @param {number} [most] */
export function metrics(id, most = METRICS) {
  return shownMetrics(id).slice(0, most).map(({ key, value }) => [h("span", { class: "metric" }, h("span", { class: "soft" }, key), ` ${typeof value === "number" ? number(value) : value}`), " "]);
}

/** @param {Row} row */
export const link = (row) => h("a", { href: `/r/${row.id}` }, row.name);

/** @param {Row} row */
export const experiment = (row) => h("span", { class: "soft" }, names.get(row.experiment) ?? "");

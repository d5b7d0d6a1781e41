// What is compared: runs in their order, the first is the baseline, and everything that they have.
import { own } from "../../lib/api.js";
import { query, show } from "../../lib/state.js";
import { better, hear } from "../runs/better.js";

/** @typedef {string | number | null | undefined} Value */
/** @typedef {{ key: string, title: string, kind: "metrics" | "params" | "tags", numeric: boolean, same: boolean }} Key */

/**
 * @typedef {object} Run
 * @property {string} id
 * @property {string} name
 * @property {string} experiment
 * @property {string} status
 * @property {string} user
 * @property {number | null} started
 * @property {number | null} ended
 * @property {Record<string, Value>} values
 */

/**
 * `left`: keys that are not shown; `missing`: names that no run has; `besides`: runs that are too many.
 *
 * @typedef {{ runs: Run[], keys: Key[], left: number, missing: string[], besides?: number }} Subject
 */

export const MOST = 200; // runs
const COLUMNS = 200; // of one request
const ID = /^[0-9a-f]{32}$/;
const OURS = /^tags\.(mlflow\.(?!note|parentRunId)|runner\.)/;
// Of every run, whatever it has: what commands are made of.
const ALWAYS = ["tags.mlflow.source.git.commit", "tags.runner.patch", "tags.runner.plan"];

const GOING = new Set(["PENDING", "QUEUED", "PREPARING", "RUNNING"]);

/** @param {{ status: string }} run */
export const goesOn = ({ status }) => GOING.has(status);

/** Ids or names in the URL, in their order. */
export const asked = () => (query().get("runs") ?? "").split(",").filter(Boolean);

/** @param {string[]} runs */
export const ask = (runs) => show({ runs: runs.join(","), q: null, top: null }, { push: true });

/** Everything about the runs of the URL, in two requests, or three where they are named or searched. @returns {Promise<Subject>} */
export async function load() {
  const searched = ["q", "top", "experiment"].some((name) => query().has(name));
  const wanted = query().has("runs") || !searched ? asked() : await found();
  const { ids, missing } = await identified(wanted.slice(0, MOST));
  const besides = Math.max(0, wanted.length - MOST);
  if (ids.length === 0) return { runs: [], keys: [], left: 0, missing, besides };
  const facts = await own("/runs/columns", { runs: ids });
  hear([]);
  /** @type {Key[]} */
  const all = facts.columns.filter((/** @type {any} */ each) => !OURS.test(each.key)).map((/** @type {any} */ each) => keyOf(each, facts.total));
  all.sort((a, b) => ORDER[a.kind] - ORDER[b.kind] || Number(a.same) - Number(b.same) || deciding(b) - deciding(a) || a.title.localeCompare(b.title, "en", { numeric: true }));
  const keys = all.slice(0, COLUMNS - ALWAYS.length), columns = [...keys.map(({ key }) => key), ...ALWAYS];
  const table = await own("/runs/table", { runs: ids, columns, limit: MOST });
  const rows = new Map(table.rows.map((/** @type {any} */ row) => [row.id, rowOf(row, columns)]));
  const runs = ids.flatMap((id) => rows.get(id) ?? []);
  return { runs, keys, left: all.length - keys.length, missing: [...missing, ...ids.filter((id) => !rows.has(id))], besides };
}

/** Metrics that people decide by come first. @param {Key} key */
function deciding({ kind, title }) {
  if (kind !== "metrics") return 0;
  return (/^(val|valid|eval|test|dev)/i.test(title) ? 2 : 0) + (/acc|f1|auc|loss|rmse|score/i.test(title) ? 1 : 0) - (title.startsWith("system/") ? 5 : 0);
}

const ORDER = { metrics: 0, params: 1, tags: 2 };

/** @param {{ key: string, numeric: boolean, distinct: number, count: number }} facts @param {number} total @returns {Key} */
function keyOf({ key, numeric, distinct, count }, total) {
  const [kind = "", ...rest] = key.split(".");
  return { key, title: rest.join("."), kind: /** @type {Key["kind"]} */ (kind), numeric, same: distinct < 2 && count === total };
}

/** @param {any} row @param {string[]} columns @returns {Run} */
function rowOf(row, columns) {
  const { id, name, experiment, status, user = "", started = null, ended = null } = row;
  const values = Object.fromEntries(columns.map((column, at) => [column, row.values[at]]));
  return { id, name, experiment, status, user, started, ended, values };
}

/** `?q=...&top=20:metrics.acc`: the best of those that fit. @returns {Promise<string[]>} */
async function found() {
  const [count = "20", key = ""] = (query().get("top") ?? "20").split(/:(.*)/s);
  const less = key.startsWith("metrics.") && better(key.slice("metrics.".length)) === "min";
  const sort = key ? (/^-/.test(key) || less ? key : `-${key}`) : "";
  const experiment = query().get("experiment")?.split(",");
  const answer = await own("/runs/table", { q: query().get("q"), experiment, sort, limit: Math.min(MOST, Number(count) || 20) });
  return answer.rows.map((/** @type {any} */ row) => row.id);
}

/** @param {string[]} wanted ids, beginnings of ids, names */
async function identified(wanted) {
  const others = wanted.filter((each) => !ID.test(each));
  if (others.length === 0) return { ids: [...new Set(wanted)], missing: [] };
  const names = others.map((each) => `'${each.replaceAll("'", "\\'")}'`).join(", ");
  const answer = await own("/runs/table", { q: `name in (${names})`, limit: MOST });
  const byName = new Map(answer.rows.toReversed().map((/** @type {any} */ row) => [row.name, row.id]));
  const ids = wanted.map((each) => (ID.test(each) ? each : byName.get(each)));
  return { ids: [...new Set(ids.filter((id) => id !== undefined))], missing: others.filter((each) => !byName.has(each)) };
}

/** A value as people read it. @param {Value} value @returns {number | null} a number, if it is one */
export function numeric(value) {
  if (typeof value === "number") return value;
  return typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value)) ? Number(value) : null;
}

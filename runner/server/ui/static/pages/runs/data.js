// What the page asks of the server.
import { ApiError, own } from "../../lib/api.js";
import { better } from "./better.js";
import { filterOf } from "./view.js";

/** @typedef {import("./view.js").View} View */
/** @typedef {string | number | null | undefined} Value */

/**
 * A run, or a group of runs, in the table.
 *
 * @typedef {object} Row
 * @property {string} id of the run; of a group what its runs share
 * @property {boolean} group
 * @property {string} name
 * @property {string} experiment
 * @property {string} status
 * @property {string} user
 * @property {number} [started]
 * @property {number} [ended]
 * @property {Record<string, Value>} values by column
 * @property {Record<string, Spread | undefined>} [spread] of a group, by column
 * @property {number} depth
 * @property {number} holds how many rows can be unfolded
 * @property {string} [filter] those that can be
 */

/**
 * What the runs of a group have in a column: of numbers the mean, the standard deviation, the least and the greatest.
 *
 * @typedef {{ count: number, distinct: number, value?: Value, mean?: number, spread?: number, min?: number, max?: number }} Spread
 */

/**
 * What the runs have under a key.
 *
 * @typedef {object} Facts
 * @property {string} key with the word before it: `params.lr`
 * @property {boolean} numeric
 * @property {number} distinct 1, or 2 for any more
 * @property {number} count runs that have it
 * @property {number} [min]
 * @property {number} [max]
 * @property {Value} [value] the only one
 */

/** @typedef {{ total: number, columns: Facts[] }} AllFacts */

// Of every row, whether they are shown or not: why it failed, what it is a part of, what people said about it.
export const ALWAYS = ["tags.runner.error", "tags.runner.trouble", "tags.runner.exit_code", "tags.mlflow.parentRunId", "tags.mlflow.note.content"];

/** What a column is about: `best(metrics.loss)`, or `mean(metrics.loss,10)` of the last ten. @param {string} column @returns {{ which: string, key: string, metric: string | undefined, last: number }} */
export function parts(column) {
  const call = /^(\w+)\(([^]+?)(?:,\s*(\d+))?\)$/.exec(column);
  const key = call?.[2] ?? column;
  return { which: call?.[1] ?? "last", last: Number(call?.[3] ?? 0), key, metric: key.startsWith("metrics.") ? key.slice("metrics.".length) : undefined };
}

/** The best value is the least or the greatest one. @param {string} column */
export function asked(column) {
  const { which, key, metric } = parts(column);
  return which === "best" && metric !== undefined ? `${better(metric)}(${key})` : column;
}

/** Courses are not values: they are asked for by themselves. @param {string[]} columns */
export const withoutCurves = (columns) => columns.filter((column) => parts(column).which !== "curve");

/** @param {string} order */
export const askedOrder = (order) => (order.startsWith("-") ? `-${asked(order.slice(1))}` : asked(order));

/** Those runs that the view is about. @param {View} view @param {string} [q] */
export function chosen(view, q) {
  return { experiment: view.exp, q: q ?? filterOf(view), lifecycle: view.archived ? "deleted" : null };
}

/**
 * @param {View} view @param {string[]} columns
 * @param {{ offset?: number, limit?: number, q?: string, runs?: string[], sort?: string[], signal?: AbortSignal }} [options]
 * @returns {Promise<{ total: number, rows: Row[] }>}
 */
export async function table(view, columns, options = {}) {
  const { offset = 0, limit = 100, q, runs, sort = view.sort, signal } = options;
  const all = [...new Set([...withoutCurves(columns), ...ALWAYS])];
  const answer = await own("/runs/table", { ...chosen(view, q), runs, sort: sort.map(askedOrder), columns: all.map(asked), offset, limit }, signal);
  return { total: answer.total, rows: answer.rows.map((/** @type {any} */ row) => made(row, all)) };
}

/** @param {any} row @param {string[]} columns @returns {Row} */
function made(row, columns) {
  const values = Object.fromEntries(columns.map((column, at) => [column, row.values[at]]));
  return { ...row, values, group: false, depth: 0, holds: 0 };
}

/** Runs that are named, as they are now. @param {string[]} runs @param {View} view @param {string[]} columns @param {AbortSignal} [signal] */
export const named = (runs, view, columns, signal) => table(view, columns, { q: "", runs, sort: [], limit: runs.length, signal });

/** How many runs fit. @param {View} view @param {string} [q] @param {AbortSignal} [signal] @returns {Promise<number>} */
export const count = async (view, q, signal) => (await table(view, [], { q, limit: 0, sort: [], signal })).total;

/** @param {View} view @param {AbortSignal} signal @param {number} [newest] so many alone @returns {Promise<AllFacts>} */
export const facts = (view, signal, newest) => own("/runs/columns", { ...chosen(view), newest }, signal);

/** @param {string} text @param {number} at @param {View} view @param {AbortSignal} signal */
export const complete = (text, at, view, signal) => own("/runs/complete", { text, at, experiment: view.exp }, signal);

export const MOST_COMPARED = 100;
const PAGE = 1000; // rows of one answer

/** All rows in their order. @param {(page: { offset: number, limit: number }) => Promise<{ total: number, rows: Row[] }>} fetch @returns {Promise<Row[]>} */
export async function every(fetch) {
  /** @type {Row[]} */
  const found = [];
  for (let total = 1; found.length < total;) {
    const answer = await fetch({ offset: found.length, limit: PAGE });
    found.push(...answer.rows);
    total = answer.rows.length === 0 ? 0 : answer.total;
  }
  return found;
}

/** Where the filter is wrong, and what to write. @param {unknown} error @returns {{ from: number, to: number, message: string } | undefined} */
export function wrong(error) {
  if (!(error instanceof ApiError) || error.detail?.what !== "filter") return undefined;
  const { position: [from, to], reason, hint } = error.detail;
  return { from, to, message: [reason, hint].filter(Boolean).join(": ") };
}

/** Whether the greatest value of a column is the best one. @param {string} column */
export function isBestGreatest(column) {
  const { metric } = parts(column);
  return metric !== undefined && better(metric) === "max";
}

/** The best value of each metric among all rows. @param {View} view @param {AllFacts} all @param {string[]} columns @param {AbortSignal} signal @returns {Promise<Map<string, number>>} */
export async function best(view, all, columns, signal) {
  const metrics = withoutCurves(columns).filter((column) => parts(column).metric !== undefined);
  const found = await Promise.all(metrics.map((column) => bestOf(view, all, column, signal)));
  return new Map(metrics.flatMap((column, at) => (typeof found[at] === "number" ? [[column, found[at]]] : [])));
}

/** @param {View} view @param {AllFacts} all @param {string} column @param {AbortSignal} signal @returns {Promise<Value>} */
async function bestOf(view, all, column, signal) {
  const { which, key } = parts(column), greatest = isBestGreatest(column);
  const facts = all.columns.find((each) => each.key === key);
  if (which === "last") return facts && facts.count > 1 ? facts[greatest ? "max" : "min"] : undefined;
  const { rows } = await table(view, [column], { limit: 1, sort: [greatest ? `-${column}` : column], signal });
  return rows[0]?.values[column];
}

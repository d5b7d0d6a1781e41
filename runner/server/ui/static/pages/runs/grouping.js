// Runs that stand together: groups that share parameters, and runs inside of others.
import { own } from "../../lib/api.js";
import { h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import * as data from "./data.js";
import { seeds } from "./defaults.js";
import { drops, ticks } from "./menus.js";
import { filterOf } from "./view.js";

/** @typedef {import("./view.js").View} View */
/** @typedef {import("./data.js").Row} Row */
/** @typedef {import("./data.js").AllFacts} AllFacts */

/**
 * How runs inside of others are shown.
 *
 * @typedef {object} Nested
 * @property {(filter: string) => string} filter the same without them
 * @property {(run: string) => { holds: number, filter?: string }} of what a run holds
 */

const PARENT = "tags.mlflow.parentRunId", SEED = "seed";
const MOST_COUNTED = 100, MOST_MEMBERS = 500;

/** @type {Nested} each run by itself */
export const flat = { filter: (filter) => filter, of: () => ({ holds: 0 }) };

/**
 * Runs inside of others fold, unless something is searched for: then each stands by itself.
 *
 * @param {View} view @param {AllFacts} facts
 * @param {() => void} counted told when it is known how many each holds
 * @returns {Nested}
 */
export function nested(view, facts, counted) {
  if (view.flat || !hasNested(view, facts)) return flat;
  /** @type {Map<data.Value, number>} 0 until they are counted */
  const counts = new Map();
  /** @type {string[]} runs that came into sight since */
  const unknown = [];
  const learn = async () => {
    const runs = unknown.splice(0, MOST_COUNTED), q = `${PARENT} in (${runs.map(text).join(", ")})`;
    if (unknown.length > 0) soon();
    const { groups: found } = await own("/runs/groups", { ...data.chosen(view, q), by: [PARENT], limit: runs.length });
    for (const { by, count } of /** @type {Group[]} */ (found)) counts.set(by[0], count);
    if (found.length > 0) counted();
  };
  const soon = () => queueMicrotask(() => learn().catch(() => undefined)); // without it, nothing unfolds
  /** @param {string} run */
  const holds = (run) => {
    if (!counts.has(run) && unknown.push(run) === 1) soon();
    if (!counts.has(run)) counts.set(run, 0);
    return counts.get(run) ?? 0;
  };
  return {
    filter: () => `${PARENT} is null`,
    of: (run) => ({ holds: holds(run), filter: `${PARENT} = ${text(run)}` }),
  };
}

/** Whether runs are folded into others now. @param {View} view @param {AllFacts} facts */
export const hasNested = (view, facts) => view.group.length === 0 && filterOf(view) === "" && facts.columns.some(({ key }) => key === PARENT);

/**
 * Some groups, of how many groups and runs.
 *
 * @param {View} view @param {AllFacts} facts @param {string[]} wanted @param {{ offset: number, limit: number, signal?: AbortSignal }} page
 * @returns {Promise<{ total: number, runs: number, rows: Row[] }>}
 */
export async function groups(view, facts, wanted, { offset, limit, signal }) {
  const seed = view.group.includes(SEED), columns = data.withoutCurves(wanted);
  const answer = await own("/runs/groups", {
    ...data.chosen(view), by: seed ? [] : view.group, but: seed ? seeds(facts) : [], columns: columns.map(data.asked), sort: view.sort.map(data.askedOrder), offset, limit,
  }, signal);
  return { total: answer.total, runs: answer.runs, rows: answer.groups.map((/** @type {Group} */ each) => made(each, answer.by, columns)) };
}

/** @typedef {{ by: data.Value[], count: number, started?: number, cells: data.Spread[] }} Group */

/** @param {Group} group @param {string[]} by @param {string[]} columns @returns {Row} */
function made(group, by, columns) {
  const spread = Object.fromEntries(columns.map((column, at) => [column, group.cells[at]]));
  const name = by.map((key, at) => `${key.slice(key.indexOf(".") + 1)} ${group.by[at] ?? "–"}`).join(", ") || "all runs";
  const filter = by.map((key, at) => condition(key, group.by[at])).join(" and ");
  const values = Object.fromEntries(Object.entries(spread).map(([column, cell]) => [column, cell?.value]));
  return { id: `group:${JSON.stringify(group.by)}`, group: true, name, experiment: "", status: "", user: "", values, spread, depth: 0, holds: group.count, filter };
}

/** @param {string} key @param {data.Value} value */
const condition = (key, value) => (value === null || value === undefined ? `${quotedKey(key)} is null` : `${quotedKey(key)} = ${text(String(value))}`);

/** As a filter takes it. @param {string} key */
export function quotedKey(key) {
  const dot = key.indexOf(".");
  return /^[^\s'"`<>=!~(),]+$/.test(key) ? key : `${key.slice(0, dot)}.\`${key.slice(dot + 1)}\``;
}

/** @param {string} value */
const text = (value) => (value.includes("'") ? `"${value}"` : `'${value}'`);

/** The runs of a group or inside of a run; of very many the first, and a row that says how many more. @param {View} view @param {Row} row @param {string[]} wanted @param {AbortSignal} signal @returns {Promise<Row[]>} */
export async function members(view, row, wanted, signal) {
  const q = [row.group ? filterOf(view) : "", row.filter].filter(Boolean).join(" and ");
  const { total, rows } = await data.table(view, wanted, { q, limit: MOST_MEMBERS, signal }), depth = row.depth + 1;
  return [...rows.map((each) => ({ ...each, depth })), ...(total > rows.length ? [rest(row, total - rows.length, depth)] : [])];
}

/** @param {Row} row @param {number} left @param {number} depth @returns {Row} */
const rest = ({ id }, left, depth) => ({ id: `${id} more`, group: true, name: `${counted(left, "more run")}: filter for ${left === 1 ? "it" : "them"}`, experiment: "", status: "", user: "", values: {}, depth, holds: 0 });

/** @param {View} view @param {AllFacts} facts @param {(changes: Partial<View>) => void} change */
export function button(view, facts, change) {
  const things = facts.columns.filter(({ key, distinct }) => !key.startsWith("metrics.") && distinct > 1).map(({ key }) => ({ id: key, name: key }));
  const build = () => [
    h("div", { class: "quick" },
      h("button", { onclick: () => change({ group: [SEED], sort: [] }) }, "Everything but the seed"),
      view.group.length > 0 && h("button", { onclick: () => change({ group: [] }) }, "No groups")),
    ticks(things, view.group.filter((key) => key !== SEED), "Group by", (group) => change({ group })),
  ];
  const name = view.group.includes(SEED) ? "all but the seed" : view.group.map((key) => key.slice(key.indexOf(".") + 1)).join(", ");
  return drops("group", name ? `Groups: ${name}` : "Group", build, { on: view.group.length > 0, role: "dialog" });
}

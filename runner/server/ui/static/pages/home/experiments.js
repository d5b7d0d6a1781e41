// Experiments: each with its newest run, and how that compares with the best so far. Those that are pinned come first.
import { own } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { ago, counted, number } from "../../lib/format.js";
import { better } from "../runs/better.js";
import { hasEnded, link, names, shownMetrics } from "./model.js";

/** @typedef {import("./model.js").Row} Row */
/** @typedef {{ total: number, id: string, name: string, value: number | null }} Best of so many runs */

const MOST = 12;
const PINNED = "runner.home.pinned";

/** @type {Map<string, Best | null>} by experiment and metric */
const known = new Map();

/**
 * The newest run of each experiment: of those that are pinned, then of those that were active last.
 *
 * @param {Row[]} rows of all experiments, newest first
 * @returns {Promise<Map<string, Row>>}
 */
export async function lastOf(rows) {
  /** @type {Map<string, Row>} */
  const last = new Map();
  for (const row of rows) if (!last.has(row.experiment)) last.set(row.experiment, row);
  for (const row of await Promise.all([...pinned()].filter((id) => !last.has(id) && names.has(id)).map(newest))) if (row) last.set(row.experiment, row);
  return new Map(inOrder([...last]).slice(0, MOST));
}

/** @param {[string, Row][]} found */
function inOrder(found) {
  const pins = pinned();
  return found.sort(([a], [b]) => Number(pins.has(b)) - Number(pins.has(a)));
}

/** @param {string} id @returns {Promise<Row | undefined>} */
const newest = async (id) => (await own("/runs/table", { experiment: id, limit: 1 })).rows[0];

/** @param {Map<string, Row>} last @param {() => void} repinned */
export function experiments(last, repinned) {
  return [h("h2", null, "Experiments"), h("div", { class: "tiles" }, inOrder([...last]).map(([id, row]) => tile(id, row, repinned)))];
}

/** @param {string} id @param {Row} row @param {() => void} repinned */
function tile(id, row, repinned) {
  const result = h("p", { class: "result" }), count = h("span");
  void compared(result, count, id, row);
  return h("article", { class: "card tile" },
    h("header", null, h("h3", null, h("a", { href: `/runs?experiment=${encodeURIComponent(id)}` }, names.get(id) ?? id)), pin(id, repinned)),
    result,
    h("p", null, h("span", { class: `dot ${mark(row)}`, role: "img", "aria-label": row.status.toLowerCase() }), " ", link(row), h("span", { class: "soft" }, ` ${ago(row.ended ?? row.started)}`)),
    h("p", { class: "soft" }, count),
  );
}

/** The newest result beside the best one. @param {HTMLElement} place @param {HTMLElement} count @param {string} id @param {Row} row */
async function compared(place, count, id, row) {
  const [metric] = shownMetrics(row.id);
  if (!metric) fill(place, h("span", { class: "soft" }, "no metrics"));
  else fill(place, h("span", { class: "value" }, typeof metric.value === "number" ? number(metric.value) : metric.value), " ", h("span", { class: "soft" }, metric.key));
  const best = await bestOf(id, metric?.key, row);
  if (best) fill(count, counted(best.total, "run"));
  if (best?.value == null || typeof metric?.value !== "number") return;
  const sign = better(metric.key) === "min" ? 1 : -1, worse = (metric.value - best.value) * sign;
  place.append(" ", worse <= 0 ? h("span", { class: "good" }, "best so far") : h("a", { class: "soft", href: `/compare?runs=${best.id},${row.id}`, title: `Compare with ${best.name}` }, `best ${number(best.value)}`));
}

/** @param {string} id @param {string | undefined} key @param {Row} row @returns {Promise<Best | null>} */
async function bestOf(id, key, row) {
  const name = `${id}/${key}/${hasEnded(row) ? row.id : ""}`;
  if (!known.has(name)) known.set(name, await asked(id, key).catch(() => null));
  return known.get(name) ?? null;
}

/** @param {string} id @param {string | undefined} key @returns {Promise<Best | null>} */
async function asked(id, key) {
  const columns = key === undefined ? {} : { columns: `metrics.${key}`, sort: `${better(key) === "min" ? "" : "-"}metrics.${key}` };
  const { rows, total } = await own("/runs/table", { experiment: id, ...columns, limit: 1 });
  const [first] = rows, value = first?.values[0];
  return first ? { total, id: first.id, name: first.name, value: typeof value === "number" ? value : null } : null;
}

/** @param {Row} row */
const mark = (row) => (hasEnded(row) ? (row.status === "FINISHED" ? "well" : "broken") : "busy");

/** @param {string} id @param {() => void} repinned */
function pin(id, repinned) {
  const on = pinned().has(id), title = on ? "Pinned: it stays first" : "Pin: it comes first";
  return h("button", { class: "plain pin", "aria-pressed": String(on), "aria-label": `Pin ${names.get(id) ?? id}`, title, onclick: () => (toggle(id), repinned()) }, on ? "★" : "☆");
}

/** @returns {Set<string>} */
function pinned() {
  try {
    return new Set(JSON.parse(localStorage.getItem(PINNED) ?? "[]"));
  } catch {
    return new Set();
  }
}

/** @param {string} id */
function toggle(id) {
  const pins = pinned();
  if (!pins.delete(id)) pins.add(id);
  try {
    localStorage.setItem(PINNED, JSON.stringify([...pins]));
  } catch {
    // nothing is kept in this browser
  }
}

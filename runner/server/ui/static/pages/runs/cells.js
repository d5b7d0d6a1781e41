// What cells hold.
import { colourOf } from "../../lib/colour.js";
import { h } from "../../lib/dom.js";
import { clock, lasting, number } from "../../lib/format.js";

/** @typedef {import("./data.js").Row} Row */
/** @typedef {import("./data.js").Value} Value */
/** @typedef {import("./data.js").Facts} Facts */

const GOING = new Set(["PENDING", "QUEUED", "PREPARING", "RUNNING"]);
const BAD = new Set(["FAILED", "LOST"]);

/** @param {Row} row */
export const goesOn = (row) => GOING.has(row.status);

/** The colour that the run has on every screen. @param {string} run */
export function dot(run) {
  const mark = h("span", { class: "dot", "aria-hidden": "true" });
  mark.style.setProperty("--run", colourOf(run));
  return mark;
}

/** Why a run failed, as far as it said. @param {Row} row */
export function reason(row) {
  const code = row.values["tags.runner.exit_code"], said = row.values["tags.runner.trouble"] ?? row.values["tags.runner.error"];
  const exit = code !== null && code !== undefined && String(code) !== "0" ? `exit code ${code}` : "";
  return [said, exit].filter(Boolean).join("; ");
}

/** @param {Row} row @param {HTMLElement} cell */
export function status(row, cell) {
  const why = reason(row), word = row.status.toLowerCase();
  if (why) cell.title = why;
  const kind = BAD.has(row.status) ? "bad" : row.status === "RUNNING" ? "going" : GOING.has(row.status) ? "waits" : row.status === "KILLED" ? "warn" : "good";
  return [h("span", { class: `state ${kind}` }, word), why && BAD.has(row.status) && h("span", { class: "visually-hidden" }, `: ${why}`)];
}

/** How long ago, roughly: it need not be exact to order runs by eye. @param {Row} row @param {HTMLElement} cell */
export function age(row, cell) {
  if (!row.started) return "";
  cell.title = clock(row.started);
  return lasting(Date.now() - row.started).replace(/\.\d+/, "");
}

/** @param {Row} row */
export const duration = (row) => (row.started ? lasting((row.ended ?? Date.now()) - row.started) : "");

/** A text or a number. @param {Value} value */
export const plain = (value) => (typeof value === "number" ? number(value) : value ?? "");

/**
 * A metric, with what it is more or less than the baseline's.
 *
 * @param {Value} value @param {HTMLElement} cell
 * @param {{ best?: Value, base?: Value, better: "min" | "max", percent: boolean }} against
 */
export function metric(value, cell, { best, base, better, percent }) {
  if (value === best && typeof value === "number") {
    cell.classList.add("best");
    cell.title = "the best of all rows";
  }
  if (typeof value !== "number" || typeof base !== "number") return plain(value);
  return [plain(value), delta(value, base, better, percent)];
}

/** @param {number} value @param {number} base @param {"min" | "max"} better @param {boolean} percent */
function delta(value, base, better, percent) {
  const more = value - base;
  if (more === 0) return h("span", { class: "delta soft" }, "=");
  const kind = more > 0 === (better === "max") ? "good" : "bad";
  const told = percent ? (base === 0 ? "–" : `${signed(Number(((100 * more) / Math.abs(base)).toPrecision(3)))} %`) : signed(Number(more.toPrecision(3)));
  return h("span", { class: `delta ${kind}` }, told);
}

/** @param {number} value */
const signed = (value) => (value > 0 ? `+${number(value)}` : `−${number(-value)}`);

/** Where a parameter is between the least and the greatest one; over three magnitudes by its logarithm. @param {Value} value @param {Facts | undefined} facts @param {HTMLElement} cell */
export function param(value, facts, cell) {
  const found = typeof value === "string" ? Number(value) : value, part = share(found, facts);
  if (part !== undefined) {
    cell.classList.add("bar");
    cell.style.setProperty("--part", `${(100 * part).toFixed(1)}%`);
  }
  if (typeof value === "string" && value.length > 24) cell.title = value;
  return plain(value);
}

/** @param {Value} value @param {Facts | undefined} facts */
function share(value, facts) {
  const { min, max, numeric } = facts ?? {};
  if (!numeric || typeof value !== "number" || Number.isNaN(value) || min === undefined || max === undefined || min === max) return undefined;
  return min > 0 && max / min >= 1000 ? Math.log(value / min) / Math.log(max / min) : (value - min) / (max - min);
}

/** Of a group: the mean of its runs, and how far they spread. @param {{ mean: number, spread: number | null, count: number }} told @param {HTMLElement} cell */
export function spread({ mean, spread: around, count }, cell) {
  cell.title = `mean of ${count} ± standard deviation`;
  return [number(Number(mean.toPrecision(5))), around !== null && h("span", { class: "delta soft" }, `±${number(Number(around.toPrecision(2)))}`)];
}

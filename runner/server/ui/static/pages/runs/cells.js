// What cells hold.
import { colourOf } from "../../lib/colour.js";
import { h } from "../../lib/dom.js";
import { clock, lasting, number } from "../../lib/format.js";

/** @typedef {import("./data.js").Row} Row */
/** @typedef {import("./data.js").Value} Value */
/** @typedef {import("./data.js").Facts} Facts */

const GOING = new Set(["PENDING", "QUEUED", "PREPARING", "RUNNING"]);
const LONG = 10; // characters of a parameter, above which a number is rounded, and the text is told by the cell's title
const SEEN = 400, TOLD = 2000; // characters that a cell can show, and that its title tells
const WAITING = new Set(["PENDING", "QUEUED"]);
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
export const duration = (row) => (row.started && !WAITING.has(row.status) ? lasting((row.ended ?? Date.now()) - row.started) : "");

/** @type {Record<string, string>} */
const SIGNS = { Infinity: "∞", "-Infinity": "−∞" };

/** A text or a number. @param {Value} value */
export const plain = (value) => (typeof value === "number" ? number(value) : SIGNS[value ?? ""] ?? value ?? "");

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
  const told = percent ? (base === 0 ? "–" : `${signed(rounded((100 * more) / Math.abs(base), 3))} %`) : signed(rounded(more, 3));
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
  if (typeof value !== "string" || value.length <= LONG) return plain(value);
  cell.title = value.slice(0, TOLD);
  return facts?.numeric && Number.isFinite(found) ? plain(found) : h("span", { class: "text" }, value.slice(0, SEEN));
}

/** @param {Value} value @param {Facts | undefined} facts */
function share(value, facts) {
  const { min, max, numeric } = facts ?? {};
  if (!numeric || typeof value !== "number" || Number.isNaN(value) || min === undefined || max === undefined || min === max) return undefined;
  return min > 0 && max / min >= 1000 ? Math.log(value / min) / Math.log(max / min) : (value - min) / (max - min);
}

/** Of a group: what its runs share, or their mean, how far they spread, and the best. @param {import("./data.js").Spread} told @param {HTMLElement} cell @param {"min" | "max" | undefined} better of a metric */
export function spread(told, cell, better) {
  if (told.distinct === 1) return plain(told.value);
  if (told.mean === undefined) return told.count > 0 && h("span", { class: "soft" }, "several");
  const best = better && told[better], { mean, spread: around } = told;
  cell.title = `mean of ${told.count} ± standard deviation${best === undefined ? "" : `, best ${number(best)}`}`;
  return [number(rounded(mean, 5)), around !== undefined && h("span", { class: "delta soft" }, `±${number(rounded(around, 2))}`), best !== undefined && h("span", { class: "delta good" }, number(rounded(best, 4)))];
}

/** @param {number} value @param {number} digits */
export const rounded = (value, digits) => Number(value.toPrecision(digits));

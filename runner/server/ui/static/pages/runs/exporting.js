// What is seen, as a file or a text: the same rows in the same order, the same columns.
import { copy } from "../../lib/command.js";
import { toast } from "../../lib/dialog.js";
import { h } from "../../lib/dom.js";
import { counted, number } from "../../lib/format.js";
import { rounded } from "./cells.js";

/** @typedef {import("./data.js").Row} Row */
/** @typedef {"csv" | "markdown" | "latex"} Kind */
/** @typedef {{ title: string, numeric: boolean, exact: (row: Row) => string, short: (row: Row) => string }} Field */

/** @type {[Kind, string][]} */
export const KINDS = [["csv", "CSV file"], ["markdown", "Markdown, copied"], ["latex", "LaTeX, copied"]];

/** @param {Kind} kind @param {Field[]} fields @param {Row[]} rows */
export function hand(kind, fields, rows) {
  if (kind === "csv") save("runs.csv", csv(fields, rows), "text/csv");
  else void copy(kind === "markdown" ? markdown(fields, rows) : latex(fields, rows));
  if (kind === "csv") toast(`Saved ${counted(rows.length, "row")}`);
}

/** @param {Field[]} fields @param {Row[]} rows */
function csv(fields, rows) {
  const lines = [fields.map(({ title }) => title), ...rows.map((row) => fields.map(({ exact }) => exact(row)))];
  return lines.map((line) => line.map(celled).join(",")).join("\r\n") + "\r\n";
}

/** A text that a spreadsheet would take for a formula gets a sign before it. @param {string} text */
function celled(text) {
  const plain = /^[=+@\t\r]|^-(?![\d.])/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** @param {Field[]} fields @param {Row[]} rows */
function markdown(fields, rows) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  const rule = line(fields.map(({ numeric }) => (numeric ? "--:" : "---")));
  return [line(fields.map(({ title }) => title)), rule, ...rows.map((row) => line(fields.map(({ short }) => short(row))))].join("\n") + "\n";
}

/** @param {Field[]} fields @param {Row[]} rows */
function latex(fields, rows) {
  const line = (/** @type {string[]} */ cells) => `${cells.map(escaped).join(" & ")} \\\\`;
  const body = rows.map((row) => line(fields.map(({ short }) => short(row))));
  const shape = fields.map(({ numeric }) => (numeric ? "r" : "l")).join("");
  return [`\\begin{tabular}{${shape}}`, "\\toprule", line(fields.map(({ title }) => title)), "\\midrule", ...body, "\\bottomrule", "\\end{tabular}"].join("\n") + "\n";
}

/** @type {Record<string, string>} */
const LATEX = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "±": "$\\pm$", "−": "$-$", "\n": " " };

/** @param {string} text */
const escaped = (text) => text.replace(/[\\~^±−\n&%$#_{}]/g, (sign) => LATEX[sign] ?? `\\${sign}`);

/** @param {string} name @param {string} text @param {string} type */
function save(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/**
 * @param {{ key: string, title: string, numeric?: boolean }} column
 * @returns {Field}
 */
export function field({ key, title, numeric = false }) {
  const raw = (/** @type {Row} */ row) => ATTRIBUTES[key]?.(row) ?? row.values[key] ?? "";
  const group = (/** @type {Row} */ row) => row.spread?.[key];
  return {
    title, numeric,
    exact: (row) => String(group(row)?.mean ?? raw(row)),
    short: (row) => {
      const spread = group(row), value = raw(row);
      if (spread?.mean !== undefined && spread.distinct > 1) return [rounded(spread.mean, 5), spread.spread !== undefined && rounded(spread.spread, 2)].filter((each) => each !== false).map(number).join(" ± ");
      return typeof value === "number" ? number(value) : String(value);
    },
  };
}

/** @type {Record<string, (row: Row) => string | number>} */
const ATTRIBUTES = {
  name: (row) => row.name,
  status: (row) => row.status.toLowerCase(),
  experiment: (row) => row.experiment,
  started: (row) => (row.started ? new Date(row.started).toISOString() : ""),
  duration: (row) => (row.started && row.ended ? (row.ended - row.started) / 1000 : ""),
};

// The same table of two runs: rows with the same key against each other; those that are new, gone or have other values.
import { fill, h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import { query, show } from "../../lib/state.js";
import { cell } from "../../lib/viewers/tables.js";
import { select } from "./parts.js";

/** @typedef {{ columns: { name: string }[], rows: any[][], total: number }} Table */

const MOST = 500; // rows drawn
export const READ = 1000; // rows read of each

/** @param {Table} before @param {Table} after */
export function rows(before, after) {
  const box = h("div"), names = [...new Set([...before.columns, ...after.columns].map(({ name }) => name))];
  const draw = () => {
    const key = names.find((name) => name === query().get("key")) ?? names.find((name) => isKey(before, name) && isKey(after, name)) ?? "";
    const found = differing(before, after, names, key), changed = found.length;
    const sizes = [before, after].some(({ rows, total }) => rows.length < total) ? `The first ${READ.toLocaleString("en")} rows of each. ` : "";
    fill(
      box,
      h("div", { class: "compare-bar" }, select("Key", [["", "Number of the row"], ...names.map((name) => /** @type {[string, string]} */ ([name, name]))], key, (value) => (show({ key: value }), draw())), h("span", { class: "soft" }, sizes, changed === 0 ? "No rows differ." : `${counted(changed, "row")} differ${changed === 1 ? "s" : ""}${changed > MOST ? `; the first ${MOST}` : ""}.`)),
      changed > 0 && h("div", { class: "compare-scroll", tabindex: 0, role: "region", "aria-label": "Rows that differ" }, h("table", { class: "compare-table" }, h("thead", null, h("tr", null, h("td"), names.map((name) => h("th", { scope: "col" }, name)))), h("tbody", null, found.slice(0, MOST).map(row)))),
    );
  };
  draw();
  return box;
}

/** @param {{ sign: string, key: string, cells: [any, any][] }} found */
function row({ sign, key, cells }) {
  const tell = { "+": "new", "-": "gone", "~": "other" }[sign];
  return h("tr", { class: `row-${tell}` }, h("th", { scope: "row", title: tell }, `${sign} ${key}`), cells.map(([old, now]) => {
    if (sign !== "~") return h("td", null, cell(sign === "+" ? now : old));
    return same(old, now) ? h("td", { class: "soft" }, cell(now)) : h("td", { class: "differs" }, h("del", null, cell(old)), " ", h("ins", null, cell(now)));
  }));
}

/** @param {Table} before @param {Table} after @param {string[]} names @param {string} key */
function differing(before, after, names, key) {
  const [old, now] = [before, after].map((table) => keyed(table, names, key));
  /** @type {{ sign: string, key: string, cells: [any, any][] }[]} */
  const found = [];
  for (const [each, values] of old ?? []) {
    const other = now?.get(each);
    if (!other) found.push({ sign: "-", key: each, cells: values.map((value) => [value, null]) });
    else if (values.some((value, at) => !same(value, other[at]))) found.push({ sign: "~", key: each, cells: values.map((value, at) => [value, other[at]]) });
  }
  for (const [each, values] of now ?? []) if (!old?.has(each)) found.push({ sign: "+", key: each, cells: values.map((value) => [null, value]) });
  return found;
}

/** Rows by their key; of rows with the same one each has its number. @param {Table} table @param {string[]} names @param {string} key @returns {Map<string, any[]>} */
function keyed({ columns, rows }, names, key) {
  const places = names.map((name) => columns.findIndex((column) => column.name === name)), at = columns.findIndex(({ name }) => name === key);
  /** @type {Map<string, any[]>} */
  const found = new Map();
  rows.forEach((values, number) => {
    let name = at < 0 ? String(number + 1) : String(values[at]);
    for (let copy = 2; found.has(name) && copy < 50; copy += 1) name = `${values[at]} (${copy})`;
    if (found.has(name)) name = `${values[at]} (row ${number + 1})`;
    found.set(name, places.map((place) => (place < 0 ? null : values[place])));
  });
  return found;
}

/** Whether no value is there twice. @param {Table} table @param {string} name */
function isKey({ columns, rows }, name) {
  const at = columns.findIndex((column) => column.name === name);
  return at >= 0 && rows.length > 0 && new Set(rows.map((values) => String(values[at]))).size === rows.length;
}

/** @param {any} a @param {any} b */
const same = (a, b) => a === b || ((a ?? "") === (b ?? ""));

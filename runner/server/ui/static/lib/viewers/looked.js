// What the server has looked into: tables, arrays, Markdown, notebooks, nested values.
import { artifactUrl } from "../api.js";
import { pieces } from "../ansi.js";
import { fill, h } from "../dom.js";
import { counted, number } from "../format.js";
import { marked } from "../marked.js";
import { query, show } from "../state.js";
import { tree } from "../tree.js";
import { raw } from "./raw.js";
import { seen } from "./seen.js";

/** @typedef {import("../viewer.js").Shown} Shown */

const ROWS = 100;

/** @param {HTMLElement} body @param {Shown} shown @returns {() => void} */
export function looked(body, shown) {
  let leave = () => undefined;
  const page = { offset: Number(query().get("row") ?? 0) || 0, sort: query().get("sort") ?? "", limit: ROWS };
  fill(body, h("p", { class: "soft" }, "…"));
  void seen(shown, page).then(
    (view) => {
      if (view.missing) return void (leave = /** @type {any} */ (unseen(body, shown, view.missing)));
      fill(body, content(body, shown, view));
    },
    (error) => void fill(body, h("p", { class: "bad" }, error.message)),
  );
  return () => leave();
}

/** @param {HTMLElement} body @param {Shown} shown @param {string} why */
function unseen(body, shown, why) {
  const rest = h("div");
  fill(body, h("p", { class: "warn" }, `Only as it is: ${why}`), rest);
  return raw(rest, shown);
}

/** @param {HTMLElement} body @param {Shown} shown @param {any} view */
function content(body, shown, view) {
  const above = shown.entry.path.split("/").slice(0, -1);
  const place = (/** @type {string} */ to) => beside(shown.run.id, above, to);
  switch (view.kind) {
    case "table": return table(body, shown, view.table);
    case "arrays": return (view.arrays ?? []).map(array);
    case "markdown": return marked(view.nodes ?? [], place);
    case "notebook": return h("div", { class: "notebook" }, (view.cells ?? []).map((/** @type {any} */ cell) => notebookCell(cell, place)));
    case "tree": return isTable(view.value) ? plainTable(view.value) : [shown.entry.name === "MLmodel" && model(view.value), tree(view.value ?? null)];
    default: return null;
  }
}

/** Where a relative path of a document leads: a picture of the same run. @param {string} run @param {string[]} above @param {string} to */
function beside(run, above, to) {
  if (to.startsWith("/")) return null;
  const parts = [...above];
  for (const part of decodeURI(to.split(/[?#]/)[0] ?? "").split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  const path = parts.join("/");
  return /\.(png|jpe?g|gif|webp|avif|svg)$/i.test(path) ? artifactUrl(run, path) : `/r/${run}/artifacts?path=${encodeURIComponent(path)}`;
}

/** @param {HTMLElement} body @param {Shown} shown @param {any} found */
function table(body, shown, found) {
  const { columns, rows, offset, total } = found, sort = query().get("sort") ?? "";
  const go = (/** @type {{ row?: number | null, sort?: string }} */ changes) => (show(changes), looked(body, shown));
  const heads = columns.map((/** @type {any} */ column) => {
    const down = sort === `-${column.name}`, up = sort === column.name;
    return h("th", { scope: "col", class: column.numeric ? "number" : null, "aria-sort": up ? "ascending" : down ? "descending" : "none" }, h("button", { class: "plain", title: column.type || null, onclick: () => go({ sort: up ? `-${column.name}` : down ? "" : column.name, row: null }) }, column.name || "·", up ? " ↑" : down ? " ↓" : ""));
  });
  const last = Math.min(total, offset + rows.length);
  return [
    h(
      "div", { class: "bar" },
      h("button", { disabled: offset === 0, onclick: () => go({ row: Math.max(0, offset - ROWS) || null }) }, "Before"),
      h("button", { disabled: last >= total, onclick: () => go({ row: offset + ROWS }) }, "Next"),
      h("button", { disabled: last >= total, onclick: () => go({ row: Math.floor((total - 1) / ROWS) * ROWS }) }, "Last"),
      h("span", { class: "soft" }, total === 0 ? "No rows" : `Rows ${(offset + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ${total.toLocaleString("en")}${found.partial ? " in the beginning of the file" : ""}, ${counted(columns.length, "column")}`),
    ),
    h("div", { class: "table-box", tabindex: 0, role: "region", "aria-label": "Table" }, h("table", null, h("thead", null, h("tr", null, h("th", { class: "number", scope: "col" }, "#"), heads)), h("tbody", null, rows.map((/** @type {any[]} */ row, /** @type {number} */ at) => h("tr", null, h("th", { class: "number", scope: "row" }, offset + at + 1), columns.map((/** @type {any} */ column, /** @type {number} */ place) => h("td", { class: column.numeric ? "number" : null }, cell(row[place])))))))),
  ];
}

/** @param {any} value */
const cell = (value) => (value === null || value === undefined ? h("span", { class: "soft" }, "–") : typeof value === "number" ? number(value) : String(value));

/** A table as MLflow keeps it: {"columns": [...], "data": [[...]]}. @param {any} value */
const isTable = (value) => Array.isArray(value?.columns) && Array.isArray(value?.data) && value.data.every(Array.isArray);

/** @param {{ columns: any[], data: any[][] }} value */
function plainTable({ columns, data }) {
  return h("div", { class: "table-box", tabindex: 0, role: "region", "aria-label": "Table" }, h("table", null, h("thead", null, h("tr", null, columns.map((name) => h("th", { scope: "col" }, String(name))))), h("tbody", null, data.slice(0, 1000).map((row) => h("tr", null, row.map((each) => h("td", null, typeof each === "object" ? JSON.stringify(each) : cell(each))))))));
}

/** @param {any} found */
function array(found) {
  const [first] = found.values ?? [];
  const rows = Array.isArray(first) ? found.values : found.values?.length ? [found.values] : [];
  return h(
    "section",
    { class: "array" },
    found.name && h("h3", { class: "mono" }, found.name),
    h("p", null, h("span", { class: "mono" }, `${found.dtype} [${found.shape.join(" × ")}]`), found.low !== undefined && h("span", { class: "soft" }, ` from ${number(found.low)} to ${number(found.high)}, mean ${number(found.mean)}`)),
    rows.length > 0 && h("div", { class: "table-box", tabindex: 0, role: "region", "aria-label": "First values" }, h("table", { class: "mono" }, h("tbody", null, rows.map((/** @type {any[]} */ row) => h("tr", null, row.map((value) => h("td", { class: "number" }, cell(value)))))))),
  );
}

/** @param {any} found @param {(to: string) => string | null} place */
function notebookCell(found, place) {
  if (found.kind === "markdown") return h("div", { class: "notebook-text" }, marked(found.nodes ?? [], place));
  return h("div", { class: "notebook-cell" }, h("span", { class: "soft notebook-count" }, found.kind === "code" ? `[${found.count ?? " "}]` : ""), h("div", null, h("pre", { tabindex: 0 }, found.source), (found.outputs ?? []).map(output)));
}

/** @param {any} found */
function output(found) {
  if (found.kind.startsWith("image/")) return h("img", { src: `data:${found.kind};base64,${found.data}`, alt: "Output" });
  return h("pre", { tabindex: 0, class: found.kind === "error" || found.kind === "stderr" ? "bad" : null }, found.text.split("\n").flatMap((/** @type {string} */ line) => [...pieces(line).map(({ text, classes }) => h("span", { class: classes || null }, text)), "\n"]));
}

/** What an MLmodel says first. @param {any} value */
function model(value) {
  const signature = value?.signature ?? {};
  const pairs = [["Flavours", Object.keys(value?.flavors ?? {}).join(", ")], ["Inputs", signature.inputs], ["Outputs", signature.outputs], ["Saved by MLflow", value?.mlflow_version], ["Made", value?.utc_time_created]];
  return h("dl", { class: "facts" }, pairs.filter(([, each]) => each).map(([name, each]) => h("div", null, h("dt", null, name), h("dd", { class: "mono break" }, typeof each === "string" ? each : JSON.stringify(each)))));
}

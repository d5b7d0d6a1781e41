// What the server has looked into: tables (tables.js), arrays (arrays.js), Markdown, notebooks, nested values.
import { artifactUrl } from "../api.js";
import { pieces } from "../ansi.js";
import { fill, h } from "../dom.js";
import { marked } from "../marked.js";
import { tree } from "../tree.js";
import { array } from "./arrays.js";
import { raw } from "./raw.js";
import { seen } from "./seen.js";
import { asked, cell, table } from "./tables.js";

/** @typedef {import("../viewer.js").Shown} Shown */

/** @param {HTMLElement} body @param {Shown} shown @returns {() => void} */
export function looked(body, shown) {
  let leave = () => undefined;
  fill(body, h("p", { class: "soft" }, "…"));
  void seen(shown, asked()).then(
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
    case "table": return table(shown, view.table, () => looked(body, shown));
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

/** A table as MLflow keeps it: {"columns": [...], "data": [[...]]}. @param {any} value */
const isTable = (value) => Array.isArray(value?.columns) && Array.isArray(value?.data) && value.data.every(Array.isArray);

/** @param {{ columns: any[], data: any[][] }} value */
function plainTable({ columns, data }) {
  return h("div", { class: "table-box", tabindex: 0, role: "region", "aria-label": "Table" }, h("table", null, h("thead", null, h("tr", null, columns.map((name) => h("th", { scope: "col" }, String(name))))), h("tbody", null, data.slice(0, 1000).map((row) => h("tr", null, row.map((each) => h("td", null, typeof each === "object" ? JSON.stringify(each) : cell(each))))))));
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

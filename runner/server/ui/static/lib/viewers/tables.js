// A table of which the server sends pages: sorted and filtered there, with what the values of each column are like.
import { fill, h } from "../dom.js";
import { counted, number } from "../format.js";
import { query, show } from "../state.js";
import { seen } from "./seen.js";

/** @typedef {import("../viewer.js").Shown} Shown */
/** @typedef {{ name: string, numeric?: boolean, type?: string }} Column */
/** @typedef {{ name: string, count: number, missing?: number, distinct?: number, more?: boolean, low?: number, high?: number, mean?: number, frequent?: [any, number][] }} Statistics */

export const ROWS = 100;

/** What the URL asks for. */
export const asked = () => ({ offset: Number(query().get("row") ?? 0) || 0, sort: query().get("sort") ?? "", filter: query().get("having") ?? "", limit: ROWS });

/** @param {Shown} shown @param {{ columns: Column[], rows: any[][], offset: number, total: number, partial?: boolean }} found @param {() => void} again */
export function table(shown, { columns, rows, offset, total, partial }, again) {
  const sort = query().get("sort") ?? "", last = Math.min(total, offset + rows.length), box = h("div", { class: "column-statistics" });
  const go = (/** @type {Record<string, any>} */ changes) => (show(changes), again());
  const filter = h("input", { type: "search", placeholder: "Rows that hold…", "aria-label": "Only rows that hold", value: query().get("having") ?? "", onchange: () => go({ having: filter.value, row: null }) });
  const about = h("button", { "aria-pressed": String(query().has("columns")), onclick: () => go({ columns: !query().has("columns") }) }, "About the columns");
  if (query().has("columns")) void statistics(box, shown);
  const heads = columns.map(({ name, numeric, type }) => {
    const down = sort === `-${name}`, up = sort === name;
    return h("th", { scope: "col", class: numeric ? "number" : null, "aria-sort": up ? "ascending" : down ? "descending" : "none" }, h("button", { class: "plain", title: type || null, onclick: () => go({ sort: up ? `-${name}` : down ? "" : name, row: null }) }, name || "·", up ? " ↑" : down ? " ↓" : ""));
  });
  const where = partial ? " in the beginning of the file" : "";
  return [
    h(
      "div", { class: "bar" }, filter, about,
      h("button", { disabled: offset === 0, onclick: () => go({ row: Math.max(0, offset - ROWS) || null }) }, "Before"),
      h("button", { disabled: last >= total, onclick: () => go({ row: offset + ROWS }) }, "Next"),
      h("button", { disabled: last >= total, onclick: () => go({ row: Math.floor((total - 1) / ROWS) * ROWS }) }, "Last"),
      h("span", { class: "soft" }, total === 0 ? "No rows" : `Rows ${(offset + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ${total.toLocaleString("en")}${where}, ${counted(columns.length, "column")}`),
    ),
    box,
    h("div", { class: "table-box", tabindex: 0, role: "region", "aria-label": "Table" }, h("table", null, h("thead", null, h("tr", null, h("th", { class: "number", scope: "col" }, "#"), heads)), h("tbody", null, rows.map((row, at) => h("tr", null, h("th", { class: "number", scope: "row" }, offset + at + 1), columns.map(({ numeric }, place) => h("td", { class: numeric ? "number" : null }, cell(row[place])))))))),
  ];
}

/** @param {HTMLElement} box @param {Shown} shown */
async function statistics(box, shown) {
  fill(box, h("p", { class: "soft", "aria-busy": "true" }, "Looking at all rows…"));
  try {
    const view = await seen(shown, { statistics: true, filter: query().get("having") });
    const rows = (view.table?.statistics ?? []).map((/** @type {Statistics} */ each) => h("tr", null, h("th", { scope: "row" }, each.name || "·"), h("td", { class: "number" }, each.missing ?? 0), h("td", { class: "number" }, `${each.distinct ?? 0}${each.more ? " or more" : ""}`), [each.low, each.mean, each.high].map((value) => h("td", { class: "number" }, value === undefined ? "" : number(value))), h("td", null, (each.frequent ?? []).map(([value, count]) => `${value} (${count})`).join(", "))));
    fill(box, h("div", { class: "table-box", tabindex: 0, role: "region", "aria-label": "About the columns" }, h("table", null, h("thead", null, h("tr", null, ["Column", "Missing", "Different", "Least", "Mean", "Greatest", "Most frequent"].map((title, at) => h("th", { scope: "col", class: at > 0 && at < 6 ? "number" : null }, title)))), h("tbody", null, rows))));
  } catch (error) {
    fill(box, h("p", { class: "bad" }, error instanceof Error ? error.message : String(error)));
  }
}

/** @param {any} value */
export const cell = (value) => (value === null || value === undefined ? h("span", { class: "soft" }, "–") : typeof value === "number" ? number(value) : String(value));

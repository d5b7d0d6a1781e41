// The values of a chart as a table, for who does not see it or wants to copy them. Made when it is opened.
import { fill, h } from "../lib/dom.js";
import { number } from "../lib/format.js";
import { told } from "./scale.js";

/** @typedef {{ title: string, kind: import("./scale.js").Kind, lines: { name: string, data: import("./points.js").Points }[] }} Content */

const ROWS = 50;

/** @param {HTMLElement} container @param {() => Content} content */
export function valuesTable(container, content) {
  const body = h("div", { class: "chart-values-body", tabindex: 0, role: "region", "aria-label": "Values" });
  const element = h("details", { class: "chart-values" }, h("summary", null, "Values"), body);
  const refresh = () => {
    if (element.open) fill(body, drawn(content()));
  };
  element.addEventListener("toggle", refresh);
  container.append(element);
  return { refresh, close: () => element.remove() };
}

/** At most so many places, evenly over all. @param {Content} content */
function drawn({ title, kind, lines }) {
  const all = [...new Set(lines.flatMap(({ data }) => [...data.x.subarray(0, data.length)]))].sort((a, b) => a - b);
  const every = Math.max(1, all.length / ROWS);
  const places = Array.from({ length: Math.min(ROWS, all.length) }, (_, at) => all[Math.floor(at * every)] ?? 0);
  const head = h("tr", null, h("th", { scope: "col" }, title), lines.map(({ name }) => h("th", { scope: "col", class: "number" }, name)));
  const rows = places.map((x) => h("tr", null, h("th", { scope: "row" }, told(x, kind)), lines.map(({ data }) => h("td", { class: "number" }, at(data, x)))));
  return [h("table", null, h("thead", null, head), h("tbody", null, rows)), all.length > ROWS && h("p", { class: "soft" }, `${ROWS} of ${all.length} places`)];
}

/** @param {import("./points.js").Points} data @param {number} x */
function at(data, x) {
  const index = data.near(x);
  return index >= 0 && data.x[index] === x ? number(data.last[index]) : "";
}

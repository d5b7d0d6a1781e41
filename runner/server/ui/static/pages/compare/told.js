// What is told of metrics beside their lines: how the lines are drawn, how many points they have; of one value each, bars.
import { barCell } from "../../charts/sparkline.js";
import { h, svg } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import { nameOf } from "./parts.js";

/** @typedef {import("./model.js").Run} Run */
/** @typedef {import("./charts.js").Line} Line */

/** A piece of a line. @param {string} colour @param {number[]} dash */
export function mark(colour, dash) {
  const drawn = svg("svg", { class: "line-mark", width: 22, height: 10, "aria-hidden": "true" }, svg("line", { x1: 0, y1: 5, x2: 22, y2: 5, "stroke-width": 2, "stroke-dasharray": dash.join(" ") || null }));
  drawn.style.setProperty("--run", colour);
  return drawn;
}

/** @param {Line[]} lines */
export function noteOf(lines) {
  const points = lines.reduce((sum, { count }) => sum + count, 0), drawn = lines.reduce((sum, line) => sum + line.points.length, 0);
  const gone = lines.reduce((sum, { nan, infinite }) => sum + nan + infinite, 0);
  return [drawn < points ? `least and greatest of ${counted(points, "point")}` : counted(points, "point"), gone > 0 && `${gone} of them no numbers`].filter(Boolean).join(", ");
}

/** A metric of one value each is no line. @param {string} key @param {Line[]} lines @param {Run[]} runs */
export function bars(key, lines, runs) {
  const values = new Map(lines.map(({ run, points }) => [run, points[0]?.[1] ?? null]));
  const numbers = [...values.values()].filter((each) => each !== null && each !== undefined);
  const low = Math.min(0, ...numbers), high = Math.max(...numbers);
  const rows = runs.flatMap((run) => {
    const value = values.get(run.id);
    return value === undefined || value === null ? [] : [h("tr", null, h("th", { scope: "row" }, nameOf(run)), h("td", { class: "bars" }, barCell(value, low, high)))];
  });
  return h("section", { class: "card", "aria-label": key }, h("h3", null, key), h("div", { class: "compare-bars", tabindex: 0, role: "region", "aria-label": `${key} of each run` }, h("table", null, h("tbody", null, rows))));
}

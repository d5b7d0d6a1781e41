// The line above the table: how many runs there are, and what can be done with all of them.
import { copyAs } from "../../lib/command.js";
import { h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import { toggle } from "./chips.js";
import { item } from "./columns.js";
import { same } from "./defaults.js";
import { ways } from "./elsewhere.js";
import { KINDS } from "./exporting.js";
import * as grouping from "./grouping.js";
import { drops } from "./menus.js";
import * as saved from "./saved.js";

/** @typedef {import("./view.js").View} View */
/** @typedef {import("./rows.js").Rows} Rows */

const TOLD = 20; // equal parameters that the button tells

/**
 * @typedef {object} Does
 * @property {(changes: Partial<View>) => void} change
 * @property {() => void} choose columns
 * @property {false | ((on: boolean) => void)} charted show the courses of metrics beside the table; false: there are none
 * @property {(query: string) => void} open a saved view
 * @property {(kind: import("./exporting.js").Kind) => void} hand the rows over
 */

/** @param {View} view @param {Rows} rows @param {import("./better.js").Experiment | undefined} experiment the only one @param {Does} does */
export function head(view, rows, experiment, { change, choose, charted, open, hand }) {
  const { facts } = rows;
  return [
    h("h1", null, "Runs"),
    h("span", { class: "soft", role: "status" }, told(view, rows)),
    h("span", { class: "space" }),
    equal(view, same(facts, view.cols), change),
    grouping.hasNested(view, facts) && toggle("nested", "Nested", !view.flat, (folded) => change({ flat: !folded })),
    view.pin && toggle("percent", "Percent", view.percent, (percent) => change({ percent })),
    grouping.button(view, facts, change),
    charted && toggle("charts", "Charts", view.chart.length > 0, charted),
    h("button", { name: "columns", title: "e", onclick: choose }, "Columns"),
    drops("views", view.view || "Views", () => saved.menu(experiment, view.view, open), { on: view.view !== "" }),
    copyAs(drops("export", "Export", () => KINDS.map(([kind, title]) => item(title, () => hand(kind)))), ways(view, rows.columns)),
  ];
}

/** How many there are, truly. @param {View} view @param {Rows} rows */
function told(view, rows) {
  const { runs, source, blocks } = rows, inside = rows.inside(view);
  if (view.group.length > 0) return `${counted(blocks?.total ?? source.total, "group")} of ${counted(runs, "run")}`;
  return inside > 0 ? `${counted(runs, "run")}, ${inside.toLocaleString("en")} inside of them` : counted(runs, "run");
}

/** @param {View} view @param {import("./data.js").Facts[]} facts @param {Does["change"]} change */
function equal(view, facts, change) {
  if (facts.length === 0) return "";
  const title = facts.slice(0, TOLD).map(({ key, value }) => `${key} = ${value}`).join("\n");
  return h("button", { name: "same", class: view.same ? "drop on" : "drop", "aria-pressed": String(view.same), title, onclick: () => change({ same: !view.same }) }, `${facts.length} same`);
}

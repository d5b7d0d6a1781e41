// When nothing fits: which condition to leave out, and how many runs would fit then.
import { copyable } from "../../lib/command.js";
import { fill, h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import { clauses } from "./clauses.js";
import { count } from "./data.js";

/** @typedef {import("./view.js").View} View */

const MOST = 8; // conditions that are tried

/**
 * What stands in place of an empty table.
 *
 * @param {View} view
 * @param {(changes: Partial<View>) => void} change
 * @param {AbortSignal} signal
 */
export function empty(view, change, signal) {
  if (!isFiltered(view)) {
    if (view.archived) return h("div", { class: "empty" }, "Nothing is archived here.");
    return h("div", { class: "empty" }, "No runs yet. Run the project of a folder:", copyable("runner run ."));
  }
  const [only] = view.exp;
  if (only && view.exp.length === 1 && !isFiltered({ ...view, exp: [] }) && !view.archived) {
    return h("div", { class: "empty" }, "No runs in this experiment yet. Run the project of a folder:", copyable(`runner run . --experiment-id ${only}`));
  }
  const ways = h("ul", { class: "ways" });
  void nearest(view, signal).then((found) => fill(ways, found.map(([text, number, changes]) => way(text, number, () => change(changes)))), () => undefined);
  return h("div", { class: "empty" }, h("p", null, "No run fits all of this."), ways);
}

/** @param {View} view */
const isFiltered = (view) => view.q.trim() !== "" || view.status !== "" || view.since !== "" || view.exp.length > 0;

/** @param {string} text @param {number} number @param {() => void} take */
function way(text, number, take) {
  return h("li", null, h("button", { onclick: take }, "Without ", h("code", null, text)), h("span", { class: "soft" }, ` ${counted(number, "run")}`));
}

/** The nearest first: what lets the fewest runs in. @param {View} view @param {AbortSignal} signal @returns {Promise<[string, number, Partial<View>][]>} */
async function nearest(view, signal) {
  const counted = await Promise.all(ways(view).slice(0, MOST).map(async ([text, changes]) => {
    /** @type {[string, number, Partial<View>]} */
    const found = [text, await count({ ...view, ...changes }, undefined, signal), changes];
    return found;
  }));
  return counted.filter(([, number]) => number > 0).sort((a, b) => a[1] - b[1]);
}

/** @param {View} view @returns {[string, Partial<View>][]} */
function ways(view) {
  const all = clauses(view.q);
  /** @type {[string, Partial<View>][]} */
  const found = all.map((clause, at) => [clause, { q: all.filter((_, other) => other !== at).join(" and ") }]);
  if (view.status) found.push([`status = ${view.status}`, { status: "" }]);
  if (view.since) found.push([`since ${view.since}`, { since: "" }]);
  if (view.exp.length > 0) found.push(["the choice of experiments", { exp: [] }]);
  if (found.length > 1) found.push(["any condition", { q: "", status: "", since: "" }]);
  return found;
}

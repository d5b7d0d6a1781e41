// Conditions that are chosen, not written: experiments, status, time.
import { h } from "../../lib/dom.js";
import { item } from "./columns.js";
import { drops, ticks } from "./menus.js";

/** @typedef {import("./view.js").View} View */
/** @typedef {import("./better.js").Experiment} Experiment */
/** @typedef {(changes: Partial<View>) => void} Change */

const STATUSES = ["running", "scheduled", "finished", "failed", "killed"];
const TIMES = [["1h", "Last hour"], ["24h", "Last day"], ["7d", "Last 7 days"], ["30d", "Last 30 days"]];

/** @param {View} view @param {Experiment[]} experiments @param {Change} change */
export const chips = (view, experiments, change) => [
  experiment(view, experiments, change),
  drops("status", view.status ? `Status: ${view.status}` : "Status", () => [item("Any", () => change({ status: "" }), view.status === ""), ...STATUSES.map((each) => item(each, () => change({ status: each }), view.status === each))], { on: view.status !== "" }),
  drops("time", TIMES.find(([time]) => time === view.since)?.[1] ?? (view.since ? `Since ${view.since}` : "Time"), () => [item("Any time", () => change({ since: "" }), view.since === ""), ...TIMES.map(([time = "", title = ""]) => item(title, () => change({ since: time }), view.since === time))], { on: view.since !== "" }),
  toggle("running", "Running only", view.status === "running", (on) => change({ status: on ? "running" : "" })),
  toggle("archived", "Archived", view.archived, (on) => change({ archived: on, sel: [] })),
];

/** @param {View} view @param {Experiment[]} experiments @param {Change} change */
function experiment(view, experiments, change) {
  const names = new Map(experiments.map(({ experiment_id, name }) => [experiment_id, name]));
  const text = view.exp.length === 0 ? "All experiments" : view.exp.length === 1 ? names.get(view.exp[0] ?? "") ?? view.exp[0] ?? "" : `${view.exp.length} experiments`;
  const build = () => ticks(experiments.map(({ experiment_id, name }) => ({ id: experiment_id, name })), view.exp, "Experiments", (exp) => change({ exp }));
  return drops("experiment", text, build, { on: view.exp.length > 0, label: `Experiments: ${text}`, role: "dialog" });
}

/** @param {string} name @param {string} text @param {boolean} on @param {(on: boolean) => void} changed */
export const toggle = (name, text, on, changed) => h("button", { name, class: on ? "drop on" : "drop", "aria-pressed": String(on), onclick: () => changed(!on) }, text);

// All schedules as a table.
import { h } from "../../lib/dom.js";
import { ago, lasting } from "../../lib/format.js";
import { HERE, local, outcome, place } from "./model.js";

/** @typedef {import("./model.js").Schedule} Schedule */

/** @param {Schedule[]} schedules @param {number} now */
export function list(schedules, now) {
  return h("div", { class: "scroll" }, h("table", { class: "wide" },
    h("thead", null, h("tr", null, ["Schedule", "When", "Next", "Takes", "Last", "Project"].map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", null, schedules.map((each) => h("tr", null,
      h("th", { scope: "row" }, link(each.name), each.state === "paused" && h("span", { class: "chip" }, "paused")),
      h("td", { class: "when" }, when(each)),
      h("td", { title: each.next === undefined ? null : `${local(each.next, HERE)} ${HERE}` }, coming(each, now)),
      h("td", { class: "soft" }, lasting(each.expected)),
      h("td", null, each.last && [outcome(each.last.state), " ", lately(each)]),
      h("td", { class: "project" }, project(each), each.entry_point !== "main" && h("span", { class: "soft" }, ` ${each.entry_point}`)))))));
}

/** @param {string} name */
const link = (name) => h("a", { href: `?name=${encodeURIComponent(name)}`, "data-choose": name, "data-key": name }, name);

/** Its times in words, and as they are written. @param {Schedule} schedule */
export const when = ({ words, expression, zone }) => [
  words || h("span", { class: "mono" }, expression), h("span", { class: "soft" }, ` ${zone}`),
  words && h("span", { class: "soft mono expression" }, expression),
];

/** @param {Schedule} schedule @param {number} now */
export function coming({ next, due = next }, now) {
  if (next === undefined || due === undefined) return "";
  const lateness = now - due;
  if (lateness > 60_000) return h("span", { class: "bad" }, `${lasting(lateness)} late`);
  return lateness > 0 ? "now" : `in ${lasting(due - now)}`;
}

/** @param {Schedule} schedule */
const lately = ({ last }) => last && (last.run_id
  ? h("a", { href: `/r/${last.run_id}`, "data-key": last.run_id, title: last.reason ?? null }, ago(last.scheduled_for))
  : h("span", { class: "soft", title: last.reason ?? null }, ago(last.scheduled_for)));

/** Where its project is, in a word. @param {Schedule} schedule */
export const project = ({ uri, version }) => [
  h("span", { title: uri }, place(uri)), version && h("span", { class: "soft", title: version }, ` @ ${version.slice(0, 40)}`),
];

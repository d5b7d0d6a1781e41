// One schedule: what can be asked of it, what it is, when it fires next.
import { h } from "../../lib/dom.js";
import { lasting } from "../../lib/format.js";
import { actions } from "./acting.js";
import { project, when } from "./list.js";
import { HERE, local, shiftsInWords } from "./model.js";

/** @typedef {import("./model.js").Schedule} Schedule */
/** @typedef {{ times: import("./model.js").Time[], shifts: import("./model.js").Shift[] }} Coming */

/** @param {Schedule} schedule @param {import("./acting.js").Around} around */
export function heading(schedule, around) {
  return [
    h("div", { class: "head" },
      h("a", { href: "/schedules", "data-choose": "", "data-key": "all" }, "Schedules"), h("span", { class: "soft", "aria-hidden": "true" }, "/"),
      h("h1", null, schedule.name), schedule.state === "paused" && h("span", { class: "chip" }, "paused")),
    actions(schedule, around),
  ];
}

/** @param {Schedule} schedule */
export function facts(schedule) {
  const { parameters, missed, overlap, retries, timeout, jitter, expected } = schedule;
  return h("dl", { class: "facts card" }, [
    ["When", when(schedule)],
    ["Project", [project(schedule), h("div", { class: "soft uri mono" }, schedule.uri)]],
    ["Entry point", schedule.entry_point],
    parameters.length > 0 && ["Parameters", parameters.join(", ")],
    expected !== undefined && ["Takes", `${lasting(expected)}, as a rule`],
    ["Missed times", missed],
    ["Overlap", overlap],
    retries && ["Tried again", `up to ${retries} times`],
    timeout && ["Stopped after", lasting(timeout * 1000)],
    jitter && ["Starts", `up to ${lasting(jitter * 1000)} later`],
  ].filter((each) => Array.isArray(each)).map(([title, value]) => h("div", null, h("dt", null, title), h("dd", null, value))));
}

/** Its next times by its clocks and by ours, with the days on which clocks change. @param {Schedule} schedule @param {Coming} coming @param {number} now */
export function next(schedule, { times, shifts }, now) {
  if (times.length === 0) return h("p", { class: "empty" }, "Nobody here can tell when it fires next.");
  const elsewhere = schedule.zone !== HERE;
  return h("div", { class: "scroll" }, h("table", { class: "wide next" },
    h("caption", null, "Next"),
    h("thead", null, h("tr", null, [schedule.zone, elsewhere && `Your time (${HERE})`, "In"].filter(Boolean).map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", null, times.map(({ time, due, state }, at) => [
      ...passed(shifts, times[at - 1]?.time ?? -Infinity, time).map((shift) => h("tr", null, h("td", { class: "warn", colspan: elsewhere ? 3 : 2 }, shiftsInWords([shift])))),
      h("tr", { class: state === "skipped" && "left-out" },
        h("td", { class: "number" }, local(time, schedule.zone)),
        elsewhere && h("td", { class: "number" }, local(time, HERE)),
        h("td", null, inWords(schedule, due, state, now), due > time && h("span", { class: "soft" }, ` (${lasting(due - time)} later than its time)`))),
    ]))));
}

/** @param {Schedule} schedule @param {number} due @param {string | undefined} state @param {number} now */
function inWords(schedule, due, state, now) {
  if (state) return state;
  if (schedule.state === "paused") return h("span", { class: "soft" }, "if it did not rest");
  return due > now ? lasting(due - now) : h("span", { class: "bad" }, `${lasting(now - due)} late`);
}

/** @param {import("./model.js").Shift[]} shifts @param {number} after @param {number} until */
const passed = (shifts, after, until) => shifts.filter((shift) => after < shift.moment && shift.moment <= until);

// A week of schedules: each time at its hour, as long as it took or will take. A grid of days for screen readers and arrow keys, a
// list by days on a phone.
import { dialog } from "../../lib/dialog.js";
import { h } from "../../lib/dom.js";
import { counted, lasting } from "../../lib/format.js";
import { lanes } from "./lanes.js";
import { dayName, effect, local, outcome, shiftsInWords, sign, span, summed, tone } from "./model.js";
import { roving } from "./roving.js";

/** @typedef {import("./model.js").Slot} Slot */
/** @typedef {import("./model.js").Day} Day */
/** @typedef {import("./model.js").Week} Week */
/** @typedef {import("./model.js").Schedule} Schedule */
/** @typedef {{ slot: Slot, from: number, to: number, goesOn: boolean }} Drawn minutes of a day; `goesOn`: it began the day before */

const MINUTE = 60_000, DAY = 24 * 60;
const LEAST = 34; // minutes: less could not be read
const LANES = 4; // beside each other in one day
const OVER = new Set(["succeeded", "failed", "stopped", "skipped", "missed"]);

/**
 * @param {Week} week
 * @param {Map<string, Schedule>} schedules those that are shown
 */
export function calendar(week, schedules) {
  const days = week.days.map((day) => drawn(week, day, schedules));
  const grid = h("div", { class: "days", role: "grid", "aria-label": `Days from ${dayName(span(week)[0], "long")}, times of ${week.zone}` },
    week.days.map((day, at) => dayRow(week, day, [...overnight(days[at - 1] ?? []), ...(days[at] ?? [])], schedules)));
  roving(grid);
  return [
    h("div", { class: `week card${schedules.size === 1 ? " single" : ""}${days.some((each) => each.length > 0) ? "" : " bare"}` },
      h("div", { class: "hours", "aria-hidden": "true" }, Array.from({ length: 24 }, (_, hour) => h("span", null, `${String(hour).padStart(2, "0")}:00`))),
      grid),
    week.shifts.length > 0 && h("ul", { class: "shifts" }, shiftsInWords(week.shifts).map((told) => h("li", null, told))),
  ];
}

/** @param {Week} week @param {Day} day @param {Drawn[]} all @param {Map<string, Schedule>} schedules */
function dayRow(week, day, all, schedules) {
  const shift = shiftOf(week, day), today = day.start <= week.now && week.now < day.end;
  const bands = day.bands.filter((band) => schedules.has(band.schedule));
  return h("div", { class: today ? "day today" : "day", role: "row" },
    h("div", { class: "day-head", role: "rowheader" }, dayName(day.date), today && h("span", { class: "chip" }, "today"), shift && h("span", { class: "warn shift" }, effect(shift))),
    h("div", { class: "bands" },
      bands.map((band) => cell(bandLink(band, day))),
      day.others && h("div", { class: "soft", role: "gridcell", title: summed(day.others.states) }, `and ${counted(day.others.schedules, "more schedule")}: ${day.others.count.toLocaleString("en")} times`)),
    h("div", { class: "slots" },
      shift && shift.before < shift.after && gap(shift),
      lanes(all, LANES).map((each) => placed(each, week)),
      today && nowLine(minutes(week, day, week.now)),
      all.length === 0 && bands.length === 0 && !day.others && h("div", { class: "soft nothing", role: "gridcell" }, "nothing")));
}

/** @param {any} content */
const cell = (content) => h("div", { class: "band", role: "gridcell" }, content);

/** Many times of a schedule on a day as one. @param {import("./model.js").Band} band @param {Day} day */
function bandLink({ schedule, count, states }, day) {
  const told = `${count.toLocaleString("en")} times on ${dayName(day.date, "long")}: ${summed(states)}`;
  return h("a", { href: `?name=${encodeURIComponent(schedule)}`, "data-choose": schedule, "data-key": `${day.date} ${schedule}`, tabindex: -1, title: told },
    h("span", { class: "count" }, `${count.toLocaleString("en")} ×`), ` ${schedule}`,
    h("span", { class: "parts", "aria-hidden": "true" }, Object.entries(states).map(([state, part]) => {
      const piece = h("span", { "data-state": state });
      piece.style.setProperty("--part", String(part));
      return piece;
    })),
    h("span", { class: "told" }, `: ${summed(states)}`));
}

/** @param {{ items: Drawn[], from: number, to: number, lane: number, lanes: number }} place @param {Week} week */
function placed({ items, from, to, lane, lanes: count }, week) {
  const single = items.length === 1 ? items[0] : undefined;
  const element = single?.goesOn
    ? h("div", { class: "slot goes-on", "aria-hidden": "true", "data-state": single.slot.state }, `${single.slot.schedule} goes on`)
    : h("div", { class: "slot", role: "gridcell", "data-state": single?.slot.state }, single ? slotLink(single.slot, from, week) : fold(items, from, week));
  const extent = { "--from": from, "--length": Math.min(to, DAY) - from, "--lane": lane, "--lanes": count };
  for (const [name, value] of Object.entries(extent)) element.style.setProperty(name, String(value));
  return element;
}

/** @param {Slot} slot @param {number} from @param {Week} week */
function slotLink(slot, from, week) {
  const told = inWords(slot, week), time = local(slot.scheduled_for, week.zone).slice(11);
  const choose = slot.run_id ? null : slot.schedule;
  return h("a", {
    href: slot.run_id ? `/r/${slot.run_id}` : `?name=${encodeURIComponent(slot.schedule)}`, "data-choose": choose, "data-minute": from,
    "data-key": `${slot.schedule} ${slot.scheduled_for}`, tabindex: -1, title: `${time} ${slot.schedule}: ${told}`,
  }, h("span", { class: "sign", "aria-hidden": "true" }, sign(slot.state)), " ", h("span", { class: "time" }, time), " ", h("span", { class: "who" }, slot.schedule), h("span", { class: "told" }, `: ${told}`));
}

/** What became of a time, or what it is to be. @param {Slot} slot @param {Week} week */
export function inWords(slot, week) {
  const late = slot.started && slot.cause === "clock" ? slot.started - slot.due : 0;
  return [
    slot.state === "next" ? "to come" : slot.state === "late" ? "late: nobody has started it" : slot.state,
    slot.attempt > 1 && `try ${slot.attempt}`,
    slot.started && slot.ended && `took ${lasting(slot.ended - slot.started)}`,
    slot.started && !slot.ended && !OVER.has(slot.state) && `for ${lasting(week.now - slot.started)}`,
    late > MINUTE && `${lasting(late)} late`,
    slot.reason,
  ].filter(Boolean).join(", ");
}

/** What has no room. @param {Drawn[]} items @param {number} from @param {Week} week */
function fold(items, from, week) {
  const slots = items.map((each) => each.slot);
  const open = () => dialog(`${counted(slots.length, "time")} at once`, h("table", { class: "wide" },
    h("thead", null, h("tr", null, ["Time", "Schedule", "Outcome"].map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", null, slots.map((slot) => h("tr", null,
      h("td", null, local(slot.scheduled_for, week.zone).slice(11)),
      h("th", { scope: "row" }, h("a", { href: slot.run_id ? `/r/${slot.run_id}` : `?name=${encodeURIComponent(slot.schedule)}` }, slot.schedule)),
      h("td", null, outcome(slot.state === "next" ? "to come" : slot.state), slot.reason && h("span", { class: "soft" }, ` ${slot.reason}`)))))));
  const bad = slots.filter((slot) => ["bad", "warn"].includes(tone(slot.state))).length;
  return h("button", { type: "button", class: bad > 0 ? "bad" : null, "data-minute": from, "data-key": `fold ${slots[0]?.scheduled_for}`, tabindex: -1, onclick: open },
    `+${slots.length}`, h("span", { class: "told" }, ` more at once${bad > 0 ? `, ${bad} of them not well` : ""}`));
}

/** @param {Week} week @param {Day} day @param {Map<string, Schedule>} schedules @returns {Drawn[]} */
function drawn(week, day, schedules) {
  return day.slots.filter((slot) => schedules.has(slot.schedule)).map((slot) => {
    const started = slot.started && slot.started >= day.start && slot.started < day.end ? slot.started : slot.scheduled_for;
    const from = Math.min(minutes(week, day, started), DAY - LEAST);
    return { slot, from, to: from + Math.max(LEAST, length(slot, schedules.get(slot.schedule), week.now) / MINUTE), goesOn: false };
  });
}

/** Milliseconds that it took, has taken so far or is expected to take. @param {Slot} slot @param {Schedule | undefined} schedule @param {number} now */
function length(slot, schedule, now) {
  if (slot.started && slot.ended) return slot.ended - slot.started;
  if (OVER.has(slot.state)) return 0;
  return Math.max(schedule?.expected ?? 0, slot.started ? now - slot.started : 0);
}

/** What of a day reaches into the next one. @param {Drawn[]} day @returns {Drawn[]} */
const overnight = (day) => day.filter((each) => each.to > DAY + 1).map((each) => ({ ...each, from: 0, to: Math.min(DAY, Math.max(LEAST, each.to - DAY)), goesOn: true }));

/** What the clock shows, in minutes since midnight. @param {Week} week @param {Day} day @param {number} time */
function minutes(week, day, time) {
  const shift = shiftOf(week, day);
  const passed = (time - day.start) / MINUTE;
  return shift && time >= shift.moment ? passed + (Date.parse(`${shift.after}Z`) - Date.parse(`${shift.before}Z`)) / MINUTE : passed;
}

/** @param {Week} week @param {Day} day */
const shiftOf = (week, day) => week.shifts.find((each) => each.zone === week.zone && each.moment >= day.start && each.moment < day.end);

/** The hours that a day does not have. @param {import("./model.js").Shift} shift */
function gap(shift) {
  const minute = (/** @type {string} */ text) => Number(text.slice(11, 13)) * 60 + Number(text.slice(14, 16));
  const element = h("div", { class: "gap", "aria-hidden": "true" });
  element.style.setProperty("--from", String(minute(shift.before)));
  element.style.setProperty("--length", String(minute(shift.after) - minute(shift.before)));
  return element;
}

/** @param {number} at */
function nowLine(at) {
  const line = h("div", { class: "now", "aria-hidden": "true" });
  line.style.setProperty("--from", String(at));
  return line;
}

// What became of the times of a schedule, the latest first.
import { h } from "../../lib/dom.js";
import { counted, lasting } from "../../lib/format.js";
import { HERE, local, outcome } from "./model.js";

/** @typedef {import("./model.js").Firing} Firing */
/** @typedef {import("./model.js").Schedule} Schedule */

/**
 * @param {Firing[]} firings
 * @param {Schedule} schedule
 * @param {number} now
 * @param {(() => void) | null} more shows earlier ones
 */
export function history(firings, schedule, now, more) {
  if (firings.length === 0) return h("p", { class: "empty" }, "It has not fired yet.");
  const longest = Math.max(1, schedule.expected ?? 0, ...firings.map((each) => took(each, now) ?? 0));
  return [
    h("div", { class: "scroll" }, h("table", { class: "wide history" },
      h("thead", null, h("tr", null, ["Time", "Outcome", "Took", "Run", "Why"].map((title) => h("th", { scope: "col" }, title)))),
      h("tbody", null, firings.map((each) => row(each, schedule, now, longest))))),
    more && h("p", null, h("button", { type: "button", "data-key": "more", onclick: more }, `Earlier than these ${counted(firings.length, "time")}`)),
  ];
}

/** @param {Firing} firing @param {Schedule} schedule @param {number} now @param {number} longest */
function row(firing, schedule, now, longest) {
  const here = schedule.zone === HERE ? null : `${local(firing.scheduled_for, HERE)} ${HERE}`;
  const late = firing.started && firing.cause === "clock" && firing.attempt === 1 ? firing.started - firing.due : 0;
  return h("tr", null,
    h("td", { class: "number", title: here }, local(firing.scheduled_for, schedule.zone)),
    h("td", null, outcome(firing.state), notes(firing, now).map((note) => h("span", { class: "soft" }, ` · ${note}`)), late > 60_000 && h("span", { class: "warn" }, ` · ${lasting(late)} late`)),
    h("td", { class: "took" }, bar(firing, now, longest)),
    h("td", null, firing.run_id && h("a", { href: `/r/${firing.run_id}`, "data-key": firing.run_id, "aria-label": `Run ${firing.run_id.slice(0, 8)}` }, firing.run_id.slice(0, 8))),
    h("td", { class: "text" }, firing.reason ?? ""));
}

/** @param {Firing} firing @param {number} now */
const notes = (firing, now) => [
  firing.cause !== "clock" && firing.cause,
  firing.attempt > 1 && `try ${firing.attempt}`,
  firing.state === "waiting" && (firing.due > now ? `starts in ${lasting(firing.due - now)}` : `for ${lasting(now - firing.due)}`),
].filter((each) => each !== false);

/** How long it took, among the others. @param {Firing} firing @param {number} now @param {number} longest */
function bar(firing, now, longest) {
  const length = took(firing, now);
  if (length === undefined) return null;
  const drawn = h("span", { class: "length", "aria-hidden": "true", "data-state": firing.state });
  drawn.style.setProperty("--part", String(Math.max(0.01, length / longest)));
  return [h("span", { class: "track" }, drawn), ` ${lasting(length)}`];
}

/** @param {Firing} firing @param {number} now */
function took({ started, ended, state }, now) {
  if (!started) return undefined;
  if (ended) return ended - started;
  return state === "running" ? now - started : undefined;
}

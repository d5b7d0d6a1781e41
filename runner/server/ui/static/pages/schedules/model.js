// What a schedule, one of its times and a week of them are, and how they are told.
import { h } from "../../lib/dom.js";

/**
 * @typedef {{ scheduled_for: number, state: string, cause: string, attempt: number, due: number, run_id?: string, reason?: string,
 *   started?: number, ended?: number }} Firing
 * @typedef {{ name: string, expression: string, zone: string, uri: string, entry_point: string, parameters: string[], state: string,
 *   missed: string, overlap: string, version?: string, next?: number, due?: number, words?: string, expected?: number, jitter?: number,
 *   timeout?: number, retries?: number, last?: Firing }} Schedule
 * @typedef {Firing & { schedule: string }} Slot
 * @typedef {{ schedule: string, count: number, states: Record<string, number> }} Band
 * @typedef {{ schedules: number, count: number, states: Record<string, number> }} Others
 * @typedef {{ date: string, start: number, end: number, slots: Slot[], bands: Band[], others: Others | null }} Day
 * @typedef {{ zone: string, moment: number, before: string, after: string }} Shift
 * @typedef {{ zone: string, now: number, days: Day[], shifts: Shift[] }} Week
 * @typedef {{ time: number, due: number, state?: string }} Time
 */

/** The zone of whoever looks. */
export const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** A sign and a colour of each state: colour alone says nothing to some. @type {Record<string, [sign: string, tone: string]>} */
const STATES = {
  succeeded: ["✓", "good"],
  failed: ["✕", "bad"],
  stopped: ["■", "bad"],
  missed: ["!", "bad"],
  late: ["!", "warn"],
  skipped: ["–", "soft"],
  waiting: ["…", "warn"],
  claimed: ["▸", "busy"],
  running: ["▸", "busy"],
  next: ["", ""],
};

/** @param {string} state */
export const sign = (state) => STATES[state]?.[0] ?? "";
/** @param {string} state */
export const tone = (state) => STATES[state]?.[1] ?? "";

/** What became of a time, as a word with its sign. @param {string} state */
export const outcome = (state) =>
  h("span", { class: `outcome ${tone(state)}` }, h("span", { "aria-hidden": "true" }, sign(state)), ` ${state}`);

/** What a number of times became: "1,438 succeeded, 2 missed". @param {Record<string, number>} states */
export const summed = (states) =>
  Object.entries(states).map(([state, count]) => `${count.toLocaleString("en")} ${state === "next" ? "to come" : state}`).join(", ");

/** Where a project is, in one word: the name of its directory, or host and repository. @param {string} uri */
export function place(uri) {
  const [address = "", part = ""] = uri.split("#");
  const end = part && `#${part}`;
  const remote = /^(?:[a-z][\w+.-]*:\/\/(?:[^/@]*@)?|[^/@:]+@)([^/:]+)(?::\d+)?[/:](.+?)(?:\.git)?\/*$/i.exec(address);
  if (remote && !address.startsWith("file:")) return `${remote[1]}/${(remote[2] ?? "").split("/").slice(-2).join("/")}${end}`;
  return (address.replace(/\/+$/, "").split("/").at(-1) || uri) + end;
}

/** A moment as clocks of a zone show it: 2026-11-21 03:00. @param {number} time @param {string} zone */
export function local(time, zone) {
  const style = /** @type {const} */ ({ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" });
  const told = (/** @type {string} */ name) => new Date(time).toLocaleString("sv-SE", { ...style, ...(time % 60_000 ? { second: "2-digit" } : {}), timeZone: name });
  try {
    return told(zone);
  } catch {
    return `${told("UTC")} UTC`; // this browser does not know the zone
  }
}

/** @param {string} date 2026-11-16 @param {"short" | "long"} [length] */
export const dayName = (date, length = "short") =>
  new Date(`${date}T00:00Z`).toLocaleDateString("en-GB", { weekday: length, day: "numeric", month: length, timeZone: "UTC" });

/** A date so many days later. @param {string} date @param {number} days */
export function later(date, days) {
  const moment = new Date(`${date}T00:00Z`);
  moment.setUTCDate(moment.getUTCDate() + days);
  return moment.toISOString().slice(0, 10);
}

/** The first and the last date of a week. @param {Week} week @returns {[string, string]} */
export const span = ({ days }) => [days[0]?.date ?? "", days.at(-1)?.date ?? ""];

/** What a shift does to the clock: "02:00–03:00 does not exist". @param {Shift} shift */
export function effect({ before, after }) {
  const [from, to] = before < after ? [before, after] : [after, before];
  return `${from.slice(11)}–${to.slice(11)} ${before < after ? "does not exist" : "comes twice"}`;
}

/** All shifts of a week in words, those that are alike in one. @param {Shift[]} shifts */
export function shiftsInWords(shifts) {
  /** @type {Map<string, string[]>} */
  const zones = new Map();
  for (const shift of shifts) {
    const day = dayName(shift.before.slice(0, 10), "long");
    const told = `${effect(shift)} on ${day}: clocks go ${shift.before < shift.after ? "forward" : "back"}`;
    zones.set(told, [...(zones.get(told) ?? []), shift.zone]);
  }
  return [...zones].map(([told, names]) => `${told} (${names.join(", ")}).`);
}

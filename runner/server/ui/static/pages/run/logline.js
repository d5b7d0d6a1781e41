// How a line of output looks, how it is named in a link, and what runner says before and behind the output.
import { pieces } from "../../lib/ansi.js";
import { h } from "../../lib/dom.js";
import { clock, counted, lasting } from "../../lib/format.js";
import { SOURCES } from "./lines.js";
import { lastingOf, list, table, word } from "./model.js";

/** @typedef {import("./model.js").Run} Run */
/** @typedef {import("./lines.js").Line} Line */
/** @typedef {{ number?: number, stream?: string, offset?: number }} Named */

/** What a link names: a line by its number, or by its first byte where no number was known. @param {string} hash @returns {Named | undefined} */
export function named(hash) {
  const number = /^#L(\d{1,15})$/.exec(hash)?.[1], byte = /^#(stdout|stderr)@(\d{1,15})$/.exec(hash);
  return number ? { number: Number(number) } : byte ? { stream: byte[1], offset: Number(byte[2]) } : undefined;
}

/** @param {Line} line @param {number} number @returns {string} */
export const hashOf = (line, number) => (number ? `#L${number}` : `#${SOURCES[line.source]}@${line.offset}`);

/** What somebody writes to go somewhere: a line, or a time of the run's day or of any. @param {string} text @param {Run} run @returns {import("../../lib/api.js").Query | undefined} */
export function wanted(text, run) {
  const line = /^L?(\d+)$/i.exec(text.trim())?.[1], hour = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/.exec(text.trim());
  if (line) return { line: Math.max(1, Number(line)) };
  if (!hour) {
    const time = Date.parse(/^\d{4}-\d\d-\d\d$/.test(text.trim()) ? `${text.trim()}T00:00` : text); // a day alone would be one of UTC
    return Number.isNaN(time) ? undefined : { time };
  }
  const begun = run.start_time ?? Date.now();
  const time = new Date(begun).setHours(Number(hour[1]), Number(hour[2]), Number(hour[3] ?? 0), 0);
  return { time: time < begun - 60_000 ? time + 86_400_000 : time }; // it may have gone on past midnight
}

/**
 * @param {Line} line @param {number} number
 * @param {{ isHere: boolean, isMatch: boolean, found: string, mark: () => void }} as `found`: what is marked in it, in small letters
 */
export function lineView(line, number, { isHere, isMatch, found, mark }) {
  const { text, source, time } = line, isOurs = line.offset < 0;
  return h(
    "div",
    { class: `line ${SOURCES[source] ?? "stdout"}${isHere ? " here" : ""}${isMatch ? " match" : ""}` },
    h("span", { class: "number", title: isOurs ? null : "Link to this line", onclick: () => !isOurs && mark() }, number || (isOurs ? "" : "·")),
    h("span", { class: "time", title: clock(time) }, time ? clock(time).slice(11) : ""),
    h("span", { class: "text" }, pieces(text).map((piece) => h("span", { class: piece.classes || null }, lit(piece.text, found)))),
  );
}

/** Which lines are here. @param {import("./logwindow.js").LogWindow} window */
export function told({ lines, counting, isOver, isStart, isLive }) {
  const isOf = (/** @type {Line} */ { offset }) => offset >= 0, count = lines.all.filter(isOf).length;
  const [first, last] = [lines.all.findIndex(isOf), lines.all.findLastIndex(isOf)].map((index) => lines.number(index).toLocaleString("en"));
  const here = (isStart && (isOver || isLive)) || lines.base === null ? counted(count, "line") : count > 0 ? `lines ${first} to ${last}` : "";
  return `${here}${isOver ? "" : isLive ? ", going on" : ", more below"}${counting === null ? "" : `, counting: ${Math.round(counting * 100)} %`}`;
}

/** A text with its matches marked. @param {string} text @param {string} found in small letters */
function lit(text, found) {
  const small = found && text.toLowerCase();
  if (!small || !small.includes(found) || small.length !== text.length) return text;
  /** @type {any[]} */
  const parts = [];
  let from = 0;
  for (let at = small.indexOf(found); at >= 0; at = small.indexOf(found, from)) {
    parts.push(text.slice(from, at), h("mark", null, text.slice(at, at + found.length)));
    from = at + found.length;
  }
  return [...parts, text.slice(from)];
}

/** What runner did before the program began. @param {Run} run @returns {[number, string][]} */
export function beginning(run) {
  const phases = Object.entries(table(run.record?.phases)).filter(([, seconds]) => typeof seconds === "number");
  const upTo = phases.findIndex(([name]) => name === "run");
  let time = run.start_time ?? 0;
  /** @type {[number, string][]} */
  const said = [[time, `${run.name} begins${run.user ? `, for ${run.user}` : ""}`]];
  for (const [name, seconds] of upTo < 0 ? [] : phases.slice(0, upTo)) said.push([(time += seconds * 1000), `${name}: ${lasting(seconds * 1000)}`]);
  if (run.plan?.command) said.push([time, `$ ${run.plan.command}`]);
  return said;
}

/** How it ended. @param {Run} run @returns {[number, string][]} */
export function end(run) {
  const { tags } = run, code = tags["runner.exit_code"];
  const said = [...list(run.record?.warnings), tags["runner.error"], tags["runner.trouble"]].filter((text) => typeof text === "string");
  return [...said, `${word(run.status)}${code ? `, exit code ${code}` : ""}${run.end_time ? `, after ${lastingOf(run)}` : ""}`].map((text) => [run.end_time ?? 0, text]);
}

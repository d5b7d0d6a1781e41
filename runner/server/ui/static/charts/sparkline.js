// Charts as small as a word, for the cells of tables: SVG, for a table has many and draws few.
import { colourOf } from "../lib/colour.js";
import { h, svg } from "../lib/dom.js";
import { number } from "../lib/format.js";

/** A bucket [x, min, max, first, last] or a point [x, y]. @typedef {(number | null)[]} Row */

const WIDTH = 90, HEIGHT = 20, ROOM = 2;
const MOST = 480; // points of a course that grows

/**
 * More points at the end of a course; where it has too many, two become one.
 *
 * @param {Row[]} points
 * @param {any[][]} news [step, time, value]; a value that is no number is a text
 */
export function grow(points, news) {
  for (const [step, , value] of news) {
    if (points.length >= MOST) halve(points);
    points.push([step, typeof value === "number" ? value : null]);
  }
}

/** @param {Row[]} points */
function halve(points) {
  const count = Math.ceil(points.length / 2);
  for (let at = 0; at < count; at += 1) points[at] = joined(points[2 * at] ?? [], points[2 * at + 1]);
  points.length = count;
}

/** @param {Row} one @param {Row} [two] the one behind it @returns {Row} */
function joined(one, two) {
  if (!two) return one;
  const [x = null, low = null, high = low, first = low, end = high] = one, [, least = null, most = least, , last = most] = two;
  return [x, known(Math.min, low, least), known(Math.max, high, most), first ?? least, last ?? end];
}

/** @param {(a: number, b: number) => number} of @param {number | null} a @param {number | null} b */
const known = (of, a, b) => (a === null || b === null ? a ?? b : of(a, b));

/**
 * The course of a metric: points as for a line chart.
 *
 * @param {Row[]} points
 * @param {{ run?: string, label?: string }} [options]
 */
export function sparkline(points, options) {
  const found = points.flatMap((row) => {
    const [x, first, high = first, , last = high] = row;
    return typeof x === "number" && typeof first === "number" && typeof high === "number" ? [{ x, low: first, high, last: last ?? high }] : [];
  });
  const end = found.at(-1), begin = found[0];
  const told = `${options?.label ?? "course"}: ${begin && end ? `${number(begin.last)} to ${number(end.last)}` : "no points"}`;
  const element = svg("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": told });
  if (options?.run) element.style.setProperty("--run", colourOf(options.run));
  if (!begin || !end) return element;
  let least = Infinity, most = -Infinity;
  for (const { low, high } of found) [least, most] = [Math.min(least, low), Math.max(most, high)];
  const across = (/** @type {number} */ x) => ROOM + ((x - begin.x) / (end.x - begin.x || 1)) * (WIDTH - 2 * ROOM);
  const up = (/** @type {number} */ y) => (most === least ? HEIGHT / 2 : HEIGHT - ROOM - ((y - least) / (most - least)) * (HEIGHT - 2 * ROOM));
  const path = found.map(({ x, low, high, last }, at) => {
    const place = across(x).toFixed(1);
    return `${at ? "L" : "M"}${place} ${up(low).toFixed(1)}${high > low ? `V${up(high).toFixed(1)}V${up(last).toFixed(1)}` : ""}`;
  });
  element.append(svg("path", { d: path.join("") }));
  if (found.length === 1) element.append(svg("circle", { cx: WIDTH / 2, cy: HEIGHT / 2, r: 2 }));
  return element;
}

/**
 * A number with a bar behind it that is as long as its part of the whole.
 *
 * @param {number} value @param {number} low @param {number} high
 * @param {string} [text] else the number
 */
export function barCell(value, low, high, text) {
  const element = h("span", { class: "bar-cell" }, h("span", null, text ?? number(value)));
  element.style.setProperty("--part", String(high > low ? Math.max(0, Math.min(1, (value - low) / (high - low))) : 0));
  return element;
}

// An axis of whatever values runs have: of numbers, or of texts one beside the other.
import { labelled } from "./axes.js";
import { pixel, roomy, scale, value, written } from "./scale.js";

/** @typedef {string | number | null | undefined} Value */
/** @typedef {import("./scale.js").Scale} Scale */
/** @typedef {{ scale: Scale, texts: string[] | null, place: (value: Value) => number, marks: [number, string][] }} Axis `texts` null: numbers */

const MOST = 60; // texts that are written

/** Whether all that there are are numbers. @param {Value[]} values */
export const areNumbers = (values) => values.every((each) => each === null || each === undefined || typeof each === "number") && values.some((each) => typeof each === "number");

/** Whether there is nothing to tell apart. @param {Value[]} values */
export const isConstant = (values) => new Set(values.filter((each) => each !== null && each !== undefined)).size < 2;

/**
 * @param {Value[]} values @param {number} from @param {number} to pixels
 * @param {{ log?: boolean, distance?: number, room?: number, few?: number }} [options] `distance` in pixels between marks; `room` part of the axis at
 *   its ends; so `few` values are marked themselves
 * @returns {Axis} values without a place (none, or none on a log scale) are NaN
 */
export function axisOf(values, from, to, { log = false, distance = 60, room = 0.04, few = 0 } = {}) {
  if (!areNumbers(values)) return ofTexts(values, from, to);
  const numbers = values.filter((each) => typeof each === "number" && Math.abs(each) < Number.MAX_VALUE && (!log || each > 0));
  let low = Infinity, high = -Infinity;
  for (const each of /** @type {number[]} */ (numbers)) {
    if (each < low) low = each;
    if (each > high) high = each;
  }
  const axis = roomy(scale(low, high, from, to, log), room);
  const place = (/** @type {Value} */ each) => (typeof each === "number" && Math.abs(each) < Number.MAX_VALUE && (!log || each > 0) ? pixel(axis, each) : NaN);
  const distinct = [...new Set(/** @type {number[]} */ (numbers))];
  const marks = distinct.length <= few ? distinct.map((each) => /** @type {[number, string]} */ ([pixel(axis, each), written(each, "number")])) : labelled(axis, "number", distance);
  return { scale: axis, texts: null, place, marks };
}

/** @param {Value[]} values @param {number} from @param {number} to @returns {Axis} */
function ofTexts(values, from, to) {
  const known = [...new Set(values.filter((each) => each !== null && each !== undefined))];
  known.sort((a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true })));
  const texts = known.map(String), places = new Map(texts.map((text, at) => [text, at]));
  const axis = scale(-0.5, Math.max(0.5, texts.length - 0.5), from, to);
  const place = (/** @type {Value} */ each) => (each === null || each === undefined ? NaN : pixel(axis, places.get(String(each)) ?? NaN));
  const every = Math.max(1, Math.ceil(texts.length / MOST), Math.ceil((texts.length * 14) / Math.max(14, Math.abs(to - from))));
  const marks = texts.flatMap((text, at) => (at % every === 0 ? [/** @type {[number, string]} */ ([pixel(axis, at), text])] : []));
  return { scale: axis, texts, place, marks };
}

/** What lies at a place: a number, or the text next to it. @param {Axis} axis @param {number} place */
export function at({ scale: axis, texts }, place) {
  const found = value(axis, place);
  return texts ? (texts[Math.max(0, Math.min(texts.length - 1, Math.round(found)))] ?? "") : found;
}

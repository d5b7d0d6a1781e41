// Lines of many points: each column of pixels has all that lies in it, from its least value to its greatest, so no spike is lost.
import { pixel } from "./scale.js";

/** @typedef {import("./scale.js").Scale} Scale */
/** @typedef {import("./points.js").Points} Points */

/**
 * Add the line to the path.
 *
 * @param {CanvasRenderingContext2D} context @param {Points} points @param {Scale} x @param {Scale} y @param {[number, number]} within indices
 * @param {Float64Array} [smooth] draw these values instead
 * @returns {boolean} whether there was more than one place: else it is to be drawn as a dot
 */
export function trace(context, points, x, y, [from, to], smooth) {
  const across = pixels(x), up = pixels(y);
  const { first, last, low, high } = smooth ? { first: smooth, last: smooth, low: smooth, high: smooth } : points;
  let column = NaN, broken = true, places = 0;
  let top = 0, bottom = 0, end = 0; // of the column
  const close = () => {
    if (Number.isNaN(column)) return;
    if (bottom - top > 0.5) {
      context.lineTo(column, bottom);
      context.lineTo(column, top);
    }
    context.lineTo(column, end);
  };
  for (let at = from; at < to; at += 1) {
    const place = across(points.x[at] ?? NaN), begin = up(first[at] ?? NaN), finish = up(last[at] ?? NaN);
    if (!Number.isFinite(place) || !Number.isFinite(begin) || !Number.isFinite(finish)) {
      close();
      column = NaN;
      broken = true;
      continue;
    }
    const above = fixed(up(high[at] ?? NaN), begin), below = fixed(up(low[at] ?? NaN), begin);
    const here = Math.round(place);
    if (here === column) {
      if (above < top) top = above;
      if (below > bottom) bottom = below;
      end = finish;
      continue;
    }
    close();
    places += 1;
    if (broken) context.moveTo(here, begin);
    else context.lineTo(here, begin);
    [column, top, bottom, end, broken] = [here, Math.min(above, begin), Math.max(below, begin), finish, false];
  }
  close();
  return places > 1;
}

/**
 * Add the band between the least and the greatest values to the path.
 *
 * @param {CanvasRenderingContext2D} context @param {Points} points @param {Scale} x @param {Scale} y @param {[number, number]} within indices
 */
export function band(context, points, x, y, [from, to]) {
  const across = pixels(x), up = pixels(y);
  for (let at = from; at < to; at += 1) context.lineTo(across(points.x[at] ?? NaN), up(points.high[at] ?? NaN));
  for (let at = to - 1; at >= from; at -= 1) context.lineTo(across(points.x[at] ?? NaN), up(points.low[at] ?? NaN));
  context.closePath();
}

/** As `pixel`, without asking each time what kind of scale it is. @param {Scale} axis @returns {(value: number) => number} */
function pixels(axis) {
  if (axis.log) return (value) => (value > 0 ? pixel(axis, value) : NaN);
  const factor = (axis.to - axis.from) / (axis.high - axis.low), start = axis.from - axis.low * factor;
  return (value) => start + value * factor;
}

/** @param {number} place @param {number} otherwise */
const fixed = (place, otherwise) => (Number.isFinite(place) ? place : otherwise);

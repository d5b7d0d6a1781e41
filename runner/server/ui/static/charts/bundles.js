// What is drawn of parallel coordinates: lines by the colour of their value, axes with their marks and brushes.
import { ink, shade } from "../lib/colour.js";
import { FONT, cut } from "./axes.js";

/** @typedef {import("./axis.js").Axis} Axis */
/** @typedef {{ axis: Axis, x: number }} Placed */
/** @typedef {[number, number]} Range */

const SHADES = 24, BRUSH = 16, LABEL = 90; // the latter in pixels

/**
 * Lines: those that are not chosen behind, the one under the pointer in front.
 *
 * @param {CanvasRenderingContext2D} context @param {Placed[]} axes
 * @param {Float64Array[]} heights of each row on the axes @param {boolean[]} chosen
 * @param {{ colour: number, lit: number }} look the axis whose values colour the lines, and the row that stands out or -1
 */
export function lines(context, axes, heights, chosen, { colour, lit }) {
  context.lineJoin = "bevel";
  if (chosen.includes(false)) {
    context.strokeStyle = ink("--line");
    context.globalAlpha = 0.5;
    path(context, axes, heights.filter((_, at) => chosen[at] !== true));
  }
  const count = chosen.filter(Boolean).length;
  context.globalAlpha = lit >= 0 ? 0.18 : Math.max(0.25, Math.min(0.9, 60 / Math.sqrt(count + 1) / 4));
  context.lineWidth = 1.2;
  shades(axes[colour]?.axis, colour, heights.filter((_, at) => chosen[at])).forEach((rows, place) => {
    if (rows.length === 0) return;
    context.strokeStyle = shade(place / (SHADES - 1));
    path(context, axes, rows);
  });
  context.globalAlpha = 1;
  const one = heights[lit];
  if (one) {
    context.lineWidth = 3;
    context.strokeStyle = ink("--accent");
    path(context, axes, [one]);
  }
  context.lineWidth = 1;
}

/** Rows by their colours. @param {Axis | undefined} axis @param {number} place of it @param {Float64Array[]} rows */
function shades(axis, place, rows) {
  /** @type {Float64Array[][]} */
  const found = Array.from({ length: SHADES }, () => []);
  if (!axis) return found;
  const { from, to } = axis.scale;
  for (const heights of rows) {
    const part = ((heights[place] ?? 0) - from) / (to - from);
    found[Math.max(0, Math.min(SHADES - 1, Math.round(part * (SHADES - 1))))]?.push(heights);
  }
  return found;
}

/** @param {CanvasRenderingContext2D} context @param {Placed[]} axes @param {Float64Array[]} rows */
function path(context, axes, rows) {
  context.beginPath();
  for (const heights of rows) axes.forEach(({ x }, at) => (at ? context.lineTo(x, heights[at] ?? 0) : context.moveTo(x, heights[at] ?? 0)));
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {Placed} placed @param {Range} reach from its top to its bottom @param {Range[]} brushes pixels */
export function upright(context, { axis, x }, [top, bottom], brushes) {
  const at = Math.round(x) + 0.5;
  context.strokeStyle = ink("--soft");
  context.beginPath();
  context.moveTo(at, top);
  context.lineTo(at, bottom);
  context.stroke();
  context.fillStyle = context.strokeStyle = ink("--accent");
  for (const [from, to] of brushes) {
    context.globalAlpha = 0.3;
    context.fillRect(at - BRUSH / 2, from, BRUSH, to - from);
    context.globalAlpha = 1;
    context.strokeRect(at - BRUSH / 2, from, BRUSH, to - from);
  }
  context.font = FONT;
  context.textBaseline = "middle";
  context.textAlign = "left";
  for (const [place, label] of axis.marks) mark(context, at, place, cut(context, label, LABEL));
}

/** @param {CanvasRenderingContext2D} context @param {number} at @param {number} place pixels @param {string} text */
function mark(context, at, place, text) {
  context.fillStyle = ink("--surface");
  context.globalAlpha = 0.75;
  context.fillRect(at + 5, place - 7, context.measureText(text).width + 4, 14);
  context.globalAlpha = 1;
  context.fillStyle = ink("--text");
  context.fillText(text, at + 7, place);
  context.fillRect(at - 3, Math.round(place), 6, 1);
}

// The frame of a chart: grid, marks and titles of two axes.
import { ink } from "../lib/colour.js";
import { marks, pixel, written } from "./scale.js";

/** @typedef {import("./scale.js").Scale} Scale */
/** @typedef {import("./scale.js").Kind} Kind */
/** @typedef {{ left: number, right: number, top: number, bottom: number }} Area in pixels */

export const FONT = "11px system-ui, sans-serif";
const GAP = 6;

/**
 * Room for what is plotted, beside marks and titles.
 *
 * @param {CanvasRenderingContext2D} context @param {number} width @param {number} height
 * @param {string[]} labels those of the y axis @param {{ x?: string, y?: string }} [titles]
 * @returns {Area}
 */
export function area(context, width, height, labels, titles) {
  context.font = FONT;
  const widest = Math.max(24, ...labels.map((label) => context.measureText(label).width));
  return { left: Math.min(width / 3, widest + 2 * GAP), right: width - 14, top: titles?.y ? 22 : 10, bottom: height - (titles?.x ? 36 : 22) };
}

/**
 * @param {CanvasRenderingContext2D} context @param {Area} inside @param {Scale} x @param {Scale} y
 * @param {{ kind?: Kind, x?: string, y?: string, xs?: [number, string][], ys?: [number, string][] }} [options] `xs` and `ys`: other marks
 */
export function axes(context, inside, x, y, options) {
  const kind = options?.kind ?? "number";
  const across = options?.xs ?? labelled(x, kind, kind === "number" ? 80 : 90), up = options?.ys ?? labelled(y, "number", 45);
  context.save();
  context.font = FONT;
  context.lineWidth = 1;
  context.strokeStyle = ink("--line");
  context.globalAlpha = 0.7;
  context.beginPath();
  for (const [at] of up) stroke(context, inside.left, at, inside.right, at);
  for (const [at] of across) stroke(context, at, inside.top, at, inside.bottom);
  context.stroke();
  context.globalAlpha = 1;
  context.fillStyle = ink("--soft");
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const [at, label] of up) context.fillText(label, inside.left - GAP, at);
  context.textBaseline = "top";
  context.textAlign = "center";
  let last = -Infinity;
  for (const [at, label] of across) {
    const half = context.measureText(label).width / 2, place = Math.min(Math.max(at, half + 1), inside.right + 12 - half);
    if (place - half < last + 8) continue;
    context.fillText(label, place, inside.bottom + GAP);
    last = place + half;
  }
  titled(context, inside, options);
  context.restore();
}

/** @param {CanvasRenderingContext2D} context @param {Area} inside @param {{ x?: string, y?: string }} [titles] */
function titled(context, inside, titles) {
  context.fillStyle = ink("--soft");
  if (titles?.x) context.fillText(cut(context, titles.x, inside.right - inside.left), (inside.left + inside.right) / 2, inside.bottom + 21);
  context.textAlign = "left";
  if (titles?.y) context.fillText(cut(context, titles.y, inside.right), 2, 2);
}

/** Marks with their labels, by pixels. @param {Scale} axis @param {Kind} kind @param {number} distance @returns {[number, string][]} */
export function labelled(axis, kind, distance) {
  const found = marks(axis, distance, kind), step = (found[1] ?? 0) - (found[0] ?? 0);
  return found.map((each) => [pixel(axis, each), written(each, kind, step)]);
}

/** As much of a text as there is room for. @param {CanvasRenderingContext2D} context @param {string} text @param {number} room */
export function cut(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let length = Math.min(text.length, Math.floor(room / 4));
  while (length > 1 && context.measureText(`${text.slice(0, length)}…`).width > room) length -= 1;
  return `${text.slice(0, length)}…`;
}

/** A line that is sharp. @param {CanvasRenderingContext2D} context @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 */
function stroke(context, x0, y0, x1, y1) {
  context.moveTo(Math.round(x0) + 0.5, Math.round(y0) + 0.5);
  context.lineTo(Math.round(x1) + 0.5, Math.round(y1) + 0.5);
}

/** What lies in the middle of a chart that has nothing to show. @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {string} text */
export function nothing(context, width, height, text) {
  context.font = FONT;
  context.fillStyle = ink("--soft");
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(text, width / 2, height / 2);
}

// What is drawn of a line chart: its lines, the cursor, and what is being dragged over.
import { ink } from "../lib/colour.js";
import { pixel } from "./scale.js";
import { band, trace } from "./trace.js";

/** @typedef {import("./scale.js").Scale} Scale */
/** @typedef {import("./line.js").Line} Line */
/** @typedef {[number, number]} Range */
/** @typedef {{ x: Scale, y: Scale }} Scales */

const FAINT = { band: 0.18, raw: 0.22 }; // how much of what lies behind a line is seen
const DIMMED = 0.06;

/**
 * A line; smoothed, with what it was made of behind it.
 *
 * @param {CanvasRenderingContext2D} context @param {Line} line @param {Scales} scales @param {Range} within indices
 * @param {{ smoothing: number, lit: boolean, dim: boolean }} look
 */
export function stroke(context, line, { x, y }, within, { smoothing, lit, dim }) {
  context.strokeStyle = context.fillStyle = ink(line.ink);
  context.lineWidth = lit ? 2.5 : 1.5;
  context.lineJoin = "bevel"; // round joins of what goes up and down in each column take most of the time
  const dashes = within[1] - within[0] > 2 * (x.to - x.from) ? [] : line.lines; // such lines are bands: dashes could not be seen
  if (line.band) {
    context.globalAlpha = dim ? DIMMED : FAINT.band;
    context.beginPath();
    band(context, line.data, x, y, within);
    context.fill();
  } else if (smoothing > 0) {
    context.globalAlpha = dim ? DIMMED : FAINT.raw;
    stroked(context, line, x, y, within);
  }
  context.setLineDash(dashes);
  context.globalAlpha = dim ? 0.2 : 1;
  stroked(context, line, x, y, within, line.band ? line.data.last : smoothing > 0 ? line.data.smooth(smoothing) : undefined);
  context.globalAlpha = 1;
  context.setLineDash([]);
}

/** @param {CanvasRenderingContext2D} context @param {Line} line @param {Scale} x @param {Scale} y @param {Range} within @param {Float64Array} [smooth] */
function stroked(context, { data }, x, y, within, smooth) {
  context.beginPath();
  if (trace(context, data, x, y, within, smooth)) return context.stroke();
  const at = within[0];
  context.arc(pixel(x, data.x[at] ?? NaN), pixel(y, data.last[at] ?? NaN), 3.5, 0, 7);
  context.fill();
}

/** What is being dragged over. @param {CanvasRenderingContext2D} context @param {import("./axes.js").Area} inside @param {Range} dragged pixels */
export function shade(context, inside, [a, b]) {
  context.globalAlpha = 0.16;
  context.fillStyle = ink("--accent");
  context.fillRect(Math.min(a, b), inside.top, Math.abs(b - a), inside.bottom - inside.top);
  context.globalAlpha = 1;
}

/**
 * The cursor, with a dot on each line.
 *
 * @param {CanvasRenderingContext2D} context @param {import("./axes.js").Area} inside @param {number} x pixels
 * @param {{ colour: string, place: number, lit: boolean }[]} dots
 */
export function cross(context, inside, x, dots) {
  const at = Math.round(x) + 0.5;
  if (!(at >= inside.left && at <= inside.right + 1)) return;
  context.strokeStyle = ink("--soft");
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(at, inside.top);
  context.lineTo(at, inside.bottom);
  context.stroke();
  for (const { colour, place, lit } of dots) {
    context.fillStyle = ink(colour);
    context.beginPath();
    context.arc(at, place, lit ? 4 : 3, 0, 7);
    context.fill();
  }
}

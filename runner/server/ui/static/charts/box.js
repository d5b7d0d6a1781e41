// A value by category: the middle half of its runs as a box, whiskers to 1.5 times its height, and every run as a point.
import { colourOf, ink } from "../lib/colour.js";
import { counted, number } from "../lib/format.js";
import { area, axes, cut, nothing } from "./axes.js";
import { axisOf } from "./axis.js";
import { dots } from "./dots.js";
import { pixel } from "./scale.js";
import { surface } from "./surface.js";

/** @typedef {{ id: string, name: string, category: string, value: number | null }} Point */

/**
 * @param {HTMLElement} container
 * @param {{ label: string, points: Point[], x: { title: string }, y: { title: string, log?: boolean }, onHover?: (id: string | null) => void, onOpen?: (id: string) => void }} options
 */
export function box(container, options) {
  /** @type {import("./dots.js").Dot[]} */
  let drawn = [];
  const there = options.points.filter(({ value }) => value !== null && Number.isFinite(value) && (!options.y.log || value > 0));
  const canvas = surface(container, `${options.label}: boxes of ${counted(there.length, "point")}`, paint);
  const points = dots(canvas, { dots: () => drawn, onHover: options.onHover, onOpen: options.onOpen });

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height */
  function paint(context, width, height) {
    drawn = [];
    if (there.length === 0) return nothing(context, width, height, "No run has this value");
    const rough = axisOf(there.map(({ value }) => value), height - 36, 22, { log: options.y.log, distance: 45 });
    const inside = area(context, width, height, rough.marks.map(([, label]) => label), { x: options.x.title, y: options.y.title });
    const y = axisOf(there.map(({ value }) => value), inside.bottom, inside.top, { log: options.y.log, distance: 45 });
    const x = axisOf(there.map(({ category }) => category), inside.left, inside.right);
    const room = (inside.right - inside.left) / Math.max(1, x.texts?.length ?? 1);
    axes(context, inside, x.scale, y.scale, { x: options.x.title, y: options.y.title, xs: x.marks.map(([at, label]) => [at, cut(context, label, room)]), ys: y.marks });
    for (const category of x.texts ?? []) {
      const members = there.filter((point) => point.category === category);
      boxOf(context, members.map(({ value }) => value ?? 0), x.place(category), Math.min(60, room * 0.6), (value) => pixel(y.scale, value));
      members.forEach((point, at) => {
        const beside = members.length === 1 ? 0 : (((at * 0.618) % 1) - 0.5) * Math.min(50, room * 0.5);
        drawn.push({ id: point.id, name: point.name, x: x.place(category) + beside, y: y.place(point.value), colour: ink(colourOf(point.id)), lines: [[options.x.title, category], [options.y.title, number(point.value)]] });
      });
    }
    for (const dot of drawn) {
      context.globalAlpha = points.lit() === null || points.lit() === dot.id ? 0.8 : 0.3;
      context.fillStyle = dot.colour;
      context.beginPath();
      context.arc(dot.x, dot.y, points.lit() === dot.id ? 5 : 3, 0, 7);
      context.fill();
    }
    context.globalAlpha = 1;
  }
  return { element: canvas.element, light: points.light, close: canvas.close };
}

/** The value below which a part of them lies. @param {number[]} sorted @param {number} part */
export function quantile(sorted, part) {
  const place = (sorted.length - 1) * part, low = Math.floor(place);
  const below = sorted[low] ?? NaN, above = sorted[low + 1] ?? below;
  return below + (above - below) * (place - low);
}

/** @param {CanvasRenderingContext2D} context @param {number[]} values @param {number} x @param {number} width @param {(value: number) => number} up */
function boxOf(context, values, x, width, up) {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = 0, middle = 0, high = 0] = [0.25, 0.5, 0.75].map((part) => quantile(sorted, part));
  const reach = 1.5 * (high - low);
  const least = sorted.find((each) => each >= low - reach) ?? low, most = sorted.findLast((each) => each <= high + reach) ?? high;
  context.strokeStyle = ink("--soft");
  context.lineWidth = 1;
  context.fillStyle = ink("--accent-soft");
  context.beginPath();
  context.rect(x - width / 2, up(high), width, up(low) - up(high));
  context.fill();
  context.stroke();
  context.beginPath();
  for (const [from, to] of [[high, most], [low, least]]) {
    context.moveTo(x, up(from ?? 0));
    context.lineTo(x, up(to ?? 0));
    context.moveTo(x - width / 4, up(to ?? 0));
    context.lineTo(x + width / 4, up(to ?? 0));
  }
  context.stroke();
  context.lineWidth = 2;
  context.strokeStyle = ink("--accent");
  context.beginPath();
  context.moveTo(x - width / 2, up(middle));
  context.lineTo(x + width / 2, up(middle));
  context.stroke();
}

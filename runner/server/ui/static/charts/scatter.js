// Runs as points: any value across, any up, others as colour and size.
import { colourAt, colourOf, ink, shade } from "../lib/colour.js";
import { counted, number } from "../lib/format.js";
import { area, axes, nothing } from "./axes.js";
import { areNumbers, axisOf } from "./axis.js";
import { dots } from "./dots.js";
import { surface } from "./surface.js";

/** @typedef {import("./axis.js").Value} Value */
/** @typedef {{ id: string, name: string, x: Value, y: Value, colour?: Value, size?: Value }} Point */

/**
 * @typedef {object} Options
 * @property {string} label
 * @property {Point[]} points
 * @property {{ title: string, log?: boolean }} x
 * @property {{ title: string, log?: boolean }} y
 * @property {string} [colour] title of what colours the points; else each has the colour of its run
 * @property {string} [size]
 * @property {(id: string | null) => void} [onHover]
 * @property {(id: string) => void} [onOpen]
 */

/** @param {HTMLElement} container @param {Options} options */
export function scatter(container, options) {
  /** @type {import("./dots.js").Dot[]} */
  let drawn = [];
  const canvas = surface(container, `${options.label}: scatter, ${counted(options.points.length, "point")}`, paint);
  const points = dots(canvas, { dots: () => drawn, onHover: options.onHover, onOpen: options.onOpen });

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height */
  function paint(context, width, height) {
    const found = frame(context, width, height, options);
    if (!found) return nothing(context, width, height, "No run has both values");
    const paints = colours(options.points.map(({ colour }) => colour)), sizes = radii(options.points.map(({ size }) => size));
    drawn = options.points.flatMap((point) => {
      const x = found.x.place(point.x), y = found.y.place(point.y);
      const colour = options.colour ? paints(point.colour) : ink(colourOf(point.id));
      return Number.isFinite(x) && Number.isFinite(y) ? [{ id: point.id, name: point.name, x, y, colour, radius: sizes(point.size), lines: told(point, options) }] : [];
    });
    for (const dot of /** @type {(import("./dots.js").Dot & { radius: number })[]} */ (drawn)) {
      const lit = points.lit() === dot.id;
      context.globalAlpha = points.lit() === null || lit ? 0.85 : 0.35;
      context.fillStyle = dot.colour;
      context.beginPath();
      context.arc(dot.x, dot.y, lit ? dot.radius + 2 : dot.radius, 0, 7);
      context.fill();
      context.globalAlpha = 1;
      context.strokeStyle = ink(lit ? "--text" : "--surface");
      context.lineWidth = 1;
      context.stroke();
    }
  }
  return { element: canvas.element, light: points.light, close: canvas.close };
}

/** Axes of points; null where no point has a place. @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {{ points: Point[], x: { title: string, log?: boolean }, y: { title: string, log?: boolean } }} options */
export function frame(context, width, height, options) {
  const there = options.points.filter(({ x, y }) => x !== null && x !== undefined && y !== null && y !== undefined);
  if (there.length === 0) return null;
  const rough = axisOf(there.map(({ y }) => y), height - 36, 22, { log: options.y.log, distance: 45 });
  const inside = area(context, width, height, rough.marks.map(([, label]) => label.slice(0, 20)), { x: options.x.title, y: options.y.title });
  const y = axisOf(there.map((point) => point.y), inside.bottom, inside.top, { log: options.y.log, distance: 45 });
  const x = axisOf(there.map((point) => point.x), inside.left, inside.right, { log: options.x.log, distance: 80 });
  axes(context, inside, x.scale, y.scale, { x: options.x.title, y: options.y.title, xs: x.marks, ys: y.marks.map(([at, label]) => [at, label.slice(0, 20)]) });
  return { x, y, inside };
}

/** A colour for each value: a scale for numbers, one each for texts. @param {Value[]} values @returns {(value: Value) => string} */
export function colours(values) {
  if (areNumbers(values)) {
    const axis = axisOf(values, 0, 1, { room: 0 });
    return (value) => (Number.isFinite(axis.place(value)) ? shade(axis.place(value)) : ink("--soft"));
  }
  const known = [...new Set(values.map(String))].sort();
  return (value) => (value === null || value === undefined ? ink("--soft") : ink(colourAt(known.indexOf(String(value)))));
}

/** @param {Value[]} values @returns {(value: Value) => number} */
function radii(values) {
  if (!areNumbers(values)) return () => 4.5;
  const axis = axisOf(values, 0, 1, { room: 0 });
  return (value) => 3 + 7 * (Number.isFinite(axis.place(value)) ? Math.sqrt(axis.place(value)) : 0);
}

/** @param {Point} point @param {Options} options @returns {[string, string][]} */
function told(point, options) {
  /** @type {[string | undefined, Value][]} */
  const lines = [[options.x.title, point.x], [options.y.title, point.y], [options.colour, point.colour], [options.size, point.size]];
  return lines.flatMap(([title, value]) => (title ? [/** @type {[string, string]} */ ([title, typeof value === "number" ? number(value) : (value ?? "–")])] : []));
}

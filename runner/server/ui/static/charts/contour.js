// A value over two others: between the runs it is guessed from those nearby (weighted by inverse squared distance), in steps.
import { ink, shade } from "../lib/colour.js";
import { counted, number } from "../lib/format.js";
import { FONT, nothing } from "./axes.js";
import { dots } from "./dots.js";
import { frame } from "./scatter.js";
import { surface } from "./surface.js";

/** @typedef {{ id: string, name: string, x: import("./axis.js").Value, y: import("./axis.js").Value, z: number | null }} Point */

const CELL = 6, STEPS = 10, FAR = 0.18; // pixels; steps of the value; part of the diagonal beyond which nobody knows

/**
 * @param {HTMLElement} container
 * @param {{ label: string, points: Point[], x: { title: string, log?: boolean }, y: { title: string, log?: boolean }, z: { title: string }, onHover?: (id: string | null) => void, onOpen?: (id: string) => void }} options
 */
export function contour(container, options) {
  /** @type {(import("./dots.js").Dot & { z: number })[]} */
  let drawn = [];
  const there = options.points.filter(({ z }) => z !== null && Math.abs(z) < Number.MAX_VALUE);
  const canvas = surface(container, `${options.label}: contours of ${counted(there.length, "point")}`, paint);
  const points = dots(canvas, { dots: () => drawn, onHover: options.onHover, onOpen: options.onOpen });

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height */
  function paint(context, width, height) {
    const found = frame(context, width - 70, height, { ...options, points: there });
    if (!found) return nothing(context, width, height, "No run has all three values");
    drawn = there.flatMap(({ id, name, x, y, z }) => {
      const place = { x: found.x.place(x), y: found.y.place(y) };
      return Number.isFinite(place.x) && Number.isFinite(place.y) ? [{ id, name, ...place, z: z ?? 0, colour: "", lines: [[options.x.title, String(x)], [options.y.title, String(y)], [options.z.title, number(z)]] }] : [];
    });
    const low = Math.min(...drawn.map(({ z }) => z)), high = Math.max(...drawn.map(({ z }) => z));
    const part = (/** @type {number} */ z) => (high > low ? (z - low) / (high - low) : 0.5);
    fields(context, found.inside, drawn, (z) => shade((Math.floor(part(z) * STEPS * 0.9999) + 0.5) / STEPS));
    for (const dot of drawn) {
      const lit = points.lit() === dot.id;
      context.fillStyle = shade(part(dot.z));
      context.strokeStyle = ink(lit ? "--text" : "--surface");
      context.lineWidth = lit ? 2 : 1.5;
      context.beginPath();
      context.arc(dot.x, dot.y, lit ? 6 : 4, 0, 7);
      context.fill();
      context.stroke();
    }
    legend(context, width, found.inside, low, high, options.z.title);
  }
  return { element: canvas.element, light: points.light, close: canvas.close };
}

/** @param {CanvasRenderingContext2D} context @param {import("./axes.js").Area} inside @param {{ x: number, y: number, z: number }[]} known @param {(z: number) => string} colour */
function fields(context, inside, known, colour) {
  const far = (FAR * Math.hypot(inside.right - inside.left, inside.bottom - inside.top)) ** 2;
  const cell = Math.ceil(Math.max(CELL, Math.sqrt((known.length * (inside.right - inside.left) * (inside.bottom - inside.top)) / 3e6)));
  for (let x = Math.round(inside.left); x < inside.right; x += cell) {
    for (let y = Math.round(inside.top); y < inside.bottom; y += cell) {
      let weights = 0, sum = 0, nearest = Infinity;
      for (const each of known) {
        const square = (each.x - x - cell / 2) ** 2 + (each.y - y - cell / 2) ** 2 + 1;
        const weight = 1 / (square * square);
        weights += weight;
        sum += each.z * weight;
        if (square < nearest) nearest = square;
      }
      if (nearest > far) continue;
      context.globalAlpha = 0.75 * (1 - nearest / far) + 0.15;
      context.fillStyle = colour(sum / weights);
      context.fillRect(x, y, Math.min(cell, inside.right - x), Math.min(cell, inside.bottom - y));
    }
  }
  context.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} context @param {number} width @param {import("./axes.js").Area} inside @param {number} low @param {number} high @param {string} title */
function legend(context, width, inside, low, high, title) {
  const left = width - 66, step = (inside.bottom - inside.top) / STEPS;
  for (let at = 0; at < STEPS; at += 1) {
    context.fillStyle = shade((at + 0.5) / STEPS);
    context.fillRect(left, inside.bottom - (at + 1) * step, 10, step + 0.5);
  }
  context.font = FONT;
  context.fillStyle = ink("--soft");
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(number(high), left + 14, inside.top + 5);
  context.fillText(number(low), left + 14, inside.bottom - 5);
  context.textAlign = "right";
  context.fillText(title, width - 4, inside.top - 12);
}

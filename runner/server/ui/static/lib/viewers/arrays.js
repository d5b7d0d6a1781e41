// Arrays: their type, shape and range, the first values, and a picture of all: a line, or a sheet of greys.
import { h, svg } from "../dom.js";
import { number } from "../format.js";
import { cell } from "./tables.js";

const WIDTH = 320, HEIGHT = 60;

/** @typedef {{ name: string, dtype: string, shape: number[], low?: number, high?: number, mean?: number, values?: any[], picture?: any[] }} Found */

/** @param {Found} found */
export function array(found) {
  const { name, dtype, shape, low, high, mean, values = [], picture = [] } = found;
  const rows = Array.isArray(values[0]) ? values : values.length ? [values] : [];
  return h(
    "section",
    { class: "array" },
    name && h("h3", { class: "mono" }, name),
    h("p", null, h("span", { class: "mono" }, `${dtype} [${shape.join(" × ")}]`), low !== undefined && h("span", { class: "soft" }, ` from ${number(low)} to ${number(high)}, mean ${number(mean)}`)),
    low !== undefined && high !== undefined && picture.length > 1 && (Array.isArray(picture[0]) ? sheet(picture, low, high) : line(picture, low, high)),
    rows.length > 0 && h("div", { class: "table-box", tabindex: 0, role: "region", "aria-label": "First values" }, h("table", { class: "mono" }, h("tbody", null, rows.map((/** @type {any[]} */ row) => h("tr", null, row.map((value) => h("td", { class: "number" }, cell(value)))))))),
  );
}

/** @param {(number | null)[]} points @param {number} low @param {number} high */
function line(points, low, high) {
  const place = (/** @type {number} */ value, /** @type {number} */ at) => `${((at / (points.length - 1)) * WIDTH).toFixed(1)},${(HEIGHT - ((value - low) / (high - low || 1)) * HEIGHT).toFixed(1)}`;
  const path = points.flatMap((value, at) => (value === null ? [] : [place(value, at)])).join(" ");
  return svg("svg", { class: "array-line", viewBox: `0 -2 ${WIDTH} ${HEIGHT + 4}`, role: "img", "aria-label": "Its values as a line" }, svg("polyline", { points: path }));
}

/** @param {(number | null)[][]} rows @param {number} low @param {number} high */
function sheet(rows, low, high) {
  const width = rows[0]?.length ?? 0, canvas = h("canvas", { class: "array-sheet", width, height: rows.length, role: "img", "aria-label": "Its values as greys, the greatest white" });
  const context = canvas.getContext("2d");
  if (!context || width === 0) return null;
  const pixels = context.createImageData(width, rows.length);
  rows.forEach((row, y) => row.forEach((value, x) => {
    const grey = value === null ? 0 : Math.round(((value - low) / (high - low || 1)) * 255);
    pixels.data.set([grey, grey, grey, value === null ? 0 : 255], (y * width + x) * 4);
  }));
  context.putImageData(pixels, 0, 0);
  canvas.style.setProperty("--width", `${Math.max(WIDTH, width * 4)}px`);
  return canvas;
}

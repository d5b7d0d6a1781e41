// Runs as lines across parallel axes. Drag along an axis to brush, more than once for several; a click takes a brush away. Titles
// are dragged to order the axes; a click on one turns its scale to log and back.
import { h } from "../lib/dom.js";
import { counted, number } from "../lib/format.js";
import { nothing } from "./axes.js";
import { axisOf, isConstant } from "./axis.js";
import { lines, upright } from "./bundles.js";
import { value as valueAt } from "./scale.js";
import { drags, surface } from "./surface.js";
import { titles } from "./titles.js";
import { tooltip } from "./tooltip.js";

/** @typedef {import("./axis.js").Value} Value */
/** @typedef {import("./axis.js").Axis} Axis */
/** @typedef {{ key: string, title: string, log?: boolean }} AxisOption */
/** @typedef {{ id: string, name: string, values: Record<string, Value> }} Row */
/** @typedef {Record<string, [number, number][]>} Brushes ranges of each axis; of texts, their places */

/**
 * @typedef {object} Options
 * @property {string} label
 * @property {AxisOption[]} axes in their order; those on which all rows are alike are left out
 * @property {Row[]} rows
 * @property {string} [colour] the axis whose values colour the lines; else the last
 * @property {Brushes} [brushes]
 * @property {(brushes: Brushes, ids: string[]) => void} [onBrush]
 * @property {(axes: AxisOption[]) => void} [onAxes] their order or scale has changed
 * @property {(id: string | null) => void} [onHover]
 */

const TOP = 46, BOTTOM = 30, SIDE = 60, REACH = 18, FEW = 8;

/** @param {HTMLElement} container @param {Options} options */
export function parallel(container, options) {
  return new Parallel(container, options);
}

export class Parallel {
  /** @type {Options} */
  #options;
  /** @type {Brushes} */
  #brushes;
  /** @type {{ option: AxisOption, axis: Axis, x: number }[]} */
  #axes = [];
  /** @type {Float64Array[]} heights of each row on the axes */
  #heights = [];
  /** @type {boolean[]} */
  #chosen = [];
  #surface;
  #tip;
  #titles = h("div", { class: "axis-titles" });
  #said = h("div", { class: "visually-hidden", role: "status" });
  /** @type {number} row under the pointer */
  #lit = -1;
  /** @type {{ at: number, from: number, to: number } | null} */
  #drawn = null;
  #size = "";

  /** @param {HTMLElement} container @param {Options} options */
  constructor(container, options) {
    this.#options = options;
    this.#brushes = { ...options.brushes };
    this.#surface = surface(container, options.label, (context, width, height) => this.#paint(context, width, height));
    this.#surface.element.append(this.#titles, this.#said);
    this.#tip = tooltip(this.#surface.element);
    this.#listen();
    this.update(options);
  }

  get element() {
    return this.#surface.element;
  }

  /** @param {Partial<Options>} changes */
  update(changes) {
    this.#options = { ...this.#options, ...changes };
    if (changes.brushes) this.#brushes = { ...changes.brushes };
    this.#size = "";
    this.#surface.canvas.setAttribute("aria-label", `${this.#options.label}: parallel coordinates, ${counted(this.#options.rows.length, "line")}`);
    this.#surface.draw();
  }

  /** Make the line of a row stand out. @param {string | null} id */
  light(id) {
    this.#lit = id === null ? -1 : this.#options.rows.findIndex((row) => row.id === id);
    this.#surface.draw();
  }

  /** Ids of the rows within all brushes. */
  chosen() {
    this.#layOut(this.#surface.width(), this.#surface.height());
    return this.#options.rows.flatMap((row, at) => (this.#chosen[at] ? [row.id] : []));
  }

  close() {
    this.#surface.close();
  }

  /** Axes that tell rows apart. */
  #shown() {
    return this.#options.axes.filter(({ key }) => !isConstant(this.#options.rows.map((row) => row.values[key])));
  }

  /** @param {number} width @param {number} height */
  #layOut(width, height) {
    if (this.#size === `${width} ${height}`) return;
    this.#size = `${width} ${height}`;
    const shown = this.#shown(), { rows } = this.#options;
    const apart = (width - 2 * SIDE) / Math.max(1, shown.length - 1);
    this.#axes = shown.map((option, at) => ({ option, x: shown.length === 1 ? width / 2 : SIDE + at * apart, axis: axisOf(rows.map((row) => row.values[option.key]), height - BOTTOM, TOP, { log: option.log, distance: 34, room: 0, few: FEW }) }));
    this.#heights = rows.map((row) => Float64Array.from(this.#axes, ({ option, axis }) => {
      const place = axis.place(row.values[option.key]);
      return Number.isFinite(place) ? place : height - 10; // without a value
    }));
    this.#choose();
    this.#drawTitles();
  }

  #choose() {
    const ranges = this.#axes.map(({ option, axis }) => (this.#brushes[option.key] ?? []).map(([low, high]) => pixelsOf(axis, low, high)));
    this.#chosen = this.#heights.map((heights) => ranges.every((each, at) => each.length === 0 || each.some(([top, bottom]) => (heights[at] ?? 0) >= top && (heights[at] ?? 0) <= bottom)));
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height */
  #paint(context, width, height) {
    this.#layOut(width, height);
    if (this.#axes.length === 0) return nothing(context, width, height, "Nothing differs between these runs");
    const wanted = this.#axes.findIndex(({ option }) => option.key === this.#options.colour);
    lines(context, this.#axes, this.#heights, this.#chosen, { colour: wanted < 0 ? this.#axes.length - 1 : wanted, lit: this.#lit });
    this.#axes.forEach((placed, at) => upright(context, placed, [TOP, height - BOTTOM], this.#brushed(at)));
  }

  /** Brushes of an axis, with the one that is being drawn. @param {number} at @returns {[number, number][]} */
  #brushed(at) {
    const { axis, option } = /** @type {{ axis: Axis, option: AxisOption }} */ (this.#axes[at]), drawn = this.#drawn?.at === at ? this.#drawn : null;
    const known = (this.#brushes[option.key] ?? []).map(([low, high]) => pixelsOf(axis, low, high));
    return drawn ? [...known, [Math.min(drawn.from, drawn.to), Math.max(drawn.from, drawn.to)]] : known;
  }

  #drawTitles() {
    this.#titles.replaceChildren(...titles(this.#axes, {
      turn: (at) => this.#turn(at),
      move: (from, to) => this.#move(from, to),
      slide: (at, step) => this.#slide(at, step),
      clear: (at) => this.#brush(at, []),
    }));
  }

  /** Log scale, and back. @param {number} at */
  #turn(at) {
    const option = this.#axes[at]?.option;
    if (!option || this.#axes[at]?.axis.texts) return;
    this.#changed(this.#options.axes.map((each) => (each.key === option.key ? { ...each, log: !each.log } : each)), at);
  }

  /** @param {number} from @param {number} to */
  #move(from, to) {
    const order = this.#axes.map(({ option }) => option);
    const [moved] = order.splice(from, 1);
    if (!moved || to < 0 || to > order.length) return this.#drawTitles();
    order.splice(to, 0, moved);
    const hidden = this.#options.axes.filter((each) => !order.includes(each));
    this.#changed([...order, ...hidden], to);
  }

  /** @param {AxisOption[]} axes @param {number} focus the title that is used */
  #changed(axes, focus) {
    const within = this.#titles.contains(document.activeElement);
    this.update({ axes });
    this.#layOut(this.#surface.width(), this.#surface.height());
    if (within) /** @type {HTMLElement | undefined} */ (this.#titles.children[focus])?.focus();
    this.#options.onAxes?.(axes);
  }

  /** A brush over a quarter of the axis, moved by the keyboard. @param {number} at @param {number} step */
  #slide(at, step) {
    const axis = this.#axes[at]?.axis, option = this.#axes[at]?.option;
    if (!axis || !option) return;
    const { from, to } = axis.scale, quarter = (to - from) / 4;
    const now = this.#brushes[option.key]?.[0];
    const begin = now ? pixelsOf(axis, ...now)[1] + (quarter / 2) * step : step > 0 ? from : to - quarter;
    const low = Math.min(from, Math.max(to - quarter, begin));
    this.#brush(at, [[valueAt(axis.scale, low), valueAt(axis.scale, low + quarter)]]);
  }

  /** @param {number} at @param {[number, number][]} ranges */
  #brush(at, ranges) {
    const key = this.#axes[at]?.option.key;
    if (key === undefined) return;
    const { [key]: _, ...others } = this.#brushes;
    this.#brushes = ranges.length > 0 ? { ...others, [key]: ranges } : others;
    this.#choose();
    this.#surface.draw();
    const ids = this.chosen();
    this.#said.textContent = `${ids.length} of ${counted(this.#options.rows.length, "run")}`;
    this.#options.onBrush?.(this.#brushes, ids);
  }

  #listen() {
    const { canvas } = this.#surface;
    drags(canvas, {
      start: (x, y) => {
        const at = this.#axes.findIndex((each) => Math.abs(each.x - x) < REACH);
        this.#drawn = at < 0 ? null : { at, from: y, to: y };
        return at >= 0;
      },
      move: (_, y) => {
        if (this.#drawn) this.#drawn.to = Math.max(TOP, Math.min(this.#surface.height() - BOTTOM, y));
        this.#surface.draw();
      },
      end: (moved) => {
        const drawn = this.#drawn;
        this.#drawn = null;
        if (drawn) this.#dropped(drawn, moved);
      },
    });
    canvas.addEventListener("pointermove", (event) => this.#hover(event));
    canvas.addEventListener("pointerleave", () => this.#hovered(-1, 0, 0));
  }

  /** @param {{ at: number, from: number, to: number }} drawn @param {boolean} moved */
  #dropped({ at, from, to }, moved) {
    const axis = this.#axes[at]?.axis, key = this.#axes[at]?.option.key;
    if (!axis || key === undefined) return;
    const ranges = this.#brushes[key] ?? [];
    if (!moved) return this.#brush(at, ranges.filter(([low, high]) => !within(pixelsOf(axis, low, high), from)));
    const [a, b] = [valueAt(axis.scale, from), valueAt(axis.scale, to)];
    this.#brush(at, [...ranges, [Math.min(a, b), Math.max(a, b)]]);
  }

  /** @param {PointerEvent} event */
  #hover(event) {
    if (event.buttons) return;
    const place = this.#surface.canvas.getBoundingClientRect();
    const x = event.clientX - place.left, y = event.clientY - place.top;
    const at = Math.min(this.#axes.length - 2, this.#axes.findLastIndex((each) => each.x <= x));
    const left = this.#axes[at], right = this.#axes[at + 1];
    if (!left || !right) return this.#hovered(-1, x, y);
    const part = (x - left.x) / (right.x - left.x);
    let best = -1, nearest = 8;
    this.#heights.forEach((heights, row) => {
      if (!this.#chosen[row]) return;
      const far = Math.abs((heights[at] ?? 0) * (1 - part) + (heights[at + 1] ?? 0) * part - y);
      if (far < nearest) [best, nearest] = [row, far];
    });
    this.#hovered(best, x, y);
  }

  /** @param {number} row @param {number} x @param {number} y */
  #hovered(row, x, y) {
    if (row !== this.#lit) {
      this.#lit = row;
      this.#surface.draw();
      this.#options.onHover?.(this.#options.rows[row]?.id ?? null);
    }
    const found = this.#options.rows[row];
    if (!found) return this.#tip.hide();
    this.#tip.show(x, y, found.name, this.#axes.map(({ option }) => ({ colour: "transparent", name: option.title, value: told(found.values[option.key]) })));
  }
}

/** @param {Value} value */
const told = (value) => (typeof value === "number" ? number(value) : (value ?? "–"));

/** @param {[number, number]} range @param {number} place */
const within = ([low, high], place) => place >= low && place <= high;

/** From the top to the bottom of a range. @param {Axis} axis @param {number} low @param {number} high @returns {[number, number]} */
function pixelsOf({ scale }, low, high) {
  const part = (/** @type {number} */ each) => scale.from + (scale.log ? Math.log(Math.max(each, 1e-300) / scale.low) / Math.log(scale.high / scale.low) : (each - scale.low) / (scale.high - scale.low)) * (scale.to - scale.from);
  return [part(high) - 0.5, part(low) + 0.5];
}

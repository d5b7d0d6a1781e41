// Lines over steps or time. Drag to zoom, double click or Escape to see all; arrow keys move a cursor that is read out.
//
//   const chart = lineChart(container, { label: "val/loss", series: [{ run, name, points: [[0, 1.2], [1, 0.9]] }], onZoom });
//   chart.append(run, [[2, 0.8]]);          // news of a run
//   chart.update({ series, smoothing: 0.6, y: { log: true } });
//   other.zoom(range);                      // linked charts
import { colourOf, dashesOf } from "../lib/colour.js";
import { counted } from "../lib/format.js";
import { area, axes, labelled, nothing } from "./axes.js";
import { Pointing } from "./pointing.js";
import { Points } from "./points.js";
import { pixel, roomy, scale } from "./scale.js";
import { cross, shade, stroke } from "./strokes.js";
import { surface } from "./surface.js";
import { valuesTable } from "./values.js";

/** @typedef {import("./scale.js").Scale} Scale */
/** @typedef {import("./scale.js").Kind} Kind */
/** @typedef {import("./points.js").Row} Row */
/** @typedef {[number, number]} Range */

/**
 * @typedef {object} Series
 * @property {string} run id, or whatever names the line
 * @property {string} name
 * @property {Row[]} points buckets [x, min, max, first, last] or points [x, y], by x
 * @property {string} [colour] for CSS; else that of the run
 * @property {number[]} [dash] else by its place among those of its colour
 * @property {boolean} [band] min and max are those of a group: a band, with the line of the last values in it
 */

/**
 * @typedef {object} Options
 * @property {string} label what the chart shows
 * @property {Series[]} series
 * @property {{ title?: string, kind?: Kind, log?: boolean }} [x]
 * @property {{ title?: string, log?: boolean }} [y]
 * @property {number} [smoothing] from 0 to below 1
 * @property {Range | null} [zoom] of x
 * @property {(zoom: Range | null) => void} [onZoom]
 * @property {(run: string | null) => void} [onHover] the line next to the pointer
 * @property {(x: number | null) => void} [onCursor] where the cursor is
 * @property {boolean} [values] whether a table of values can be opened below; yes unless false
 */

/** @typedef {Series & { data: Points, ink: string, lines: number[] }} Line */

/**
 * @param {HTMLElement} container
 * @param {Options} options
 */
export function lineChart(container, options) {
  return new LineChart(container, options);
}

export class LineChart {
  /** @type {Options} */
  #options;
  /** @type {Line[]} */
  #lines = [];
  #surface;
  #pointing;
  #table;
  /** @type {{ x: Scale, y: Scale, inside: import("./axes.js").Area } | null} as drawn last */
  #scales = null;
  /** @type {Range | null} */
  #zoom = null;
  /** @type {Range} all x that there were when nothing was zoomed: in a zoomed chart there may be the points of that part alone */
  #whole = [Infinity, -Infinity];

  /** @param {HTMLElement} container @param {Options} options */
  constructor(container, options) {
    this.#options = options;
    this.#surface = surface(container, options.label, (context, width, height) => this.#paint(context, width, height));
    this.#pointing = new Pointing(this.#surface, () => this.#view(), {
      zoomed: (range) => this.#zoomTo(range),
      hovered: (run) => this.#options.onHover?.(run),
      moved: (x) => this.#options.onCursor?.(x),
    });
    this.#table = options.values === false ? undefined : valuesTable(container, () => ({ title: this.#options.x?.title ?? "x", kind: this.#options.x?.kind ?? "number", lines: this.#lines }));
    this.update(options);
  }

  get element() {
    return this.#surface.element;
  }

  /** Other series, axes, smoothing or zoom. @param {Partial<Options>} changes */
  update(changes) {
    this.#options = { ...this.#options, ...changes };
    if (changes.series) {
      const dashes = dashesOf(changes.series.map(({ run }) => run));
      this.#lines = changes.series.map((each) => ({ ...each, data: new Points(each.points), ink: each.colour ?? colourOf(each.run), lines: each.dash ?? dashes.get(each.run) ?? [] }));
      this.#surface.canvas.setAttribute("aria-label", `${this.#options.label}: line chart, ${counted(this.#lines.length, "line")}`);
      this.#table?.refresh();
    }
    if (changes.zoom !== undefined) this.#zoom = changes.zoom;
    this.#surface.draw();
  }

  /** Points that follow those of a run. @param {string} run @param {Row[]} points */
  append(run, points) {
    this.#lines.find((each) => each.run === run)?.data.append(points);
    this.#table?.refresh();
    this.#surface.draw();
  }

  /** Show a range of x only; null: all. Tells nobody. @param {Range | null} range */
  zoom(range) {
    this.#zoom = range;
    this.#surface.draw();
  }

  /** Make the line of a run stand out. @param {string | null} run */
  light(run) {
    this.#pointing.light(run);
  }

  /** Draw the cursor where that of another chart is; null: none. Tells nobody. @param {number | null} x */
  point(x) {
    this.#pointing.point(x);
  }

  /** What is drawn next to an x, of the first line that has something near. @param {number} x @returns {number | undefined} */
  at(x) {
    const view = this.#view();
    return view ? this.#lines.map((line) => this.#pointing.near(view, line, x)).find((point) => point !== undefined)?.shown : undefined;
  }

  close() {
    this.#table?.close();
    this.#surface.close();
  }

  /** Where a value is, in pixels of the chart. @param {number} x @param {number} y */
  place(x, y) {
    return this.#scales && { x: pixel(this.#scales.x, x), y: pixel(this.#scales.y, y) };
  }

  /** @returns {import("./pointing.js").View | null} */
  #view() {
    if (!this.#scales) return null;
    const whole = this.#extent(), { x, smoothing = 0 } = this.#options;
    return { ...this.#scales, lines: this.#lines, shown: this.#zoom ?? whole, whole, kind: x?.kind ?? "number", title: x?.title ?? "x", smoothing };
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height */
  #paint(context, width, height) {
    const { x: across, y: up } = this.#options;
    const [left, right] = this.#zoom ?? this.#extent();
    const within = this.#lines.map(({ data }) => /** @type {Range} */ ([Math.max(0, data.from(left) - 1), Math.min(data.length, data.from(right) + 2)]));
    const [low, high] = this.#heights(within, left, right);
    if (!this.#lines.some(({ data }) => data.length > 0)) {
      this.#scales = null;
      return nothing(context, width, height, "No points yet");
    }
    const rough = roomy(scale(low, high, height - 36, 10, up?.log));
    const inside = area(context, width, height, labelled(rough, "number", 45).map(([, label]) => label), { x: across?.title, y: up?.title });
    const x = scale(left, right, inside.left, inside.right, across?.log), y = { ...rough, from: inside.bottom, to: inside.top };
    this.#scales = { x, y, inside };
    axes(context, inside, x, y, { kind: across?.kind, x: across?.title, y: up?.title });
    this.#stroke(context, inside, within);
    this.#mark(context);
  }

  /** All lines, the one that stands out above the others. @param {CanvasRenderingContext2D} context @param {import("./axes.js").Area} inside @param {Range[]} within */
  #stroke(context, inside, within) {
    const { lit } = this.#pointing, scales = this.#scales, smoothing = this.#options.smoothing ?? 0;
    if (!scales) return;
    const dims = lit !== null && this.#lines.some(({ run }) => run === lit);
    context.save();
    context.beginPath();
    context.rect(inside.left - 4, inside.top - 4, inside.right - inside.left + 8, inside.bottom - inside.top + 8);
    context.clip();
    for (const above of [false, true]) {
      this.#lines.forEach((line, at) => (line.run === lit) === above && stroke(context, line, scales, within[at] ?? [0, 0], { smoothing, lit: above, dim: dims && !above }));
    }
    context.restore();
  }

  /** What is being dragged over, and the cursor. @param {CanvasRenderingContext2D} context */
  #mark(context) {
    const { dragged, cursor, lit } = this.#pointing, view = this.#view();
    if (!view) return;
    if (dragged) shade(context, view.inside, dragged);
    if (!cursor) return;
    const dots = this.#lines.flatMap((line) => {
      const point = lit === null || line.run === lit ? this.#pointing.near(view, line) : undefined;
      return point ? [{ colour: line.ink, place: point.place, lit: line.run === lit }] : [];
    });
    cross(context, view.inside, pixel(view.x, cursor.x), dots);
  }

  /** All x. @returns {Range} */
  #extent() {
    let from = Infinity, to = -Infinity;
    for (const { data } of this.#lines) {
      if (data.length === 0) continue;
      from = Math.min(from, data.x[this.#options.x?.log ? data.from(Number.MIN_VALUE) : 0] ?? Infinity);
      to = Math.max(to, data.x[data.length - 1] ?? -Infinity);
    }
    if (this.#zoom === null) this.#whole = [from, to];
    return [Math.min(from, this.#whole[0]), Math.max(to, this.#whole[1])];
  }

  /** Of what is in sight. @param {Range[]} within @param {number} left @param {number} right @returns {Range} */
  #heights(within, left, right) {
    let low = Infinity, high = -Infinity;
    this.#lines.forEach(({ data }, at) => {
      let [from, to] = within[at] ?? [0, 0];
      while (from < to && (data.x[from] ?? 0) < left) from += 1;
      while (from < to && (data.x[to - 1] ?? 0) > right) to -= 1;
      const [least, most] = data.range(from, to, this.#options.y?.log === true);
      low = Math.min(low, least);
      high = Math.max(high, most);
    });
    return [low, high];
  }

  /** @param {Range | null} range */
  #zoomTo(range) {
    if (range && !(range[0] < range[1])) return;
    this.zoom(range);
    this.#options.onZoom?.(range);
  }
}

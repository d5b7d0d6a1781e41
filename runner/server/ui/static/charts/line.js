// Lines over steps or time. Drag to zoom, double click or Escape to see all; arrow keys move a cursor that is read out.
//
//   const chart = lineChart(container, { label: "val/loss", series: [{ run, name, points: [[0, 1.2], [1, 0.9]] }], onZoom });
//   chart.append(run, [[2, 0.8]]);          // news of a run
//   chart.update({ series, smoothing: 0.6, y: { log: true } });
//   other.zoom(range);                      // linked charts
import { colourOf, dashOf, ink } from "../lib/colour.js";
import { h } from "../lib/dom.js";
import { counted, number } from "../lib/format.js";
import { area, axes, labelled, nothing } from "./axes.js";
import { Points } from "./points.js";
import { pixel, roomy, scale, value, written } from "./scale.js";
import { drags, surface } from "./surface.js";
import { tooltip } from "./tooltip.js";
import { band, trace } from "./trace.js";
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
 * @property {number[]} [dash] else that of the run
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

const NEAR = 32; // pixels to a line that is meant

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
  #tip;
  #said = h("div", { class: "visually-hidden", role: "status" });
  #table;
  /** @type {{ x: Scale, y: Scale } | null} as drawn last */
  #scales = null;
  /** @type {Range | null} */
  #zoom = null;
  /** @type {Range} all x that there were when nothing was zoomed: in a zoomed chart there may be the points of that part alone */
  #whole = [Infinity, -Infinity];
  /** @type {Range | null} pixels being dragged over */
  #dragged = null;
  /** @type {{ x: number, y: number | null } | null} x in values, y in pixels */
  #cursor = null;
  /** @type {string | null} */
  #lit = null;

  /** @param {HTMLElement} container @param {Options} options */
  constructor(container, options) {
    this.#options = options;
    this.#surface = surface(container, options.label, (context, width, height) => this.#paint(context, width, height));
    this.#surface.element.append(this.#said);
    this.#tip = tooltip(this.#surface.element);
    this.#table = options.values === false ? undefined : valuesTable(container, () => ({ title: options.x?.title ?? "x", lines: this.#lines }));
    this.#listen();
    this.update(options);
  }

  get element() {
    return this.#surface.element;
  }

  /** Other series, axes, smoothing or zoom. @param {Partial<Options>} changes */
  update(changes) {
    this.#options = { ...this.#options, ...changes };
    if (changes.series) {
      this.#lines = changes.series.map((each) => ({ ...each, data: new Points(each.points), ink: each.colour ?? colourOf(each.run), lines: each.dash ?? dashOf(each.run) }));
      this.#surface.canvas.setAttribute("aria-label", `${this.#options.label}: line chart, ${counted(this.#lines.length, "line")}`);
      this.#table?.refresh();
    }
    if (changes.zoom !== undefined) this.#zoom = changes.zoom;
    this.#surface.draw();
  }

  /** Points that follow those of a run. @param {string} run @param {Row[]} points */
  append(run, points) {
    this.#lines.find((each) => each.run === run)?.data.append(points);
    this.#surface.draw();
  }

  /** Show a range of x only; null: all. Tells nobody. @param {Range | null} range */
  zoom(range) {
    this.#zoom = range;
    this.#surface.draw();
  }

  /** Make the line of a run stand out. @param {string | null} run */
  light(run) {
    if (this.#lit === run) return;
    this.#lit = run;
    this.#surface.draw();
  }

  /** Draw the cursor where that of another chart is; null: none. Tells nobody. @param {number | null} x */
  point(x) {
    this.#cursor = x === null ? null : { x, y: null };
    this.#surface.draw();
  }

  /** What is drawn next to an x, of the first line that has something near. @param {number} x @returns {number | undefined} */
  at(x) {
    for (const line of this.#lines) {
      const point = this.#near(line, x);
      if (point) return point.shown;
    }
    return undefined;
  }

  close() {
    this.#table?.close();
    this.#surface.close();
  }

  /** Where a value is, in pixels of the chart. @param {number} x @param {number} y */
  place(x, y) {
    return this.#scales && { x: pixel(this.#scales.x, x), y: pixel(this.#scales.y, y) };
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
    this.#scales = { x, y };
    axes(context, inside, x, y, { kind: across?.kind, x: across?.title, y: up?.title });
    context.save();
    context.beginPath();
    context.rect(inside.left - 4, inside.top - 4, inside.right - inside.left + 8, inside.bottom - inside.top + 8);
    context.clip();
    this.#lines.forEach((line, at) => line.run !== this.#lit && this.#draw(context, line, x, y, within[at] ?? [0, 0]));
    this.#lines.forEach((line, at) => line.run === this.#lit && this.#draw(context, line, x, y, within[at] ?? [0, 0]));
    context.restore();
    this.#marks(context, inside, x);
  }

  /** @param {CanvasRenderingContext2D} context @param {Line} line @param {Scale} x @param {Scale} y @param {Range} within */
  #draw(context, line, x, y, within) {
    const weight = this.#options.smoothing ?? 0;
    const dim = this.#lit !== null && this.#lit !== line.run && this.#lines.some(({ run }) => run === this.#lit);
    context.strokeStyle = context.fillStyle = ink(line.ink);
    context.lineWidth = this.#lit === line.run ? 2.5 : 1.5;
    context.lineJoin = "bevel"; // round joins of what goes up and down in each column take most of the time
    const dashes = within[1] - within[0] > 2 * (x.to - x.from) ? [] : line.lines; // such lines are bands: dashes could not be seen
    context.setLineDash(dashes);
    if (line.band) {
      context.globalAlpha = dim ? 0.06 : 0.18;
      context.beginPath();
      band(context, line.data, x, y, within);
      context.fill();
    } else if (weight > 0) {
      context.globalAlpha = dim ? 0.06 : 0.22;
      context.setLineDash([]);
      stroked(context, line, x, y, within);
      context.setLineDash(dashes);
    }
    context.globalAlpha = dim ? 0.2 : 1;
    stroked(context, line, x, y, within, line.band ? line.data.last : weight > 0 ? line.data.smooth(weight) : undefined);
    context.globalAlpha = 1;
    context.setLineDash([]);
  }

  /** The cursor, and what is being dragged over. @param {CanvasRenderingContext2D} context @param {import("./axes.js").Area} inside @param {Scale} x */
  #marks(context, inside, x) {
    if (this.#dragged) {
      const [a, b] = this.#dragged;
      context.globalAlpha = 0.16;
      context.fillStyle = ink("--accent");
      context.fillRect(Math.min(a, b), inside.top, Math.abs(b - a), inside.bottom - inside.top);
      context.globalAlpha = 1;
    }
    if (!this.#cursor) return;
    const at = Math.round(pixel(x, this.#cursor.x)) + 0.5;
    if (!(at >= inside.left && at <= inside.right + 1)) return;
    context.strokeStyle = ink("--soft");
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(at, inside.top);
    context.lineTo(at, inside.bottom);
    context.stroke();
    for (const line of this.#lines) {
      const point = this.#at(line);
      if (!point || (this.#lit !== null && line.run !== this.#lit)) continue;
      context.fillStyle = ink(line.ink);
      context.beginPath();
      context.arc(at, point.place, line.run === this.#lit ? 4 : 3, 0, 7);
      context.fill();
    }
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

  /** The point of a line at the cursor. @param {Line} line */
  #at(line) {
    return this.#cursor ? this.#near(line, this.#cursor.x) : undefined;
  }

  /** The point of a line next to an x, unless it is far away. @param {Line} line @param {number} to */
  #near(line, to) {
    if (!this.#scales) return undefined;
    const index = line.data.near(to);
    const shown = this.#options.smoothing && !line.band ? line.data.smooth(this.#options.smoothing)[index] : line.data.last[index];
    const x = line.data.x[index];
    if (x === undefined || shown === undefined || Number.isNaN(shown)) return undefined;
    const far = Math.abs(pixel(this.#scales.x, x) - pixel(this.#scales.x, to));
    return far > NEAR ? undefined : { index, x, shown, place: pixel(this.#scales.y, shown) };
  }

  #listen() {
    const { canvas } = this.#surface;
    canvas.addEventListener("pointermove", (event) => this.#hover(event));
    canvas.addEventListener("pointerleave", () => this.#leave());
    canvas.addEventListener("blur", () => this.#leave());
    canvas.addEventListener("dblclick", () => this.#zoomTo(null));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    drags(canvas, {
      start: (x) => (this.#scales ? ((this.#dragged = [x, x]), true) : false),
      move: (x) => {
        this.#dragged = [this.#dragged?.[0] ?? x, x];
        this.#surface.draw();
      },
      end: (moved) => {
        const dragged = this.#dragged;
        this.#dragged = null;
        this.#surface.draw();
        if (!moved || !dragged || !this.#scales || Math.abs(dragged[1] - dragged[0]) < 5) return;
        const [a, b] = [value(this.#scales.x, dragged[0]), value(this.#scales.x, dragged[1])];
        this.#zoomTo(this.#bounded(Math.min(a, b), Math.max(a, b)));
      },
    });
  }

  /** @param {number} from @param {number} to @returns {Range} */
  #bounded(from, to) {
    const [first, last] = this.#extent();
    return [Math.max(first, from), Math.min(last, to)];
  }

  /** @param {Range | null} range */
  #zoomTo(range) {
    if (range && !(range[0] < range[1])) return;
    this.zoom(range);
    this.#options.onZoom?.(range);
  }

  /** @param {PointerEvent} event */
  #hover(event) {
    if (!this.#scales || event.buttons > 1) return;
    const place = this.#surface.canvas.getBoundingClientRect();
    const x = event.clientX - place.left, y = event.clientY - place.top;
    this.#cursor = { x: value(this.#scales.x, x), y };
    this.#options.onCursor?.(this.#cursor.x);
    const near = this.#values().filter(({ point }) => Math.abs(point.place - y) < NEAR).sort((a, b) => Math.abs(a.point.place - y) - Math.abs(b.point.place - y))[0];
    this.#choose(near?.line.run ?? null);
    this.#tell(x, y);
  }

  #leave() {
    if (this.#cursor) this.#options.onCursor?.(null);
    this.#cursor = null;
    this.#choose(null);
    this.#tip.hide();
    this.#surface.draw();
  }

  /** @param {string | null} run */
  #choose(run) {
    if (this.#lit !== run) this.#options.onHover?.(run);
    this.#lit = run;
    this.#surface.draw();
  }

  /** The lines at the cursor, the highest first. */
  #values() {
    const found = this.#lines.flatMap((line) => {
      const point = this.#at(line);
      return point ? [{ line, point }] : [];
    });
    return found.sort((a, b) => b.point.shown - a.point.shown);
  }

  /** @param {number} x @param {number} y */
  #tell(x, y) {
    const found = this.#values();
    if (!this.#cursor || found.length === 0) return this.#tip.hide();
    const nearest = found.reduce((best, each) => (Math.abs(each.point.x - (this.#cursor?.x ?? 0)) < Math.abs(best.point.x - (this.#cursor?.x ?? 0)) ? each : best));
    const values = found.map(({ line, point }) => ({ colour: line.ink, name: line.name, value: number(point.shown), more: spread(line, point.index), lit: line.run === this.#lit }));
    this.#tip.show(x, y, this.#title(nearest.point.x), values);
  }

  /** @param {number} x */
  #title(x) {
    const kind = this.#options.x?.kind ?? "number";
    return kind === "number" ? `${this.#options.x?.title ?? "x"} ${number(x)}` : written(x, kind, 0);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (!this.#scales || event.ctrlKey || event.metaKey || event.altKey) return;
    const does = KEYS[event.key];
    if (!does) return;
    event.preventDefault();
    event.stopPropagation();
    const drawn = this.#lines.filter(({ data }) => data.length > 0);
    const at = Math.max(0, drawn.findIndex(({ run }) => run === this.#lit));
    const line = drawn[(at + (does.line ?? 0) + drawn.length) % drawn.length];
    if (!line) return;
    if (does.zoom !== undefined) return this.#zoomBy(does.zoom);
    const x = this.#step(line, does);
    this.#cursor = { x, y: null };
    this.#options.onCursor?.(x);
    this.#choose(line.run);
    const point = this.#at(line);
    if (!point) return;
    this.#tell(pixel(this.#scales.x, x), point.place);
    this.#said.textContent = `${this.#title(x)}: ${line.name} ${number(point.shown)}`;
  }

  /** Where the cursor goes. @param {Line} line @param {Key} does */
  #step({ data }, { step = 0, end }) {
    const [left, right] = this.#zoom ?? this.#extent();
    const first = data.from(left), behind = data.from(right), last = Math.max(first, behind < data.length && data.x[behind] === right ? behind : behind - 1);
    const now = this.#cursor ? data.near(this.#cursor.x) + step : end === undefined ? first : 0;
    const index = end === "first" ? first : end === "last" ? last : Math.min(last, Math.max(first, now));
    return data.x[index] ?? left;
  }

  /** @param {number} factor 0: all */
  #zoomBy(factor) {
    if (!this.#scales || factor === 0) return this.#zoomTo(null);
    const { x } = this.#scales;
    const center = pixel(x, this.#cursor?.x ?? value(x, (x.from + x.to) / 2));
    const range = this.#bounded(value(x, center - (center - x.from) * factor), value(x, center + (x.to - center) * factor));
    const [first, last] = this.#extent();
    this.#zoomTo(range[0] <= first && range[1] >= last ? null : range);
  }
}

/** @typedef {{ step?: number, line?: number, end?: "first" | "last", zoom?: number }} Key */

/** @type {Record<string, Key>} */
const KEYS = {
  ArrowRight: { step: 1 }, ArrowLeft: { step: -1 }, PageDown: { step: 10 }, PageUp: { step: -10 },
  ArrowUp: { line: -1 }, ArrowDown: { line: 1 }, Home: { end: "first" }, End: { end: "last" },
  "+": { zoom: 0.5 }, "=": { zoom: 0.5 }, "-": { zoom: 2 }, Escape: { zoom: 0 }, 0: { zoom: 0 },
};

/** @param {CanvasRenderingContext2D} context @param {Line} line @param {Scale} x @param {Scale} y @param {Range} within @param {Float64Array} [smooth] */
function stroked(context, { data }, x, y, within, smooth) {
  context.beginPath();
  if (trace(context, data, x, y, within, smooth)) return context.stroke();
  const at = within[0];
  context.arc(pixel(x, data.x[at] ?? NaN), pixel(y, data.last[at] ?? NaN), 3.5, 0, 7);
  context.fill();
}

/** Of all values that the point stands for. @param {Line} line @param {number} index */
function spread({ data }, index) {
  const low = data.low[index], high = data.high[index];
  return low === undefined || high === undefined || low === high ? "" : `${number(low)} to ${number(high)}`;
}

// The cursor of a line chart: moved by a pointer or by keys, told beside it and to screen readers; zooming by either.
import { h } from "../lib/dom.js";
import { number } from "../lib/format.js";
import { pixel, told, value } from "./scale.js";
import { drags } from "./surface.js";
import { tooltip } from "./tooltip.js";

/** @typedef {import("./scale.js").Scale} Scale */
/** @typedef {import("./line.js").Line} Line */
/** @typedef {[number, number]} Range */
/**
 * @typedef {object} View what is on the canvas
 * @property {Scale} x @property {Scale} y
 * @property {import("./axes.js").Area} inside
 * @property {Line[]} lines
 * @property {Range} shown x that are in sight @property {Range} whole all x that there are
 * @property {import("./scale.js").Kind} kind of x @property {string} title of x
 * @property {number} smoothing
 */
/** @typedef {{ zoomed: (range: Range | null) => void, hovered: (run: string | null) => void, moved: (x: number | null) => void }} Told */
/** @typedef {{ index: number, x: number, shown: number, place: number }} Near place in pixels, from the top */
/** @typedef {{ step?: number, line?: number, end?: "first" | "last", zoom?: number }} Key */

const NEAR = 32; // pixels to a line that is meant
const LEAST = 5; // pixels that are worth a zoom

/** @type {Record<string, Key>} */
const KEYS = {
  ArrowRight: { step: 1 }, ArrowLeft: { step: -1 }, PageDown: { step: 10 }, PageUp: { step: -10 },
  ArrowUp: { line: -1 }, ArrowDown: { line: 1 }, Home: { end: "first" }, End: { end: "last" },
  "+": { zoom: 0.5 }, "=": { zoom: 0.5 }, "-": { zoom: 2 }, Escape: { zoom: 0 }, 0: { zoom: 0 },
};

export class Pointing {
  /** @type {Range | null} pixels being dragged over */
  dragged = null;
  /** @type {{ x: number, y: number | null } | null} x in values, y in pixels */
  cursor = null;
  /** @type {string | null} the line that stands out */
  lit = null;
  #surface;
  #view;
  #told;
  #tip;
  #said = h("div", { class: "visually-hidden", role: "status" });

  /** @param {import("./surface.js").Surface} surface @param {() => View | null} view null: nothing is drawn @param {Told} told */
  constructor(surface, view, told) {
    this.#surface = surface;
    this.#view = view;
    this.#told = told;
    surface.element.append(this.#said);
    this.#tip = tooltip(surface.element);
    const { canvas } = surface;
    canvas.addEventListener("pointermove", (event) => this.#hover(event));
    canvas.addEventListener("pointerleave", () => this.#leave());
    canvas.addEventListener("blur", () => this.#leave());
    canvas.addEventListener("dblclick", () => told.zoomed(null));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    drags(canvas, { start: (x) => this.#drag(x), move: (x) => this.#dragOn(x), end: (moved) => this.#dragEnd(moved) });
  }

  /** @param {string | null} run */
  light(run) {
    if (this.lit === run) return;
    this.lit = run;
    this.#surface.draw();
  }

  /** Have the cursor where another chart has it. Tells nobody. @param {number | null} x */
  point(x) {
    this.cursor = x === null ? null : { x, y: null };
    this.#surface.draw();
  }

  /** The point of a line next to an x, unless it is far away. @param {View} view @param {Line} line @param {number} [to] else the cursor */
  near(view, line, to = this.cursor?.x) {
    if (to === undefined) return undefined;
    const index = line.data.near(to);
    const shown = view.smoothing && !line.band ? line.data.smooth(view.smoothing)[index] : line.data.last[index];
    const x = line.data.x[index];
    if (x === undefined || shown === undefined || Number.isNaN(shown)) return undefined;
    const far = Math.abs(pixel(view.x, x) - pixel(view.x, to));
    return far > NEAR ? undefined : { index, x, shown, place: pixel(view.y, shown) };
  }

  /** @param {number} x */
  #drag(x) {
    if (!this.#view()) return false;
    this.dragged = [x, x];
    return true;
  }

  /** @param {number} x */
  #dragOn(x) {
    this.dragged = [this.dragged?.[0] ?? x, x];
    this.#surface.draw();
  }

  /** @param {boolean} moved */
  #dragEnd(moved) {
    const { dragged } = this, view = this.#view();
    this.dragged = null;
    this.#surface.draw();
    if (!moved || !dragged || !view || Math.abs(dragged[1] - dragged[0]) < LEAST) return;
    const [a, b] = [value(view.x, dragged[0]), value(view.x, dragged[1])];
    this.#told.zoomed(bounded(view, Math.min(a, b), Math.max(a, b)));
  }

  /** @param {PointerEvent} event */
  #hover(event) {
    const view = this.#view();
    if (!view || event.buttons > 1) return;
    const place = this.#surface.canvas.getBoundingClientRect();
    const x = event.clientX - place.left, y = event.clientY - place.top;
    this.#move({ x: value(view.x, x), y });
    const far = (/** @type {{ point: { place: number } }} */ { point }) => Math.abs(point.place - y);
    const found = this.#values(view), near = found.filter((each) => far(each) < NEAR).sort((a, b) => far(a) - far(b))[0];
    this.#choose(near?.line.run ?? null);
    this.#tell(view, x, y, found);
  }

  #leave() {
    this.#move(null);
    this.#choose(null);
    this.#tip.hide();
  }

  /** @param {{ x: number, y: number | null } | null} cursor */
  #move(cursor) {
    if (cursor || this.cursor) this.#told.moved(cursor && cursor.x);
    this.cursor = cursor;
  }

  /** @param {string | null} run */
  #choose(run) {
    if (this.lit !== run) this.#told.hovered(run);
    this.lit = run;
    this.#surface.draw();
  }

  /** The lines at the cursor, the highest first. @param {View} view */
  #values(view) {
    const found = view.lines.flatMap((line) => {
      const point = this.near(view, line);
      return point ? [{ line, point }] : [];
    });
    return found.sort((a, b) => b.point.shown - a.point.shown);
  }

  /** @param {View} view @param {number} x @param {number} y pixels @param {{ line: Line, point: Near }[]} found */
  #tell(view, x, y, found) {
    const cursor = this.cursor?.x ?? 0;
    if (found.length === 0) return this.#tip.hide();
    const nearest = found.reduce((best, each) => (Math.abs(each.point.x - cursor) < Math.abs(best.point.x - cursor) ? each : best));
    const values = found.map(({ line, point }) => ({ colour: line.ink, name: line.name, value: number(point.shown), more: spread(line, point.index), lit: line.run === this.lit }));
    this.#tip.show(x, y, titled(view, nearest.point.x), values);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const view = this.#view(), does = KEYS[event.key];
    if (!view || !does || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (does.zoom !== undefined) return this.#told.zoomed(does.zoom === 0 ? null : this.#zoomed(view, does.zoom));
    const drawn = view.lines.filter(({ data }) => data.length > 0), at = Math.max(0, drawn.findIndex(({ run }) => run === this.lit));
    const line = drawn[(at + (does.line ?? 0) + drawn.length) % drawn.length];
    if (line) this.#moveAlong(view, line, does);
  }

  /** @param {View} view @param {Line} line @param {Key} does */
  #moveAlong(view, line, does) {
    const x = this.#step(view, line, does);
    this.#move({ x, y: null });
    this.#choose(line.run);
    const point = this.near(view, line);
    if (!point) return;
    this.#tell(view, pixel(view.x, x), point.place, this.#values(view));
    this.#said.textContent = `${titled(view, x)}: ${line.name} ${number(point.shown)}`;
  }

  /** Where the cursor goes. @param {View} view @param {Line} line @param {Key} does */
  #step({ shown: [left, right] }, { data }, { step = 0, end }) {
    const first = data.from(left), behind = data.from(right), last = Math.max(first, behind < data.length && data.x[behind] === right ? behind : behind - 1);
    const now = this.cursor ? data.near(this.cursor.x) + step : end === undefined ? first : 0;
    const index = end === "first" ? first : end === "last" ? last : Math.min(last, Math.max(first, now));
    return data.x[index] ?? left;
  }

  /** A wider or narrower range around the cursor; null where that is all. @param {View} view @param {number} factor @returns {Range | null} */
  #zoomed(view, factor) {
    const { x, whole } = view, center = pixel(x, this.cursor?.x ?? value(x, (x.from + x.to) / 2));
    const range = bounded(view, value(x, center - (center - x.from) * factor), value(x, center + (x.to - center) * factor));
    return range[0] <= whole[0] && range[1] >= whole[1] ? null : range;
  }
}

/** @param {View} view @param {number} from @param {number} to @returns {Range} */
const bounded = ({ whole }, from, to) => [Math.max(whole[0], from), Math.min(whole[1], to)];

/** @param {View} view @param {number} x */
const titled = ({ kind, title }, x) => (kind === "number" ? `${title} ${number(x)}` : told(x, kind));

/** Of all values that the point stands for. @param {Line} line @param {number} index */
function spread({ data }, index) {
  const low = data.low[index], high = data.high[index];
  return low === undefined || high === undefined || low === high ? "" : `${number(low)} to ${number(high)}`;
}

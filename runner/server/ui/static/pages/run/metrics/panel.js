// A metric: its name, its latest value, its chart.
import { lineChart } from "../../../charts/line.js";
import { h } from "../../../lib/dom.js";
import { counted, number } from "../../../lib/format.js";
import { numeric } from "../model.js";

/** @typedef {import("./axis.js").Axis} Axis */
/** @typedef {import("../series.js").Line} Line */
/** @typedef {[number, number]} Range */
/** @typedef {{ log: boolean, smoothing: number, zoom: Range | null }} Look */
/** @typedef {{ onZoom: (zoom: Range | null) => void, onCursor: (x: number | null) => void, onPin: () => void }} Heard */

export const BUCKETS = 1000; // of a line as it is read

export class Panel {
  /** What has to be read again, and whether anybody can see it. */
  stale = true;
  inSight = false;
  #run;
  #value = h("span", { class: "metric-value" });
  #soft = h("span", { class: "soft" });
  #place = h("div", { class: "metric-chart" });
  #pin;
  #heard;
  #step = -Infinity;
  #latest = -Infinity; // step that was told
  #known = -Infinity; // and that is drawn
  #added = 0; // points since the line was read
  #odd = "";
  /** @type {import("../../../charts/line.js").LineChart | undefined} */
  #chart;

  /** @param {string} run id @param {string} key @param {Heard} heard */
  constructor(run, key, heard) {
    this.#run = run;
    this.key = key;
    this.#heard = heard;
    this.#pin = h("button", { class: "plain pin", "aria-label": `Pin ${key}`, "aria-pressed": "false", onclick: heard.onPin }, "☆");
    this.element = h("article", { class: "card metric", "data-key": key }, h("header", null, h("h3", { title: key }, key), this.#value, this.#soft, this.#pin), this.#place);
  }

  /** @param {boolean} on */
  pinned(on) {
    this.#pin.setAttribute("aria-pressed", String(on));
    this.#pin.title = on ? "Pinned: it stays first" : "Pin: it comes first";
    this.#pin.textContent = on ? "★" : "☆";
  }

  /** The latest value; if its step has not been drawn, the line is to be read again. @param {number | string} value @param {number} step */
  told(value, step) {
    if (this.#chart && step > this.#known) this.stale = true;
    this.#latest = step;
    this.#value.textContent = number(numeric(value));
    this.#soft.textContent = [`step ${step}`, this.#odd].filter(Boolean).join(" · ");
  }

  /** New points; false where the line has to be read again: they do not fit, or are more than it should have. @param {number[][]} points [step, time, value] */
  news(points) {
    const first = points[0]?.[0] ?? NaN;
    if (!this.#chart || !(first > this.#step)) return false;
    this.#chart.append(this.#run, points.map(([step = NaN, , value = NaN]) => [step, value]));
    this.#step = points.at(-1)?.[0] ?? this.#step;
    this.#known = Math.max(this.#known, this.#step);
    this.#added += points.length;
    if (this.#added <= 2 * BUCKETS) return true;
    this.#added = 0;
    return false;
  }

  /** @param {Line | undefined} line @param {(number | null)[][]} points @param {Axis} axis @param {Look} look */
  draw(line, points, axis, look) {
    const series = [{ run: this.#run, name: this.key, points, dash: [] }];
    const options = { series, x: { title: axis.title, kind: axis.kind }, y: { log: look.log }, smoothing: look.smoothing, zoom: look.zoom };
    this.#step = axis.name === "step" && !look.zoom ? points.at(-1)?.[0] ?? -Infinity : Infinity;
    this.#known = Math.max(this.#latest, Number.isFinite(this.#step) ? this.#step : -Infinity);
    if (this.#chart) this.#chart.update(options);
    else this.#chart = lineChart(this.#place, { label: this.key, ...options, onZoom: this.#heard.onZoom, onCursor: this.#heard.onCursor });
    this.#odd = line ? odd(line) : "";
    this.#added = 0;
  }

  /** @param {Partial<Look>} look */
  look({ log, ...others }) {
    this.#chart?.update({ ...others, ...(log === undefined ? {} : { y: { log } }) });
  }

  /** Show where another chart's cursor is. @param {number | null} x */
  point(x) {
    this.#chart?.point(x);
  }

  /** What is drawn next to a place, if anything is near. @param {number} x */
  at(x) {
    return this.#chart?.at(x);
  }

  close() {
    this.#chart?.close();
  }
}

/** What a line does not show of its points. @param {Line} line */
const odd = ({ count, points, nan, infinite }) =>
  [count > points.length && `min and max of ${counted(count, "point")}`, nan > 0 && `${nan} NaN`, infinite > 0 && `${infinite} infinite`].filter(Boolean).join(" · ");

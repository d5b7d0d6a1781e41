// Metrics: a chart for each, by the beginning of their names; one zoom for all of them; news without a reload.
import { lineChart } from "../../charts/line.js";
import { fill, h } from "../../lib/dom.js";
import { counted, number } from "../../lib/format.js";
import { query, show } from "../../lib/state.js";
import { nothing } from "./facts.js";
import { numeric } from "./model.js";
import { series } from "./series.js";

/** @typedef {import("./model.js").Run} Run */
/** @typedef {[number, number]} Range */
/** @typedef {{ key: string, element: HTMLElement, value: HTMLElement, soft: HTMLElement, chart?: import("../../charts/line.js").LineChart, inSight: boolean, stale: boolean, step: number }} Panel */

const BUCKETS = 1000;
const PAUSE = 120; // milliseconds in which panels that come into sight, or zooms, are gathered
/** @type {[string, string, "number" | "time" | "lasting"][]} */
const AXES = [["step", "step", "number"], ["time", "time", "time"], ["elapsed", "time since the start", "lasting"]];

/** @param {HTMLElement} place @param {Run} run */
export function open(place, run) {
  const tab = new Metrics(place, run);
  return { update: () => tab.draw(), heard: (/** @type {any} */ news) => tab.heard(news), close: () => tab.close() };
}

class Metrics {
  #run;
  #grid = h("div", { class: "metrics" });
  /** @type {Map<string, Panel>} */
  #panels = new Map();
  #sight = new IntersectionObserver((seen) => this.#seen(seen), { rootMargin: "200px" });
  #x = query().get("x") ?? "step";
  #log = query().get("log") === "1";
  #smoothing = Math.min(0.99, Math.max(0, Number(query().get("smooth") ?? 0)));
  /** @type {Range | null} */
  #zoom = rangeOf(query().get("zoom"));
  #find = h("input", { type: "search", placeholder: "Find a metric", "aria-label": "Find a metric", value: query().get("find") ?? "" });
  #whole = h("button", { onclick: () => this.#zoomed(null), hidden: this.#zoom === null }, "Show all");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #planned;

  /** @param {HTMLElement} place @param {Run} run */
  constructor(place, run) {
    this.#run = run;
    fill(place, this.#bar(), this.#grid);
    this.#find.addEventListener("input", () => (show({ find: this.#find.value, only: null }), this.draw()));
    this.draw();
  }

  close() {
    clearTimeout(this.#planned);
    this.#sight.disconnect();
    for (const { chart } of this.#panels.values()) chart?.close();
  }

  /** Panels for what there is now; those that are there stay. */
  draw() {
    const only = query().get("only"), found = this.#run.metrics.map(({ key }) => key).filter((key) => (only ? key === only : key.toLowerCase().includes(this.#find.value.toLowerCase())));
    if (found.length === 0) return fill(this.#grid, nothing("No metric of that name."));
    const groups = Map.groupBy(found.sort(), (key) => (key.includes("/") ? key.slice(0, key.lastIndexOf("/")) : ""));
    fill(this.#grid, only && h("p", null, h("button", { onclick: () => (show({ only: null }), this.draw()) }, "All metrics")), [...groups].map(([prefix, keys]) =>
      h("section", { "aria-label": prefix || "Metrics" }, groups.size > 1 && h("h2", null, prefix || "other"), h("div", { class: "metrics-grid" }, keys.map((key) => this.#panel(key).element))),
    ));
    for (const { key, value, step } of this.#run.metrics) this.#told(this.#panels.get(key), value, step);
  }

  /** @param {any} news */
  heard({ kind, data }) {
    if (kind === "reset") return this.#again(data.key);
    if (kind !== "metrics") return;
    if (!this.#panels.has(data.key)) this.draw();
    const panel = this.#panels.get(data.key), last = data.points.at(-1);
    if (!panel || !last) return;
    this.#told(panel, last[2], last[0]);
    const [first] = data.points;
    if (panel.chart && this.#x === "step" && !this.#zoom && first[0] > panel.step) {
      panel.chart.append(this.#run.id, data.points.map((/** @type {any} */ [step, , value]) => [step, numeric(value)]));
    } else this.#again(data.key);
    panel.step = last[0];
  }

  #bar() {
    const axis = h("select", { "aria-label": "Along", onchange: () => ((this.#x = axis.value), this.#zoomed(null), show({ x: axis.value === "step" ? null : axis.value }), this.#again()) }, AXES.map(([name, title]) => h("option", { value: name, selected: name === this.#x }, title)));
    const log = h("input", { type: "checkbox", checked: this.#log, onchange: () => ((this.#log = log.checked), show({ log: log.checked }), this.#each((chart) => chart.update({ y: { log: this.#log } }))) });
    const smooth = h("input", { type: "range", min: 0, max: 0.99, step: 0.01, value: this.#smoothing, "aria-label": "Smoothing", oninput: () => {
      this.#smoothing = Number(smooth.value);
      show({ smooth: this.#smoothing || null });
      this.#each((chart) => chart.update({ smoothing: this.#smoothing }));
    } });
    return h("div", { class: "bar" }, this.#find, h("label", null, "Along ", axis), h("label", null, log, " log scale"), h("label", null, "Smoothing ", smooth), this.#whole);
  }

  /** @param {(chart: import("../../charts/line.js").LineChart) => void} act */
  #each(act) {
    for (const { chart } of this.#panels.values()) if (chart) act(chart);
  }

  /** @param {string} key */
  #panel(key) {
    const known = this.#panels.get(key);
    if (known) return known;
    const value = h("span", { class: "metric-value" }), soft = h("span", { class: "soft" });
    const element = h("article", { class: "card metric", "data-key": key }, h("header", null, h("h3", { title: key }, key), value, soft), h("div", { class: "metric-chart" }));
    const panel = { key, element, value, soft, inSight: false, stale: true, step: -Infinity };
    this.#panels.set(key, panel);
    this.#sight.observe(element);
    return panel;
  }

  /** @param {Panel | undefined} panel @param {number | string} value @param {number} step */
  #told(panel, value, step) {
    if (!panel) return;
    panel.value.textContent = number(numeric(value));
    panel.soft.textContent = `step ${step}`;
  }

  /** @param {IntersectionObserverEntry[]} seen */
  #seen(seen) {
    for (const { target, isIntersecting } of seen) {
      const panel = this.#panels.get(/** @type {HTMLElement} */ (target).dataset.key ?? "");
      if (panel) panel.inSight = isIntersecting;
    }
    this.#soon(0);
  }

  /** Read a metric again, or all of them: those in sight now, the others when they come into sight. @param {string} [key] */
  #again(key) {
    for (const panel of this.#panels.values()) if (!key || panel.key === key) panel.stale = true;
    this.#soon(PAUSE);
  }

  /** @param {number} pause */
  #soon(pause) {
    clearTimeout(this.#planned);
    this.#planned = setTimeout(() => void this.#read(), pause);
  }

  async #read() {
    const wanted = [...this.#panels.values()].filter((panel) => panel.inSight && panel.stale && panel.element.isConnected);
    if (wanted.length === 0) return;
    for (const panel of wanted) panel.stale = false;
    const [from, to] = this.#zoom ? [Math.floor(this.#zoom[0]), Math.ceil(this.#zoom[1])] : [];
    const x = this.#x, lines = await series(this.#run.id, wanted.map(({ key }) => key), { x, from, to, buckets: BUCKETS }).catch(() => undefined);
    if (!lines || x !== this.#x) return wanted.forEach((panel) => (panel.stale = true));
    for (const panel of wanted) this.#chart(panel, lines.find(({ key }) => key === panel.key));
  }

  /** @param {Panel} panel @param {import("./series.js").Line | undefined} line */
  #chart(panel, line) {
    const [, title, kind] = AXES.find(([name]) => name === this.#x) ?? /** @type {any} */ (AXES[0]);
    const one = [{ run: this.#run.id, name: panel.key, points: line?.points ?? [], dash: [] }];
    const options = { series: one, x: { title, kind }, y: { log: this.#log }, smoothing: this.#smoothing, zoom: this.#zoom };
    panel.step = this.#x === "step" ? line?.points.at(-1)?.[0] ?? -Infinity : Infinity;
    if (panel.chart) panel.chart.update(options);
    else panel.chart = lineChart(/** @type {HTMLElement} */ (panel.element.querySelector(".metric-chart")), { label: panel.key, ...options, onZoom: (zoom) => this.#zoomed(zoom) });
    const odd = line ? [line.count > line.points.length && `min and max of ${counted(line.count, "point")}`, line.nan > 0 && `${line.nan} NaN`, line.infinite > 0 && `${line.infinite} infinite`].filter(Boolean) : [];
    const latest = this.#run.metrics.find(({ key }) => key === panel.key);
    panel.soft.textContent = [`step ${latest?.step ?? ""}`, ...odd].join(" · ");
  }

  /** All charts show the same range. @param {Range | null} zoom */
  #zoomed(zoom) {
    this.#zoom = zoom;
    this.#whole.hidden = zoom === null;
    show({ zoom: zoom && zoom.map((value) => Number(value.toPrecision(15))).join(":") });
    this.#each((chart) => chart.zoom(zoom));
    this.#again();
  }
}

/** @param {string | null} text @returns {Range | null} */
function rangeOf(text) {
  const [from = NaN, to = NaN] = (text ?? "").split(":").map(Number);
  return from < to ? [from, to] : null;
}

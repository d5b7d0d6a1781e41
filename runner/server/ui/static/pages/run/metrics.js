// Metrics: a chart for each, by the beginning of their names; one zoom and one cursor for all of them; news without a reload.
import { deciding, isOfMachine } from "../../lib/deciding.js";
import { fill, h } from "../../lib/dom.js";
import { query, show } from "../../lib/state.js";
import { nothing } from "./facts.js";
import { along, axisFor, axisOf, choices } from "./metrics/axis.js";
import { cursorTable } from "./metrics/cursor.js";
import { BUCKETS, Panel } from "./metrics/panel.js";
import { Pins } from "./metrics/pins.js";
import { series } from "./series.js";

/** @typedef {import("./model.js").Run} Run */
/** @typedef {import("./metrics/axis.js").Axis} Axis */
/** @typedef {[number, number]} Range */

const FEW = 6; // metrics that need no headings
const PAUSE = 120; // milliseconds in which panels that come into sight, or zooms, are gathered

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
  #pins;
  #cursor = cursorTable();
  #sight = new IntersectionObserver((seen) => this.#seen(seen), { rootMargin: "200px" });
  #axis = axisOf(query().get("x"));
  #log = query().get("log") === "1";
  #smoothing = Math.min(0.99, Math.max(0, Number(query().get("smooth") ?? 0)));
  /** @type {Range | null} */
  #zoom = rangeOf(query().get("zoom"));
  #find = h("input", { type: "search", placeholder: "Find a metric", "aria-label": "Find a metric", value: query().get("find") ?? "" });
  #along = h("select", { "aria-label": "Along", onchange: () => this.#turned(axisOf(this.#along.value)) });
  #whole = h("button", { onclick: () => this.#zoomed(null), hidden: this.#zoom === null }, "Show all");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #planned;
  #placed = ""; // which panels there are, and in which order

  /** @param {HTMLElement} place @param {Run} run */
  constructor(place, run) {
    this.#run = run;
    this.#pins = new Pins(run.experiment);
    fill(place, this.#bar(), this.#grid, this.#cursor.element);
    this.#find.addEventListener("input", () => (show({ find: this.#find.value, only: null }), this.draw()));
    this.draw();
  }

  close() {
    clearTimeout(this.#planned);
    this.#sight.disconnect();
    for (const panel of this.#panels.values()) panel.close();
  }

  /** Panels for what there is now; those that are there stay. */
  draw() {
    const only = query().get("only"), found = this.#run.metrics.map(({ key }) => key).filter((key) => (only ? key === only : key.toLowerCase().includes(this.#find.value.toLowerCase())));
    this.#choices();
    const groups = Map.groupBy(inOrder(found), (key) => (this.#pins.has(key) ? "Pinned" : found.length > FEW ? prefixOf(key) : ""));
    const ordered = [...groups].sort(([a], [b]) => Number(b === "Pinned") - Number(a === "Pinned"));
    this.#place(ordered, !!only);
    for (const { key, value, step } of this.#run.metrics) this.#panels.get(key)?.told(value, step);
    this.#soon(PAUSE);
  }

  /** Put the panels where they belong, unless they are there; the focus stays where it was. @param {[string, string[]][]} groups @param {boolean} only one of them */
  #place(groups, only) {
    const wanted = JSON.stringify([groups, only]), focused = document.activeElement;
    if (wanted === this.#placed) return;
    this.#placed = wanted;
    fill(this.#grid, only && h("p", null, h("button", { onclick: () => (show({ only: null }), this.draw()) }, "All metrics")), groups.map(([prefix, keys]) =>
      h("section", { class: keys.length === 1 && "single", "aria-label": prefix || "Metrics" }, groups.length > 1 && h("h2", null, prefix || "Others"), h("div", { class: "metrics-grid" }, keys.map((key) => this.#panel(key).element))),
    ), groups.length === 0 && nothing("No metric of that name."));
    if (focused instanceof HTMLElement && this.#grid.contains(focused)) focused.focus({ preventScroll: true });
  }

  /** @param {any} news */
  heard({ kind, data }) {
    if (kind === "reset") return this.#again(data.key);
    if (kind !== "metrics") return;
    if (!this.#panels.has(data.key)) this.draw();
    const panel = this.#panels.get(data.key), last = data.points.at(-1);
    if (!panel || !last) return;
    const drawn = panel.news(data.points);
    panel.told(last[2], last[0]);
    if (!drawn) this.#again(data.key);
  }

  #bar() {
    const log = h("input", { type: "checkbox", checked: this.#log, onchange: () => {
      this.#log = log.checked;
      show({ log: log.checked });
      this.#each((panel) => panel.look({ log: this.#log }));
    } });
    const smooth = h("input", { type: "range", min: 0, max: 0.99, step: 0.01, value: this.#smoothing, "aria-label": "Smoothing", oninput: () => {
      this.#smoothing = Number(smooth.value);
      show({ smooth: this.#smoothing || null });
      this.#each((panel) => panel.look({ smoothing: this.#smoothing }));
    } });
    return h("div", { class: "bar" }, this.#find, h("label", null, "Along ", this.#along), h("label", null, log, " log scale"), h("label", null, "Smoothing ", smooth), this.#whole);
  }

  /** What there is to draw along. */
  #choices() {
    const all = choices(this.#run.metrics.map(({ key }) => key).filter((key) => !isOfMachine(key)).sort());
    if (all.length === this.#along.options.length) return;
    fill(this.#along, all.map(({ name, title }) => h("option", { value: name, selected: name === this.#axis.name }, title)));
  }

  /** @param {Axis} axis */
  #turned(axis) {
    this.#axis = axis;
    show({ x: axis.name === "step" ? null : axis.name });
    this.#zoomed(null);
  }

  /** @param {(panel: Panel) => void} act */
  #each(act) {
    for (const panel of this.#panels.values()) act(panel);
  }

  /** Those that share zoom and cursor with one: the ones that are drawn along the same. @param {string} key */
  #linked(key) {
    const mine = axisFor(key, this.#axis).name;
    return [...this.#panels.values()].filter((panel) => axisFor(panel.key, this.#axis).name === mine);
  }

  /** @param {string} key */
  #panel(key) {
    const known = this.#panels.get(key);
    if (known) return known.pinned(this.#pins.has(key)), known;
    const panel = new Panel(this.#run.id, key, {
      onZoom: (zoom) => (axisFor(key, this.#axis) === this.#axis ? this.#zoomed(zoom) : this.#linked(key).forEach((each) => each.look({ zoom }))),
      onCursor: (x) => this.#pointed(key, x),
      onPin: () => (this.#pins.toggle(key), this.draw()),
    });
    panel.pinned(this.#pins.has(key));
    this.#panels.set(key, panel);
    this.#sight.observe(panel.element);
    return panel;
  }

  /** The cursor of a chart is in all that are drawn along the same. @param {string} key @param {number | null} x */
  #pointed(key, x) {
    const linked = this.#linked(key);
    for (const panel of linked) if (panel.key !== key) panel.point(x);
    this.#cursor.show(x, axisFor(key, this.#axis), linked.filter((panel) => panel.element.isConnected));
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
    this.#each((panel) => { if (!key || panel.key === key) panel.stale = true; });
    this.#soon(PAUSE);
  }

  /** @param {number} pause */
  #soon(pause) {
    clearTimeout(this.#planned);
    this.#planned = setTimeout(() => void this.#read(), pause);
  }

  async #read() {
    const wanted = [...this.#panels.values()].filter((panel) => panel.inSight && panel.stale && panel.element.isConnected);
    for (const panel of wanted) panel.stale = false;
    const axis = this.#axis, groups = Map.groupBy(wanted, ({ key }) => axisFor(key, axis));
    await Promise.all([...groups].map(([each, panels]) => this.#drawn(each, panels)));
  }

  /** @param {Axis} axis @param {Panel[]} panels */
  async #drawn(axis, panels) {
    const ours = axis === this.#axis, zoom = ours ? this.#zoom : null, within = zoom && !axis.metric ? { from: Math.floor(zoom[0]), to: Math.ceil(zoom[1]) } : {};
    const asked = new Set([...panels.map(({ key }) => key), ...(axis.metric ? [axis.metric] : [])]);
    const lines = await series(this.#run.id, [...asked], { x: axis.asked, ...within, buckets: BUCKETS }).catch(() => undefined);
    if (!lines || (ours && axis !== this.#axis)) return panels.forEach((panel) => (panel.stale = true));
    const lineOf = (/** @type {string} */ key) => lines.find((line) => line.key === key);
    for (const panel of panels) {
      const line = lineOf(panel.key), points = line && axis.metric ? along(line, lineOf(axis.metric)) : line?.points ?? [];
      panel.draw(line, points, axis, { log: this.#log, smoothing: this.#smoothing, zoom });
      const latest = this.#run.metrics.find(({ key }) => key === panel.key);
      if (latest) panel.told(latest.value, latest.step);
    }
  }

  /** All charts show the same range. @param {Range | null} zoom */
  #zoomed(zoom) {
    this.#zoom = zoom;
    this.#whole.hidden = zoom === null;
    show({ zoom: zoom && zoom.map((value) => Number(value.toPrecision(15))).join(":") });
    for (const panel of this.#panels.values()) if (axisFor(panel.key, this.#axis) === this.#axis) panel.look({ zoom });
    this.#again();
  }
}

/** What stands before the last slash of a name. @param {string} key */
const prefixOf = (key) => (key.includes("/") ? key.slice(0, key.lastIndexOf("/")) : "");

/** Those that say most first, else by name. @param {string[]} keys */
const inOrder = (keys) => deciding(keys.sort().map((key) => ({ key }))).map(({ key }) => key);

/** @param {string | null} text @returns {Range | null} */
function rangeOf(text) {
  const [from = NaN, to = NaN] = (text ?? "").split(":").map(Number);
  return from < to ? [from, to] : null;
}

// Metrics of all runs as lines, one chart each; all are asked for at once. They zoom together, and grow while runs go on.
import { lineChart } from "../../charts/line.js";
import { barCell } from "../../charts/sparkline.js";
import { colourOf, dashOf } from "../../lib/colour.js";
import { own } from "../../lib/api.js";
import { fill, h, svg } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import { query, show } from "../../lib/state.js";
import { listen } from "../../lib/stream.js";
import { differences, means } from "./lines.js";
import { goesOn } from "./model.js";
import { check, failure, nameOf, select } from "./parts.js";

/** @typedef {import("./model.js").Subject} Subject */
/** @typedef {import("./model.js").Run} Run */
/** @typedef {import("../../charts/line.js").LineChart} LineChart */
/** @typedef {{ run: string, key: string, count: number, nan: number, infinite: number, points: (number | null)[][] }} Line */
/** @typedef {[number, number] | null} Zoom */

const LINES = 400, CHARTS = 24, LIVE = 20; // at once
const PAUSE = 150, AGAIN = 1000; // milliseconds before a zoomed range, and lines with news, are asked for again
const AXES = /** @type {const} */ ({ step: ["Step", "number"], time: ["Time", "time"], elapsed: ["Elapsed", "lasting"] });

/** @typedef {keyof typeof AXES} AxisName */

/** @param {HTMLElement} container @param {Subject} subject */
export async function tab(container, subject) {
  const charts = new Charts(container, subject);
  await charts.begin();
  return { close: () => charts.close(), renew: (/** @type {Subject} */ now) => charts.renew(now) };
}

class Charts {
  /** @type {Map<string, LineChart>} */
  #charts = new Map();
  /** @type {Map<string, HTMLElement>} */
  #notes = new Map();
  /** @type {Line[]} */
  #lines = [];
  #subject;
  #bar = h("div", { class: "compare-bar" });
  #legend = h("div", { class: "compare-legend", tabindex: 0, role: "region", "aria-label": "Runs" });
  #grid = h("div", { class: "compare-charts" });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #soon;
  #turn = 0;
  /** @type {(() => void) | undefined} */
  #deaf;

  /** @param {HTMLElement} container @param {Subject} subject */
  constructor(container, subject) {
    this.#subject = subject;
    fill(container, this.#bar, this.#legend, this.#grid);
  }

  async begin() {
    const going = this.#subject.runs.filter(goesOn).slice(0, LIVE);
    if (going.length > 0) this.#deaf = listen(going.map(({ id }) => `run:${id}`), (news) => this.#heard(news)); // first listen, then read
    this.#drawBar();
    await this.#read(true);
  }

  close() {
    this.#deaf?.();
    clearTimeout(this.#soon);
    this.#turn += 1;
    for (const chart of this.#charts.values()) chart.close();
  }

  /** Runs have other values: there may be other metrics. @param {Subject} now */
  renew(now) {
    const before = this.#keys.shown.join("\n");
    this.#subject = now;
    if (this.#keys.shown.join("\n") !== before) void this.#read(true);
  }

  /** @returns {AxisName} */
  get #axis() {
    const given = query().get("x");
    return given === "time" || given === "elapsed" ? given : "step";
  }

  /** @returns {Zoom} */
  get #zoom() {
    const [from, to] = (query().get("zoom") ?? "").split("..").map(Number);
    return from !== undefined && to !== undefined && from < to ? [from, to] : null;
  }

  get #mode() {
    return query().get("lines") ?? "all";
  }

  /** Those that are shown: as many as can be drawn at once. */
  get #keys() {
    const wanted = (query().get("only") ?? "").toLowerCase();
    const all = this.#subject.keys.filter(({ kind, title }) => kind === "metrics" && title.toLowerCase().includes(wanted));
    const room = Math.max(1, Math.min(CHARTS, Math.floor(LINES / this.#subject.runs.length)));
    return { shown: all.slice(0, room).map(({ title }) => title), left: Math.max(0, all.length - room) };
  }

  /** @param {boolean} anew with other charts */
  async #read(anew) {
    const turn = ++this.#turn, { shown, left } = this.#keys, zoom = this.#zoom;
    const many = shown.length * this.#subject.runs.length > 100;
    try {
      const answer = shown.length === 0 ? { series: [] } : await own("/runs/series", { runs: this.#subject.runs.map(({ id }) => id), keys: shown, x: this.#axis, from: zoom && Math.floor(zoom[0]), to: zoom && Math.ceil(zoom[1]), buckets: many ? 300 : 800 });
      if (turn !== this.#turn) return;
      this.#lines = answer.series;
      if (anew) this.#drawCharts(shown, left);
      else this.#renew();
    } catch (error) {
      if (turn === this.#turn) fill(this.#grid, failure(error));
    }
  }

  #drawBar() {
    const set = (/** @type {string} */ name, anew = false) => (/** @type {any} */ value) => {
      show({ [name]: value, ...(name === "x" ? { zoom: null } : {}) });
      if (name === "x" || name === "only") void this.#read(anew);
      else this.#renew();
    };
    const params = this.#subject.keys.filter(({ kind, same }) => kind === "params" && !same);
    const smoothing = h("input", { type: "range", min: 0, max: 0.99, step: 0.01, value: query().get("smooth") ?? 0, "aria-label": "Smoothing", oninput: () => set("smooth")(Number(smoothing.value) || null) });
    const only = h("input", { type: "search", placeholder: "Metrics…", "aria-label": "Which metrics", value: query().get("only") ?? "", oninput: () => {
      clearTimeout(this.#soon);
      this.#soon = setTimeout(() => set("only", true)(only.value), PAUSE);
    } });
    fill(
      this.#bar,
      only,
      select("Across", [["step", "Step"], ["elapsed", "Elapsed time"], ["time", "Time of day"]], this.#axis, set("x", true)),
      select("Lines", [["all", "Each run"], ["baseline", "Difference from the baseline"], ...params.map(({ title }) => /** @type {[string, string]} */ ([`by:${title}`, `Mean by ${title}`])), ["mean", "Mean of all"]], this.#mode, (value) => set("lines")(value === "all" ? null : value)),
      h("label", { class: "compare-choice" }, h("span", null, "Smoothing"), smoothing),
      check("log y", query().has("logy"), set("logy")),
      h("button", { type: "button", class: "plain", onclick: () => this.#zoomed(null) }, "See all"),
      h("span", { class: "soft" }, "Drag in a chart to zoom in all."),
    );
  }

  #drawLegend() {
    const groups = this.#mode === "all" || this.#mode === "baseline" ? null : this.#series(this.#subject.runs.map(({ id }) => ({ run: id, key: "", count: 0, nan: 0, infinite: 0, points: [] })));
    const entries = groups ?? this.#subject.runs.map((run) => ({ run: run.id, name: run.name, colour: colourOf(run.id), dash: dashOf(run.id) }));
    fill(this.#legend, entries.map(({ run, name, colour = "", dash = [] }) => {
      const mark = svg("svg", { class: "line-mark", width: 22, height: 10, "aria-hidden": "true" }, svg("line", { x1: 0, y1: 5, x2: 22, y2: 5, "stroke-width": 2, "stroke-dasharray": dash.join(" ") || null }));
      mark.style.setProperty("--run", colour);
      return h("span", { onpointerenter: () => this.#light(run), onpointerleave: () => this.#light(null) }, mark, " ", groups ? name : h("a", { class: "run-name", href: `/r/${run}` }, name));
    }));
  }

  /** @param {string[]} keys @param {number} left */
  #drawCharts(keys, left) {
    for (const chart of this.#charts.values()) chart.close();
    this.#charts.clear();
    this.#notes.clear();
    const cards = keys.map((key) => this.#card(key));
    fill(this.#grid, cards, keys.length === 0 && h("p", { class: "soft" }, "No metric fits."), left > 0 && h("p", { class: "soft" }, `${counted(left, "more metric")}: write a part of a name above.`));
    this.#renew();
  }

  /** @param {string} key */
  #card(key) {
    const lines = this.#lines.filter((line) => line.key === key);
    if (lines.length > 0 && lines.every(({ count }) => count <= 1)) return bars(key, lines, this.#subject.runs);
    const [title, kind] = AXES[this.#axis], note = h("div", { class: "compare-chart-note" });
    const card = h("section", { class: "card", "aria-label": key }, h("h3", null, key));
    const chart = lineChart(card, { label: key, series: [], x: { title, kind }, onZoom: (zoom) => this.#zoomed(zoom), onHover: (run) => this.#light(run, key) });
    card.append(note);
    this.#charts.set(key, chart);
    this.#notes.set(key, note);
    return card;
  }

  /** Other lines in the charts that are there. */
  #renew() {
    this.#drawLegend();
    const smoothing = Number(query().get("smooth") ?? 0), log = query().has("logy") && this.#mode !== "baseline", [title, kind] = AXES[this.#axis];
    for (const [key, chart] of this.#charts) {
      const lines = this.#lines.filter((line) => line.key === key);
      chart.update({ series: this.#series(lines), smoothing, x: { title, kind }, y: { log }, zoom: this.#zoom });
      const note = this.#notes.get(key);
      if (note) note.textContent = noteOf(lines);
    }
  }

  /** @param {Line[]} lines @returns {import("../../charts/line.js").Series[]} */
  #series(lines) {
    const { runs } = this.#subject, by = new Map(lines.map((line) => [line.run, line]));
    const named = runs.flatMap((run) => {
      const line = by.get(run.id);
      return line ? [{ run: run.id, name: run.name, points: line.points }] : [];
    });
    if (this.#mode === "baseline") return differences(named, runs[0]?.id ?? "");
    if (this.#mode === "mean") return means(named, () => "all runs");
    if (!this.#mode.startsWith("by:")) return named;
    const key = this.#mode.slice(3), values = new Map(runs.map((run) => [run.id, String(run.values[`params.${key}`] ?? "none")]));
    return means(named, (run) => `${key} = ${values.get(run)}`);
  }

  /** @param {Zoom} zoom */
  #zoomed(zoom) {
    show({ zoom: zoom && zoom.map((each) => Number(each.toPrecision(8))).join("..") });
    for (const chart of this.#charts.values()) chart.zoom(zoom);
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => void this.#read(false), PAUSE); // in full detail
  }

  /** @param {string | null} run @param {string} [besides] the chart that knows */
  #light(run, besides) {
    for (const [key, chart] of this.#charts) if (key !== besides) chart.light(run);
  }

  /** @param {import("../../lib/stream.js").News} news */
  #heard({ kind, data }) {
    if (kind === "metrics" && this.#mode === "all" && this.#axis !== "elapsed") {
      const chart = this.#charts.get(data.key), line = this.#lines.find((each) => each.run === data.run && each.key === data.key);
      if (!chart || !line) return this.#later(!chart);
      const points = data.points.map((/** @type {any} */ [step, time, value]) => [this.#axis === "time" ? time : step, typeof value === "number" ? value : null]);
      if ((line.points.at(-1)?.[0] ?? -Infinity) >= (points[0]?.[0] ?? Infinity)) return this.#later(false); // it is here already, or comes late
      line.points.push(...points);
      line.count += points.length;
      chart.append(data.run, points);
      fill(this.#notes.get(data.key) ?? h("div"), noteOf(this.#lines.filter(({ key }) => key === data.key)));
    } else if (kind === "metrics" || kind === "reset") this.#later(false);
  }

  /** Read again, before long. @param {boolean} anew */
  #later(anew) {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => void this.#read(anew), AGAIN);
  }
}

/** @param {Line[]} lines */
function noteOf(lines) {
  const points = lines.reduce((sum, { count }) => sum + count, 0), drawn = lines.reduce((sum, line) => sum + line.points.length, 0);
  const gone = lines.reduce((sum, { nan, infinite }) => sum + nan + infinite, 0);
  return [drawn < points ? `least and greatest of ${counted(points, "point")}` : counted(points, "point"), gone > 0 && `${gone} of them no numbers`].filter(Boolean).join(", ");
}

/** A metric of one value each is no line. @param {string} key @param {Line[]} lines @param {Run[]} runs */
function bars(key, lines, runs) {
  const values = new Map(lines.map(({ run, points }) => [run, points[0]?.[1] ?? null]));
  const numbers = [...values.values()].filter((each) => each !== null && each !== undefined);
  const low = Math.min(0, ...numbers), high = Math.max(...numbers);
  const rows = runs.flatMap((run) => {
    const value = values.get(run.id);
    return value === undefined || value === null ? [] : [h("tr", null, h("th", { scope: "row" }, nameOf(run)), h("td", { class: "bars" }, barCell(value, low, high)))];
  });
  return h("section", { class: "card", "aria-label": key }, h("h3", null, key), h("div", { class: "compare-bars", tabindex: 0, role: "region", "aria-label": `${key} of each run` }, h("table", null, h("tbody", null, rows))));
}

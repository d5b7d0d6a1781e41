// Metrics of all runs as lines, one chart each; all are asked for at once. They zoom together, and grow while runs go on.
import { lineChart } from "../../charts/line.js";
import { colourOf, dashesOf } from "../../lib/colour.js";
import { own } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import { query, show } from "../../lib/state.js";
import { listen } from "../../lib/stream.js";
import { differences, means } from "./lines.js";
import { goesOn } from "./model.js";
import { check, failure, select } from "./parts.js";
import { bars, mark, noteOf } from "./told.js";

/** @typedef {import("./model.js").Subject} Subject */
/** @typedef {import("../../charts/line.js").LineChart} LineChart */
/** @typedef {{ run: string, key: string, count: number, nan: number, infinite: number, points: (number | null)[][] }} Line */
/** @typedef {[number, number] | null} Zoom */

const LINES = 400, CHARTS = 24, LIVE = 20; // at once
const BUCKETS = 800, FEWER = 300; // of a line; of one among many
const PAUSE = 150, AGAIN = 1000; // milliseconds before what is typed or zoomed, and lines with news, are asked for
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
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #again;
  #asked = { shown: /** @type {string[]} */ ([]), buckets: BUCKETS };
  #anew = false; // whether what is read next is drawn in other charts
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
    clearTimeout(this.#again);
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
    this.#anew ||= anew;
    const turn = ++this.#turn, { shown, left } = this.#keys, zoom = this.#zoom;
    const { buckets } = this.#asked = { shown, buckets: shown.length * this.#subject.runs.length > 100 ? FEWER : BUCKETS };
    try {
      const answer = shown.length === 0 ? { series: [] } : await own("/runs/series", { runs: this.#subject.runs.map(({ id }) => id), keys: shown, x: this.#axis, from: zoom && Math.floor(zoom[0]), to: zoom && Math.ceil(zoom[1]), buckets });
      if (turn !== this.#turn) return;
      this.#lines = answer.series;
      if (this.#anew) this.#drawCharts(shown, left);
      else this.#renew();
    } catch (error) {
      if (turn === this.#turn) fill(this.#grid, failure(error));
    }
  }

  #drawBar() {
    const set = (/** @type {string} */ name) => (/** @type {any} */ value) => {
      show({ [name]: value, ...(name === "x" ? { zoom: null } : {}) });
      if (name === "x") void this.#read(true);
      else this.#renew();
    };
    const params = this.#subject.keys.filter(({ kind, same }) => kind === "params" && !same);
    const smoothing = h("input", { type: "range", min: 0, max: 0.99, step: 0.01, value: query().get("smooth") ?? 0, "aria-label": "Smoothing", oninput: () => set("smooth")(Number(smoothing.value) || null) });
    const only = h("input", { type: "search", placeholder: "Metrics…", "aria-label": "Which metrics", value: query().get("only") ?? "", oninput: () => {
      show({ only: only.value });
      this.#plan(true);
    } });
    fill(
      this.#bar,
      only,
      select("Across", [["step", "Step"], ["elapsed", "Elapsed time"], ["time", "Time of day"]], this.#axis, set("x")),
      select("Lines", [["all", "Each run"], ["baseline", "Difference from the baseline"], ...params.map(({ title }) => /** @type {[string, string]} */ ([`by:${title}`, `Mean by ${title}`])), ["mean", "Mean of all"]], this.#mode, (value) => set("lines")(value === "all" ? null : value)),
      h("label", { class: "compare-choice" }, h("span", null, "Smoothing"), smoothing),
      check("log y", query().has("logy"), set("logy")),
      h("button", { type: "button", class: "plain", onclick: () => this.#zoomed(null) }, "See all"),
      h("span", { class: "soft" }, "Drag in a chart to zoom in all."),
    );
  }

  #drawLegend() {
    const groups = this.#mode === "all" || this.#mode === "baseline" ? null : this.#series(this.#subject.runs.map(({ id }) => ({ run: id, key: "", count: 0, nan: 0, infinite: 0, points: [] })));
    const dashes = this.#dashes();
    const entries = groups ?? this.#subject.runs.map((run) => ({ run: run.id, name: run.name, colour: colourOf(run.id), dash: dashes.get(run.id) }));
    fill(this.#legend, entries.map(({ run, name, colour = "", dash = [] }) =>
      h("span", { onpointerenter: () => this.#light(run), onpointerleave: () => this.#light(null) }, mark(colour, dash), " ", groups ? name : h("a", { class: "run-name", href: `/r/${run}` }, name)),
    ));
  }

  /** @param {string[]} keys @param {number} left */
  #drawCharts(keys, left) {
    for (const chart of this.#charts.values()) chart.close();
    this.#charts.clear();
    this.#notes.clear();
    this.#anew = false;
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

  /** The same in each chart, whichever runs have its metric. */
  #dashes = () => dashesOf(this.#subject.runs.map(({ id }) => id));

  /** @param {Line[]} lines @returns {import("../../charts/line.js").Series[]} */
  #series(lines) {
    const { runs } = this.#subject, by = new Map(lines.map((line) => [line.run, line])), dashes = this.#dashes();
    const named = runs.flatMap((run) => {
      const line = by.get(run.id);
      return line ? [{ run: run.id, name: run.name, points: line.points, dash: dashes.get(run.id) }] : [];
    });
    if (this.#mode === "baseline") return differences(named, runs[0]?.id ?? "");
    if (this.#mode === "mean") return means(named, () => "all runs");
    if (!this.#mode.startsWith("by:")) return named;
    const key = this.#mode.slice(3), values = new Map(runs.map((run) => [run.id, String(run.values[`params.${key}`] ?? "none")]));
    return means(named, (run) => `${key} = ${values.get(run)}`);
  }

  /** @param {Zoom} zoom */
  #zoomed(zoom) {
    show({ zoom: zoom && zoom.map((each) => Number(each.toPrecision(15))).join("..") });
    for (const chart of this.#charts.values()) chart.zoom(zoom);
    this.#plan(false); // in full detail
  }

  /** Read when it is quiet. @param {boolean} anew */
  #plan(anew) {
    this.#anew ||= anew;
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => void this.#read(false), PAUSE);
  }

  /** @param {string | null} run @param {string} [besides] the chart that knows */
  #light(run, besides) {
    for (const [key, chart] of this.#charts) if (key !== besides) chart.light(run);
  }

  /** @param {import("../../lib/stream.js").News} news */
  #heard({ kind, data }) {
    if (kind === "reset") return this.#later(false);
    if (kind !== "metrics" || !this.#asked.shown.includes(data.key)) return;
    const chart = this.#charts.get(data.key), line = this.#lines.find((each) => each.run === data.run && each.key === data.key);
    if (!chart || !line || this.#mode !== "all" || this.#axis === "elapsed") return this.#later(!chart);
    const points = data.points.map((/** @type {any} */ [step, time, value]) => [this.#axis === "time" ? time : step, typeof value === "number" ? value : null]);
    if ((line.points.at(-1)?.[0] ?? -Infinity) >= (points[0]?.[0] ?? Infinity)) return this.#later(false); // it is here already, or comes late
    line.points.push(...points);
    line.count += points.length;
    chart.append(data.run, points);
    if (line.points.length > 2 * this.#asked.buckets) this.#later(false);
    fill(this.#notes.get(data.key) ?? h("div"), noteOf(this.#lines.filter(({ key }) => key === data.key)));
  }

  /** Read again, before long, however many more news come. @param {boolean} anew */
  #later(anew) {
    this.#anew ||= anew;
    this.#again ??= setTimeout(() => {
      this.#again = undefined;
      void this.#read(false);
    }, AGAIN);
  }
}

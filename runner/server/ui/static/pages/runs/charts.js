// Beside the table: courses of metrics of the runs in sight, or of the selected ones. They grow while the runs go on.
import { lineChart } from "../../charts/line.js";
import { own } from "../../lib/api.js";
import { dashesOf } from "../../lib/colour.js";
import { toast } from "../../lib/dialog.js";
import { fill, h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import { listen } from "../../lib/stream.js";
import { goesOn } from "./cells.js";
import { toggle } from "./chips.js";
import { parts } from "./data.js";
import { drops, refill, ticks } from "./menus.js";

/** @typedef {import("../runs.js").RunsPage} RunsPage */
/** @typedef {import("./data.js").Row} Row */
/** @typedef {import("./view.js").View} View */
/** @typedef {import("../../charts/line.js").LineChart} LineChart */
/** @typedef {{ run: string, key: string, points: (number | null)[][] }} Line */

const MOST = 40, CHARTS = 8; // runs, charts
const BUCKETS = 300; // of a line
const REST = 200, AGAIN = 2000; // milliseconds before other rows, and lines with news that do not just go on, are asked for

export class Charts {
  /** The run whose line is pointed at. @type {string | null} */
  lit = null;
  element = h("aside", { class: "charts-pane", "aria-label": "Charts of the runs", hidden: true });
  #head = h("header");
  #said = h("p", { class: "soft", role: "status" });
  #grid = h("div", { class: "charts-grid" });
  /** @type {Map<string, LineChart>} by metric */
  #charts = new Map();
  /** @type {Line[]} */
  #lines = [];
  /** @type {Row[]} */
  #rows = [];
  #shown = ""; // runs and metrics that are drawn
  #topics = "";
  #deaf = () => {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #soon;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #again;
  #asked = new AbortController();
  #page;

  /** @param {RunsPage} page */
  constructor(page) {
    this.#page = page;
    fill(this.element, this.#head, this.#said, this.#grid);
  }

  /** Whether there is anything to show, or it is shown. */
  get offered() {
    return this.#page.view.chart.length > 0 || this.#metrics().length > 0;
  }

  /** Show them, or no more: that of the first metric of the table. @param {boolean} on */
  toggle(on) {
    const metrics = [...this.#page.table.columns.map(({ key }) => parts(key).metric), ...this.#metrics()];
    this.#change({ chart: on ? metrics.filter((each) => each !== undefined).slice(0, 1) : [], zoom: "" });
  }

  /** What the view says; without metrics the pane goes away. */
  show() {
    const { view } = this.#page;
    this.element.hidden = view.chart.length === 0;
    if (this.element.hidden) return this.#leave();
    this.#drawHead(view);
    for (const chart of this.#charts.values()) chart.update({ y: { log: view.log }, zoom: rangeOf(view.zoom) });
    this.follow();
  }

  /** Other rows may be in sight. */
  follow() {
    if (this.element.hidden || this.#page.table.due) return; // it says when it has drawn
    this.#rows = this.#wanted();
    const shown = [this.#page.view.chart.join("\n"), ...this.#rows.map(({ id }) => id)].join(" ");
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#hear();
    this.element.setAttribute("aria-busy", "true");
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => void this.#read(), REST);
  }

  /** The line of a run stands out. @param {string | null} run */
  light(run) {
    for (const chart of this.#charts.values()) chart.light(run);
  }

  /** @param {Partial<View>} changes */
  #change(changes) {
    this.#page.look(changes);
    this.#page.drawAround();
  }

  /** Names of metrics that the runs have. */
  #metrics() {
    return this.#page.rows.facts.columns.flatMap(({ key }) => parts(key).metric ?? []);
  }

  /** The rows whose courses are shown. */
  #wanted() {
    const { view, rows, selecting, table } = this.#page;
    const found = view.of === "selected" ? rows.here().filter((row) => selecting.has(row)) : table.inSight().filter((row) => view.of !== "running" || goesOn(row));
    return found.filter((row) => !row.group).slice(0, MOST);
  }

  #leave() {
    clearTimeout(this.#soon);
    clearTimeout(this.#again);
    this.#again = undefined;
    this.#asked.abort();
    this.element.removeAttribute("aria-busy");
    this.#deaf();
    this.#deaf = () => {};
    this.#topics = this.#shown = "";
    this.#clear();
  }

  #clear() {
    for (const chart of this.#charts.values()) chart.close();
    this.#charts.clear();
  }

  /** @param {View} view */
  #drawHead(view) {
    const change = (/** @type {Partial<View>} */ changes) => this.#change(changes);
    const things = [...new Set([...view.chart, ...this.#metrics()])].map((name) => ({ id: name, name }));
    refill(this.#head,
      drops("charted", view.chart.length === 1 ? view.chart[0] ?? "" : counted(view.chart.length, "metric"), () => ticks(things, view.chart, "Metrics", (chart) => {
        if (chart.length > CHARTS) toast(`The first ${CHARTS} metrics are drawn.`);
        change({ chart: chart.slice(0, CHARTS), zoom: "" });
      }), { on: true, role: "dialog", label: `Metrics: ${view.chart.join(", ")}` }),
      toggle("charted-selected", "Selected", view.of === "selected", (on) => change({ of: on ? "selected" : "" })),
      toggle("charted-running", "Running", view.of === "running", (on) => change({ of: on ? "running" : "" })),
      toggle("charted-log", "Log", view.log, (log) => change({ log })),
      view.zoom !== "" && h("button", { name: "charted-all", onclick: () => change({ zoom: "" }) }, "See all"),
      h("button", { class: "plain end", name: "charted-close", "aria-label": "Close the charts", onclick: () => change({ chart: [] }) }, "✕"),
    );
  }

  #hear() {
    const topics = this.#rows.filter(goesOn).map(({ id }) => `run:${id}`).sort();
    if (topics.join() === this.#topics) return;
    this.#topics = topics.join();
    const before = this.#deaf;
    this.#deaf = topics.length > 0 ? listen(topics, (news) => this.#heard(news)) : () => {};
    before();
  }

  /** @param {import("../../lib/stream.js").News} news */
  #heard({ kind, data }) {
    if (kind === "reset") return this.#later();
    if (kind !== "metrics" || !this.#page.view.chart.includes(data.key)) return;
    const line = this.#lines.find(({ run, key }) => run === data.run && key === data.key);
    const points = data.points.map((/** @type {any} */ [step, , value]) => [step, typeof value === "number" ? value : null]);
    if (!line || (line.points.at(-1)?.[0] ?? -Infinity) >= points[0][0]) return this.#later();
    line.points.push(...points);
    this.#charts.get(data.key)?.append(data.run, points);
    if (line.points.length > 2 * BUCKETS) this.#later();
  }

  /** Read again, before long, however many more news come. */
  #later() {
    this.#again ??= setTimeout(() => {
      this.#again = undefined;
      void this.#read();
    }, AGAIN);
  }

  async #read() {
    const { view } = this.#page, rows = this.#rows;
    if (this.element.hidden) return;
    this.#asked.abort();
    this.#asked = new AbortController();
    const { signal } = this.#asked;
    try {
      const answer = rows.length === 0 ? { series: [] } : await own("/runs/series", { runs: rows.map(({ id }) => id), keys: view.chart, buckets: BUCKETS }, signal);
      if (signal.aborted) return;
      this.#lines = answer.series;
      this.#draw(view, rows);
    } catch (error) {
      if (!signal.aborted) fill(this.#said, error instanceof Error ? error.message : String(error));
    }
    if (!signal.aborted) this.element.removeAttribute("aria-busy");
  }

  /** @param {View} view @param {Row[]} rows */
  #draw(view, rows) {
    const names = new Map(rows.map(({ id, name }) => [id, name])), dashes = dashesOf([...names.keys()]), of = view.of === "selected" ? "selected" : view.of === "running" ? "running" : "";
    fill(this.#said, this.#lines.length > 0 ? `${counted(rows.length, `${of} run`)}${of ? "" : " in sight"}` : rows.length > 0 ? "None of these runs has a course of it." : of ? `No ${of} run is in sight.` : "No run is in sight: unfold a group to see its runs.");
    if ([...this.#charts.keys()].join("\n") !== view.chart.join("\n")) this.#arrange(view);
    for (const [key, chart] of this.#charts) {
      const series = this.#lines.filter((line) => line.key === key).map(({ run, points }) => ({ run, name: names.get(run) ?? run, points, dash: dashes.get(run) }));
      chart.update({ series, y: { log: view.log }, zoom: rangeOf(view.zoom) });
    }
  }

  /** A chart for each metric. @param {View} view */
  #arrange({ chart: metrics }) {
    this.#clear();
    fill(this.#grid);
    for (const label of metrics) {
      const card = h("section", { "aria-label": label }, h("h3", null, label));
      this.#grid.append(card);
      this.#charts.set(label, lineChart(card, {
        label, series: [], x: { title: "Step" }, values: false,
        onZoom: (zoom) => this.#change({ zoom: zoom ? zoom.map((each) => Number(each.toPrecision(15))).join("..") : "" }),
        onHover: (run) => {
          this.lit = run;
          this.#page.table.mark();
        },
      }));
    }
  }
}

/** @param {string} text @returns {[number, number] | null} */
function rangeOf(text) {
  const [from, to] = text.split("..").map(Number);
  return from !== undefined && to !== undefined && from < to ? [from, to] : null;
}

// A run: what it is, how it goes, what it printed and kept, in what it ran.
import { own } from "../lib/api.js";
import { offer } from "../lib/actions.js";
import { fill, h, main } from "../lib/dom.js";
import { bind } from "../lib/keys.js";
import { onBack } from "../lib/state.js";
import { listen } from "../lib/stream.js";
import { header, ticked } from "./run/header.js";
import { hasEnded, taken } from "./run/model.js";
import { sign } from "./run/sign.js";

/** @typedef {import("./run/model.js").Run} Run */
/** @typedef {import("../lib/stream.js").News} News */
/** @typedef {{ update?: (run: Run) => void, heard?: (news: News) => void, close?: () => void }} Open */

/** @type {[name: string, title: string, key: string, (run: Run) => boolean, () => Promise<{ open: (place: HTMLElement, run: Run) => Open }>][]} */
const TABS = [
  ["overview", "Overview", "o", () => true, () => import("./run/overview.js")],
  ["metrics", "Metrics", "m", (run) => run.metrics.length > 0, () => import("./run/metrics.js")],
  ["logs", "Logs", "l", () => true, () => import("./run/logs.js")],
  ["artifacts", "Artifacts", "a", (run) => !run.artifacts_served || run.hasFiles, () => import("./run/artifacts.js")],
  ["code", "Code", "c", (run) => !!run.plan || "mlflow.source.name" in run.tags, () => import("./run/code.js")],
  ["environment", "Environment", "e", (run) => !!run.plan, () => import("./run/environment.js")],
  ["reproduce", "Reproduce", "r", (run) => !!run.plan || run.reproductions.length > 0, () => import("./run/reproduce.js")],
  ["raw", "Raw", "w", () => true, () => import("./run/raw.js")],
];

class RunPage {
  /** @type {Run | undefined} */
  #run;
  #tab = "";
  #turn = 0; // of tabs that were opened
  /** @type {Open} */
  #open = {};
  #head = h("div", { class: "run-head" });
  #tabs = h("nav", { class: "tabs", "aria-label": "Of this run" });
  #place = h("div", { class: "run-tab" });
  #clock = 0;
  /** Whether the stream has spoken: what came between reading the run and that is read then. */
  #isHeard = false;

  async start() {
    const [, , reference = ""] = location.pathname.split("/");
    try {
      this.#run = await this.#read(decodeURIComponent(reference));
    } catch (error) {
      return fill(main(), missing(decodeURIComponent(reference), error instanceof Error ? error.message : ""));
    }
    fill(main(), this.#head, this.#tabs, this.#place);
    const { id } = this.#run;
    if (id !== decodeURIComponent(reference)) history.replaceState(null, "", location.pathname.replace(/^\/r\/[^/]*/, `/r/${id}`) + location.search + location.hash);
    listen([`run:${id}`], (news) => this.#heard(news));
    onBack(() => this.#show());
    this.#show();
    this.#bindKeys();
    this.#clock = window.setInterval(() => this.#ticked(), 1000);
  }

  /** @param {string} reference @returns {Promise<Run>} */
  async #read(reference) {
    const at = `/runs/${encodeURIComponent(reference)}`, run = taken(await own(`${at}/overview`));
    if (run.artifacts_served) {
      const { entries } = await own(`/runs/${run.id}/artifacts`).catch(() => ({ entries: [] }));
      run.hasFiles = entries.length > 0;
    }
    if (!hasEnded(run) && "runner.plan" in run.tags) run.stoppable = await startedHere(run.id);
    return run;
  }

  #bindKeys() {
    for (const [name, title, key, isThere] of TABS) {
      bind({ [key]: [title, () => this.#run && isThere(this.#run) && this.#go(name)] });
      if (this.#run && isThere(this.#run)) offer(`${title} of this run`, () => this.#go(name));
    }
  }

  /** @param {string} name */
  #go(name) {
    if (!this.#run || name === this.#tab) return;
    history.pushState(null, "", path(this.#run, name));
    this.#show();
  }

  /** What the URL says. */
  #show() {
    this.#draw();
    const [, , , asked = "overview"] = location.pathname.split("/");
    if (asked !== this.#tab) void this.#openTab(asked);
  }

  /** @param {string} name */
  async #openTab(name) {
    const found = TABS.find(([each]) => each === name), turn = (this.#turn += 1);
    this.#open.close?.();
    this.#open = {};
    this.#tab = name;
    this.#draw();
    this.#tabs.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.#place.removeAttribute("aria-busy");
    if (!found || !this.#run) return fill(this.#place, h("p", { class: "empty" }, `A run has no tab “${name}”.`));
    this.#place.setAttribute("aria-busy", "true");
    const module = await found[4]().catch(() => undefined);
    if (turn !== this.#turn) return;
    this.#place.removeAttribute("aria-busy");
    if (!module) return fill(this.#place, h("p", { class: "bad", role: "alert" }, "This part of the page did not come: load the page again."));
    fill(this.#place);
    this.#place.dataset.tab = name;
    this.#open = module.open(this.#place, this.#run);
  }

  #draw() {
    const run = this.#run;
    if (!run) return;
    header(this.#head, run);
    sign(run);
    const links = TABS.filter(([name, , , isThere]) => isThere(run) || name === this.#tab).map(([name, title, key]) =>
      h("a", { href: path(run, name), "aria-current": name === this.#tab ? "page" : null, title: `${title} (${key})`, onclick: (/** @type {MouseEvent} */ event) => followed(event, () => this.#go(name)) }, title),
    );
    const before = [...this.#tabs.children].indexOf(/** @type {Element} */ (document.activeElement));
    fill(this.#tabs, links);
    if (before >= 0) links[before]?.focus();
  }

  /** @param {News} news */
  #heard(news) {
    const run = this.#run;
    if (!run) return;
    if (news.kind === "run") this.#changed(run, news.data);
    else if (news.kind === "metrics") {
      const last = news.data.points.at(-1), known = run.metrics.find(({ key }) => key === news.data.key);
      if (known && last) Object.assign(known, { step: last[0], time: last[1], value: last[2] });
      else if (last) run.metrics = [...run.metrics, { key: news.data.key, step: last[0], time: last[1], value: last[2] }];
      if (!known) this.#draw();
    } else if (news.kind === "reset" && !news.data.key) void this.#again();
    this.#open.heard?.(news);
  }

  /** @param {Run} run @param {any} told */
  #changed(run, told) {
    const isOver = !hasEnded(run) && hasEnded(told);
    Object.assign(run, { name: told.name, status: told.status, lifecycle: told.lifecycle, start_time: told.start_time, end_time: told.end_time });
    Object.assign(run.params, told.params);
    Object.assign(run.tags, told.tags);
    for (const key of told.deleted_tags ?? []) delete run.tags[key];
    this.#draw();
    this.#open.update?.(run);
    const isFirst = !this.#isHeard && !hasEnded(run);
    this.#isHeard = true;
    if (isOver || isFirst || (!run.plan && "runner.plan" in run.tags)) void this.#again();
  }

  /** Read it all again: plan and record come when they are written. */
  async #again() {
    if (!this.#run) return;
    const run = await this.#read(this.#run.id).catch(() => undefined);
    if (!run) return;
    const found = new Map(run.metrics.map((each) => [each.key, each]));
    for (const each of this.#run.metrics) if (!((found.get(each.key)?.step ?? -Infinity) >= each.step)) found.set(each.key, each); // news are newer
    run.metrics = [...found.values()];
    this.#run = Object.assign(this.#run, run);
    this.#draw();
    this.#open.update?.(this.#run);
  }

  #ticked() {
    const run = this.#run;
    if (!run || hasEnded(run)) return window.clearInterval(this.#clock);
    ticked(this.#head, run);
  }
}

/** Whether this server has started it. @param {string} run id */
async function startedHere(run) {
  const { executions = [] } = await own("/executions").catch(() => ({}));
  return executions.some((/** @type {any} */ each) => each.run_id === run && each.exit_code === null);
}

/** @param {Run} run @param {string} tab */
const path = (run, tab) => `/r/${run.id}${tab === "overview" ? "" : `/${tab}`}`;

/** A click without further keys stays in the page. @param {MouseEvent} event @param {() => void} act */
function followed(event, act) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  act();
}

/** @param {string} reference @param {string} why */
function missing(reference, why) {
  document.title = "No such run · runner";
  return h("div", { class: "empty" }, h("h1", null, "No such run"), h("p", null, why || `There is no run ${reference}.`), h("p", null, h("a", { href: "/runs" }, "All runs")), h("code", null, "runner runs list"));
}

void new RunPage().start();

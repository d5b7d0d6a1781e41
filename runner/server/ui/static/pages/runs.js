// The table of all runs: filtered, sorted and paged by the server, drawn as far as it is seen.
import { change as changed } from "../lib/api.js";
import { toast } from "../lib/dialog.js";
import { fill, h, main } from "../lib/dom.js";
import { FilterBox } from "../lib/filterbox.js";
import { counted } from "../lib/format.js";
import { go, onBack } from "../lib/state.js";
import { Table } from "../lib/table.js";
import * as better from "./runs/better.js";
import { goesOn } from "./runs/cells.js";
import { Charts } from "./runs/charts.js";
import { chips } from "./runs/chips.js";
import { ChosenColumns } from "./runs/chosencolumns.js";
import * as data from "./runs/data.js";
import { Drawer } from "./runs/drawer.js";
import { head } from "./runs/head.js";
import { listenToKeys } from "./runs/keyboard.js";
import { Live } from "./runs/live.js";
import { refill } from "./runs/menus.js";
import { empty } from "./runs/nearest.js";
import { Rows } from "./runs/rows.js";
import { Selecting } from "./runs/selecting.js";
import { sorted } from "./runs/sorting.js";
import { keepColumns, keptColumns, read, subject, write } from "./runs/view.js";

/** @typedef {import("./runs/view.js").View} View */
/** @typedef {import("./runs/data.js").Row} Row */
/** @typedef {import("./runs/better.js").Experiment} Experiment */

export class RunsPage {
  view = read();
  rows = new Rows({ fetched: (top) => this.draw(top), came: () => this.table.came(), refused: (error) => this.refused(error) });
  selecting = new Selecting(this);
  columns = new ChosenColumns(this);
  charts = new Charts(this);
  filter = new FilterBox({
    label: "Filter", placeholder: "lr < 0.01 and optimizer = adam and since 7d",
    complete: (text, at, signal) => data.complete(text, at, this.view, signal),
    changed: (q) => {
      this.change({ q }, { push: !this.#typing }); // one step back for all that is typed at once
      this.#typing = true;
    },
  });
  table = new Table("Runs", {
    mark: (/** @type {Row} */ row, element) => this.#mark(row, element),
    press: (row, event) => this.#pressed(row, event),
    open: (row) => this.open(row),
    moved: (row) => this.#moved(row),
    unfold: (row, wide) => void this.unfold(row, wide),
    sort: (key, more) => this.change({ sort: sorted(this.view.sort, key, more) }),
    resize: (key, width) => this.columns.resize(key, width),
    drawn: () => {
      this.#live.follow(this.view.exp);
      this.charts.follow();
    },
  }, "treegrid");
  /** @type {Experiment[]} */
  experiments = [];
  #asked = new AbortController();
  #parts = { head: h("div", { class: "runs-head" }), chips: h("div", { class: "chips" }), fresh: h("div", { class: "fresh", role: "status" }), none: h("div", { class: "none" }) };
  #drawer = new Drawer(() => this.openBeside(""));
  #typing = false;
  #live = new Live({
    inSight: () => this.table.inSight().filter(({ group }) => !group),
    isHere: (id) => this.rows.here().some((row) => row.id === id),
    goesOn,
    changed: (ids) => this.#renew(ids),
    more: () => this.#count(),
  });

  begin() {
    this.view.cols = keptColumns(this.view);
    write(this.view);
    void this.load(); // all else is made while the rows come
    const { head: top, chips: conditions, fresh, none } = this.#parts;
    fill(main(), top, h("div", { class: "conditions" }, this.filter.element, conditions), fresh, h("div", { class: "runs-body" }, h("div", { class: "runs-table" }, this.table.element, none), this.charts.element, this.#drawer.element), this.selecting.bar);
    this.filter.value = this.view.q;
    this.filter.input.addEventListener("blur", () => { this.#typing = false; });
    listenToKeys(this);
    onBack(() => this.#returned());
    void this.#learn();
    this.#drawer.show(this.view.open);
  }

  // what is shown ------------------------------------------------------------------------------------------
  /** Show something else, and say so in the URL. @param {Partial<View>} changes @param {{ push?: boolean }} [options] */
  change(changes, options) {
    const before = subject(this.view), order = this.view.sort.join();
    this.view = { ...this.view, view: "", ...changes };
    if ("cols" in changes) keepColumns(this.view);
    else if ("exp" in changes) this.view.cols = keptColumns({ ...this.view, cols: null });
    this.selecting.set(this.view.sel);
    write(this.view, { push: options?.push ?? subject(this.view) !== before });
    void this.load({ top: subject(this.view) !== before || this.view.sort.join() !== order });
  }

  /** Say in the URL what asks for no other rows. @param {Partial<View>} changes */
  look(changes) {
    this.view = { ...this.view, ...changes };
    write(this.view);
    this.charts.show();
  }

  #returned() {
    this.view = read();
    this.selecting.set(this.view.sel);
    this.filter.value = this.view.q;
    this.#drawer.show(this.view.open);
    void this.load();
  }

  /** Ask for the rows. Those that are shown stay until the others are here. @param {{ top?: boolean, anew?: boolean }} [options] */
  async load({ top = false, anew = false } = {}) {
    this.#asked.abort();
    this.#asked = new AbortController();
    const { signal } = this.#asked;
    const coming = this.rows.load(this.view, { first: top ? 0 : this.table.firstIndex, anew, top }, signal);
    this.table.element.setAttribute("aria-busy", "true");
    this.drawAround();
    try {
      await coming;
      this.filter.wrong(null);
    } catch (error) {
      if (!signal.aborted) this.refused(error);
    } finally {
      if (!signal.aborted) this.table.element.removeAttribute("aria-busy");
    }
  }

  /** @param {unknown} error */
  refused(error) {
    const wrong = data.wrong(error);
    if (wrong) this.filter.wrong(wrong);
    else toast(error instanceof Error ? error.message : String(error), { bad: true });
  }

  /** What there is to choose from; the table does not wait for it. */
  async #learn() {
    const { experiments = [] } = await changed("experiments/search", { max_results: 5000 }).catch(() => ({}));
    this.experiments = experiments;
    better.hear(this.view.exp.length === 1 ? experiments.filter((/** @type {Experiment} */ each) => each.experiment_id === this.view.exp[0]) : []);
    this.drawAround();
    if (this.rows.runs > 0) this.draw(false);
  }

  // drawing ------------------------------------------------------------------------------------------------
  /** @param {boolean} top */
  draw(top) {
    const { source, base } = this.rows;
    this.table.show(this.columns.drawn(), source, { top, pinned: base ? [base] : [] });
    const nothing = source.total === 0;
    this.table.element.hidden = nothing;
    fill(this.#parts.none, nothing && empty(this.view, (changes) => { this.change(changes); this.filter.value = this.view.q; }, this.#asked.signal));
    this.drawAround();
  }

  /** Everything but the table. */
  drawAround() {
    const { view } = this, { newcomers } = this.rows;
    const only = view.exp.length === 1 ? this.experiments.find(({ experiment_id }) => experiment_id === view.exp[0]) : undefined;
    refill(this.#parts.head, head(view, this.rows, only, {
      change: (changes) => this.change(changes), choose: () => this.columns.choose(), charted: this.charts.offered && ((on) => this.charts.toggle(on)), open: (query) => this.#goTo(query), hand: (kind) => void this.selecting.hand(kind),
    }));
    refill(this.#parts.chips, chips(view, this.experiments, (changes) => this.change(changes)));
    fill(this.#parts.fresh, newcomers > 0 && h("button", { class: "newcomers", onclick: () => this.showNew() }, counted(newcomers, "new run")));
    this.selecting.draw();
    this.charts.show();
  }

  // rows ---------------------------------------------------------------------------------------------------
  /** @param {Row} row @param {HTMLElement} element */
  #mark(row, element) {
    const selected = this.selecting.has(row);
    element.setAttribute("aria-selected", String(selected));
    element.setAttribute("aria-level", String(row.depth + 1));
    if (row.holds > 0) element.setAttribute("aria-expanded", String(this.isOpen(row)));
    element.classList.toggle("failed", row.status === "FAILED" || row.status === "LOST");
    element.classList.toggle("group", row.group);
    element.classList.toggle("lit", row.id === this.charts.lit);
    const box = element.querySelector("input");
    if (box) box.checked = selected;
  }

  /** @param {Row} row */
  isOpen(row) {
    return row.holds > 0 && this.rows.source.opened(row);
  }

  /** @param {Row} row @param {boolean} wide */
  async unfold(row, wide) {
    if (row.holds === 0 || wide === this.isOpen(row)) return;
    const { signal } = this.#asked;
    try {
      await this.rows.unfold(this.view, row, this.table.activeIndex, signal);
      this.table.refresh();
    } catch (error) {
      if (!signal.aborted) this.refused(error);
    }
  }

  /** @param {Row} row */
  open(row) {
    if (row.group) void this.unfold(row, !this.isOpen(row));
    else location.assign(`/r/${row.id}`);
  }

  /** @param {string} run none: go away */
  openBeside(run) {
    this.look({ open: run });
    this.#drawer.show(run, this.table.active?.name);
  }

  /** @param {Row | undefined} row the active one now */
  #moved(row) {
    if (this.view.open && row && !row.group) this.openBeside(row.id);
    this.charts.light(row?.id ?? null);
  }

  /** @param {Row} row @param {MouseEvent} event */
  #pressed(row, event) {
    if (event.detail <= 1 && (event.shiftKey || event.ctrlKey || event.metaKey)) this.selecting.select(row, event.shiftKey);
  }

  /** A saved view. @param {string} query */
  #goTo(query) {
    go(`/runs${query}`, { push: true });
    this.#returned();
  }

  // news ---------------------------------------------------------------------------------------------------
  showNew() {
    void this.load({ top: true, anew: true });
  }

  /** @param {string[]} ids */
  async #renew(ids) {
    this.columns.curves.forget(ids);
    await this.rows.renew(this.view, ids);
  }

  async #count() {
    if (this.view.group.length > 0 && this.rows.source.here().length === 0) return this.load({ anew: true }); // what is unfolded stays
    await this.rows.count(this.view);
    if (this.rows.runs === 0 && this.rows.newcomers > 0) await this.load({ anew: true });
    else this.drawAround();
  }
}

new RunsPage().begin();

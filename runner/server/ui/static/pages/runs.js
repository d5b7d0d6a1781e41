// The table of all runs: filtered, sorted and paged by the server, drawn as far as it is seen.
import { change as changed } from "../lib/api.js";
import { offer } from "../lib/actions.js";
import { toast } from "../lib/dialog.js";
import { fill, h, main } from "../lib/dom.js";
import { FilterBox } from "../lib/filterbox.js";
import { counted } from "../lib/format.js";
import { bind } from "../lib/keys.js";
import { go, onBack } from "../lib/state.js";
import { Table } from "../lib/table.js";
import * as actions from "./runs/actions.js";
import * as better from "./runs/better.js";
import { goesOn } from "./runs/cells.js";
import { choose } from "./runs/chooser.js";
import { chips } from "./runs/chips.js";
import { columns } from "./runs/columns.js";
import { Curves } from "./runs/curves.js";
import * as data from "./runs/data.js";
import { shown } from "./runs/defaults.js";
import { Drawer } from "./runs/drawer.js";
import { field, hand } from "./runs/exporting.js";
import { head } from "./runs/head.js";
import { Live } from "./runs/live.js";
import { refill } from "./runs/menus.js";
import { empty } from "./runs/nearest.js";
import { Rows } from "./runs/rows.js";
import { Selection } from "./runs/selection.js";
import { sorted } from "./runs/sorting.js";
import { MOST_SELECTED, keepColumns, keptColumns, read, subject, write } from "./runs/view.js";

/** @typedef {import("./runs/view.js").View} View */
/** @typedef {import("./runs/data.js").Row} Row */
/** @typedef {import("./runs/better.js").Experiment} Experiment */

class RunsPage {
  view = read();
  /** @type {Experiment[]} */
  #experiments = [];
  #rows = new Rows({ fetched: (top) => this.#draw(top), came: () => this.#table.came(), refused: (error) => this.#refused(error) });
  #asked = new AbortController();
  #selection = new Selection(this.view.sel);
  #parts = { head: h("div", { class: "runs-head" }), chips: h("div", { class: "chips" }), fresh: h("div", { class: "fresh", role: "status" }), none: h("div", { class: "none" }), bar: h("div", { class: "selection-bar", role: "toolbar", "aria-label": "Selected runs", hidden: true }) };
  #curves = new Curves(() => this.#table.refresh());
  #drawer = new Drawer(() => this.#openBeside(""));
  #filter = new FilterBox({
    label: "Filter", placeholder: "lr < 0.01 and optimizer = adam and since 7d",
    complete: (text, at, signal) => data.complete(text, at, this.view, signal),
    changed: (q) => {
      this.change({ q }, { push: !this.#typing }); // one step back for all that is typed at once
      this.#typing = true;
    },
  });
  #typing = false;
  #table = new Table("Runs", {
    id: (/** @type {Row} */ row) => row.id,
    mark: (row, element) => this.#mark(row, element),
    press: (row, event) => this.#pressed(row, event),
    open: (row) => this.#open(row),
    moved: (row) => this.view.open && row && !row.group && this.#openBeside(row.id),
    unfold: (row, wide) => void this.#unfold(row, wide),
    sort: (key, more) => this.change({ sort: sorted(this.view.sort, key, more) }),
    resize: (key, width) => this.#resize(key, width),
    drawn: () => this.#live.follow(this.view.exp),
  }, "treegrid");
  #live = new Live({
    inSight: () => this.#table.inSight(),
    isHere: (id) => this.#rows.here().some((row) => row.id === id),
    goesOn,
    changed: (ids) => this.#renew(ids),
    more: () => this.#count(),
  });

  begin() {
    const { head: top, chips: conditions, fresh, none, bar } = this.#parts;
    fill(main(), top, h("div", { class: "conditions" }, this.#filter.element, conditions), fresh, h("div", { class: "runs-body" }, h("div", { class: "runs-table" }, this.#table.element, none), this.#drawer.element), bar);
    this.view.cols = keptColumns(this.view);
    write(this.view);
    this.#filter.value = this.view.q;
    this.#filter.input.addEventListener("blur", () => { this.#typing = false; });
    this.#drawAround();
    this.#keys();
    onBack(() => this.#returned());
    void this.#learn();
    void this.load();
    this.#drawer.show(this.view.open);
  }

  // what is shown ------------------------------------------------------------------------------------------
  /** Show something else, and say so in the URL. @param {Partial<View>} changes @param {{ push?: boolean }} [options] */
  change(changes, options) {
    const before = subject(this.view), sorted = this.view.sort.join();
    this.view = { ...this.view, view: "", ...changes };
    if ("cols" in changes) keepColumns(this.view);
    else if ("exp" in changes) this.view.cols = keptColumns({ ...this.view, cols: null });
    this.#selection.set(this.view.sel);
    write(this.view, { push: options?.push ?? subject(this.view) !== before });
    void this.load({ top: subject(this.view) !== before || this.view.sort.join() !== sorted });
  }

  #returned() {
    this.view = read();
    this.#selection.set(this.view.sel);
    this.#filter.value = this.view.q;
    this.#drawer.show(this.view.open);
    void this.load();
  }

  /** Ask for the rows. Those that are shown stay until the others are here. @param {{ top?: boolean, anew?: boolean }} [options] */
  async load({ top = false, anew = false } = {}) {
    this.#asked.abort();
    this.#asked = new AbortController();
    const { signal } = this.#asked;
    this.#drawAround();
    this.#table.element.setAttribute("aria-busy", "true");
    try {
      await this.#rows.load(this.view, { first: top ? 0 : this.#table.firstIndex, anew, top }, signal);
      this.#filter.wrong(null);
    } catch (error) {
      if (!signal.aborted) this.#refused(error);
    } finally {
      if (!signal.aborted) this.#table.element.removeAttribute("aria-busy");
    }
  }

  /** @param {unknown} error */
  #refused(error) {
    const wrong = data.wrong(error);
    if (wrong) this.#filter.wrong(wrong);
    else toast(error instanceof Error ? error.message : String(error), { bad: true });
  }

  /** What there is to choose from; the table does not wait for it. */
  async #learn() {
    const { experiments = [] } = await changed("experiments/search", { max_results: 5000 }).catch(() => ({}));
    this.#experiments = experiments;
    better.hear(this.view.exp.length === 1 ? experiments.filter((/** @type {Experiment} */ each) => each.experiment_id === this.view.exp[0]) : []);
    this.#drawAround();
    if (this.#rows.runs > 0) this.#draw(false);
  }

  // drawing ------------------------------------------------------------------------------------------------
  /** @param {boolean} top */
  #draw(top) {
    const { source, base } = this.#rows;
    this.#table.show(this.#columns(), source, { top, pinned: base ? [base] : [] });
    const nothing = source.total === 0;
    this.#table.element.hidden = nothing;
    fill(this.#parts.none, nothing && empty(this.view, (changes) => { this.change(changes); this.#filter.value = this.view.q; }, this.#asked.signal));
    this.#drawAround();
  }

  #columns() {
    return columns({
      view: this.view,
      facts: new Map(this.#rows.facts.columns.map((each) => [each.key, each])),
      best: this.#rows.best,
      base: this.#rows.base,
      curves: this.#curves,
      experiments: new Map(this.#experiments.map(({ experiment_id, name }) => [experiment_id, name])),
      isSelected: (row) => this.#selection.has(row.id),
      select: (row, range) => this.#select(row, range),
      isOpen: (row) => this.#isOpen(row),
      unfold: (row, wide) => void this.#unfold(row, wide),
      sort: (key, descending) => this.change({ sort: [descending ? `-${key}` : key] }),
      change: (column, other) => this.#exchange(column, other),
      say: (metric, which) => void better.say(metric, which, this.view.exp).then(() => this.load(), (error) => this.#refused(error)),
    }, shown(this.view, this.#rows.facts));
  }

  /** Everything but the table. */
  #drawAround() {
    const { view } = this, { newcomers } = this.#rows;
    const only = view.exp.length === 1 ? this.#experiments.find(({ experiment_id }) => experiment_id === view.exp[0]) : undefined;
    refill(this.#parts.head, head(view, this.#rows, only, {
      change: (changes) => this.change(changes), choose: () => this.#choose(), open: (query) => this.#goTo(query), hand: (kind) => void this.#hand(kind),
    }));
    refill(this.#parts.chips, chips(view, this.#experiments, (changes) => this.change(changes)));
    fill(this.#parts.fresh, newcomers > 0 && h("button", { class: "newcomers", onclick: () => void this.load({ top: true, anew: true }) }, counted(newcomers, "new run")));
    this.#drawBar();
  }

  #drawBar() {
    const { bar } = this.#parts, count = this.#selection.count(this.#rows.runs);
    bar.hidden = count === 0;
    if (count > 0) refill(bar, actions.bar(this.#selected(count)));
  }

  // rows ---------------------------------------------------------------------------------------------------
  /** @param {Row} row @param {HTMLElement} element */
  #mark(row, element) {
    const selected = this.#selection.has(row.id);
    element.setAttribute("aria-selected", String(selected));
    element.setAttribute("aria-level", String(row.depth + 1));
    if (row.holds > 0) element.setAttribute("aria-expanded", String(this.#isOpen(row)));
    element.classList.toggle("failed", row.status === "FAILED" || row.status === "LOST");
    element.classList.toggle("group", row.group);
    const box = element.querySelector("input");
    if (box) box.checked = selected;
  }

  /** @param {Row} row */
  #isOpen(row) {
    return row.holds > 0 && this.#rows.source.opened(row);
  }

  /** @param {Row} row @param {boolean} wide */
  async #unfold(row, wide) {
    if (row.holds === 0 || wide === this.#isOpen(row)) return;
    try {
      await this.#rows.unfold(this.view, row, this.#table.activeIndex, this.#asked.signal);
      this.#table.refresh();
    } catch (error) {
      this.#refused(error);
    }
  }

  /** @param {Row} row */
  #open(row) {
    if (row.group) void this.#unfold(row, !this.#isOpen(row));
    else location.assign(`/r/${row.id}`);
  }

  /** @param {Row} row @param {MouseEvent} event */
  #pressed(row, event) {
    if (event.detail > 1) return;
    if (event.shiftKey || event.ctrlKey || event.metaKey) this.#select(row, event.shiftKey);
  }

  // selection ----------------------------------------------------------------------------------------------
  /** @param {Row} row @param {boolean} range */
  #select(row, range) {
    if (row.group) return;
    const at = this.#rows.indexOf(row, this.#table.activeIndex);
    if (range) this.#selection.range(at, (index) => this.#rows.source.row(index));
    else this.#selection.toggle(row.id, at, this.#rows.here());
    this.#chose();
  }

  #chose() {
    this.view = { ...this.view, sel: this.#selection.told() };
    write(this.view);
    this.#table.mark();
    this.#drawBar();
  }

  /** @param {number} count @returns {actions.Selected} */
  #selected(count) {
    const ids = this.#selection.ids, single = ids.length === 1 && !this.#selection.isAll ? ids[0] : undefined;
    return {
      count, single, comparable: count + (this.view.pin ? 1 : 0) > 1, total: this.#rows.runs, archived: this.view.archived, pinned: single !== undefined && single === this.view.pin,
      ids: () => this.#ids(),
      all: () => { this.#selection.all(); this.#chose(); },
      none: () => { this.#selection.none(); this.#chose(); },
      compare: () => void this.#compare(),
      pin: () => this.change({ pin: single === this.view.pin ? "" : single ?? "" }),
      hand: (kind) => void this.#hand(kind),
      changed: () => this.load({ anew: true }),
    };
  }

  async #ids() {
    return this.#selection.isAll ? (await data.every((page) => data.table(this.view, [], page))).map(({ id }) => id) : this.#selection.ids;
  }

  async #compare() {
    const ids = await this.#ids(), { pin } = this.view;
    const first = pin ? [pin, ...ids.filter((id) => id !== pin)] : ids;
    if (first.length < 2) toast("Select two runs or more (x), or pin a baseline (p) and select one");
    else if (first.length > data.MOST_COMPARED) toast(`${counted(data.MOST_COMPARED, "run")} can be compared at once; ${first.length.toLocaleString("en")} are selected.`, { bad: true });
    else location.assign(`/compare?runs=${first.join(",")}`);
  }

  /** @param {import("./runs/exporting.js").Kind} kind */
  async #hand(kind) {
    try {
      hand(kind, this.#table.columns.filter(({ key }) => key !== "").map(field), await this.#handed());
    } catch (error) {
      this.#refused(error);
    }
  }

  /** The selected rows, or all of them. @returns {Promise<Row[]>} */
  async #handed() {
    const { ids } = this.#selection;
    if (ids.length <= MOST_SELECTED) return this.#rows.every(this.view, ids);
    return (await this.#rows.every({ ...this.view, group: [] }, [])).filter(({ id }) => this.#selection.has(id));
  }

  // columns ------------------------------------------------------------------------------------------------
  /** @param {string} key @param {number} width */
  #resize(key, width) {
    const cols = shown(this.view, this.#rows.facts).map((each) => (each.key === key ? { key, width } : each));
    this.view = { ...this.view, cols };
    keepColumns(this.view);
    write(this.view);
    this.#draw(false);
  }

  /** @param {string} column @param {string | null} other */
  #exchange(column, other) {
    const cols = shown(this.view, this.#rows.facts).flatMap((each) => (each.key !== column ? [each] : other === null ? [] : [{ ...each, key: other }]));
    this.change({ cols });
  }

  #choose() {
    choose(this.#rows.facts.columns, shown(this.view, this.#rows.facts), (cols) => this.change({ cols }));
  }

  /** A saved view. @param {string} query */
  #goTo(query) {
    go(`${location.pathname}${query}`, { push: true });
    this.#returned();
  }

  // news ---------------------------------------------------------------------------------------------------
  /** @param {string[]} ids */
  async #renew(ids) {
    this.#curves.forget(ids);
    await this.#rows.renew(this.view, ids);
  }

  async #count() {
    if (this.view.group.length > 0) return this.load({ anew: true });
    await this.#rows.count(this.view);
    if (this.#rows.runs === 0 && this.#rows.newcomers > 0) await this.load({ anew: true });
    else this.#drawAround();
  }

  // keys ---------------------------------------------------------------------------------------------------
  #keys() {
    bind({
      "/": ["Filter", () => this.#filter.focus()],
      j: ["Next run", () => this.#table.move(1)],
      k: ["Run before", () => this.#table.move(-1)],
      x: ["Select the run", () => this.#table.active && this.#select(this.#table.active, false)],
      X: ["Select up to this run", () => this.#table.active && this.#select(this.#table.active, true)],
      c: ["Compare the selected runs", () => void this.#compare()],
      Enter: ["Open the run", () => this.#table.active && this.#open(this.#table.active)],
      e: ["Columns", () => this.#choose()],
      l: ["Output of the run", () => this.#table.active && !this.#table.active.group && location.assign(`/r/${this.#table.active.id}/logs`)],
      d: ["Show or hide what is the same in every run", () => this.change({ same: !this.view.same })],
      p: ["Pin the run as baseline", () => this.#pin()],
      n: ["Show new runs", () => this.#rows.newcomers > 0 && void this.load({ top: true, anew: true })],
      " ": ["Look at the run beside the table", () => this.#peek()],
      Escape: ["Close, then select nothing", () => this.#escape()],
    });
    offer("Choose columns", () => this.#choose());
    offer("Save this table as CSV", () => void this.#hand("csv"));
  }

  #pin() {
    const row = this.#table.active;
    if (row && !row.group) this.change({ pin: row.id === this.view.pin ? "" : row.id });
  }

  #peek() {
    const row = this.#table.active;
    if (this.view.open) this.#openBeside("");
    else if (row && !row.group) this.#openBeside(row.id);
  }

  /** @param {string} run */
  #openBeside(run) {
    this.view = { ...this.view, open: run };
    write(this.view);
    this.#drawer.show(run, this.#table.active?.name);
  }

  #escape() {
    if (this.view.open) this.#openBeside("");
    else {
      this.#selection.none();
      this.#chose();
    }
  }
}

new RunsPage().begin();

// The table of all runs: filtered, sorted and paged by the server, drawn as far as it is seen.
import { change as changed } from "../lib/api.js";
import { offer } from "../lib/actions.js";
import { Blocks } from "../lib/blocks.js";
import { copyAs, quoted } from "../lib/command.js";
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
import { chips, toggle } from "./runs/chips.js";
import { columns, item } from "./runs/columns.js";
import { Curves } from "./runs/curves.js";
import * as data from "./runs/data.js";
import { same, shown } from "./runs/defaults.js";
import { Drawer } from "./runs/drawer.js";
import { field, hand, KINDS } from "./runs/exporting.js";
import { Folding } from "./runs/folding.js";
import * as grouping from "./runs/grouping.js";
import { Live } from "./runs/live.js";
import { drops, refill } from "./runs/menus.js";
import { empty } from "./runs/nearest.js";
import * as saved from "./runs/saved.js";
import { Selection } from "./runs/selection.js";
import { filterOf, MOST_SELECTED, keepColumns, keptColumns, read, subject, write } from "./runs/view.js";

/** @typedef {import("./runs/view.js").View} View */
/** @typedef {import("./runs/data.js").Row} Row */
/** @typedef {import("./runs/better.js").Experiment} Experiment */

/** @type {import("../lib/blocks.js").Source<Row>} */
const NOTHING = { total: 0, row: () => undefined, want: () => undefined };

class RunsPage {
  view = read();
  /** @type {Experiment[]} */
  #experiments = [];
  /** @type {data.AllFacts} */
  #facts = { total: 0, columns: [] };
  #factsOf = ""; // the subject that they are about, where they are about all of it
  /** @type {string | undefined} the experiments of which at least some are known */
  #guessedOf;
  /** @type {{ source: Folding<Row>, blocks: Blocks<Row> | undefined, columns: string[], rows: number, q: string }} `rows`: runs that fit `q` */
  #shown = { source: new Folding(NOTHING), blocks: undefined, columns: [], rows: 0, q: "" };
  /** @type {import("./runs/grouping.js").Nested | undefined} */
  #nested;
  #newcomers = 0;
  /** @type {Row | undefined} */
  #base;
  /** @type {Map<string, number>} */
  #best = new Map();
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
    unfold: (row, wide) => row.holds > 0 && this.#unfold(row, wide),
    sort: (key, more) => this.#sortBy(key, more),
    resize: (key, width) => this.#resize(key, width),
    drawn: () => this.#live.follow(this.view.exp),
  }, "treegrid");
  #live = new Live({
    inSight: () => this.#table.inSight(),
    isHere: (id) => this.#here().some((row) => row.id === id),
    goesOn,
    changed: (ids) => this.#renew(ids),
    more: () => this.#count(),
  });

  begin() {
    const { head, chips: conditions, fresh, none, bar } = this.#parts;
    fill(main(), head, h("div", { class: "conditions" }, this.#filter.element, conditions), fresh, h("div", { class: "runs-body" }, h("div", { class: "runs-table" }, this.#table.element, none), this.#drawer.element), bar);
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
      await this.#guess(anew, signal);
      await this.#fetch(signal, top);
      this.#filter.wrong(null);
      if (this.#factsOf !== subject(this.view)) await this.#lookAtAll(signal);
    } catch (error) {
      if (!signal.aborted) this.#refused(error);
    } finally {
      if (!signal.aborted) this.#table.element.removeAttribute("aria-busy");
    }
  }

  /** Among very many runs it takes a while to know all columns; until then they are those of the first rows, or those before. @param {boolean} anew @param {AbortSignal} signal */
  async #guess(anew, signal) {
    const { view } = this, about = subject(view), where = view.exp.join();
    if (about === this.#factsOf && !anew) return;
    this.#factsOf = "";
    this.#nested = undefined;
    if (where === this.#guessedOf) return;
    const { rows, total } = await data.table(view, [], { sort: [], signal });
    this.#facts = rows.length > 0 ? await data.facts(view, signal, rows.map(({ id }) => id)) : { total: 0, columns: [] };
    this.#guessedOf = where;
    if (rows.length === total) this.#factsOf = about;
  }

  /** What all runs have; the rows are fetched again only if that changes the columns. @param {AbortSignal} signal */
  async #lookAtAll(signal) {
    const { view } = this, nested = grouping.hasNested(view, this.#facts), facts = await data.facts(view, signal);
    this.#facts = facts;
    this.#factsOf = subject(view);
    const wanted = shown(view, facts).map(({ key }) => key);
    if (wanted.join() !== this.#shown.columns.join() || grouping.hasNested(view, facts) !== nested) {
      this.#nested = undefined;
      return this.#fetch(signal, false);
    }
    this.#best = await data.best(view, facts, wanted, signal);
    if (!signal.aborted) this.#draw(false);
  }

  /** @param {AbortSignal} signal @param {boolean} top */
  async #fetch(signal, top) {
    const { view } = this, chosen = shown(view, this.#facts), wanted = chosen.map(({ key }) => key), known = this.#factsOf !== "";
    const first = top ? 0 : this.#table.firstIndex;
    this.#nested ??= grouping.nested(view, this.#facts, signal, () => this.#counted());
    const { source, blocks, rows, q } = view.group.length > 0 ? await this.#groups(wanted, first, signal) : await this.#rows(wanted, this.#nested, first, signal);
    const [base, best] = await Promise.all([this.#baseline(wanted, signal), known ? data.best(view, this.#facts, wanted, signal) : new Map()]);
    if (signal.aborted) return;
    this.#shown.blocks?.close();
    this.#shown = { source, blocks, columns: wanted, rows, q };
    this.#base = base;
    this.#best = best;
    this.#newcomers = 0;
    this.#draw(top);
  }

  /** How many runs are inside of others is known now. */
  #counted() {
    this.#shown.blocks?.replace((row) => (row.group ? row : { ...row, ...this.#nested?.of(row.id) }));
    this.#table.came();
  }

  /** @param {string[]} wanted @param {import("./runs/grouping.js").Nested} nested @param {number} first @param {AbortSignal} signal */
  async #rows(wanted, nested, first, signal) {
    const { view } = this, q = nested.filter(filterOf(view));
    const blocks = new Blocks(async (offset, limit, end) => {
      const behind = view.sort.length === 0 && offset > 0 ? this.#newcomers : 0; // new runs push the others down
      const answer = await data.table(view, wanted, { offset: offset + behind, limit, q, signal: end });
      return { total: answer.total, rows: answer.rows.map((row) => ({ ...row, ...nested.of(row.id) })) };
    }, () => this.#table.came(), (error) => this.#refused(error));
    await blocks.begin(first, signal);
    if (first >= blocks.total) await blocks.begin(0, signal);
    return { source: new Folding(blocks), blocks, rows: blocks.total, q };
  }

  /** @param {string[]} wanted @param {number} first @param {AbortSignal} signal */
  async #groups(wanted, first, signal) {
    let runs = 0;
    const blocks = new Blocks(async (offset, limit, end) => {
      const answer = await grouping.groups(this.view, this.#facts, wanted, { offset, limit, signal: end });
      runs = answer.runs;
      return answer;
    }, () => this.#table.came(), (error) => this.#refused(error));
    await blocks.begin(first, signal);
    if (first >= blocks.total) await blocks.begin(0, signal);
    return { source: new Folding(blocks), blocks, rows: runs, q: filterOf(this.view) };
  }

  /** @param {string[]} wanted @param {AbortSignal} signal */
  async #baseline(wanted, signal) {
    if (!this.view.pin) return undefined;
    const { rows } = await data.named([this.view.pin], this.view, wanted, signal);
    return rows[0];
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
    if (this.#shown.rows > 0) this.#draw(false);
  }

  // drawing ------------------------------------------------------------------------------------------------
  /** @param {boolean} top */
  #draw(top) {
    const { source } = this.#shown;
    this.#table.show(this.#columns(), source, { top, pinned: this.#base ? [this.#base] : [] });
    const nothing = source.total === 0;
    this.#table.element.hidden = nothing;
    fill(this.#parts.none, nothing && empty(this.view, (changes) => { this.change(changes); this.#filter.value = this.view.q; }, this.#asked.signal));
    this.#drawAround();
  }

  #columns() {
    return columns({
      view: this.view,
      facts: new Map(this.#facts.columns.map((each) => [each.key, each])),
      best: this.#best,
      base: this.#base,
      curves: this.#curves,
      experiments: new Map(this.#experiments.map(({ experiment_id, name }) => [experiment_id, name])),
      isSelected: (row) => this.#selection.has(row.id),
      select: (row, range) => this.#select(row, range),
      isOpen: (row) => this.#isOpen(row),
      unfold: (row, wide) => void this.#unfold(row, wide),
      sort: (key, descending) => this.change({ sort: [descending ? `-${key}` : key] }),
      change: (column, other) => this.#exchange(column, other),
      say: (metric, which) => void better.say(metric, which, this.view.exp).then(() => this.load(), (error) => this.#refused(error)),
    }, shown(this.view, this.#facts));
  }

  /** Everything but the table. */
  #drawAround() {
    const { view } = this, equal = same(this.#facts, view.cols);
    const only = view.exp.length === 1 ? this.#experiments.find(({ experiment_id }) => experiment_id === view.exp[0]) : undefined;
    refill(this.#parts.head,
      h("h1", null, "Runs"), h("span", { class: "soft", role: "status" }, this.#told()), h("span", { class: "space" }),
      equal.length > 0 && h("button", { name: "same", class: view.same ? "drop on" : "drop", "aria-pressed": String(view.same), title: `${equal.map(({ key, value }) => `${key} = ${value}`).slice(0, 20).join("\n")}`, onclick: () => this.change({ same: !view.same }) }, `${equal.length} same`),
      grouping.hasNested(view, this.#facts) && toggle("nested", "Nested", !view.flat, (folded) => this.change({ flat: !folded })),
      view.pin && toggle("percent", "Percent", view.percent, (percent) => this.change({ percent })),
      grouping.button(view, this.#facts, (changes) => this.change(changes)),
      h("button", { name: "columns", onclick: () => this.#choose(), title: "e" }, "Columns"),
      drops("views", view.view || "Views", () => saved.menu(only, view.view, (query) => this.#goTo(query)), { on: view.view !== "" }),
      copyAs(drops("export", "Export", () => KINDS.map(([kind, title]) => item(title, () => void this.#hand(kind)))), this.#ways()));
    refill(this.#parts.chips, chips(view, this.#experiments, (changes) => this.change(changes)));
    fill(this.#parts.fresh, this.#newcomers > 0 && h("button", { class: "newcomers", onclick: () => void this.load({ top: true, anew: true }) }, `${counted(this.#newcomers, "new run")}`));
    this.#drawBar();
  }

  /** How many there are, truly. */
  #told() {
    const { rows, blocks } = this.#shown, inside = this.#facts.total - rows;
    if (this.view.group.length > 0) return `${counted(blocks?.total ?? 0, "group")} of ${counted(rows, "run")}`;
    return this.#nested !== undefined && this.#nested !== grouping.flat && inside > 0 ? `${counted(rows, "run")}, ${inside.toLocaleString("en")} inside of them` : counted(rows, "run");
  }

  #drawBar() {
    const { bar } = this.#parts, count = this.#selection.count(this.#shown.rows);
    bar.hidden = count === 0;
    if (count > 0) refill(bar, actions.bar(this.#selected(count)));
  }

  /** The same list elsewhere. The filter of a command is MLflow's, and knows less than ours. @returns {import("../lib/command.js").Ways} */
  #ways() {
    const { view } = this, filter = filterOf(view), asked = view.sort.map(data.askedOrder);
    const query = [["q", filter], ["lifecycle", view.archived ? "deleted" : ""], ...view.exp.map((id) => ["experiment", id]), ...asked.map((each) => ["sort", each]), ...this.#shown.columns.map((each) => ["columns", data.asked(each)])];
    const url = `${location.origin}/api/runner/1/runs/table?${new URLSearchParams(query.filter(([, value]) => value !== ""))}`;
    const command = ["runner runs list", ...asked.map((each) => `--sort ${quoted(each)}`), ...view.exp.map((id) => `--experiment ${id}`), ...(view.archived ? ["--deleted"] : [])].join(" ");
    return { ...(filter === "" ? { command } : {}), python: `import json, urllib.request\n\njson.load(urllib.request.urlopen(${JSON.stringify(url)}))`, curl: `curl ${quoted(url)}` };
  }

  // rows ---------------------------------------------------------------------------------------------------
  #here() {
    return [...(this.#shown.blocks?.here() ?? []), ...this.#shown.source.here()];
  }

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
  #indexOf(row) {
    const { source } = this.#shown, near = this.#table.activeIndex;
    if (source.row(near) === row) return near;
    for (let index = 0; index < source.total; index += 1) if (source.row(index) === row) return index;
    return -1;
  }

  /** @param {Row} row */
  #isOpen(row) {
    return row.holds > 0 && this.#shown.source.opened(row);
  }

  /** @param {Row} row @param {boolean} wide */
  async #unfold(row, wide) {
    const { source, columns: wanted } = this.#shown;
    if (wide === source.opened(row)) return;
    try {
      if (wide) source.unfold(this.#indexOf(row), row, await grouping.members(this.view, row, wanted, this.#asked.signal));
      else source.fold(row);
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
    const at = this.#indexOf(row);
    if (range) this.#selection.range(at, (index) => this.#shown.source.row(index));
    else this.#selection.toggle(row.id, at, this.#here());
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
      count, single, comparable: count + (this.view.pin ? 1 : 0) > 1, total: this.#shown.rows, archived: this.view.archived, pinned: single !== undefined && single === this.view.pin,
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
    const { columns: wanted } = this.#shown, { ids } = this.#selection;
    if (this.view.group.length === 0 || ids.length > 0) {
      const few = ids.length <= MOST_SELECTED, rows = await data.every((page) => data.table(this.view, wanted, { ...page, runs: few ? ids : [] }));
      return few ? rows : rows.filter(({ id }) => this.#selection.has(id));
    }
    return data.every((page) => grouping.groups(this.view, this.#facts, wanted, { ...page, signal: this.#asked.signal }));
  }

  // columns ------------------------------------------------------------------------------------------------
  /** @param {string} key @param {boolean} more */
  #sortBy(key, more) {
    const { sort } = this.view, best = data.isBestGreatest(key) || key === "started", first = best ? `-${key}` : key, other = best ? key : `-${key}`;
    const now = sort.find((each) => each === key || each === `-${key}`), rest = more ? sort.filter((each) => each !== now) : [];
    const next = now === undefined ? [first] : now === first ? [other] : [];
    this.change({ sort: more && now && next.length > 0 ? sort.map((each) => (each === now ? next[0] ?? each : each)) : [...rest, ...next] });
  }

  /** @param {string} key @param {number} width */
  #resize(key, width) {
    const cols = shown(this.view, this.#facts).map((each) => (each.key === key ? { key, width } : each));
    this.view = { ...this.view, cols };
    keepColumns(this.view);
    write(this.view);
    this.#draw(false);
  }

  /** @param {string} column @param {string | null} other */
  #exchange(column, other) {
    const cols = shown(this.view, this.#facts).flatMap((each) => (each.key !== column ? [each] : other === null ? [] : [{ ...each, key: other }]));
    this.change({ cols });
  }

  #choose() {
    choose(this.#facts.columns, shown(this.view, this.#facts), (cols) => this.change({ cols }));
  }

  /** A saved view. @param {string} query */
  #goTo(query) {
    go(`${location.pathname}${query}`, { push: true });
    this.#returned();
  }

  // news ---------------------------------------------------------------------------------------------------
  /** Rows that have other values: where they are, they stay. @param {string[]} ids */
  async #renew(ids) {
    const { blocks, source, columns: wanted } = this.#shown;
    const { rows } = await data.named(ids, this.view, wanted);
    this.#curves.forget(ids);
    const now = new Map(rows.map((row) => [row.id, row]));
    const change = (/** @type {Row} */ row) => {
      const other = now.get(row.id);
      return other ? { ...other, depth: row.depth, holds: row.holds, filter: row.filter } : row;
    };
    blocks?.replace(change);
    source.replace(change);
    this.#table.came();
  }

  /** How many rows have come since those here were asked for. */
  async #count() {
    if (this.view.group.length > 0) return this.load({ anew: true });
    const { rows: before, q } = this.#shown, now = await data.count(this.view, q);
    if (before === 0 && now > 0) return this.load({ anew: true });
    this.#newcomers = Math.max(0, now - before);
    this.#drawAround();
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
      n: ["Show new runs", () => this.#newcomers > 0 && void this.load({ top: true, anew: true })],
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

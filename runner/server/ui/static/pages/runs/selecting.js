// What is selected, and what becomes of it: a bar below the table, the URL, a comparison, a file.
import { toast } from "../../lib/dialog.js";
import { h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import * as actions from "./actions.js";
import * as data from "./data.js";
import { field, hand } from "./exporting.js";
import { refill } from "./menus.js";
import { Selection } from "./selection.js";
import { MOST_SELECTED } from "./view.js";

/** @typedef {import("../runs.js").RunsPage} RunsPage */
/** @typedef {import("./data.js").Row} Row */

export class Selecting {
  bar = h("div", { class: "selection-bar", role: "toolbar", "aria-label": "Selected runs", hidden: true });
  #page;
  #selection;

  /** @param {RunsPage} page */
  constructor(page) {
    this.#page = page;
    this.#selection = new Selection(page.view.sel);
  }

  /** What the URL says. @param {string[]} told */
  set(told) {
    this.#selection.set(told);
  }

  /** @param {Row} row */
  has(row) {
    return this.#selection.has(row.id);
  }

  /** @param {Row} row @param {boolean} range up to it from the one before */
  select(row, range) {
    if (row.group) return;
    const { rows, table } = this.#page, at = rows.indexOf(row, table.activeIndex);
    if (range) this.#selection.range(at, (index) => rows.source.row(index));
    else this.#selection.toggle(row.id, at, rows.here().filter(({ group }) => !group));
    this.#chose();
  }

  all() {
    this.#selection.all();
    this.#chose();
  }

  none() {
    this.#selection.none();
    this.#chose();
  }

  draw() {
    const count = this.#selection.count(this.#page.rows.runs);
    this.bar.hidden = count === 0;
    if (count > 0) refill(this.bar, actions.bar(this.#selected(count)));
  }

  async compare() {
    const ids = await this.#ids().catch((error) => this.#page.refused(error)), { pin } = this.#page.view;
    if (!ids) return;
    const first = pin ? [pin, ...ids.filter((id) => id !== pin)] : ids;
    if (first.length < 2) toast("Select two runs or more (x), or pin a baseline (p) and select one");
    else if (first.length > data.MOST_COMPARED) toast(`${counted(data.MOST_COMPARED, "run")} can be compared at once; ${first.length.toLocaleString("en")} are selected.`, { bad: true });
    else location.assign(`/compare?runs=${first.join(",")}`);
  }

  /** Hand over the selected rows, or all of them. @param {import("./exporting.js").Kind} kind */
  async hand(kind) {
    try {
      hand(kind, this.#page.table.columns.filter(({ key }) => key !== "").map(field), await this.#handed());
    } catch (error) {
      this.#page.refused(error);
    }
  }

  #chose() {
    this.#page.look({ sel: this.#selection.told() });
    this.#page.table.mark();
    this.draw();
  }

  /** @param {number} count @returns {actions.Selected} */
  #selected(count) {
    const { view, rows } = this.#page, ids = this.#selection.ids;
    const single = ids.length === 1 && !this.#selection.isAll ? ids[0] : undefined;
    return {
      count, single, comparable: count + (view.pin ? 1 : 0) > 1, total: rows.runs, archived: view.archived, pinned: single !== undefined && single === view.pin,
      ids: () => this.#ids(),
      all: () => this.all(),
      none: () => this.none(),
      compare: () => void this.compare(),
      pin: () => this.#page.change({ pin: single === view.pin ? "" : single ?? "" }),
      hand: (kind) => void this.hand(kind),
      changed: () => this.#page.load({ anew: true }),
    };
  }

  async #ids() {
    const { view, rows } = this.#page;
    return this.#selection.isAll ? rows.ids(view) : this.#selection.ids;
  }

  /** @returns {Promise<Row[]>} */
  async #handed() {
    const { ids } = this.#selection, { view, rows } = this.#page;
    if (ids.length <= MOST_SELECTED) return rows.every(view, ids);
    return (await rows.every({ ...view, group: [] }, [])).filter((row) => this.has(row));
  }
}

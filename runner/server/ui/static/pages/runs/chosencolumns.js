// Which columns the table has, and how people change that: by their heads, by dragging a border, in the chooser.
import * as better from "./better.js";
import { choose } from "./chooser.js";
import { columns } from "./columns.js";
import { Curves } from "./curves.js";
import { shown } from "./defaults.js";
import { keepColumns } from "./view.js";

/** @typedef {import("../runs.js").RunsPage} RunsPage */

export class ChosenColumns {
  curves = new Curves(() => this.#page.table.refresh());
  #page;

  /** @param {RunsPage} page */
  constructor(page) {
    this.#page = page;
  }

  /** As the table draws them. */
  drawn() {
    const page = this.#page, { rows, selecting } = page;
    return columns({
      view: page.view,
      facts: new Map(rows.facts.columns.map((each) => [each.key, each])),
      best: rows.best,
      base: rows.base,
      curves: this.curves,
      experiments: new Map(page.experiments.map(({ experiment_id, name }) => [experiment_id, name])),
      isSelected: (row) => selecting.has(row),
      select: (row, range) => selecting.select(row, range),
      isOpen: (row) => page.isOpen(row),
      unfold: (row, wide) => void page.unfold(row, wide),
      sort: (key, descending) => page.change({ sort: [descending ? `-${key}` : key] }),
      change: (column, other) => this.#exchange(column, other),
      say: (metric, which) => void better.say(metric, which, page.view.exp).then(() => page.load(), (error) => page.refused(error)),
    }, this.#shown());
  }

  /** In a dialog. */
  choose() {
    choose(this.#page.rows.facts.columns, this.#shown(), (cols) => this.#page.change({ cols }));
  }

  /** @param {string} key @param {number} width */
  resize(key, width) {
    this.#page.look({ cols: this.#shown().map((each) => (each.key === key ? { key, width } : each)) });
    keepColumns(this.#page.view);
    this.#page.draw(false);
  }

  /** @param {string} column @param {string | null} other null: none */
  #exchange(column, other) {
    this.#page.change({ cols: this.#shown().flatMap((each) => (each.key !== column ? [each] : other === null ? [] : [{ ...each, key: other }])) });
  }

  #shown() {
    return shown(this.#page.view, this.#page.rows.facts);
  }
}

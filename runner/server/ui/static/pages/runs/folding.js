// Rows that hold others: the members of a group, the runs inside of a run. Those of an open row follow it.

/** @template Row @typedef {import("../../lib/blocks.js").Source<Row>} Source */

/** @template Row @implements {Source<Row>} */
export class Folding {
  /** @type {{ at: number, id: string, rows: Row[] }[]} the open rows of the source below, by their places */
  #open = [];
  #below;

  /** @param {Source<Row>} below */
  constructor(below) {
    this.#below = below;
  }

  get total() {
    return this.#below.total + this.#open.reduce((sum, { rows }) => sum + rows.length, 0);
  }

  /** @param {number} index */
  row(index) {
    const { at, within } = this.#place(index);
    return within ?? this.#below.row(at);
  }

  /** @param {number} first @param {number} last */
  want(first, last) {
    this.#below.want(this.#place(first).at, this.#place(last).at);
  }

  /** The row of the source below that is there, or what belongs to an open one. @param {number} index */
  #place(index) {
    let before = 0;
    for (const { at, rows } of this.#open) {
      if (index <= at + before) break;
      if (index <= at + before + rows.length) return { at, within: rows[index - at - before - 1] };
      before += rows.length;
    }
    return { at: index - before, within: undefined };
  }

  /** @param {number} index where the row is @param {{ id: string }} row @param {Row[]} rows */
  unfold(index, { id }, rows) {
    const { at } = this.#place(index);
    this.#open = [...this.#open.filter((each) => each.id !== id), { at, id, rows }].sort((a, b) => a.at - b.at);
  }

  /** @param {{ id: string }} row */
  fold({ id }) {
    this.#open = this.#open.filter((each) => each.id !== id);
  }

  /** @param {{ id: string }} row */
  opened({ id }) {
    return this.#open.some((each) => each.id === id);
  }

  /** Rows of open ones. */
  here() {
    return this.#open.flatMap(({ rows }) => rows);
  }

  /** @param {(row: Row) => Row} change */
  replace(change) {
    this.#open = this.#open.map((each) => ({ ...each, rows: each.rows.map(change) }));
  }
}

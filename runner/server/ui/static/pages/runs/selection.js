// Which runs are selected: some, or all that fit.
const ALL = "all";

export class Selection {
  /** @type {Set<string>} */
  #ids = new Set();
  #last = -1; // the row from which a range goes

  /** @param {string[]} told as the URL says it */
  constructor(told) {
    this.set(told);
  }

  /** @param {string[]} told */
  set(told) {
    this.#ids = new Set(told);
  }

  /** What the URL says of it. */
  told() {
    return [...this.#ids];
  }

  get ids() {
    return this.isAll ? [] : [...this.#ids];
  }

  get isAll() {
    return this.#ids.has(ALL);
  }

  /** @param {number} total */
  count(total) {
    return this.isAll ? total : this.#ids.size;
  }

  /** @param {string} id */
  has(id) {
    return this.isAll || this.#ids.has(id);
  }

  /** @param {string} id @param {number} at its row @param {{ id: string }[]} here rows that stay when not all are meant any more */
  toggle(id, at, here) {
    this.#last = at;
    if (this.isAll) this.#ids = new Set(here.map((row) => row.id));
    if (!this.#ids.delete(id)) this.#ids.add(id);
  }

  /** From the row before up to this one. @param {number} at @param {(index: number) => { id: string, group: boolean } | undefined} row */
  range(at, row) {
    const from = this.#last < 0 ? at : this.#last;
    for (let index = Math.min(from, at); index <= Math.max(from, at); index += 1) {
      const found = row(index);
      if (found && !found.group) this.#ids.add(found.id);
    }
    this.#last = at;
  }

  all() {
    this.#ids = new Set([ALL]);
  }

  none() {
    this.#ids.clear();
    this.#last = -1;
  }
}

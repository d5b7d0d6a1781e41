// Rows of a long list, fetched in blocks as they are looked at. What nobody looks at any more is neither waited for nor kept.

/**
 * @template Row
 * @typedef {{ total: number, row: (index: number) => Row | undefined, want: (first: number, last: number) => void }} Source
 * what a table shows: `row` is undefined while it is fetched, `want` tells which rows are looked at
 */

/**
 * @template Row
 * @typedef {(offset: number, limit: number, signal: AbortSignal) => Promise<{ total: number, rows: Row[] }>} Fetch
 */

const SIZE = 100, KEPT = 40; // rows of a block, blocks that are kept
const PAUSE = 25; // milliseconds that somebody who drags the scroll bar must rest in a place

/** @template Row @implements {Source<Row>} */
export class Blocks {
  total = 0;
  /** @type {Map<number, Row[]>} the block that was looked at last is the last one */
  #blocks = new Map();
  /** @type {Map<number, AbortController>} */
  #coming = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #soon;
  #fetch;
  #changed;
  #failed;

  /**
   * @param {Fetch<Row>} fetch
   * @param {() => void} changed told when rows have come
   * @param {(error: unknown) => void} failed
   */
  constructor(fetch, changed, failed) {
    this.#fetch = fetch;
    this.#changed = changed;
    this.#failed = failed;
  }

  /** Fetch the block with that row, and the number of all rows with it. @param {number} index @param {AbortSignal} signal */
  async begin(index, signal) {
    const block = Math.floor(index / SIZE);
    const { total, rows } = await this.#fetch(block * SIZE, SIZE, signal);
    this.total = total;
    this.#blocks.set(block, rows);
  }

  /** @param {number} index */
  row(index) {
    return this.#blocks.get(Math.floor(index / SIZE))?.[index % SIZE];
  }

  /** All rows that are here. */
  here() {
    return [...this.#blocks.values()].flat();
  }

  /** Other values for rows that are here. @param {(row: Row) => Row} change */
  replace(change) {
    for (const [block, rows] of this.#blocks) this.#blocks.set(block, rows.map(change));
  }

  /** @param {number} first @param {number} last */
  want(first, last) {
    clearTimeout(this.#soon);
    const from = Math.floor(Math.max(0, first) / SIZE), to = Math.floor(Math.min(last, this.total - 1) / SIZE);
    for (const [block, end] of this.#coming) if (block < from || block > to) end.abort();
    /** @type {number[]} */
    const missing = [];
    for (let block = from; block <= to; block += 1) {
      const rows = this.#blocks.get(block);
      if (rows === undefined) missing.push(block);
      else this.#keep(block, rows);
    }
    if (missing.length > 0) this.#soon = setTimeout(() => missing.forEach((block) => void this.#load(block)), PAUSE);
  }

  /** Wait for nothing more. */
  close() {
    clearTimeout(this.#soon);
    for (const end of this.#coming.values()) end.abort();
  }

  /** @param {number} block @param {Row[]} rows */
  #keep(block, rows) {
    this.#blocks.delete(block);
    this.#blocks.set(block, rows);
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= KEPT) break;
      this.#blocks.delete(oldest);
    }
  }

  /** @param {number} block */
  async #load(block) {
    if (this.#coming.has(block)) return;
    const end = new AbortController();
    this.#coming.set(block, end);
    try {
      const { rows } = await this.#fetch(block * SIZE, SIZE, end.signal);
      this.#keep(block, rows);
      this.#changed();
    } catch (error) {
      if (!end.signal.aborted) this.#failed(error);
    } finally {
      this.#coming.delete(block);
    }
  }
}

// The rows that a view asks for, and what is known of their columns. Old rows stay until the others are here.
import { Blocks } from "../../lib/blocks.js";
import * as data from "./data.js";
import { shown } from "./defaults.js";
import { Folding } from "./folding.js";
import * as grouping from "./grouping.js";
import { filterOf, subject } from "./view.js";

/** @typedef {import("./view.js").View} View */
/** @typedef {import("./data.js").Row} Row */

/**
 * @typedef {object} Does
 * @property {(top: boolean) => void} fetched other rows are here
 * @property {() => void} came some of them have come, or have changed
 * @property {(error: unknown) => void} refused
 */

const LOOKED_AT = 100; // runs whose columns are shown until those of all are known

/** @type {import("../../lib/blocks.js").Source<Row>} */
const NOTHING = { total: 0, row: () => undefined, want: () => undefined };

export class Rows {
  /** @type {data.AllFacts} */
  facts = { total: 0, columns: [] };
  /** @type {Folding<Row>} */
  source = new Folding(NOTHING);
  /** @type {Blocks<Row> | undefined} */
  blocks;
  /** @type {string[]} */
  columns = [];
  /** Runs that fit, or that are in the groups. */
  runs = 0;
  /** Runs that have come since. */
  newcomers = 0;
  /** @type {Row | undefined} the baseline */
  base;
  /** @type {Map<string, number>} by column */
  best = new Map();
  #q = "";
  #factsOf = ""; // the subject that the facts are about, where they are about all of it
  /** @type {string | undefined} the experiments of which at least some facts are known */
  #guessedOf;
  /** @type {grouping.Nested | undefined} */
  #nested;
  #does;

  /** @param {Does} does */
  constructor(does) {
    this.#does = does;
  }

  /** @param {View} view @param {{ first: number, anew: boolean, top: boolean }} options @param {AbortSignal} signal */
  async load(view, { first, anew, top }, signal) {
    await this.#guess(view, anew, signal);
    await this.#fetch(view, first, top, signal);
    if (this.#factsOf !== subject(view)) await this.#lookAtAll(view, first, signal);
  }

  /** Runs that stand inside of others. @param {View} view */
  inside(view) {
    return view.group.length > 0 || this.#nested === undefined || this.#nested === grouping.flat ? 0 : Math.max(0, this.facts.total - this.runs);
  }

  /** All that are here. */
  here() {
    return [...(this.blocks?.here() ?? []), ...this.source.here()];
  }

  /** Where a row is. @param {Row} row @param {number} near where it probably is */
  indexOf(row, near) {
    if (this.source.row(near) === row) return near;
    for (let index = 0; index < this.source.total; index += 1) if (this.source.row(index) === row) return index;
    return -1;
  }

  /** Unfold or fold a row. @param {View} view @param {Row} row @param {number} near @param {AbortSignal} signal */
  async unfold(view, row, near, signal) {
    if (this.source.opened(row)) return this.source.fold(row);
    const members = await grouping.members(view, row, this.columns, signal), at = this.indexOf(row, near);
    if (at >= 0) this.source.unfold(at, row, members);
  }

  /** Rows that have other values: they stay where they are. @param {View} view @param {string[]} ids */
  async renew(view, ids) {
    const { rows } = await data.named(ids, view, this.columns), now = new Map(rows.map((row) => [row.id, row]));
    this.#replace((row) => {
      const other = now.get(row.id);
      return other ? { ...other, depth: row.depth, holds: row.holds, filter: row.filter } : row;
    });
  }

  /** How many have come. @param {View} view */
  async count(view) {
    this.newcomers = Math.max(0, (await data.count(view, this.#q)) - this.runs);
  }

  /** Ids of all that are counted: of runs that others are folded into, not of those inside. @param {View} view */
  async ids(view) {
    return (await data.every((page) => data.table(view, [], { ...page, q: this.#q }))).map(({ id }) => id);
  }

  /** All of them, in their order, or some. @param {View} view @param {string[]} runs */
  every(view, runs) {
    if (view.group.length === 0 || runs.length > 0) return data.every((page) => data.table(view, this.columns, { ...page, runs }));
    return data.every((page) => grouping.groups(view, this.facts, this.columns, page));
  }

  /** Among very many runs it takes a while to know all columns; until then they are those of the newest, or those before. @param {View} view @param {boolean} anew @param {AbortSignal} signal */
  async #guess(view, anew, signal) {
    const about = subject(view), where = view.exp.join();
    if (about === this.#factsOf && !anew) return;
    this.#factsOf = "";
    this.#nested = undefined;
    if (where === this.#guessedOf) return;
    this.facts = await data.facts(view, signal, LOOKED_AT);
    this.#guessedOf = where;
    if (this.facts.total < LOOKED_AT) this.#factsOf = about; // these are all
  }

  /** What all runs have; the rows are fetched again only if that changes the columns. @param {View} view @param {number} first @param {AbortSignal} signal */
  async #lookAtAll(view, first, signal) {
    const nested = grouping.hasNested(view, this.facts), facts = await data.facts(view, signal);
    this.facts = facts;
    this.#factsOf = subject(view);
    const wanted = shown(view, facts).map(({ key }) => key);
    if (wanted.join() !== this.columns.join() || grouping.hasNested(view, facts) !== nested) {
      this.#nested = undefined;
      return this.#fetch(view, first, false, signal);
    }
    this.best = await data.best(view, facts, wanted, signal);
    if (!signal.aborted) this.#does.fetched(false);
  }

  /** @param {View} view @param {number} first @param {boolean} top @param {AbortSignal} signal */
  async #fetch(view, first, top, signal) {
    const wanted = shown(view, this.facts).map(({ key }) => key), known = this.#factsOf !== "";
    const nested = (this.#nested ??= grouping.nested(view, this.facts, () => this.#replace((row) => (row.group ? row : { ...row, ...nested.of(row.id) }))));
    const { blocks, runs, q } = view.group.length > 0 ? await this.#groups(view, wanted, first, signal) : await this.#runs(view, wanted, nested, first, signal);
    const [base, best] = await Promise.all([baseline(view, wanted, signal), known ? data.best(view, this.facts, wanted, signal) : new Map()]);
    if (signal.aborted) return;
    this.blocks?.close();
    Object.assign(this, { source: new Folding(blocks), blocks, columns: wanted, runs, base, best, newcomers: 0 });
    this.#q = q;
    this.#does.fetched(top);
  }

  /** @param {View} view @param {string[]} wanted @param {grouping.Nested} nested @param {number} first @param {AbortSignal} signal */
  async #runs(view, wanted, nested, first, signal) {
    const q = nested.filter(filterOf(view));
    const blocks = await this.#begun(first, signal, async (offset, limit, end) => {
      const behind = view.sort.length === 0 && offset > 0 ? this.newcomers : 0; // new runs push the others down
      const { total, rows } = await data.table(view, wanted, { offset: offset + behind, limit, q, signal: end });
      return { total, rows: rows.map((row) => ({ ...row, ...nested.of(row.id) })) };
    });
    return { blocks, runs: blocks.total, q };
  }

  /** @param {View} view @param {string[]} wanted @param {number} first @param {AbortSignal} signal */
  async #groups(view, wanted, first, signal) {
    let runs = 0;
    const blocks = await this.#begun(first, signal, async (offset, limit, end) => {
      const answer = await grouping.groups(view, this.facts, wanted, { offset, limit, signal: end });
      runs = answer.runs;
      return answer;
    });
    return { blocks, runs, q: filterOf(view) };
  }

  /** @param {number} first @param {AbortSignal} signal @param {import("../../lib/blocks.js").Fetch<Row>} fetch */
  async #begun(first, signal, fetch) {
    const blocks = new Blocks(fetch, this.#does.came, this.#does.refused);
    await blocks.begin(first, signal);
    if (first >= blocks.total) await blocks.begin(0, signal);
    return blocks;
  }

  /** @param {(row: Row) => Row} change */
  #replace(change) {
    this.blocks?.replace(change);
    this.source.replace(change);
    this.#does.came();
  }
}

/** @param {View} view @param {string[]} wanted @param {AbortSignal} signal */
async function baseline(view, wanted, signal) {
  if (!view.pin) return undefined;
  const { rows } = await data.named([view.pin], view, wanted, signal);
  return rows[0];
}

// News for the table: rows change where they are, and what is new is counted until somebody asks to see it.
import { listen } from "../../lib/stream.js";

/** @typedef {import("./data.js").Row} Row */

const MOST = 60; // topics for single runs: a stream has at most 100 for all tabs
const PAUSE = 1000; // milliseconds between two looks

/**
 * @typedef {object} Does
 * @property {() => Row[]} inSight
 * @property {(id: string) => boolean} isHere
 * @property {(row: Row) => boolean} goesOn
 * @property {(ids: string[]) => Promise<void>} changed these rows have other values
 * @property {() => Promise<void>} more there may be new rows
 */

export class Live {
  #does;
  /** @type {Set<string>} */
  #dirty = new Set();
  #unknown = false;
  #busy = false;
  #topics = "";
  #stop = () => {};

  /** @param {Does} does */
  constructor(does) {
    this.#does = does;
    document.addEventListener("visibilitychange", () => void this.#look());
  }

  /** Listen to these experiments (none: all), and to the runs in sight that go on. @param {string[]} experiments */
  follow(experiments) {
    const lists = experiments.length > 0 && experiments.length <= 20 ? experiments.map((id) => `experiment:${id}`) : ["runs"];
    const going = this.#does.inSight().filter((row) => !row.group && this.#does.goesOn(row)).slice(0, MOST).map(({ id }) => `run:${id}`);
    const topics = [...lists, ...going].sort();
    if (topics.join() === this.#topics) return;
    this.#topics = topics.join();
    const before = this.#stop;
    this.#stop = listen(topics, (news) => this.#heard(news));
    before();
  }

  /** @param {import("../../lib/stream.js").News} news */
  #heard({ kind, data }) {
    if (kind === "gone") return;
    if (data.run === undefined) {
      this.#unknown = true;
      for (const { id } of this.#does.inSight()) this.#dirty.add(id);
    } else if (this.#does.isHere(data.run)) this.#dirty.add(data.run);
    else this.#unknown ||= kind === "run";
    void this.#look();
  }

  /** At once, and then not before a pause has gone by. */
  async #look() {
    if (this.#busy || document.hidden || (this.#dirty.size === 0 && !this.#unknown)) return;
    this.#busy = true;
    const seen = new Set(this.#does.inSight().map(({ id }) => id)), ids = [...this.#dirty].filter((id) => seen.has(id)), more = this.#unknown;
    this.#dirty.clear();
    this.#unknown = false;
    try {
      if (ids.length > 0) await this.#does.changed(ids);
      if (more) await this.#does.more();
    } catch {
      // the next news ask again; that the server is away is said above
    }
    setTimeout(() => {
      this.#busy = false;
      void this.#look();
    }, PAUSE);
  }
}

// The courses of metrics, small: asked for the rows that are seen, all together.
import { sparkline } from "../../charts/sparkline.js";
import { own } from "../../lib/api.js";

/** @typedef {(number | null)[][]} Points */

const PIECES = 45, MOST = 200; // buckets of a curve, runs of one question
const GATHER = 30; // milliseconds in which rows that come into sight together are gathered

export class Curves {
  /** @type {Map<string, Points>} */
  #known = new Map();
  /** @type {Map<string, Set<string>>} runs by the metrics that are missing */
  #missing = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #soon;
  #came;

  /** @param {() => void} came */
  constructor(came) {
    this.#came = came;
  }

  /** Forget those of a run: it has new points. @param {string[]} runs */
  forget(runs) {
    for (const key of this.#known.keys()) if (runs.includes(key.slice(0, key.indexOf(" ")))) this.#known.delete(key);
  }

  /** What a cell holds; nothing until it is here. @param {string} run @param {string} metric */
  draw(run, metric) {
    const points = this.#known.get(`${run} ${metric}`);
    if (points !== undefined) return points.length > 0 && sparkline(points, { run, label: metric });
    this.#missing.set(metric, (this.#missing.get(metric) ?? new Set()).add(run));
    this.#soon ??= setTimeout(() => void this.#ask(), GATHER);
    return "";
  }

  async #ask() {
    const missing = [...this.#missing];
    this.#missing.clear();
    this.#soon = undefined;
    await Promise.all(missing.map(([metric, runs]) => this.#learn([...runs].slice(0, MOST), metric))).catch(() => undefined);
    this.#came();
  }

  /** @param {string[]} runs @param {string} metric */
  async #learn(runs, metric) {
    const found = await courses(runs, [metric]);
    for (const run of runs) this.#known.set(`${run} ${metric}`, found.find((each) => each.run === run)?.points ?? []);
  }
}

/** @param {string[]} runs @param {string[]} keys @param {AbortSignal} [signal] @returns {Promise<{ run: string, key: string, points: Points }[]>} */
export const courses = async (runs, keys, signal) => (await own("/runs/series", { runs, keys, buckets: PIECES }, signal)).series;

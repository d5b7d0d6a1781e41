// Metrics of a run as lines.
import { own } from "../../lib/api.js";

/** @typedef {{ key: string, count: number, nan: number, infinite: number, points: (number | null)[][] }} Line */

const AT_ONCE = 40; // metrics of one request: their names go into the URL

/**
 * @param {string} run id
 * @param {string[]} keys
 * @param {{ x?: string, from?: number, to?: number, buckets?: number }} [options]
 * @returns {Promise<Line[]>}
 */
export async function series(run, keys, options) {
  /** @type {Promise<{ series: Line[] }>[]} */
  const asked = [];
  for (let at = 0; at < keys.length; at += AT_ONCE) asked.push(own("/runs/series", { runs: [run], keys: keys.slice(at, at + AT_ONCE), ...options }));
  return (await Promise.all(asked)).flatMap((answer) => answer.series);
}

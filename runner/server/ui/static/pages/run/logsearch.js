// A search in the whole output of a run: the server looks through it bit by bit, and what it has found by now can be used.
import { own } from "../../lib/api.js";

/** @typedef {{ stream: string, offset: number, time: number, at: string, text: string }} Match */

const AT_ONCE = 1000; // matches of one answer
const MOST = 10_000; // matches held

export class LogSearch {
  /** @type {Match[]} */
  matches = [];
  /** @type {number} which part was searched */
  progress = 1;
  isFull = false;
  #run;
  #changed;
  /** @type {AbortController | undefined} */
  #going;
  #after = "0.0";
  /** @type {import("../../lib/api.js").Query} */
  #wanted = {};

  /** @param {string} run id @param {() => void} changed */
  constructor(run, changed) {
    this.#run = run;
    this.#changed = changed;
  }

  /** Find something else. @param {import("../../lib/api.js").Query} wanted */
  begin(wanted) {
    this.#going?.abort();
    this.#going = undefined;
    [this.matches, this.progress, this.isFull, this.#after, this.#wanted] = [[], 1, false, "0.0", wanted];
    return this.more();
  }

  /** Go on with what has come since. */
  async more() {
    if (this.#going || !this.#wanted.text || this.isFull) return;
    const going = (this.#going = new AbortController());
    try {
      for await (const answer of searched(this.#run, { ...this.#wanted, after: this.#after, limit: AT_ONCE }, going.signal)) {
        this.matches.push(...answer.matches);
        [this.progress, this.#after, this.isFull] = [answer.progress, answer.next, this.matches.length >= MOST];
        this.#changed();
        if (this.isFull) break;
      }
    } catch (error) {
      if (!going.signal.aborted) throw error;
    } finally {
      if (this.#going === going) this.#going = undefined;
    }
  }

  /** Leave off where it is. */
  stop() {
    this.#going?.abort();
  }

  get isGoing() {
    return this.#going !== undefined && !this.#going.signal.aborted && this.progress < 1;
  }
}

/** The first line that tells of an error: on stderr, or else anywhere. @param {string} run @param {(progress: number) => void} told @param {AbortSignal} signal @returns {Promise<Match | undefined>} */
export async function firstError(run, told, signal) {
  for (const stream of ["stderr", undefined]) {
    for await (const answer of searched(run, { errors: true, stream, limit: 1 }, signal)) {
      if (answer.matches[0]) return answer.matches[0];
      told(answer.progress);
    }
  }
  return undefined;
}

/** @param {string} run @param {import("../../lib/api.js").Query} query @param {AbortSignal} signal @returns {AsyncGenerator<{ matches: Match[], next: string, over: boolean, progress: number }>} */
async function* searched(run, query, signal) {
  for (let after = query.after, over = false; !over; ) {
    const answer = await own(`/runs/${run}/logs/search`, { ...query, after }, signal);
    yield answer;
    ({ next: after, over } = answer);
  }
}

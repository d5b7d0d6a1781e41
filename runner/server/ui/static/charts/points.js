// The points of a line, one after the other in typed arrays: ten thousand a line are drawn in the time of a frame.

/** A bucket [x, min, max, first, last] or a point [x, y]; null where there is no number. @typedef {(number | null)[]} Row */

const NONE = NaN;

/** The greatest double stands for infinity, which no chart has a place for. @param {number | null | undefined} value */
const finite = (value) => (value === null || value === undefined || Math.abs(value) >= Number.MAX_VALUE ? NONE : value);

/** Points by x, which may grow at their end. */
export class Points {
  length = 0;
  x = new Float64Array(64);
  low = new Float64Array(64);
  high = new Float64Array(64);
  first = new Float64Array(64);
  last = new Float64Array(64);
  /** @type {{ weight: number, values: Float64Array, length: number } | undefined} */
  #smooth;

  /** @param {Row[]} rows */
  constructor(rows) {
    this.append(rows);
  }

  /** Points that follow; one at the place of the last point takes its place. @param {Row[]} rows */
  append(rows) {
    for (const row of rows) {
      const [x, a, b, c, d] = row;
      if (x === null || x === undefined) continue;
      const at = this.length > 0 && this.x[this.length - 1] === x ? this.length - 1 : this.length;
      if (at >= this.x.length) this.#grow();
      this.x[at] = x;
      this.low[at] = finite(a);
      this.high[at] = finite(b ?? a);
      this.first[at] = finite(c ?? a);
      this.last[at] = finite(d ?? a);
      this.length = at + 1;
    }
    this.#smooth = undefined;
  }

  #grow() {
    for (const name of /** @type {const} */ (["x", "low", "high", "first", "last"])) {
      const wider = new Float64Array(2 * this[name].length);
      wider.set(this[name]);
      this[name] = wider;
    }
  }

  /** The first point at x or behind it. @param {number} x */
  from(x) {
    let low = 0, high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.x[middle] ?? NONE) < x) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The point next to x; -1 where there is none. @param {number} x */
  near(x) {
    const after = this.from(x);
    if (after === 0) return this.length > 0 ? 0 : -1;
    if (after === this.length) return after - 1;
    return (this.x[after] ?? 0) - x < x - (this.x[after - 1] ?? 0) ? after : after - 1;
  }

  /** A moving average of the means, which forgets by `weight` (0 to 1) from point to point and has no bias at its beginning. @param {number} weight */
  smooth(weight) {
    if (this.#smooth?.weight === weight && this.#smooth.length === this.length) return this.#smooth.values;
    const values = new Float64Array(this.length);
    let sum = 0, share = 0;
    for (let at = 0; at < this.length; at += 1) {
      const middle = ((this.low[at] ?? NONE) + (this.high[at] ?? NONE)) / 2;
      if (Number.isFinite(middle)) {
        sum = sum * weight + middle * (1 - weight);
        share = share * weight + (1 - weight);
      }
      values[at] = share > 0 ? sum / share : NONE;
    }
    this.#smooth = { weight, values, length: this.length };
    return values;
  }

  /** The least and the greatest value between two places; above zero only, if `positive`. @param {number} from @param {number} to indices @param {boolean} positive @returns {[number, number]} */
  range(from, to, positive) {
    let least = Infinity, most = -Infinity;
    for (let at = from; at < to; at += 1) {
      const low = this.low[at] ?? NONE, high = this.high[at] ?? NONE;
      if (low < least && (!positive || low > 0)) least = low;
      if (high > most && Number.isFinite(high)) most = high;
      if (positive && low <= 0 && high > 0 && high < least) least = high;
    }
    return [least, most];
  }
}

// How much a parameter has to do with a result: the correlation of ranks, or how far apart the means of its values are.
import { areNumbers } from "../../charts/axis.js";

/** @typedef {import("../../charts/axis.js").Value} Value */

/**
 * From 0 (nothing) to 1 (everything). A few runs say nothing: below five it is 0.
 *
 * @param {Value[]} values of the parameter @param {Value[]} results
 */
export function importance(values, results) {
  const pairs = values.flatMap((value, at) => {
    const result = results[at];
    return value === null || value === undefined || typeof result !== "number" ? [] : [{ value, result }];
  });
  if (pairs.length < 5) return 0;
  const y = ranks(pairs.map(({ result }) => result));
  const apart = between(pairs.map(({ value }) => String(value)), y);
  if (!areNumbers(pairs.map(({ value }) => value))) return apart;
  return Math.max(Math.abs(correlation(ranks(pairs.map(({ value }) => Number(value))), y)), distinct(pairs.map(({ value }) => value)) <= 8 ? apart : 0);
}

/** Pearson's, of numbers; of ranks it is Spearman's. @param {number[]} x @param {number[]} y */
export function correlation(x, y) {
  const [mx, my] = [mean(x), mean(y)];
  let xy = 0, xx = 0, yy = 0;
  x.forEach((each, at) => {
    const a = each - mx, b = (y[at] ?? 0) - my;
    xy += a * b;
    xx += a * a;
    yy += b * b;
  });
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : 0;
}

/** Places in their order; equal ones share theirs. @param {number[]} numbers */
export function ranks(numbers) {
  const order = numbers.map((value, at) => ({ value, at })).sort((a, b) => a.value - b.value);
  const found = new Array(numbers.length).fill(0);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && order[to]?.value === order[from]?.value) to += 1;
    for (let at = from; at < to; at += 1) found[order[at]?.at ?? 0] = (from + to - 1) / 2;
    from = to;
  }
  return found;
}

/** The part of the variance that lies between groups, as a correlation. @param {string[]} groups @param {number[]} y */
function between(groups, y) {
  const all = mean(y), members = grouped([...y.keys()], (at) => groups[at] ?? "");
  if (members.size * 2 > y.length) return 0; // nearly each has a value of its own
  const total = y.reduce((sum, each) => sum + (each - all) ** 2, 0);
  const part = [...members.values()].reduce((sum, places) => sum + places.length * (mean(places.map((at) => y[at] ?? 0)) - all) ** 2, 0);
  return total > 0 ? Math.sqrt(part / total) : 0;
}

/** @template T @param {T[]} all @param {(each: T) => string} key @returns {Map<string, T[]>} */
export function grouped(all, key) {
  /** @type {Map<string, T[]>} */
  const found = new Map();
  for (const each of all) {
    const members = found.get(key(each));
    if (members) members.push(each);
    else found.set(key(each), [each]);
  }
  return found;
}

/** @param {Value[]} values */
const distinct = (values) => new Set(values).size;

/** @param {number[]} numbers */
const mean = (numbers) => numbers.reduce((sum, each) => sum + each, 0) / Math.max(1, numbers.length);

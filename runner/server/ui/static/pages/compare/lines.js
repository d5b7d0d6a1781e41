// Lines made of lines: against one of them, or the mean of several with a band from the least to the greatest.
import { colourAt } from "../../lib/colour.js";
import { grouped } from "./importance.js";

/** @typedef {import("../../charts/line.js").Series} Series */
/** @typedef {import("../../charts/points.js").Row} Row */

const PLACES = 400; // of a mean

/** What a point stands for. @param {Row} row */
const last = (row) => row[4] ?? row[1] ?? null;

/**
 * The value of a line at x, between its points; null outside.
 *
 * @param {Row[]} rows
 * @returns {(x: number) => number | null} asked in rising order
 */
function along(rows) {
  const known = rows.filter((row) => row[0] !== null && last(row) !== null);
  let at = 0;
  return (x) => {
    while (at < known.length - 1 && (known[at + 1]?.[0] ?? Infinity) <= x) at += 1;
    const here = known[at], next = known[at + 1];
    const from = here?.[0], value = here && last(here);
    if (from === undefined || from === null || value === undefined || value === null || x < from) return null;
    const to = next?.[0], after = next && last(next);
    if (to === undefined || to === null || after === undefined || after === null) return x === from ? value : null;
    return value + ((after - value) * (x - from)) / (to - from || 1);
  };
}

/** Each line minus that of the baseline. @param {Series[]} lines @param {string} baseline */
export function differences(lines, baseline) {
  const base = lines.find(({ run }) => run === baseline);
  if (!base) return lines;
  return lines.map((line) => {
    const of = along(base.points);
    /** @type {Row[]} */
    const points = line.points.flatMap((row) => {
      const x = row[0], value = last(row), under = x === null || x === undefined ? null : of(x);
      return x === null || x === undefined || value === null || under === null ? [] : [[x, value - under]];
    });
    return { ...line, points };
  });
}

/** The mean of each group. @param {Series[]} lines @param {(run: string) => string} group @returns {Series[]} */
export function means(lines, group) {
  const groups = grouped(lines, ({ run }) => group(run));
  const names = [...groups.keys()].toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return names.map((name, at) => {
    const members = groups.get(name) ?? [];
    return { run: `group ${name}`, name: `${name} (${members.length})`, band: true, colour: colourAt(at), dash: [], points: mean(members) };
  });
}

/** @param {Series[]} members @returns {Row[]} */
function mean(members) {
  const all = [...new Set(members.flatMap(({ points }) => points.flatMap(([x]) => (typeof x === "number" ? [x] : []))))].sort((a, b) => a - b);
  const every = Math.max(1, Math.ceil(all.length / PLACES));
  const values = members.map(({ points }) => along(points));
  return all.flatMap((x, at) => {
    const found = values.flatMap((of) => of(x) ?? []);
    if (found.length === 0 || (at % every !== 0 && at !== all.length - 1)) return [];
    const middle = found.reduce((sum, each) => sum + each, 0) / found.length;
    return [[x, Math.min(...found), Math.max(...found), middle, middle]];
  });
}

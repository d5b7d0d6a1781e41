// From values to pixels and back, and where the marks of an axis are.
import { clock, lasting, number } from "../lib/format.js";

/** @typedef {"number" | "time" | "lasting"} Kind how the values of an axis are written: time is milliseconds since the epoch */
/** @typedef {{ low: number, high: number, log: boolean, from: number, to: number }} Scale */

/**
 * A scale of values from `low` to `high` over pixels from `from` to `to`. One value alone gets room on both sides; a log scale needs
 * values above zero.
 *
 * @param {number} low @param {number} high @param {number} from @param {number} to @param {boolean} [log]
 * @returns {Scale}
 */
export function scale(low, high, from, to, log = false) {
  if (!(low <= high)) [low, high] = log ? [1, 10] : [0, 1];
  if (log && low <= 0) low = Math.min(high, 1e-12);
  if (low === high) {
    const room = Math.abs(low) * 0.05 || 0.5;
    [low, high] = log ? [low / 2, high * 2] : [low - room, high + room];
  }
  return { low, high, log, from, to };
}

/** Some room above and below. @param {Scale} axis @param {number} [part] of its length */
export function roomy(axis, part = 0.04) {
  if (axis.log) {
    const room = (axis.high / axis.low) ** part;
    return { ...axis, low: axis.low / room, high: axis.high * room };
  }
  const room = (axis.high - axis.low) * part;
  return { ...axis, low: axis.low - room, high: axis.high + room };
}

/** @param {Scale} axis @param {number} value @returns {number} pixels; NaN for what a log scale has no place for */
export function pixel({ low, high, log, from, to }, value) {
  const part = log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return from + part * (to - from);
}

/** @param {Scale} axis @param {number} place pixels */
export function value({ low, high, log, from, to }, place) {
  const part = (place - from) / (to - from);
  return log ? low * (high / low) ** part : low + part * (high - low);
}

/**
 * Where marks are: at round values, about `pixels` from each other.
 *
 * @param {Scale} axis @param {number} [pixels] @param {Kind} [kind]
 * @returns {number[]}
 */
export function marks(axis, pixels = 70, kind = "number") {
  const wanted = Math.max(2, Math.abs(axis.to - axis.from) / pixels);
  if (axis.log && axis.high / axis.low >= 8) return powers(axis.low, axis.high, wanted);
  const step = kind === "number" ? round((axis.high - axis.low) / wanted) : moments((axis.high - axis.low) / wanted);
  const found = [], behind = kind === "time" ? behindUtc : () => 0, first = behind(axis.low);
  for (let at = Math.ceil((axis.low - first) / step); found.length < 100; at += 1) {
    const mark = at * step + behind(at * step + first);
    if (!(mark <= axis.high * (1 + 1e-12))) break;
    found.push(Number(mark.toPrecision(12)));
  }
  return found;
}

/** How far local clocks, whose days the marks are at, are behind then. @param {number} time */
const behindUtc = (time) => new Date(time).getTimezoneOffset() * 60_000;

/** A round number not far above. @param {number} rough */
function round(rough) {
  const power = 10 ** Math.floor(Math.log10(rough)), first = rough / power;
  return (first <= 1 ? 1 : first <= 2 ? 2 : first <= 5 ? 5 : 10) * power;
}

const LENGTHS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400].map((seconds) => seconds * 1000);

/** A round length of time. @param {number} rough milliseconds */
const moments = (rough) => (rough < 1000 ? round(rough) : LENGTHS.find((length) => length >= rough) ?? round(rough / 86_400_000) * 86_400_000);

/** @param {number} low @param {number} high @param {number} wanted */
function powers(low, high, wanted) {
  const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
  const every = Math.max(1, Math.ceil((last - first + 1) / wanted));
  const between = last - first + 1 <= wanted / 3 ? [1, 2, 5] : [1];
  const found = [];
  for (let power = first - 1; power <= last; power += every) {
    for (const digit of between) found.push(Number((digit * 10 ** power).toPrecision(12)));
  }
  return found.filter((each) => each >= low * (1 - 1e-9) && each <= high * (1 + 1e-9));
}

/** A value as its axis writes it, with as many digits as the distance of marks needs. @param {number} each @param {Kind} kind @param {number} [step] */
export function written(each, kind, step) {
  if (kind === "lasting") return lasting(each);
  if (kind === "time") return moment(each, step ?? 0);
  const size = Math.abs(each);
  if (size >= 1e6 || (size > 0 && size < 1e-4)) return each.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");
  return size >= 1e4 ? each.toLocaleString("en") : number(each);
}

/** A value of such an axis by itself. @param {number} each @param {Kind} kind */
export const told = (each, kind) => (kind === "time" ? clock(each) : kind === "lasting" ? lasting(each) : number(each));

/** @param {number} time @param {number} step between two marks */
function moment(time, step) {
  const text = new Date(time).toLocaleString("sv-SE");
  if (step >= 86_400_000) return text.slice(5, 10);
  return step >= 60_000 ? text.slice(11, 16) : text.slice(11);
}

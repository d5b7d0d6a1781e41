// Numbers, times and sizes as people read them.

/** @param {number | null | undefined} value six digits at most; the greatest double stands for infinity */
export function number(value) {
  if (value === null || value === undefined) return "";
  if (Math.abs(value) === Number.MAX_VALUE) return value > 0 ? "∞" : "-∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  return String(Number(value.toPrecision(6)));
}

/** @param {number | null | undefined} milliseconds a length of time in its largest unit, two digits of it */
export function lasting(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) return "";
  const seconds = Math.max(0, milliseconds) / 1000;
  for (const [unit, length] of /** @type {[string, number][]} */ ([["d", 86400], ["h", 3600], ["min", 60]])) {
    if (seconds >= length) return `${rounded(seconds / length)} ${unit}`;
  }
  return `${rounded(seconds)} s`;
}

/** @param {number} value */
const rounded = (value) => (value < 10 ? Number(value.toFixed(1)) : Math.round(value));

/** @param {number | null | undefined} time milliseconds since the epoch */
export const ago = (time) => (time ? `${lasting(Date.now() - time)} ago` : "");

/** @param {number | null | undefined} time milliseconds since the epoch; local date and time */
export function clock(time) {
  if (!time) return "";
  const at = new Date(time);
  if (Number.isNaN(at.valueOf())) return `${time} ms`;
  const day = [at.getFullYear(), at.getMonth() + 1, at.getDate()], second = [at.getHours(), at.getMinutes(), at.getSeconds()];
  return `${day.map(two).join("-")} ${second.map(two).join(":")}`;
}

const two = (/** @type {number} */ part) => String(part).padStart(2, "0");

/** @param {number | null | undefined} count bytes */
export function bytes(count) {
  if (count === null || count === undefined) return "";
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = count, unit = 0;
  while (value >= 1000 && unit < units.length - 1) { value /= 1000; unit += 1; }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** A whole number in groups of three digits; browsers take long to begin with the numbers of all languages. @param {number} count */
const grouped = (count) => String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");

/** @param {number} count @param {string} noun */
export const counted = (count, noun) => `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;

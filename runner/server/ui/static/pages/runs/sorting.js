// What a click on a head makes of the order.
import { isBestGreatest } from "./data.js";

/**
 * The best or the newest first, then the other way round, then not at all.
 *
 * @param {string[]} sort @param {string} key @param {boolean} more beside the columns that decide before it
 */
export function sorted(sort, key, more) {
  const down = `-${key}`, [first, other] = isBestGreatest(key) || key === "started" ? [down, key] : [key, down];
  const now = sort.find((each) => each === key || each === down), next = now === undefined ? first : now === first ? other : undefined;
  if (!more) return next === undefined ? [] : [next];
  if (now === undefined) return [...sort, first];
  return sort.flatMap((each) => (each !== now ? [each] : next === undefined ? [] : [next]));
}

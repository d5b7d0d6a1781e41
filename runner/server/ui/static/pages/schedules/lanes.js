// What goes on at the same time stands side by side, as calendars have it; what does not fit is folded.

/** @typedef {{ from: number, to: number }} Extent */

/**
 * Where each item stands: in which of how many lanes. Where there would be more than `most` lanes, those beyond are together in the
 * last one: `items` has several then.
 *
 * @template {Extent} T
 * @param {T[]} items
 * @param {number} most
 * @returns {{ items: T[], from: number, to: number, lane: number, lanes: number }[]}
 */
export function lanes(items, most) {
  const sorted = [...items].sort((a, b) => a.from - b.from || b.to - a.to);
  return clusters(sorted).flatMap((cluster) => placed(cluster, most)).sort((a, b) => a.from - b.from || a.lane - b.lane);
}

/** Items that overlap each other, also by way of others. @template {Extent} T @param {T[]} sorted by `from` @returns {T[][]} */
function clusters(sorted) {
  /** @type {T[][]} */
  const found = [];
  let end = -Infinity;
  for (const item of sorted) {
    if (item.from >= end) found.push([]);
    found.at(-1)?.push(item);
    end = Math.max(end, item.to);
  }
  return found;
}

/** @template {Extent} T @param {T[]} cluster @param {number} most */
function placed(cluster, most) {
  /** @type {number[]} */
  const ends = [];
  const laid = cluster.map((item) => {
    const free = ends.findIndex((end) => end <= item.from);
    const lane = free === -1 ? ends.length : free;
    ends[lane] = item.to;
    return { item, lane };
  });
  const count = Math.min(ends.length, most), room = ends.length <= most ? most : most - 1;
  const single = laid.filter(({ lane }) => lane < room).map(({ item, lane }) => ({ items: [item], from: item.from, to: item.to, lane, lanes: count }));
  const folded = clusters(laid.filter(({ lane }) => lane >= room).map(({ item }) => item)).map((items) => ({
    items, from: Math.min(...items.map((item) => item.from)), to: Math.max(...items.map((item) => item.to)), lane: count - 1, lanes: count,
  }));
  return [...single, ...folded];
}

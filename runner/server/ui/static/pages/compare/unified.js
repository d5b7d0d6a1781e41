// Two texts as a unified diff, by the fewest edits (Myers).

const CONTEXT = 3;
const FARTHEST = 800; // edits: beyond it all between equal ends is told as removed and added

/** @param {string[]} before @param {string[]} after @param {string} left @param {string} right names */
export function unified(before, after, left, right) {
  const kept = matches(before, after);
  /** @type {[string, number, number][]} sign and the line in each */
  const rows = [];
  let a = 0, b = 0;
  for (const [x, y] of [...kept, [before.length, after.length]]) {
    while (a < (x ?? 0)) rows.push(["-", a++, b]);
    while (b < (y ?? 0)) rows.push(["+", a, b++]);
    if (a < before.length && b < after.length) rows.push([" ", a++, b++]);
  }
  const hunks = around(rows).map(([from, to]) => {
    const part = rows.slice(from, to), old = part.filter(([sign]) => sign !== "+").length, now = part.filter(([sign]) => sign !== "-").length;
    const [, x, y] = rows[from] ?? ["", 0, 0];
    return [`@@ -${x + 1},${old} +${y + 1},${now} @@`, ...part.map(([sign, i, j]) => `${sign}${sign === "+" ? after[j] : before[i]}`)].join("\n");
  });
  return hunks.length > 0 ? [`--- ${left}`, `+++ ${right}`, ...hunks, ""].join("\n") : "";
}

/** Where changes are, with what is around them. @param {[string, number, number][]} rows @returns {[number, number][]} */
function around(rows) {
  /** @type {[number, number][]} */
  const found = [];
  rows.forEach(([sign], at) => {
    if (sign === " ") return;
    const last = found.at(-1), from = Math.max(0, at - CONTEXT), to = Math.min(rows.length, at + CONTEXT + 1);
    if (last && from <= last[1]) last[1] = to;
    else found.push([from, to]);
  });
  return found;
}

/** Lines that are the same in both, in their order. @param {string[]} before @param {string[]} after @returns {number[][]} */
export function matches(before, after) {
  let from = 0, end = 0;
  while (from < before.length && from < after.length && before[from] === after[from]) from += 1;
  while (end < before.length - from && end < after.length - from && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const inner = middle(before.slice(from, before.length - end), after.slice(from, after.length - end)).map(([x = 0, y = 0]) => [x + from, y + from]);
  const head = Array.from({ length: from }, (_, at) => [at, at]);
  const tail = Array.from({ length: end }, (_, at) => [before.length - end + at, after.length - end + at]);
  return [...head, ...inner, ...tail];
}

/** @param {string[]} a @param {string[]} b @returns {number[][]} */
function middle(a, b) {
  /** @type {Map<number, number>[]} how far each diagonal has come, edit by edit */
  const steps = [];
  let far = new Map([[1, 0]]);
  for (let edits = 0; edits <= Math.min(a.length + b.length, FARTHEST); edits += 1) {
    steps.push(new Map(far));
    for (let k = -edits; k <= edits; k += 2) {
      const down = k === -edits || (k !== edits && (far.get(k - 1) ?? -1) < (far.get(k + 1) ?? -1));
      let x = down ? (far.get(k + 1) ?? 0) : (far.get(k - 1) ?? 0) + 1, y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) [x, y] = [x + 1, y + 1];
      far.set(k, x);
      if (x >= a.length && y >= b.length) return back(steps, a.length, b.length);
    }
  }
  return [];
}

/** @param {Map<number, number>[]} steps @param {number} x @param {number} y @returns {number[][]} */
function back(steps, x, y) {
  /** @type {number[][]} */
  const found = [];
  for (let edits = steps.length - 1; edits >= 0; edits -= 1) {
    const far = steps[edits] ?? new Map(), k = x - y;
    const down = k === -edits || (k !== edits && (far.get(k - 1) ?? -1) < (far.get(k + 1) ?? -1));
    const before = down ? k + 1 : k - 1, fromX = far.get(before) ?? 0, fromY = fromX - before;
    while (x > fromX && y > fromY) found.push([(x -= 1), (y -= 1)]);
    [x, y] = [fromX, fromY];
  }
  return found.toReversed();
}

// What a unified diff says, as git and diff write it: files, their hunks, and lines with their numbers.

/** @typedef {" " | "+" | "-" | "\\"} Sign */
/** @typedef {{ sign: Sign, text: string, old?: number, now?: number }} Line */
/** @typedef {{ title: string, lines: Line[] }} Hunk */
/** @typedef {{ before: string, after: string, notes: string[], hunks: Hunk[], added: number, removed: number }} File */

const HUNK = /^@@+ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@+ ?(.*)$/;
const NONE = "/dev/null";

/** @param {string} text @returns {File[]} */
export function parse(text) {
  /** @type {File[]} */
  const files = [];
  /** @type {File | undefined} */
  let file;
  /** @type {Hunk | undefined} */
  let hunk;
  let old = 0, now = 0, oldLeft = 0, nowLeft = 0; // where we are, and how much of the hunk is to come
  const begin = (/** @type {string} */ before = "", /** @type {string} */ after = "") => {
    file = { before, after, notes: [], hunks: [], added: 0, removed: 0 };
    files.push(file);
    hunk = undefined;
  };
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const within = file && hunk && (oldLeft > 0 || nowLeft > 0);
    const found = !within && HUNK.exec(line);
    if (found) {
      if (!file) begin();
      hunk = { title: found[5] ?? "", lines: [] };
      file?.hunks.push(hunk);
      [old, oldLeft, now, nowLeft] = [Number(found[1]), Number(found[2] ?? 1), Number(found[3]), Number(found[4] ?? 1)];
    } else if (within || (hunk && line.startsWith("\\"))) {
      const sign = /** @type {Sign} */ (line[0] ?? " "), rest = line.slice(1);
      if (sign === "+") hunk?.lines.push({ sign, text: rest, now: now++ }), (nowLeft -= 1), file && (file.added += 1);
      else if (sign === "-") hunk?.lines.push({ sign, text: rest, old: old++ }), (oldLeft -= 1), file && (file.removed += 1);
      else if (sign === "\\") hunk?.lines.push({ sign, text: rest.trim() });
      else hunk?.lines.push({ sign: " ", text: rest, old: old++, now: now++ }), (oldLeft -= 1), (nowLeft -= 1);
    } else if (line.startsWith("diff --git ")) {
      const names = /^diff --git "?a\/(.*?)"? "?b\/(.*?)"?$/.exec(line);
      begin(names?.[1] ?? "", names?.[2] ?? "");
    } else if (line.startsWith("--- ")) {
      if (!file || file.hunks.length > 0 || hunk) begin();
      if (file) file.before = nameOf(line);
    } else if (line.startsWith("+++ ")) {
      if (file) file.after = nameOf(line);
    } else if (line !== "" && !line.startsWith("index ")) {
      if (!file) begin();
      file?.notes.push(line);
    }
  }
  return files;
}

/** @param {string} line of the head of a file */
function nameOf(line) {
  const name = (line.slice(4).split("\t")[0] ?? "").replace(/^"(.*)"$/, "$1");
  return name === NONE ? NONE : name.replace(/^[ab]\//, "");
}

/** What a file is called, for people. @param {File} file */
export function titleOf({ before, after }) {
  if (before === NONE) return `${after} (new)`;
  if (after === NONE) return `${before} (removed)`;
  return before && after && before !== after ? `${before} → ${after}` : after || before || "changes";
}

/**
 * Where two lines begin and end to differ: what is alike at their ends is not marked.
 *
 * @param {string} before @param {string} after
 * @returns {[number, number, number]} the same at the beginning, and where the rest that is the same begins in each
 */
export function apart(before, after) {
  let from = 0;
  while (from < before.length && from < after.length && before[from] === after[from]) from += 1;
  let end = 0;
  while (end < before.length - from && end < after.length - from && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  return [from, before.length - end, after.length - end];
}

// Unified diffs to look at: a file after the other, unchanged lines folded, what changed within a line marked. Long ones are drawn as
// they are opened, so that megabytes do not hold the page up.
import { fill, h } from "./dom.js";
import { counted } from "./format.js";
import { apart, parse, titleOf } from "./patch.js";

/** @typedef {import("./patch.js").File} File */
/** @typedef {import("./patch.js").Hunk} Hunk */
/** @typedef {import("./patch.js").Line} Line */

const OPEN = 600; // lines that are shown without being asked for
const AT_ONCE = 1500; // lines of a file drawn at once
const CONTEXT = 4, FOLDED = 3 * CONTEXT; // unchanged lines that stay around changes, and how many are worth folding
const LONGEST = 2000; // characters of a line

/**
 * Show a unified diff (of git, or of any program); the page imports style/diff.css into its style.
 *
 * @param {HTMLElement} container
 * @param {string} text
 * @param {{ empty?: string }} [options] what is said if there is none
 */
export function diffView(container, text, options) {
  const files = parse(text);
  if (files.length === 0) return fill(container, h("p", { class: "soft" }, options?.empty ?? "No changes"));
  let room = OPEN;
  const views = files.map((file) => {
    const lines = file.hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0);
    const open = lines <= room || (files.length === 1 && room === OPEN);
    if (open) room -= lines;
    return fileView(file, open);
  });
  return fill(container, h("div", { class: "diff" }, files.length > 1 && summary(files), views));
}

/** @param {File[]} files */
function summary(files) {
  const sum = (/** @type {"added" | "removed"} */ what) => files.reduce((total, file) => total + file[what], 0);
  return h("p", { class: "diff-summary soft" }, `${counted(files.length, "file")} `, counts(sum("added"), sum("removed")));
}

/** @param {number} added @param {number} removed */
export function counts(added, removed) {
  return h("span", { class: "diff-counts", "aria-label": `${counted(added, "line")} added, ${counted(removed, "line")} removed`, role: "img" }, h("span", { class: "good" }, `+${added}`), " ", h("span", { class: "bad" }, `−${removed}`));
}

/** @param {File} file @param {boolean} open */
function fileView(file, open) {
  const title = titleOf(file);
  const body = h("div", { class: "diff-body", role: "region", tabindex: 0, "aria-label": `Changes of ${title}` });
  const element = h("details", { class: "diff-file", open }, h("summary", null, h("span", { class: "mono" }, title), " ", counts(file.added, file.removed)), body);
  const draw = () => {
    if (element.open && body.childElementCount === 0) fill(body, file.notes.map((note) => h("div", { class: "diff-note soft" }, note)), file.hunks.map((hunk, at) => hunkView(hunk, at)));
  };
  element.addEventListener("toggle", draw);
  draw();
  return element;
}

/** @param {Hunk} hunk @param {number} at */
function hunkView(hunk, at) {
  const first = hunk.lines[0];
  const head = (at > 0 || (first?.old ?? first?.now ?? 1) > 1 || hunk.title) && h("div", { class: "diff-gap" }, `⋯ ${hunk.title}`);
  return h("div", { class: "diff-hunk" }, head, some(hunk.lines, 0));
}

/** Lines from one on, and a button for those that would be too many at once. @param {Line[]} lines @param {number} from @returns {any[]} */
function some(lines, from) {
  const to = Math.min(lines.length, from + AT_ONCE);
  const drawn = folded(lines, from, to);
  if (to === lines.length) return drawn;
  const more = h("button", { type: "button", class: "plain diff-more", onclick: () => more.replaceWith(...some(lines, to).flat(Infinity)) }, `${counted(lines.length - to, "more line")}`);
  return [...drawn, more];
}

/** Rows, with long stretches of unchanged lines behind a button. @param {Line[]} lines @param {number} from @param {number} to @returns {HTMLElement[]} */
function folded(lines, from, to) {
  /** @type {HTMLElement[]} */
  const rows = [];
  for (let at = from; at < to; ) {
    let end = at;
    while (end < to && lines[end]?.sign === " ") end += 1;
    const before = at === 0 ? 0 : CONTEXT, after = end === lines.length ? 0 : CONTEXT;
    if (end - at > FOLDED) {
      rows.push(...lines.slice(at, at + before).map((each) => row(each)), fold(lines.slice(at + before, end - after)), ...lines.slice(end - after, end).map((each) => row(each)));
    } else if (end > at) rows.push(...lines.slice(at, end).map((each) => row(each)));
    else end = changed(lines, at, to, rows);
    at = end;
  }
  return rows;
}

/** @param {Line[]} lines */
function fold(lines) {
  const button = h("button", { type: "button", class: "plain diff-more", onclick: () => button.replaceWith(...lines.map((each) => row(each))) }, `⋯ ${counted(lines.length, "unchanged line")}`);
  return button;
}

/** Removed lines and the added ones that follow them; equally many are held against each other. @param {Line[]} lines @param {number} at @param {number} to @param {HTMLElement[]} rows */
function changed(lines, at, to, rows) {
  const until = (/** @type {number} */ from, /** @type {string} */ sign) => {
    let end = from;
    while (end < to && lines[end]?.sign === sign) end += 1;
    return end;
  };
  const middle = until(at, "-"), end = until(middle, "+");
  if (end === at) return rows.push(row(lines[at] ?? { sign: " ", text: "" })), at + 1;
  const pairs = middle - at === end - middle;
  for (let each = at; each < end; each += 1) {
    const line = lines[each], other = lines[each < middle ? each + (middle - at) : each - (middle - at)];
    if (line) rows.push(row(line, pairs && other ? marked(line, other) : undefined));
  }
  return end;
}

/** Which part of a line is not in the other; none where nearly all of it is. @param {Line} line @param {Line} other @returns {[number, number] | undefined} */
function marked(line, other) {
  if (line.text.length > LONGEST || other.text.length > LONGEST) return undefined;
  const [from, mine] = apart(line.text, other.text);
  return from + (line.text.length - mine) < line.text.length / 4 ? undefined : [from, mine];
}

/** @type {Record<string, string>} */
const CLASSES = { "+": "added", "-": "removed", "\\": "remark", " ": "" };

/** @param {Line} line @param {[number, number]} [mark] */
function row({ sign, text, old, now }, mark) {
  const long = text.length > LONGEST;
  const shown = long ? `${text.slice(0, LONGEST)}…` : text;
  const content = mark && mark[1] > mark[0] ? [shown.slice(0, mark[0]), h("mark", null, shown.slice(mark[0], mark[1])), shown.slice(mark[1])] : shown;
  return h("div", { class: `diff-line ${CLASSES[sign] ?? ""}` }, h("span", { class: "diff-number", "data-n": old ?? "" }), h("span", { class: "diff-number", "data-n": now ?? "" }), h("span", { class: "diff-sign" }, sign === "\\" ? " " : sign), h("span", { class: "diff-text" }, content));
}

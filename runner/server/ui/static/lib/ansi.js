// What terminals understand, as text with classes: colours and weights; all other sequences are left out.

/** @typedef {{ text: string, classes: string }} Piece */

// eslint-disable-next-line no-control-regex -- what begins with ESC is what is looked for
const SEQUENCE = /\x1b(?:\[([0-9;:?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]/g;
const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
/** @type {Record<number, string>} */
const WEIGHTS = { 1: "bold", 2: "dim", 3: "italic", 4: "underline", 9: "struck" };

/**
 * A line in pieces; no piece has more than text and names of classes.
 *
 * @param {string} line
 * @returns {Piece[]}
 */
export function pieces(line) {
  if (!line.includes("\x1b")) return [{ text: plain(line), classes: "" }];
  /** @type {Piece[]} */
  const found = [];
  const state = new State();
  let from = 0;
  for (const match of line.matchAll(SEQUENCE)) {
    if (match.index > from) found.push({ text: line.slice(from, match.index), classes: state.classes() });
    from = match.index + match[0].length;
    if (match[2] === "m") state.take(match[1] ?? "");
  }
  if (from < line.length) found.push({ text: line.slice(from), classes: state.classes() });
  return found;
}

/** A line without sequences. @param {string} line */
export const plain = (line) => line.replace(SEQUENCE, "");

/** What is left of a line in which a program wrote over what it had written: a progress bar. @param {string} line */
export function overwritten(line) {
  const end = line.endsWith("\r") ? line.length - 1 : line.length;
  const from = line.lastIndexOf("\r", end - 1);
  return from < 0 ? line.slice(0, end) : line.slice(from + 1, end);
}

class State {
  #colour = "";
  #ground = "";
  /** @type {Set<string>} */
  #weights = new Set();

  classes() {
    return [this.#colour && `fg-${this.#colour}`, this.#ground && `bg-${this.#ground}`, ...this.#weights].filter(Boolean).join(" ");
  }

  /** @param {string} text numbers between semicolons */
  take(text) {
    const codes = text.split(/[;:]/).map(Number);
    for (let at = 0; at < codes.length; at += 1) {
      const code = codes[at] ?? 0;
      if (code === 38 || code === 48) {
        const [colour, used] = extended(codes, at + 1);
        if (code === 38) this.#colour = colour;
        else this.#ground = colour;
        at += used;
      } else this.#one(code);
    }
  }

  /** @param {number} code */
  #one(code) {
    const weight = WEIGHTS[code];
    if (code === 0) this.#clear();
    else if (weight) this.#weights.add(weight);
    else if (code === 22) for (const each of ["bold", "dim"]) this.#weights.delete(each);
    else if (code === 39) this.#colour = "";
    else if (code === 49) this.#ground = "";
    else if (code >= 30 && code <= 37) this.#colour = COLOURS[code - 30] ?? "";
    else if (code >= 90 && code <= 97) this.#colour = COLOURS[code - 90] ?? "";
    else if (code >= 40 && code <= 47) this.#ground = COLOURS[code - 40] ?? "";
    else if (code >= 100 && code <= 107) this.#ground = COLOURS[code - 100] ?? "";
    else if (code === 23 || code === 24 || code === 29) this.#weights.delete(WEIGHTS[code - 20] ?? "");
  }

  #clear() {
    this.#colour = this.#ground = "";
    this.#weights.clear();
  }
}

/**
 * Colours by number or by parts, as the nearest of the eight: those can be read in both themes.
 *
 * @param {number[]} codes @param {number} at
 * @returns {[string, number]} the colour, and how many numbers it took
 */
function extended(codes, at) {
  if (codes[at] === 5) return [indexed(codes[at + 1] ?? 0), 2];
  if (codes[at] === 2) return [nearest(codes[at + 1] ?? 0, codes[at + 2] ?? 0, codes[at + 3] ?? 0), 4];
  return ["", 0];
}

/** @param {number} code */
function indexed(code) {
  if (code < 16) return COLOURS[code % 8] ?? "";
  if (code > 231) return code > 243 ? "white" : "black";
  const part = (/** @type {number} */ by) => Math.floor((code - 16) / by) % 6 * 51;
  return nearest(part(36), part(6), part(1));
}

/** @param {number} red @param {number} green @param {number} blue */
function nearest(red, green, blue) {
  const middle = Math.max(red, green, blue) / 2;
  return COLOURS[(red > middle ? 1 : 0) + (green > middle ? 2 : 0) + (blue > middle ? 4 : 0)] ?? "";
}

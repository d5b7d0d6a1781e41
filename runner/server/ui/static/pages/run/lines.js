// The lines of a run's output, in the order in which they came; pieces of a line are put together, progress bars keep what they show last.
import { overwritten, plain } from "../../lib/ansi.js";

/** @typedef {{ stream: string, time: number, offset: number, text?: string, base64?: string }} Told a line as the server tells it */

export const SOURCES = /** @type {const} */ (["stdout", "stderr", "system"]);
const ERROR = /(error|exception)\b|\b(traceback|fatal|panic|segmentation fault|core dumped|killed|out of memory)\b/i;
const MILDER = /\b(0 errors?|no errors?|error rate)\b/i;
const LONGEST = 20_000; // characters of a line that are shown

export class Lines {
  /** @type {string[]} */
  texts = [];
  /** @type {number[]} place in SOURCES */
  sources = [];
  /** @type {number[]} milliseconds */
  times = [];
  /** @type {number[]} number of a line of the program, from 1; 0 for what the system says */
  numbers = [];
  /** @type {Record<string, number>} by stream, the line that goes on */
  #unended = {};
  #count = 0;

  get length() {
    return this.texts.length;
  }

  /** @param {Told[]} told */
  add(told) {
    for (const line of told) {
      const text = line.text ?? decoded(line.base64 ?? ""), ends = text.endsWith("\n");
      const bare = ends ? text.slice(0, text.endsWith("\r\n") ? -2 : -1) : text;
      const open = this.#unended[line.stream];
      if (open === undefined) this.#push(SOURCES.indexOf(/** @type {any} */ (line.stream)), line.time, kept(bare, ends), ++this.#count);
      else this.texts[open] = kept((this.texts[open] ?? "") + bare, ends);
      if (ends) delete this.#unended[line.stream];
      else this.#unended[line.stream] = open ?? this.texts.length - 1;
    }
  }

  /** @param {number} time @param {string} text */
  say(time, text) {
    this.#push(2, time, text, 0);
  }

  /** @param {number} index */
  isError(index) {
    const text = this.texts[index] ?? "";
    return ERROR.test(text) && !MILDER.test(text);
  }

  /** @param {number} index @param {string} wanted in small letters */
  holds(index, wanted) {
    const text = this.texts[index] ?? "";
    return (text.includes("\x1b") ? plain(text) : text).toLowerCase().includes(wanted);
  }

  /** @param {number} source @param {number} time @param {string} text @param {number} number */
  #push(source, time, text, number) {
    this.texts.push(text);
    this.sources.push(source);
    this.times.push(time);
    this.numbers.push(number);
  }
}

/** @param {string} text @param {boolean} ends whether nothing more is written over it */
function kept(text, ends) {
  const shown = text.includes("\r") ? (ends ? overwritten(text) : `${overwritten(text)}${text.endsWith("\r") ? "\r" : ""}`) : text;
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST)}…` : shown;
}

/** What is no UTF-8: with signs for what cannot be read. @param {string} base64 */
const decoded = (base64) => new TextDecoder().decode(Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0)));

// Some lines of a run's output, in the order in which they came; pieces of a line are put together, progress bars keep what they show last.
import { overwritten } from "../../lib/ansi.js";

/** @typedef {{ stream: string, time: number, offset: number, text?: string, base64?: string }} Told a line as the server tells it */
/** @typedef {{ text: string, source: number, time: number, offset: number, order: number }} Line `order` counts within these lines, NaN: of runner itself */

export const SOURCES = /** @type {const} */ (["stdout", "stderr", "system"]);
const SYSTEM = 2;
const LONGEST = 20_000; // characters of a line that are shown

export class Lines {
  /** @type {Line[]} */
  all = [];
  /** @type {number | null} number of the line whose order is 0; null: not known yet */
  base = null;
  /** @type {Record<string, Line>} by stream, the line that goes on */
  #unended = {};
  #next = 0;
  #first = 0;

  get length() {
    return this.all.length;
  }

  /** Lines that come behind. @param {Told[]} told */
  add(told) {
    for (const each of told) this.#add(each);
  }

  /** Lines that lie before. @param {Told[]} told */
  addBefore(told) {
    const before = new Lines();
    before.add(told);
    const count = before.#next;
    for (const line of before.all) line.order += this.#first - count;
    this.#first -= count;
    this.all = before.all.concat(this.all);
  }

  /** What runner says behind, or before. @param {[number, string][]} said @param {boolean} [before] */
  say(said, before = false) {
    const lines = said.map(([time, text]) => ({ text, source: SYSTEM, time, offset: -1, order: NaN }));
    this.all = before ? [...lines, ...this.all] : [...this.all, ...lines];
  }

  /** Leave away so many at one end. @param {number} count @param {"first" | "last"} which */
  drop(count, which) {
    const gone = which === "first" ? this.all.splice(0, count) : this.all.splice(this.all.length - count, count);
    const left = this.all.filter(({ order }) => !Number.isNaN(order));
    this.#first = left[0]?.order ?? this.#next;
    if (which === "last") {
      this.#next = (left.at(-1)?.order ?? this.#first - 1) + 1;
      this.#unended = {};
    } else for (const [stream, line] of Object.entries(this.#unended)) if (gone.includes(line)) delete this.#unended[stream];
  }

  /** From 1; 0 for what runner says, and where it is not known. @param {number} index */
  number(index) {
    const order = this.all[index]?.order ?? NaN;
    return this.base === null || Number.isNaN(order) ? 0 : this.base + order;
  }

  /** Where a line is that is named by its number, or by its stream and its first byte; -1: not here. @param {{ number?: number, stream?: string, offset?: number }} named */
  find({ number, stream, offset }) {
    if (number) return this.base === null ? -1 : this.all.findIndex(({ order }) => order === number - Number(this.base));
    const source = SOURCES.indexOf(/** @type {any} */ (stream));
    return this.all.findIndex((line) => line.source === source && line.offset === offset);
  }

  /** @param {Told} told */
  #add({ stream, time, offset, text, base64 }) {
    const whole = text ?? decoded(base64 ?? ""), ends = whole.endsWith("\n");
    const bare = ends ? whole.slice(0, whole.endsWith("\r\n") ? -2 : -1) : whole;
    let line = this.#unended[stream];
    if (line) line.text = kept(line.text + bare, ends);
    else this.all.push((line = { text: kept(bare, ends), source: SOURCES.indexOf(/** @type {any} */ (stream)), time, offset, order: this.#next++ }));
    if (ends) delete this.#unended[stream];
    else this.#unended[stream] = line;
  }
}

/** @param {string} text @param {boolean} ends whether nothing more is written over it */
function kept(text, ends) {
  const shown = text.includes("\r") ? (ends ? overwritten(text) : `${overwritten(text)}${text.endsWith("\r") ? "\r" : ""}`) : text;
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST)}…` : shown;
}

/** What is no UTF-8: with signs for what cannot be read. @param {string} base64 */
const decoded = (base64) => new TextDecoder().decode(Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0)));

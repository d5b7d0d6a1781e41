// Which lines of a window are shown: those of the sources that nobody has left away.
import { SOURCES } from "./lines.js";

/** @typedef {import("./lines.js").Line} Line */

export class Shown {
  /** @type {number[] | null} the places of the lines that are shown, where not all are */
  #places = null;
  #count = 0;
  #hidden;

  /** @param {string} without names of sources */
  constructor(without) {
    this.#hidden = new Set(without.split(",").filter(Boolean));
  }

  get without() {
    return [...this.#hidden].join(",");
  }

  get count() {
    return this.#places?.length ?? this.#count;
  }

  /** The one stream that is shown; undefined: both are, or none. */
  get stream() {
    const shown = ["stdout", "stderr"].filter((name) => this.has(name));
    return shown.length === 1 ? shown[0] : undefined;
  }

  /** @param {string | undefined} source */
  has(source) {
    return !this.#hidden.has(source ?? "");
  }

  /** @param {string} source @param {boolean} on */
  turn(source, on) {
    if (on) this.#hidden.delete(source);
    else this.#hidden.add(source);
  }

  /**
   * Other lines.
   *
   * @param {Line[]} lines
   * @param {number} before how many came before those that were there; below 0: so many of the first are gone
   * @returns {number} the same of those that are shown
   */
  renew(lines, before) {
    const had = this.#places;
    this.#count = lines.length;
    this.#places = this.#hidden.size > 0 ? lines.flatMap((line, index) => (this.has(SOURCES[line.source]) ? [index] : [])) : null;
    if (before < 0) return had ? -had.filter((index) => index < -before).length : before;
    return this.#places ? this.#places.filter((index) => index < before).length : before;
  }

  /** Which of all lines is shown at a place. @param {number} place */
  at(place) {
    return this.#places ? this.#places[place] ?? 0 : place;
  }

  /** At which place a line is shown; below 0: at none. @param {number} index of all lines */
  placeOf(index) {
    return this.#places ? this.#places.indexOf(index) : index;
  }
}

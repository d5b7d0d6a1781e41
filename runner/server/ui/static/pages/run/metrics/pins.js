// Metrics that somebody wants to see first: in the URL, and kept in this browser for the experiment.
import { query, show } from "../../../lib/state.js";

const KEPT = "runner.metrics.pinned.";

export class Pins {
  #name;
  /** @type {Set<string>} */
  #pinned;

  /** @param {string} experiment */
  constructor(experiment) {
    this.#name = KEPT + experiment;
    const given = query().get("pin");
    this.#pinned = new Set(given === null ? this.#kept() : given.split(",").map(decodeURIComponent).filter(Boolean));
  }

  /** @param {string} key */
  has(key) {
    return this.#pinned.has(key);
  }

  /** @param {string} key */
  toggle(key) {
    if (!this.#pinned.delete(key)) this.#pinned.add(key);
    show({ pin: [...this.#pinned].map(encodeURIComponent).join(",") });
    try {
      localStorage.setItem(this.#name, JSON.stringify([...this.#pinned]));
    } catch {
      // for this page only, where the browser keeps nothing
    }
  }

  /** @returns {string[]} */
  #kept() {
    try {
      return JSON.parse(localStorage.getItem(this.#name) ?? "[]");
    } catch {
      return [];
    }
  }
}

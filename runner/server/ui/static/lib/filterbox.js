// A line in which conditions are written: it completes what is begun, and underlines what is wrong. Typing waits for nothing.
import { fill, h } from "./dom.js";

/** @typedef {{ text: string, soft?: string }} Item what is put in, and what it is */
/** @typedef {{ from: number, to: number, items: Item[] }} Completion of the characters from `from` to `to` */
/** @typedef {{ from: number, to: number, message: string }} Wrong */

/**
 * @typedef {object} Options
 * @property {string} label
 * @property {string} placeholder
 * @property {(text: string, at: number, signal: AbortSignal) => Promise<Completion>} complete
 * @property {(text: string) => void} changed told when nobody has typed for a moment, and at Enter
 */

const PAUSE = 180, ASKED = 80; // milliseconds without a key before the rows, and the completions, are asked for

export class FilterBox {
  element;
  input;
  #options;
  #mirror = h("div", { class: "mirror", "aria-hidden": "true" });
  #list = h("ul", { class: "completions", role: "listbox", id: "completions", "aria-label": "Completions", hidden: true });
  #told = h("p", { class: "wrong-told", id: "filter-wrong", role: "status" });
  /** @type {Item[]} */
  #items = [];
  #span = { from: 0, to: 0 };
  #offered = ""; // the text for which the items are
  #active = -1;
  #said = "";
  /** @type {Wrong | null} */
  #wrong = null;
  #asked = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #soon;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #completing;

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
    this.input = h("input", {
      type: "text", role: "combobox", class: "mono", "aria-label": options.label, "aria-expanded": "false", "aria-controls": "completions",
      "aria-autocomplete": "list", "aria-describedby": "filter-wrong", placeholder: options.placeholder, autocomplete: "off", autocapitalize: "off", spellcheck: "false",
    });
    this.element = h("div", { class: "filterbox" }, h("div", { class: "line" }, this.#mirror, this.input), this.#list, this.#told);
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("scroll", () => this.#paint());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("blur", () => document.activeElement !== this.input && this.#close()); // not when the window is left
    this.input.addEventListener("click", () => this.#askSoon());
    this.#list.addEventListener("mousedown", (event) => this.#picked(event));
  }

  get value() {
    return this.input.value;
  }

  /** Another text, which nobody typed. @param {string} text */
  set value(text) {
    this.#said = text;
    if (this.input.value === text) return;
    this.input.value = text;
    this.#paint();
  }

  /** Underline what is wrong and say what to write; null: all is well. @param {Wrong | null} wrong */
  wrong(wrong) {
    this.#wrong = wrong;
    this.input.setAttribute("aria-invalid", String(wrong !== null));
    fill(this.#told, wrong?.message);
    this.#paint();
  }

  focus() {
    this.input.focus();
    this.input.select();
  }

  #typed() {
    if (this.#wrong) this.wrong(null);
    this.#paint();
    this.#narrow();
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => this.#say(), PAUSE);
    this.#askSoon();
  }

  #say() {
    clearTimeout(this.#soon);
    if (this.value === this.#said) return;
    this.#said = this.value;
    this.#options.changed(this.value);
  }

  /** Below the text: the same text, of which only the underline is seen. */
  #paint() {
    const text = this.value, wrong = this.#wrong;
    const from = Math.min(wrong?.from ?? 0, text.length), to = Math.min(wrong?.to ?? 0, text.length);
    const marked = wrong && h("mark", null, text.slice(from, to) || " ");
    fill(this.#mirror, h("span", null, text.slice(0, from), marked, text.slice(to)));
    this.#mirror.style.setProperty("--scrolled", `${-this.input.scrollLeft}px`);
  }

  // completions -------------------------------------------------------------------------------------------
  #askSoon() {
    clearTimeout(this.#completing);
    this.#completing = setTimeout(() => void this.#ask(), ASKED);
  }

  async #ask() {
    this.#asked.abort();
    this.#asked = new AbortController();
    const { signal } = this.#asked, text = this.value;
    try {
      const found = await this.#options.complete(text, this.input.selectionStart ?? text.length, signal);
      if (!signal.aborted && text === this.value && document.activeElement === this.input) this.#offer(found);
    } catch {
      if (!signal.aborted) this.#close(); // no completions: one can go on typing
    }
  }

  /** @param {Completion} found */
  #offer({ from, to, items }) {
    const begun = this.value.slice(from, to);
    this.#items = items.filter(({ text }) => text !== begun);
    this.#span = { from, to };
    this.#offered = this.value;
    this.#active = -1;
    this.#drawList();
  }

  /** Of what is offered keep what fits the text that was written since, until others come. */
  #narrow() {
    if (this.#items.length === 0) return;
    const { from, to } = this.#span, text = this.value, end = to + text.length - this.#offered.length, begun = text.slice(from, Math.max(from, end));
    const goesOn = end >= from && text.startsWith(this.#offered.slice(0, from)) && text.endsWith(this.#offered.slice(to)) && !/[\s=<>!~(),]/.test(begun);
    const items = goesOn ? this.#items.filter((item) => item.text.toLowerCase().includes(begun.toLowerCase())) : [];
    this.#offer({ from, to: end, items });
  }

  #drawList() {
    const open = this.#items.length > 0;
    this.#list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    this.input.setAttribute("aria-activedescendant", this.#active < 0 ? "" : `completion-${this.#active}`);
    fill(this.#list, this.#items.map(({ text, soft }, at) =>
      h("li", { id: `completion-${at}`, role: "option", "aria-selected": String(at === this.#active), "data-at": at },
        h("span", { class: "mono" }, text), soft && h("span", { class: "soft" }, soft))));
    this.#list.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }

  #close() {
    clearTimeout(this.#completing);
    this.#asked.abort();
    this.#items = [];
    this.#active = -1;
    this.#drawList();
  }

  /** @param {number} at */
  #take(at) {
    const item = this.#items[at];
    if (item === undefined) return;
    const { from, to } = this.#span, rest = this.value.slice(to);
    const put = rest.startsWith(" ") ? item.text : `${item.text} `;
    this.input.setRangeText(put, from, to, "end");
    this.#typed();
  }

  /** @param {MouseEvent} event */
  #picked(event) {
    event.preventDefault();
    const at = event.target instanceof Element ? event.target.closest("li")?.dataset.at : undefined;
    if (at !== undefined) this.#take(Number(at));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return;
    const open = this.#items.length > 0, step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && open) {
      const count = this.#items.length;
      this.#active = this.#active < 0 ? (step === 1 ? 0 : count - 1) : (this.#active + step + count) % count;
      this.#drawList();
    } else if (event.key === "ArrowDown") this.#askSoon();
    else if ((event.key === "Enter" || event.key === "Tab") && this.#active >= 0) this.#take(this.#active);
    else if (event.key === "Tab" && open && !event.shiftKey && this.#span.to > this.#span.from) this.#take(0);
    else if (event.key === "Enter") {
      this.#close();
      this.#say();
    } else if (event.key === "Escape") {
      if (open) this.#close();
      else this.input.blur();
    } else return;
    event.preventDefault();
  }
}

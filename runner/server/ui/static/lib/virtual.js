// Lines of one height, of which only those in sight are drawn: a million of them scroll as ten do.
import { fill, h } from "./dom.js";

const TALLEST = 12_000_000; // pixels: browsers have a limit near 17 million; beyond ours the way of the scroll bar is shortened
const SPARE = 8; // lines above and below what is in sight

/** A list that scrolls. */
export class VirtualLines {
  count = 0;
  #draw;
  #height;
  #body = h("div", { class: "lines" });
  #space = h("div", { class: "lines-space" }, this.#body);
  #planned = 0;
  #observer = new ResizeObserver(() => this.refresh());
  /** @type {() => void} */
  onScroll = () => undefined;

  /**
   * @param {{ label: string, height: number, draw: (index: number) => HTMLElement }} options height: of a line, in pixels
   */
  constructor({ label, height, draw }) {
    this.#draw = draw;
    this.#height = height;
    this.element = h("div", { class: "lines-view", tabindex: 0, role: "region", "aria-label": label, onscroll: () => this.#scrolled() }, this.#space);
    this.element.style.setProperty("--line-height", `${height}px`);
    this.#observer.observe(this.element);
  }

  close() {
    this.#observer.disconnect();
    cancelAnimationFrame(this.#planned);
  }

  /** Whether the last line is in sight. */
  get isAtEnd() {
    const { scrollTop, clientHeight, scrollHeight } = this.element;
    return scrollHeight - clientHeight - scrollTop < this.#height;
  }

  /** How many lines lie above what is in sight. */
  get above() {
    return this.element.scrollTop / this.#height;
  }

  /** How many lines lie below what is in sight. */
  get below() {
    const { scrollTop, clientHeight, scrollHeight } = this.element;
    return (scrollHeight - clientHeight - scrollTop) / this.#height;
  }

  /** So many lines have come above: what is in sight stays. @param {number} lines */
  shift(lines) {
    this.element.scrollTop += lines * this.#height;
  }

  /** @param {number} count */
  resize(count) {
    this.count = count;
    this.#space.style.setProperty("--height", `${Math.min(count * this.#height, TALLEST)}px`);
    this.refresh();
  }

  /** Draw anew what is in sight, soon. */
  refresh() {
    if (this.#planned === 0) this.#planned = requestAnimationFrame(() => this.#paint());
  }

  toEnd() {
    this.element.scrollTop = this.element.scrollHeight;
    this.refresh();
  }

  /** Bring a line into the middle. @param {number} index */
  to(index) {
    const { clientHeight } = this.element, visible = clientHeight / this.#height;
    const first = Math.max(0, Math.min(index - visible / 2, this.count - visible));
    this.element.scrollTop = this.#shortened ? (first / Math.max(1, this.count - visible)) * (TALLEST - clientHeight) : first * this.#height;
    this.refresh();
  }

  get #shortened() {
    return this.count * this.#height > TALLEST;
  }

  #scrolled() {
    this.refresh();
    this.onScroll();
  }

  #paint() {
    this.#planned = 0;
    const { scrollTop, clientHeight } = this.element, visible = clientHeight / this.#height;
    const top = this.#shortened ? (scrollTop / (TALLEST - clientHeight)) * (this.count - visible) : scrollTop / this.#height;
    const from = Math.max(0, Math.floor(top) - SPARE), to = Math.min(this.count, Math.ceil(top + visible) + SPARE);
    this.#body.style.setProperty("--top", `${scrollTop + (from - top) * this.#height}px`);
    fill(this.#body, Array.from({ length: Math.max(0, to - from) }, (_, at) => this.#draw(from + at)));
  }
}

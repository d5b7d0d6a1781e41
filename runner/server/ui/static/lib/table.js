// A table of any length of which only the rows in sight are drawn: an ARIA grid with a sticky head and sticky first columns.
import { fill, h } from "./dom.js";
import { onLook } from "./look.js";
import { cells, heads, resize, sorting, widen } from "./tablecells.js";
import { TableScroll } from "./tablescroll.js";

/** @template Row @typedef {import("./blocks.js").Source<Row>} Source */
/** @template Row @typedef {import("./tablecells.js").Column<Row>} Column */

/**
 * @template Row
 * @typedef {object} Does
 * @property {(row: Row, element: HTMLElement) => void} [mark] classes and states of a row: asked again without drawing it
 * @property {(row: Row, event: MouseEvent) => void} [press] a click that is on no link or button
 * @property {(row: Row) => void} [open] Enter or a double click
 * @property {(row: Row | undefined) => void} [moved] the active row is another
 * @property {(row: Row, wide: boolean) => void} [unfold] right and left arrow keys
 * @property {(key: string, more: boolean) => void} [sort] a click on a head; `more` with Shift
 * @property {(key: string, width: number) => void} [resize]
 * @property {() => void} [drawn] other rows may be in sight
 */

const SPARE = 6; // rows drawn above and below those in sight
const rowId = (/** @type {number} */ index) => `row-${index}`;

/** @template Row */
export class Table {
  element;
  /** @type {Source<Row> | undefined} */
  source;
  /** @type {Column<Row>[]} */
  columns = [];
  #does;
  #head = h("div", { class: "grid-head", role: "rowgroup" });
  #body = h("div", { class: "grid-body", role: "rowgroup" });
  #scroll;
  /** @type {Map<number, { element: HTMLElement, row: Row | undefined, stamp: number }>} */
  #drawn = new Map();
  /** @type {Row[]} */
  #pinned = [];
  #stamp = 0;
  #active = -1;
  #frame = 0;

  /** @param {string} label @param {Does<Row>} does @param {"grid" | "treegrid"} [role] */
  constructor(label, does, role = "grid") {
    this.#does = does;
    this.element = h("div", { class: "grid", role, tabindex: 0, "aria-label": label, "aria-multiselectable": "true" }, this.#head, this.#body);
    this.#scroll = new TableScroll(this.element, this.#head);
    this.#hear();
    new ResizeObserver(() => this.#later()).observe(this.element);
    onLook(() => this.refresh());
  }

  /**
   * Show these rows in these columns. The place stays, unless `top`.
   *
   * @param {Column<Row>[]} columns @param {Source<Row>} source @param {{ top?: boolean, pinned?: Row[] }} [options]
   */
  show(columns, source, options) {
    this.columns = columns;
    this.source = source;
    this.#pinned = options?.pinned ?? [];
    this.#active = options?.top ? -1 : Math.min(this.#active, source.total - 1);
    if (options?.top) this.#scroll.toTop();
    this.#drawHead();
    this.refresh();
  }

  /** Draw again: values have changed. */
  refresh() {
    this.#stamp += 1;
    this.#later();
  }

  /** Rows have come. */
  came() {
    this.#later();
  }

  /** Classes and states of the rows anew, without drawing their cells. */
  mark() {
    for (const [index, { element, row }] of this.#drawn) this.#markRow(element, index, row);
    for (const [place, element] of [...this.#head.querySelectorAll(".pinned")].entries()) {
      const row = this.#pinned[place];
      if (row !== undefined && element instanceof HTMLElement) this.#does.mark?.(row, element);
    }
  }

  get active() {
    return this.#active < 0 ? undefined : this.source?.row(this.#active);
  }

  get activeIndex() {
    return this.#active;
  }

  /** The first row in sight. */
  get firstIndex() {
    return Math.floor(this.#scroll.offset / this.#scroll.height);
  }

  /** Whether other rows are about to be drawn, or none have been yet. */
  get due() {
    return this.source === undefined || this.#frame !== 0;
  }

  /** Rows that are drawn. */
  inSight() {
    return [...this.#drawn.values()].flatMap(({ row }) => (row === undefined ? [] : [row]));
  }

  /** @param {number} step */
  move(step) {
    this.goTo(this.#active < 0 ? this.#scroll.first : this.#active + step);
  }

  /** Make a row the active one, and bring it into sight. @param {number} index */
  goTo(index) {
    const total = this.source?.total ?? 0;
    if (total === 0) return;
    this.#active = Math.max(0, Math.min(index, total - 1));
    this.#scroll.measure(total);
    this.#scroll.reveal(this.#active);
    this.#draw();
    this.mark();
    this.#does.moved?.(this.active);
  }

  // drawing -----------------------------------------------------------------------------------------------
  #later() {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (this.source === undefined || !this.element.isConnected) return;
    this.#measure(this.source.total);
    const first = Math.max(0, this.firstIndex - SPARE);
    const last = Math.min(this.source.total - 1, first + Math.ceil(this.#scroll.view / this.#scroll.height) + 2 * SPARE);
    for (const [index, { element }] of this.#drawn) {
      if (index >= first && index <= last) continue;
      element.remove();
      this.#drawn.delete(index);
    }
    for (let index = first; index <= last; index += 1) this.#drawRow(index);
    this.#describe();
    this.source.want(first, last);
    this.#does.drawn?.();
  }

  /** @param {number} total */
  #measure(total) {
    this.#scroll.measure(total);
    this.#body.style.height = `${this.#scroll.extent}px`;
    this.element.setAttribute("aria-rowcount", String(total + 1 + this.#pinned.length));
    this.element.setAttribute("aria-colcount", String(this.columns.length));
  }

  /** Tell screen readers which row is the active one. */
  #describe() {
    if (this.#drawn.has(this.#active)) this.element.setAttribute("aria-activedescendant", rowId(this.#active));
    else this.element.removeAttribute("aria-activedescendant");
  }

  /** @param {number} index */
  #drawRow(index) {
    const row = this.source?.row(index), known = this.#drawn.get(index);
    const element = known?.element ?? h("div", { class: "grid-row", role: "row", id: rowId(index), "aria-rowindex": index + 2 + this.#pinned.length });
    element.style.transform = `translateY(${this.#scroll.top(index)}px)`;
    if (known === undefined) this.#body.append(element);
    else if (known.row === row && known.stamp === this.#stamp) return;
    this.#drawn.set(index, { element, row, stamp: this.#stamp });
    fill(element, cells(this.columns, row));
    this.#markRow(element, index, row);
  }

  /** @param {HTMLElement} element @param {number} index @param {Row | undefined} row */
  #markRow(element, index, row) {
    element.classList.toggle("coming", row === undefined);
    element.classList.toggle("active", index === this.#active);
    if (row !== undefined) this.#does.mark?.(row, element);
  }

  #drawHead() {
    widen(this.element, this.columns);
    const titles = h("div", { class: "grid-row heads", role: "row", "aria-rowindex": 1 }, heads(this.columns, this.#does.resize !== undefined));
    fill(this.#head, titles, this.#pinned.map((row, place) => this.#pinnedRow(row, place)));
  }

  /** @param {Row} row @param {number} place */
  #pinnedRow(row, place) {
    const element = h("div", { class: "grid-row pinned", role: "row", "aria-rowindex": place + 2 }, cells(this.columns, row));
    this.#does.mark?.(row, element);
    return element;
  }

  // what people do ----------------------------------------------------------------------------------------
  #hear() {
    const { element } = this, head = this.#head, body = this.#body;
    element.addEventListener("scroll", () => { this.#scroll.moved(); this.#later(); }, { passive: true });
    element.addEventListener("wheel", (event) => this.#scroll.wheel(event) && this.#later(), { passive: false });
    element.addEventListener("keydown", (event) => this.#key(event));
    body.addEventListener("mousedown", (event) => event.shiftKey && event.preventDefault()); // a range of rows, not of text
    body.addEventListener("click", (event) => this.#pressed(event));
    body.addEventListener("dblclick", (event) => this.#at(event, (row) => this.#does.open?.(row)));
    head.addEventListener("click", (event) => { const key = sorting(event); if (key) this.#does.sort?.(key, event.shiftKey); });
    head.addEventListener("pointerdown", (event) => resize(event, element, this.columns, ({ key, width }) => this.#does.resize?.(key, width)));
  }

  /** @param {Event} event @param {(row: Row, index: number) => void} does */
  #at(event, does) {
    const target = event.target instanceof Element ? event.target : undefined;
    const element = target?.closest(".grid-row");
    for (const [index, drawn] of this.#drawn) if (drawn.element === element && drawn.row !== undefined) return does(drawn.row, index);
  }

  /** @param {MouseEvent} event */
  #pressed(event) {
    const control = event.target instanceof Element ? event.target.closest("a, button, input") : null;
    if (control?.matches("a")) return;
    this.#at(event, (row, index) => {
      this.#active = index;
      if (control) this.element.focus({ preventScroll: true }); // what was pressed may be drawn anew
      else this.#does.press?.(row, event);
      this.mark();
      this.#describe();
      this.#does.moved?.(row);
    });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.target !== this.element || event.ctrlKey || event.altKey || event.metaKey) return;
    const { view, height } = this.#scroll, page = Math.max(1, Math.floor(view / height) - 1), row = this.active;
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowDown: () => this.move(1),
      ArrowUp: () => this.move(-1),
      PageDown: () => this.goTo(this.#active + page),
      PageUp: () => this.goTo(this.#active - page),
      Home: () => this.goTo(0),
      End: () => this.goTo((this.source?.total ?? 0) - 1),
      Enter: () => row !== undefined && this.#does.open?.(row),
      ArrowRight: () => row !== undefined && this.#does.unfold?.(row, true),
      ArrowLeft: () => row !== undefined && this.#does.unfold?.(row, false),
    };
    const does = keys[event.key];
    if (does === undefined || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    does();
  }
}

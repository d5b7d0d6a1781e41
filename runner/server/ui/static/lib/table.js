// A table of any length of which only the rows in sight are drawn: an ARIA grid with a sticky head and sticky first columns.
import { fill, h } from "./dom.js";
import { onLook } from "./look.js";

/** @template Row @typedef {import("./blocks.js").Source<Row>} Source */

/**
 * @template Row
 * @typedef {object} Column
 * @property {string} key
 * @property {string} title
 * @property {number} width in pixels
 * @property {(row: Row, cell: HTMLElement) => any} draw what the cell holds, as children of `h`; may set classes of the cell
 * @property {(cell: HTMLElement) => any} [head] what the head holds, if not the title alone
 * @property {boolean} [numeric]
 * @property {boolean} [sticky] stays at the left; such columns come first
 * @property {boolean} [names] the cell names the row
 * @property {"ascending" | "descending" | "none"} [sort] set: the head sorts
 */

/**
 * @template Row
 * @typedef {object} Does
 * @property {(row: Row) => string} id
 * @property {(row: Row, element: HTMLElement) => void} [mark] classes and states of a row: asked again without drawing it
 * @property {(row: Row, event: MouseEvent) => void} [press] a click that is on no link or button
 * @property {(row: Row) => void} [open] Enter or a double click
 * @property {(row: Row | undefined) => void} [moved] the active row is another
 * @property {(row: Row, wide: boolean) => void} [unfold] right and left arrow keys
 * @property {(key: string, more: boolean) => void} [sort] a click on a head; `more` with Shift
 * @property {(key: string, width: number) => void} [resize]
 * @property {() => void} [drawn] other rows may be in sight
 */

const HIGHEST = 10_000_000; // pixels: beyond 17 million browsers draw wrongly; then the scroll bar moves by more than a pixel
const SPARE = 6; // rows drawn above and below those in sight
const NARROWEST = 48;

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
  /** @type {Map<number, { element: HTMLElement, row: Row | undefined, stamp: number }>} */
  #drawn = new Map();
  /** @type {Row[]} */
  #pinned = [];
  #stamp = 0;
  #active = -1;
  #height = 30;
  #offset = 0; // how far it is scrolled, in pixels of the whole table
  #expected = 0; // what the scroll bar says of that
  #frame = 0;

  /** @param {string} label @param {Does<Row>} does @param {"grid" | "treegrid"} [role] */
  constructor(label, does, role = "grid") {
    this.#does = does;
    this.element = h("div", { class: "grid", role, tabindex: 0, "aria-label": label, "aria-multiselectable": "true" }, this.#head, this.#body);
    this.element.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.element.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.#body.addEventListener("mousedown", (event) => event.shiftKey && event.preventDefault()); // a range of rows, not of text
    this.#body.addEventListener("click", (event) => this.#pressed(event));
    this.#body.addEventListener("dblclick", (event) => this.#at(event, (row) => this.#does.open?.(row)));
    this.#head.addEventListener("click", (event) => this.#sorts(event));
    this.#head.addEventListener("pointerdown", (event) => this.#resizes(event));
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
    const active = options?.top ? -1 : Math.min(this.#active, source.total - 1);
    this.#active = active;
    if (options?.top) this.#offset = 0;
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
    return Math.floor(this.#offset / this.#height);
  }

  /** Rows that are drawn. */
  inSight() {
    return [...this.#drawn.values()].flatMap(({ row }) => (row === undefined ? [] : [row]));
  }

  /** @param {number} step */
  move(step) {
    this.goTo(this.#active < 0 ? this.#first() : this.#active + step);
  }

  /** Make a row the active one, and bring it into sight. @param {number} index */
  goTo(index) {
    const total = this.source?.total ?? 0;
    if (total === 0) return;
    this.#active = Math.max(0, Math.min(index, total - 1));
    const top = this.#active * this.#height, view = this.#view();
    if (top < this.#offset) this.#scrollTo(top);
    else if (top + this.#height > this.#offset + view) this.#scrollTo(top + this.#height - view);
    this.#draw();
    this.mark();
    this.#does.moved?.(this.active);
  }

  // places ------------------------------------------------------------------------------------------------
  #first() {
    return Math.ceil(this.#offset / this.#height);
  }

  #view() {
    return Math.max(this.#height, this.element.clientHeight - this.#head.offsetHeight);
  }

  #whole() {
    return (this.source?.total ?? 0) * this.#height;
  }

  /** Pixels of the table to one of the scroll bar. */
  #scale() {
    const whole = this.#whole(), view = this.#view();
    return whole <= HIGHEST ? 1 : (whole - view) / (HIGHEST - view);
  }

  /** @param {number} offset */
  #scrollTo(offset) {
    this.#offset = Math.max(0, Math.min(offset, this.#whole() - this.#view()));
    this.element.scrollTop = this.#offset / this.#scale();
    this.#expected = this.element.scrollTop;
  }

  #scrolled() {
    const at = this.element.scrollTop, scale = this.#scale();
    if (scale === 1 || Math.abs(at - this.#expected) > 1) this.#offset = at * scale;
    this.#expected = at;
    this.#later();
  }

  /** Where a pixel of the scroll bar is many, the wheel still moves by rows. @param {WheelEvent} event */
  #wheel(event) {
    if (this.#scale() === 1 || event.deltaY === 0 || event.ctrlKey) return;
    event.preventDefault();
    this.#scrollTo(this.#offset + event.deltaY * (event.deltaMode === 1 ? this.#height : 1));
    this.#later();
  }

  // drawing -----------------------------------------------------------------------------------------------
  #later() {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (this.source === undefined || !this.element.isConnected) return;
    this.#size();
    const first = Math.max(0, Math.floor(this.#offset / this.#height) - SPARE);
    const last = Math.min(this.source.total - 1, first + Math.ceil(this.#view() / this.#height) + 2 * SPARE);
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

  /** Tell screen readers which row is the active one. */
  #describe() {
    if (this.#drawn.has(this.#active)) this.element.setAttribute("aria-activedescendant", this.#rowId(this.#active));
    else this.element.removeAttribute("aria-activedescendant");
  }

  #size() {
    this.#height = Number.parseFloat(getComputedStyle(this.element).getPropertyValue("--row")) || 30;
    this.#body.style.height = `${Math.min(this.#whole(), HIGHEST)}px`;
    if (this.#offset > 0 && this.#scale() !== 1) this.#expected = this.element.scrollTop;
    else this.#offset = this.element.scrollTop;
    this.element.setAttribute("aria-rowcount", String((this.source?.total ?? 0) + 1 + this.#pinned.length));
    this.element.setAttribute("aria-colcount", String(this.columns.length));
  }

  /** @param {number} index */
  #rowId(index) {
    return `row-${index}`;
  }

  /** @param {number} index */
  #drawRow(index) {
    const row = this.source?.row(index);
    const known = this.#drawn.get(index);
    const element = known?.element ?? h("div", { class: "grid-row", role: "row", id: this.#rowId(index), "aria-rowindex": index + 2 + this.#pinned.length });
    const top = this.#scale() === 1 ? index * this.#height : this.element.scrollTop + index * this.#height - this.#offset;
    element.style.transform = `translateY(${top}px)`;
    if (known === undefined) this.#body.append(element);
    else if (known.row === row && known.stamp === this.#stamp) return;
    this.#drawn.set(index, { element, row, stamp: this.#stamp });
    fill(element, this.columns.map((column, place) => this.#cell(column, place, row)));
    this.#markRow(element, index, row);
  }

  /** @param {HTMLElement} element @param {number} index @param {Row | undefined} row */
  #markRow(element, index, row) {
    element.classList.toggle("coming", row === undefined);
    element.classList.toggle("active", index === this.#active);
    if (row !== undefined) this.#does.mark?.(row, element);
  }

  /** @param {Column<Row>} column @param {number} place @param {Row | undefined} row */
  #cell(column, place, row) {
    const cell = h("div", { class: this.#classes(column), role: column.names ? "rowheader" : "gridcell", "aria-colindex": place + 1 });
    this.#stick(cell, column, place);
    if (row !== undefined) fill(cell, column.draw(row, cell));
    return cell;
  }

  /** @param {Column<Row>} column */
  #classes(column) {
    return `cell${column.numeric ? " number" : ""}${column.sticky ? " sticky" : ""}`;
  }

  /** @param {HTMLElement} cell @param {Column<Row>} column @param {number} place */
  #stick(cell, column, place) {
    if (!column.sticky) return;
    const left = this.columns.slice(0, place).reduce((sum, each) => sum + each.width, 0);
    cell.style.setProperty("--left", `${left}px`);
    cell.classList.toggle("edge", !this.columns[place + 1]?.sticky);
  }

  #drawHead() {
    this.element.style.setProperty("--columns", `${this.columns.map(({ width }) => `${width}px`).join(" ")} minmax(0, 1fr)`);
    this.element.style.setProperty("--wide", `${this.columns.reduce((sum, { width }) => sum + width, 0)}px`);
    const heads = h("div", { class: "grid-row heads", role: "row", "aria-rowindex": 1 }, this.columns.map((column, place) => this.#headCell(column, place)));
    fill(this.#head, heads, this.#pinned.map((row, place) => this.#pinnedRow(row, place)));
  }

  /** @param {Row} row @param {number} place */
  #pinnedRow(row, place) {
    const element = h("div", { class: "grid-row pinned", role: "row", "aria-rowindex": place + 2 }, this.columns.map((column, at) => this.#cell(column, at, row)));
    this.#does.mark?.(row, element);
    return element;
  }

  /** @param {Column<Row>} column @param {number} place */
  #headCell(column, place) {
    const cell = h("div", {
      class: `${this.#classes(column)}${column.sort ? " sorts" : ""}`,
      role: "columnheader",
      "aria-sort": column.sort,
      "aria-colindex": place + 1,
      title: column.key && !column.sticky ? column.key : null,
      "data-key": column.key,
    });
    this.#stick(cell, column, place);
    fill(cell, column.head ? column.head(cell) : column.title, this.#does.resize && column.key && h("span", { class: "grip" }));
    return cell;
  }

  // what people do ----------------------------------------------------------------------------------------
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
    const page = Math.max(1, Math.floor(this.#view() / this.#height) - 1), total = this.source?.total ?? 0, row = this.active;
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowDown: () => this.move(1),
      ArrowUp: () => this.move(-1),
      PageDown: () => this.goTo(this.#active + page),
      PageUp: () => this.goTo(this.#active - page),
      Home: () => this.goTo(0),
      End: () => this.goTo(total - 1),
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

  /** @param {MouseEvent} event */
  #sorts(event) {
    const target = event.target instanceof Element ? event.target : undefined;
    const key = target?.closest(".sorts")?.getAttribute("data-key");
    if (!key || target?.closest(".grip, input, .menu, .opens")) return;
    this.#does.sort?.(key, event.shiftKey);
  }

  /** @param {PointerEvent} event */
  #resizes(event) {
    const grip = event.target instanceof HTMLElement && event.target.classList.contains("grip") ? event.target : undefined;
    const column = this.columns.find(({ key }) => key === grip?.closest("[data-key]")?.getAttribute("data-key"));
    if (!grip || !column) return;
    event.preventDefault();
    const from = event.clientX, before = column.width;
    grip.setPointerCapture(event.pointerId);
    grip.onpointermove = (moved) => {
      column.width = Math.max(NARROWEST, Math.round(before + moved.clientX - from));
      this.element.style.setProperty("--columns", `${this.columns.map(({ width }) => `${width}px`).join(" ")} minmax(0, 1fr)`);
    };
    grip.onpointerup = () => {
      grip.onpointermove = null;
      this.#does.resize?.(column.key, column.width);
    };
  }
}

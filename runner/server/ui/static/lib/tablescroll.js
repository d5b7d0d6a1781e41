// How far a tall table is scrolled. Beyond what browsers can hold, a pixel of the scroll bar stands for several of the table.

const HIGHEST = 10_000_000; // pixels: beyond 17 million browsers draw wrongly

export class TableScroll {
  /** How far, in pixels of the whole table. */
  offset = 0;
  /** Pixels of a row. */
  height = 30;
  /** Pixels of the rows in sight. */
  view = 30;
  #count = 0;
  #expected = 0; // what the scroll bar says of the offset
  #element;
  #head;

  /** @param {HTMLElement} element @param {HTMLElement} head what covers its first pixels */
  constructor(element, head) {
    this.#element = element;
    this.#head = head;
  }

  /** Before rows are drawn: reading sizes between two changes of the document would have it laid out each time. @param {number} count rows */
  measure(count) {
    this.height = Number.parseFloat(getComputedStyle(this.#element).getPropertyValue("--row")) || 30;
    this.view = Math.max(this.height, this.#element.clientHeight - this.#head.offsetHeight);
    this.#count = count;
    this.#expected = this.#element.scrollTop;
    this.offset = this.#within(this.offset > 0 && this.#scale !== 1 ? this.offset : this.#expected);
  }

  /** Pixels that the rows have in the document. */
  get extent() {
    return Math.min(this.#whole, HIGHEST);
  }

  /** The first row of which all is in sight. */
  get first() {
    return Math.ceil(this.offset / this.height);
  }

  /** Where a row is drawn. @param {number} index */
  top(index) {
    return this.#scale === 1 ? index * this.height : this.#expected + index * this.height - this.offset;
  }

  /** Bring a row into sight. @param {number} index */
  reveal(index) {
    const top = index * this.height;
    if (top < this.offset) this.#to(top);
    else if (top + this.height > this.offset + this.view) this.#to(top + this.height - this.view);
  }

  toTop() {
    if (this.offset > 0) this.#to(0);
  }

  /** Somebody has moved the scroll bar. */
  moved() {
    const at = this.#element.scrollTop, scale = this.#scale;
    if (scale === 1 || Math.abs(at - this.#expected) > 1) this.offset = at * scale;
    this.#expected = at;
  }

  /** Where a pixel of the scroll bar is many, the wheel still moves by rows. @param {WheelEvent} event @returns {boolean} whether it did */
  wheel(event) {
    if (this.#scale === 1 || event.deltaY === 0 || event.ctrlKey) return false;
    event.preventDefault();
    this.#to(this.offset + event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? this.height : 1));
    return true;
  }

  get #whole() {
    return this.#count * this.height;
  }

  /** Pixels of the table to one of the scroll bar. */
  get #scale() {
    return this.#whole <= HIGHEST ? 1 : (this.#whole - this.view) / (HIGHEST - this.view);
  }

  /** @param {number} offset */
  #within(offset) {
    return Math.max(0, Math.min(offset, this.#whole - this.view));
  }

  /** @param {number} offset */
  #to(offset) {
    this.offset = this.#within(offset);
    this.#element.scrollTop = this.offset / this.#scale;
    this.#expected = this.#element.scrollTop;
  }
}

// Text by its lines, or else bytes: the beginning first, more of it or the end when it is asked for; what is there can be searched.
import { fill, h } from "../dom.js";
import { bytes, counted } from "../format.js";
import { VirtualLines } from "../virtual.js";

const PIECE = 1_000_000; // bytes fetched at once
const HEAD = 4096; // bytes of what is no text
const LINE = 19; // pixels
const LONGEST = 10_000; // characters of a line

/** @param {HTMLElement} body @param {import("../viewer.js").Shown} shown @returns {() => void} */
export function raw(body, { entry, url }) {
  const text = new Text(url, entry.name, entry.size ?? 0);
  fill(body, text.element);
  void text.more();
  return () => text.close();
}

class Text {
  element = h("div");
  #url;
  #size;
  /** @type {string[]} */
  #lines = [];
  #rest = "";
  #at = 0;
  #isEnd = false; // the end alone is shown: lines have no numbers
  #decoder = new TextDecoder("utf-8");
  #found = -1;
  #state = h("span", { class: "soft", role: "status" });
  #more = h("button", { hidden: true, onclick: () => void this.more() }, "Load more");
  #end = h("button", { hidden: true, onclick: () => void this.#toEnd() }, "The end");
  #field = h("input", { type: "search", placeholder: "Search", "aria-label": "Search the text", onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && this.#search(event.shiftKey ? -1 : 1) });
  #count = h("span", { class: "soft", role: "status" });
  #view;

  /** @param {string} url @param {string} name @param {number} size */
  constructor(url, name, size) {
    this.#url = url;
    this.#size = size;
    this.#view = new VirtualLines({ label: name, height: LINE, draw: (index) => this.#line(index) });
    fill(this.element, h("div", { class: "bar" }, this.#field, this.#count, this.#state, this.#more, this.#end), this.#view.element);
  }

  close() {
    this.#view.close();
  }

  async more() {
    const piece = this.#size === 0 ? new Uint8Array() : await this.#fetched(this.#at, PIECE);
    if (!piece) return;
    if (this.#at === 0 && isBinary(piece)) return this.#binary(piece);
    this.#at += piece.length;
    this.#take(piece);
  }

  async #toEnd() {
    const from = Math.max(0, this.#size - PIECE), piece = await this.#fetched(from, PIECE);
    if (!piece) return;
    this.#decoder = new TextDecoder("utf-8");
    [this.#lines, this.#rest, this.#isEnd, this.#at, this.#found] = [[], "", from > 0, this.#size, -1];
    this.#take(from > 0 ? piece.subarray(piece.indexOf(10) + 1) : piece);
    this.#view.to(this.#view.count);
  }

  /** @param {Uint8Array} piece */
  #take(piece) {
    const found = (this.#rest + this.#decoder.decode(piece, { stream: this.#at < this.#size })).split("\n");
    this.#rest = found.pop() ?? "";
    this.#lines = this.#lines.concat(found);
    this.#view.resize(this.#lines.length + (this.#rest ? 1 : 0));
    const isPart = this.#isEnd || this.#at < this.#size;
    this.#more.hidden = this.#end.hidden = !isPart || this.#isEnd;
    this.#state.textContent = this.#size === 0 ? "It is empty." : this.#isEnd ? `The last ${bytes(PIECE)} of ${bytes(this.#size)}` : isPart ? `${bytes(this.#at)} of ${bytes(this.#size)}` : counted(this.#view.count, "line");
  }

  /** @param {number} from @param {number} size */
  async #fetched(from, size) {
    const answer = await fetch(this.#url, { headers: { Range: `bytes=${from}-${from + size - 1}` } });
    if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
    fill(this.element, h("p", { class: "bad" }, `The server answered ${answer.status}.`));
    return undefined;
  }

  /** @param {Uint8Array} piece */
  #binary(piece) {
    const shown = h("pre", { class: "hex", tabindex: 0 }), said = h("p", { class: "soft" });
    let until = 0;
    const more = h("button", { onclick: () => grow() }, "Load more");
    const grow = () => {
      until = Math.min(piece.length, until + HEAD);
      said.textContent = `No text: the first ${bytes(until)}.`;
      shown.textContent = hex(piece.subarray(0, until));
      more.hidden = until >= piece.length;
    };
    grow();
    fill(this.element, said, shown, more);
  }

  /** @param {1 | -1} by */
  #search(by) {
    const wanted = this.#field.value.toLowerCase(), { length } = this.#lines;
    if (!wanted || length === 0) return;
    for (let step = 1; step <= length; step += 1) {
      const at = (this.#found + by * step + length * 2) % length;
      if (!this.#lines[at]?.toLowerCase().includes(wanted)) continue;
      this.#found = at;
      this.#count.textContent = this.#isEnd ? "" : `Line ${at + 1}`;
      return this.#view.to(at);
    }
    this.#count.textContent = this.#at < this.#size ? "Not in what is loaded." : "Not there.";
  }

  /** @param {number} index */
  #line(index) {
    return h("div", { class: `line${index === this.#found ? " match" : ""}` }, h("span", { class: "number" }, this.#isEnd ? "·" : index + 1), h("span", { class: "text" }, shown(this.#lines[index] ?? this.#rest)));
  }
}

/** @param {string} line */
const shown = (line) => (line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line.replace(/\r$/, ""));

/** Whether it is no text: zeros, or what is no UTF-8. @param {Uint8Array} piece */
function isBinary(piece) {
  if (piece.includes(0)) return true;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(piece.subarray(0, 65_536), { stream: true });
    return false;
  } catch {
    return true;
  }
}

/** @param {Uint8Array} data */
function hex(data) {
  const rows = Array.from({ length: Math.ceil(data.length / 16) }, (_, row) => {
    const part = [...data.subarray(row * 16, row * 16 + 16)];
    const numbers = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ").padEnd(48);
    return `${(row * 16).toString(16).padStart(8, "0")}  ${numbers} ${part.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·")).join("")}`;
  });
  return rows.join("\n");
}

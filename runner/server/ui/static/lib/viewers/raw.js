// Text by its lines, or else bytes: the beginning first, more of it when it is asked for.
import { fill, h } from "../dom.js";
import { bytes } from "../format.js";
import { VirtualLines } from "../virtual.js";

const PIECE = 1_000_000; // bytes fetched at once
const HEAD = 4096; // bytes of what is no text
const LINE = 19; // pixels
const LONGEST = 10_000; // characters of a line

/** @param {HTMLElement} body @param {import("../viewer.js").Shown} shown @returns {() => void} */
export function raw(body, { entry, url }) {
  const state = h("span", { class: "soft", role: "status" }), more = h("button", { hidden: true, onclick: () => void next() }, "Load more");
  /** @type {string[]} */
  let lines = [];
  let rest = "", at = 0;
  const decoder = new TextDecoder("utf-8");
  const size = entry.size ?? 0;
  const view = new VirtualLines({ label: entry.name, height: LINE, draw: (index) => h("div", { class: "line" }, h("span", { class: "number" }, index + 1), h("span", { class: "text" }, shown(lines[index] ?? rest))) });

  const next = async () => {
    const answer = size === 0 ? undefined : await fetch(url, { headers: { Range: `bytes=${at}-${at + PIECE - 1}` } });
    if (answer && !answer.ok) return fill(body, h("p", { class: "bad" }, `The server answered ${answer.status}.`));
    const piece = new Uint8Array(answer ? await answer.arrayBuffer() : []);
    if (at === 0 && isBinary(piece)) return fill(body, h("p", { class: "soft" }, `No text: the first ${bytes(Math.min(HEAD, piece.length))}.`), hex(piece.subarray(0, HEAD)));
    at += piece.length;
    const found = (rest + decoder.decode(piece, { stream: at < size })).split("\n");
    rest = found.pop() ?? "";
    lines = lines.concat(found);
    view.resize(lines.length + (rest ? 1 : 0));
    more.hidden = at >= size;
    state.textContent = size === 0 ? "It is empty." : at < size ? `${bytes(at)} of ${bytes(size)}` : "";
    bar.hidden = state.textContent === "";
  };
  const bar = h("div", { class: "bar" }, state, more);
  fill(body, bar, view.element);
  void next();
  return () => view.close();
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
  return h("pre", { class: "hex", tabindex: 0 }, rows.join("\n"));
}

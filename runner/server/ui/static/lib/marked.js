// Markdown that the server has made a tree of: elements of these tags, and nothing else.
import { h } from "./dom.js";

/** @typedef {string | [string, Record<string, any>, Node[]]} Node */

const TAGS = new Set(["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "hr", "table", "thead", "tbody", "tr", "th", "td", "em", "strong", "s", "br", "code", "span"]);
const DEEPEST = 60;

/**
 * The elements.
 *
 * @param {Node[]} nodes
 * @param {(path: string) => string | null} place where a relative link or picture leads, null: nowhere
 */
export const marked = (nodes, place) => h("div", { class: "marked" }, nodes.map((node) => made(node, place, 0)));

/** @param {Node} node @param {(path: string) => string | null} place @param {number} depth @returns {any} */
function made(node, place, depth) {
  if (typeof node === "string") return node;
  const [tag, attributes, children] = node;
  if (depth > DEEPEST) return null;
  const inside = children.map((child) => made(child, place, depth + 1));
  if (tag === "a") return link(String(attributes.href), inside, place);
  if (tag === "img") return picture(String(attributes.src), String(attributes.alt ?? ""), place);
  if (tag === "pre") return h("pre", { tabindex: 0 }, h("code", null, inside));
  if (tag === "table") return h("div", { class: "table-box", tabindex: 0, role: "region", "aria-label": "Table" }, h("table", null, inside));
  if (!TAGS.has(tag)) return inside;
  return h(/** @type {any} */ (tag), tag === "ol" && attributes.start ? { start: Number(attributes.start) } : null, inside);
}

/** @param {string} href @param {any[]} inside @param {(path: string) => string | null} place */
function link(href, inside, place) {
  if (/^(https?:|mailto:)/i.test(href)) return h("a", { href, rel: "noopener noreferrer", target: "_blank" }, inside);
  const to = href.startsWith("#") ? null : place(href);
  return to === null ? h("span", null, inside) : h("a", { href: to }, inside);
}

/** @param {string} source @param {string} alt @param {(path: string) => string | null} place */
function picture(source, alt, place) {
  const to = place(source);
  return to === null ? alt : h("img", { src: to, alt, loading: "lazy" });
}

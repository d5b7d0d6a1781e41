// Small parts of several tabs.
import { copy } from "../../lib/command.js";
import { h } from "../../lib/dom.js";

/**
 * Names and what they are; what is missing is left out.
 *
 * @param {[string, any][]} pairs
 */
export const facts = (pairs) =>
  h("dl", { class: "facts" }, pairs.filter(([, value]) => value !== undefined && value !== null && value !== "" && value !== false).map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))));

/** A digest, short; a click copies all of it. @param {unknown} digest */
export function digest(digest) {
  if (typeof digest !== "string" || digest === "") return null;
  const bare = digest.replace(/^sha256:/, "");
  return h("button", { class: "plain digest mono", title: `Copy ${digest}`, "aria-label": `Copy the digest ${bare.slice(0, 12)}`, onclick: () => void copy(digest) }, bare.slice(0, 12));
}

/** @param {string} title @param {any[]} children */
export const section = (title, ...children) => h("section", { class: "card" }, h("h2", null, title), children);

/** @param {string} text @param {any[]} more */
export const nothing = (text, ...more) => h("div", { class: "empty" }, h("p", null, text), more);

// All columns that there are, as a tree by the parts of their names. What is inside of a branch is drawn when it is opened, so that
// five thousand are no more than fifty.
import { fill, h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";

/** @typedef {import("./data.js").Facts} Facts */
/** @typedef {{ isIn: (key: string) => boolean, toggle: (keys: string[], on: boolean) => void, isOpen: (prefix: string) => boolean }} Ticked */
/** @typedef {{ prefix: string, leaves: Facts[], branches: Map<string, Branch> }} Branch */

const TITLES = { metrics: "Metrics", params: "Parameters", tags: "Tags" };
const MOST = 300; // entries of one branch: a search finds the others
const FEW = 40; // found columns of which all branches are open

/** What the tree holds: a heading for each kind, and what is below it. @param {Facts[]} facts @param {string} text searched @param {Ticked} ticked */
export function columnTree(facts, text, ticked) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = facts.filter(({ key }) => words.every((word) => key.toLowerCase().includes(word)));
  if (found.length === 0) return h("p", { class: "soft" }, "No column of that name.");
  const open = words.length > 0 && found.length <= FEW;
  return Object.entries(TITLES).flatMap(([entity, title]) => {
    const within = found.filter(({ key }) => key.startsWith(`${entity}.`));
    if (within.length === 0) return [];
    return [h("h3", null, title, h("span", { class: "soft" }, ` ${within.length.toLocaleString("en")}`)), ...entries(grown(within), ticked, open)];
  });
}

/** @param {Facts[]} facts */
function grown(facts) {
  /** @type {Branch} */
  const root = { prefix: "", leaves: [], branches: new Map() };
  for (const each of facts) {
    const parts = nameOf(each.key).split(/(?<=[/.])(?=.)/);
    let at = root;
    for (const part of parts.slice(0, -1)) {
      const known = at.branches.get(part) ?? { prefix: at.prefix + part, leaves: [], branches: new Map() };
      at.branches.set(part, known);
      at = known;
    }
    at.leaves.push(each);
  }
  return root;
}

/** @param {Branch} branch @param {Ticked} ticked @param {boolean} open @returns {HTMLElement[]} */
function entries({ leaves, branches }, ticked, open) {
  const shown = leaves.slice(0, MOST).map((each) => box(nameOf(each.key), each.key, told(each), ticked.isIn(each.key), (on) => ticked.toggle([each.key], on)));
  const more = leaves.length > MOST ? [h("p", { class: "soft" }, `${counted(leaves.length - MOST, "more column")}: search`)] : [];
  return [...[...branches.values()].flatMap((each) => twig(each, ticked, open)), ...shown, ...more];
}

/** A branch to open; what has one column only is that column. @param {Branch} branch @param {Ticked} ticked @param {boolean} open @returns {HTMLElement[]} */
function twig(branch, ticked, open) {
  const keys = keysOf(branch), chosen = keys.filter(ticked.isIn).length;
  if (keys.length === 1) return entries(branch, ticked, open);
  const body = h("div", { class: "twig" });
  const draw = () => {
    if (element.open && body.childElementCount === 0) fill(body, box(`all of ${branch.prefix}`, `all ${branch.prefix}`, "", chosen === keys.length, (on) => ticked.toggle(keys, on)), entries(branch, ticked, open));
  };
  const element = h("details", { open: open || chosen > 0 || ticked.isOpen(branch.prefix), "data-prefix": branch.prefix, ontoggle: draw }, h("summary", null, branch.prefix, h("span", { class: "soft" }, ` ${keys.length.toLocaleString("en")}${chosen > 0 ? `, ${chosen} shown` : ""}`)), body);
  draw();
  return [element];
}

/** @param {Branch} branch @returns {string[]} */
const keysOf = ({ leaves, branches }) => [...leaves.map(({ key }) => key), ...[...branches.values()].flatMap(keysOf)];

/** @param {string} key */
const nameOf = (key) => key.slice(key.indexOf(".") + 1);

/** @param {Facts} facts */
const told = ({ distinct, value, count }) => (distinct > 1 ? counted(count, "run") : `${counted(count, "run")}: ${value ?? ""}`);

/** @param {string} title @param {string} name by which it is found again @param {string} soft @param {boolean} on @param {(on: boolean) => void} changed */
function box(title, name, soft, on, changed) {
  const input = h("input", { type: "checkbox", name, checked: on, onchange: () => changed(input.checked) });
  return h("label", { class: "entry" }, input, h("span", { class: "text" }, title), h("span", { class: "soft" }, soft));
}

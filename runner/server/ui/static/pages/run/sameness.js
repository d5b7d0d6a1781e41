// Whether a run had the environment of the run before it, and of its parent; else what changed.
import { own } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { changes } from "../envs/changes.js";
import { section } from "./facts.js";
import { hasEnded } from "./model.js";

/** @typedef {import("./model.js").Run} Run */
/** @typedef {import("./model.js").Kin} Kin */
/** @typedef {{ digest?: string | null, label: string }} Kind */

/** @param {HTMLElement} place @param {Run} run */
export async function sameAs(place, run) {
  /** @type {[string, Kin][]} */
  const others = [];
  if (run.previous) others.push(["the run before", run.previous]);
  if (run.parent && run.parent.id !== run.previous?.id) others.push(["its parent", run.parent]);
  if (others.length === 0) return;
  try {
    const { runs } = await own("/diff/inputs", { runs: [run.id, ...others.map(([, { id }]) => id)] });
    const [mine, ...theirs] = runs.map((/** @type {{ environment: Kind }} */ each) => each.environment);
    fill(place, section("Beside other runs", others.map(([relation, other], at) => beside(run, mine, relation, other, theirs[at]))));
  } catch {
    fill(place); // others are not to be read, or their files are elsewhere
  }
}

/** @param {Run} run @param {Kind} mine @param {string} relation @param {Kin} other @param {Kind} theirs */
function beside(run, mine, relation, other, theirs) {
  const named = [`${relation}, `, h("a", { href: `/r/${other.id}/environment` }, other.name)];
  if (!mine.digest || !theirs.digest) return h("p", { class: "soft" }, "Whether it is that of ", named, ", nobody knows.");
  if (mine.digest === theirs.digest) return h("p", null, h("span", { class: "good" }, "The same"), " as of ", named, ".");
  const list = h("div");
  const whole = h("a", { href: `/compare?runs=${other.id},${run.id}` }, "What changed");
  if (hasEnded(run) && hasEnded(other)) void changes(list, other.id, run.id);
  else fill(list, h("p", { class: "soft" }, "What differs is told when both have ended: ", whole));
  return [h("p", null, h("span", { class: "warn" }, "Another one"), " than that of ", named, h("span", { class: "soft" }, ` (${theirs.label} → ${mine.label})`)), list];
}

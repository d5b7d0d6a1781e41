// What changed: for two runs the results, the five kinds of input, and which of them may have done it; for more a matrix.
import { own } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { causes } from "./causes.js";
import { starter } from "./experiments.js";
import { blocks } from "./inputs.js";
import { matrix } from "./matrix.js";
import { failure, keepingFocus } from "./parts.js";
import { results } from "./results.js";
import { Steps } from "./steps.js";

/** @typedef {import("./model.js").Subject} Subject */
/** @typedef {{ aspect: string, name: string, change: string, weight: number, before?: string, after?: string, detail?: string }} Difference */
/** @typedef {{ kind: string, name: string, outcome: string, before?: string, after?: string, distance?: number, note?: string }} Result */
/** @typedef {{ verdict: string | null, differences: Difference[], results: Result[], same: number, causes: number[], notes: string[], trouble: string }} Between */
/** @typedef {{ digest: string | null, label: string }} Kind */
/** @typedef {{ id: string, name: string, parameters: Kind, code: Kind, environment: Kind, data: Kind, machine: Kind }} Inputs */
/** @typedef {{ count: number, mean: number, deviation: number }} Spread */
/** @typedef {{ runs: string[], seeds: boolean, metrics: Record<string, Spread> }} Repeats */

/** @param {HTMLElement} container @param {Subject} subject */
export async function tab(container, subject) {
  const [a, b, ...others] = subject.runs;
  if (!a) return;
  if (!b) return void fill(container, h("p", { class: "soft" }, "Add a second run to see what changed."));
  if (others.length > 0) return matrix(container, subject);
  fill(container, h("p", { class: "soft" }, "Looking at both runs…"));
  const two = { a: a.id, b: b.id };
  const [between, repeats, inputs, server] = await Promise.all([
    own("/diff", two).catch((error) => ({ error })),
    own("/diff/repeats", two).catch(() => null),
    own("/diff/inputs", { runs: [a.id, b.id] }).catch(() => null),
    own("/server").catch(() => ({ may_run: false })),
  ]);
  /** @type {Between} */
  const told = between.error ? { verdict: null, differences: [], results: [], same: 0, causes: [], notes: [], trouble: "" } : between;
  const place = h("div"), known = { subject, repeats };
  const draw = () => keepingFocus(place, () => fill(place, results(known.subject, told, known.repeats, start)));
  const steps = new Steps(a, b, subject.keys, async () => {
    known.repeats = await own("/diff/repeats", two).catch(() => known.repeats);
    draw();
  });
  const start = server.may_run ? starter(steps, new Map([a, b].map(({ id }) => [id.slice(0, 8), id]))) : null;
  draw();
  fill(
    container,
    place,
    between.error && failure(between.error),
    told.trouble && h("p", { class: "warn", role: "status" }, told.trouble),
    h("section", { class: "compare-blocks", "aria-label": "What they were made of" }, blocks(subject, told, inputs?.runs ?? [])),
    causes(subject, told, start, steps.element),
    told.notes.map((note) => h("p", { class: "soft" }, note)),
  );
  return {
    close: () => steps.close(),
    renew: (/** @type {Subject} */ now) => {
      known.subject = now;
      draw();
    },
  };
}

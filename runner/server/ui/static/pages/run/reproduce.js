// Reproduce: whether what was recorded is true, as far as somebody has tried.
import { copyable } from "../../lib/command.js";
import { fill, h } from "../../lib/dom.js";
import { nothing, section } from "./facts.js";
import { reproduced } from "./header.js";
import { ago } from "../../lib/format.js";
import { hasEnded, list, mood, table, word } from "./model.js";

/** @typedef {import("./model.js").Run} Run */

/** @param {HTMLElement} place @param {Run} run */
export function open(place, run) {
  const draw = () => fill(place, tried(run), ready(run));
  draw();
  return { update: draw };
}

/** @param {Run} run */
function tried(run) {
  const newest = reproduced(run);
  if (run.reproductions.length === 0) return section("Verdicts", nothing(newest ? `Reproduced: ${newest.verdict}. The run that did it is not here.` : "Nobody has tried yet.", copyable(`runner reproduce ${run.id.slice(0, 12)}`)));
  return section(
    "Verdicts",
    h("table", { class: "wide" },
      h("thead", null, h("tr", null, ["Run", "State", "Verdict", "When", ""].map((title) => h("th", { scope: "col" }, title)))),
      h("tbody", null, run.reproductions.map((each) => h("tr", null,
        h("td", null, h("a", { href: `/r/${each.id}` }, each.name)),
        h("td", { class: mood(each.status) }, word(each.status)),
        h("td", { class: each.verdict === "different" ? "warn" : each.verdict ? "good" : "soft" }, each.verdict || (hasEnded(each) ? "none" : "going on")),
        h("td", { class: "soft" }, ago(each.start_time)),
        h("td", null, h("a", { href: `/compare?runs=${run.id},${each.id}` }, "What differs")),
      ))),
    ),
  );
}

/** What it takes to run it once more. @param {Run} run */
function ready(run) {
  const source = table(run.plan?.source), lock = table(table(run.plan?.environment).lock);
  const has = (/** @type {string} */ path) => run.documents.some((each) => each.path === path);
  /** @type {[boolean | null, string][]} */
  const checks = [
    [source.commit ? true : source.kind === "archive" ? has("runner/source/archive.zip") : null, source.commit ? `Commit ${String(source.commit).slice(0, 10)} is recorded` : "Code without a commit"],
    ...(source.patch ? [/** @type {[boolean, string]} */ ([has("runner/source/patch.diff"), "Changes that were not committed are kept"])] : []),
    ...(list(source.left_out).length > 0 ? [/** @type {[boolean, string]} */ ([false, "Files were left out of what is kept"])] : []),
    [lock.digest ? lock.pinned !== false : null, lock.digest ? `A lock with ${lock.packages} packages is kept` : "Packages are not locked: those of the machine are used"],
    [list(run.plan?.secrets).length > 0 ? null : true, list(run.plan?.secrets).length > 0 ? `To be given again: ${run.plan.secrets.join(", ")}` : "No secrets are needed"],
  ];
  return section("What is kept for it", h("ul", { class: "ready" }, checks.map(([good, text]) => h("li", { class: good ? "good" : good === null ? "warn" : "bad" }, h("span", { "aria-hidden": "true" }, good ? "✓" : good === null ? "!" : "✗"), h("span", { class: "text" }, text)))));
}

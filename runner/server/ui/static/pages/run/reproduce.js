// Reproduce: whether what was recorded is true, as far as somebody has tried.
import { checkList, checks } from "../../lib/checklist.js";
import { copyable } from "../../lib/command.js";
import { fill, h } from "../../lib/dom.js";
import { nothing, section } from "./facts.js";
import { reproduced } from "./header.js";
import { ago } from "../../lib/format.js";
import { hasEnded, mood, word } from "./model.js";

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
const ready = (run) => run.plan && section("What it takes", checkList(checks(run)));

// Environments: exactly which packages runs had, by their locks; the newest in use first.
import { own } from "../lib/api.js";
import { copyable } from "../lib/command.js";
import { fill, h, main } from "../lib/dom.js";
import { ago, clock, counted } from "../lib/format.js";

/** @typedef {{ by: (string | null)[], count: number, runs: string[], started?: number }} Group */

const PAGE = 100;
const BY = ["tags.runner.lock", "tags.mlflow.project.env", "tags.runner.image"];
/** @type {Group[]} */
let groups = [];

async function load() {
  const answer = await own("/runs/groups", { by: BY, offset: groups.length, limit: PAGE });
  groups.push(...answer.groups);
  const locked = groups.filter((group) => group.by[0]), rest = answer.runs - locked.reduce((sum, group) => sum + group.count, 0);
  fill(main(),
    h("div", { class: "head" }, h("h1", null, "Environments"), h("span", { class: "soft" }, counted(locked.length, "lock"))),
    locked.length === 0 ? empty() : table(locked),
    groups.length < answer.total
      ? h("p", null, h("button", { onclick: load }, "More"))
      : rest > 0 && h("p", { class: "soft" }, `${counted(rest, "run")} without a lock: in the caller's environment, or recorded by another program.`),
    locked.length > 0 && h("p", { class: "soft" }, "What lies in the cache of a machine, and how much room it takes:"),
    locked.length > 0 && copyable("runner env list"),
  );
}

/** @param {Group[]} locked */
function table(locked) {
  return h("div", { class: "scroll" }, h("table", { class: "wide" },
    h("thead", null, h("tr", null, ["Lock", "Kind", "Image", "Runs", "Used last", "Packages"].map((title) => h("th", { scope: "col", class: title === "Runs" && "number" }, title)))),
    h("tbody", null, locked.map((group) => {
      const [lock, kind, image] = group.by, newest = group.runs[0];
      return h("tr", null,
        h("th", { scope: "row", class: "mono", title: lock }, (lock ?? "").replace("sha256:", "").slice(0, 12)),
        h("td", null, kind ?? ""),
        h("td", { class: "mono text" }, image ?? ""),
        h("td", { class: "number" }, h("a", { href: `/runs?q=${encodeURIComponent(`tags.\`runner.lock\` = "${lock}"`)}` }, String(group.count))),
        h("td", { title: clock(group.started) }, ago(group.started)),
        h("td", null, newest && h("a", { href: `/r/${newest}/environment` }, "show")),
      );
    })),
  ));
}

const empty = () => h("div", { class: "empty" }, h("p", null, "No run has a lock yet. A project with an environment gets one:"), copyable("runner run . -e train"));

await load();

// Code: where it came from, and what differed from the commit, as it was kept with the run.
import { artifactUrl, own } from "../../lib/api.js";
import { diffView } from "../../lib/diff.js";
import { copyable, quoted } from "../../lib/command.js";
import { fill, h } from "../../lib/dom.js";
import { bytes } from "../../lib/format.js";
import { digest, facts, nothing, section } from "./facts.js";
import { hasEnded, list, table } from "./model.js";

/** @typedef {import("./model.js").Run} Run */

const LARGEST = 5_000_000; // bytes of a patch that is shown at once
const PATCH = "runner/source/patch.diff";

/** @param {HTMLElement} place @param {Run} run */
export function open(place, run) {
  const { tags } = run, source = table(run.plan?.source);
  const commit = source.commit ?? tags["mlflow.source.git.commit"], repository = source.repository ?? tags["mlflow.source.git.repoURL"];
  const below = [source.below, source.subdirectory].filter(Boolean).join("/");
  const changes = h("div");
  fill(
    place,
    section(
      "Source",
      facts([
        ["From", h("span", { class: "mono break" }, String(source.uri ?? tags["mlflow.source.name"] ?? "not known"))],
        ["Repository", repository && h("span", { class: "mono break" }, String(repository))],
        ["Commit", commit && h("span", { class: "mono break" }, String(commit))],
        ["Branch", source.branch ?? tags["mlflow.source.git.branch"]],
        ["Asked for", source.ref],
        ["Below", below],
        ["Archive", digest(source.digest)],
        ["Entry point", h("span", null, String(run.plan?.entry_point ?? tags["mlflow.project.entryPoint"] ?? ""), run.plan?.file && h("span", { class: "soft" }, ` in ${run.plan.file}`))],
        ["Command", run.plan?.command && h("code", { class: "break" }, run.plan.command)],
      ]),
      commit && repository && h("p", { class: "soft" }, "The commit, as a directory:"),
      commit && repository && copyable(`git clone ${quoted(String(repository))} code && git -C code checkout ${quoted(String(commit))}`),
    ),
    submodules(source),
    kept(run, source),
    section("Changes that were not committed", changes),
    since(run),
  );
  void patch(changes, run, source);
  return {};
}

/** How the code differs from that of the run before. @param {Run} run */
function since(run) {
  const { previous } = run;
  if (!run.plan || !previous || !hasEnded(previous) || !hasEnded(run)) return null;
  const body = h("div");
  void sinceThen(body, previous.id, run.id);
  return section("Changes since the run before it", h("a", { href: `/compare?runs=${previous.id},${run.id}` }, previous.name), body);
}

/** @param {HTMLElement} place @param {string} before @param {string} now ids */
async function sinceThen(place, before, now) {
  fill(place, h("p", { class: "soft", role: "status" }, "Looking…"));
  try {
    const told = await own("/diff", { a: before, b: now });
    const files = told.differences.filter((/** @type {any} */ each) => each.aspect === "code");
    const diffs = files.map((/** @type {any} */ each) => each.detail ?? "").filter((/** @type {string} */ text) => text.startsWith("--- ") || text.startsWith("diff "));
    if (told.trouble) fill(place, nothing(told.trouble));
    else if (files.length === 0) fill(place, nothing("The code is the same."));
    else if (diffs.length === 0) fill(place, h("ul", null, files.map((/** @type {any} */ each) => h("li", null, `${each.name}: ${each.detail || each.change}`))));
    else diffView(fill(place), diffs.join("\n"));
  } catch (error) {
    fill(place, nothing(error instanceof Error ? error.message : String(error)));
  }
}

/** @param {Record<string, any>} source */
function submodules(source) {
  const found = Object.entries(table(source.submodules));
  return found.length > 0 && section("Submodules", h("table", { class: "wide" }, h("tbody", null, found.map(([path, commit]) => h("tr", null, h("th", { scope: "row" }, path), h("td", { class: "mono" }, String(commit)))))));
}

/** What was kept of the code, and what was not. @param {Run} run @param {Record<string, any>} source */
function kept(run, source) {
  const files = run.documents.filter(({ path }) => path.startsWith("runner/source/"));
  const out = list(source.left_out);
  if (files.length === 0 && out.length === 0) return null;
  return section(
    "Kept with the run",
    files.length > 0 && h("table", { class: "wide" }, h("tbody", null, files.map(({ path, size }) => h("tr", null, h("td", null, h("a", { href: artifactUrl(run.id, path), download: "" }, path)), h("td", { class: "soft" }, path.endsWith(".bundle") ? "commits that were not pushed" : path.endsWith(".zip") ? "the archive" : "changes"), h("td", { class: "number" }, bytes(size)))))),
    out.length > 0 && [h("h3", null, "Left out"), h("ul", null, out.map((each) => h("li", null, String(each))))],
  );
}

/** @param {HTMLElement} place @param {Run} run @param {Record<string, any>} source */
async function patch(place, run, source) {
  const file = run.documents.find(({ path }) => path === PATCH);
  if (!file) {
    const why = source.dirty === false ? "None: the code was as committed." : source.patch ? "They are not among the artifacts any more." : source.dirty ? "There were some, and they were not kept." : "Nobody has looked.";
    return fill(place, nothing(why));
  }
  const answer = await fetch(artifactUrl(run.id, PATCH), { headers: { Range: `bytes=0-${LARGEST - 1}` } }).catch(() => undefined);
  if (!answer?.ok) return fill(place, nothing("They cannot be read now."));
  const body = h("div");
  diffView(body, await answer.text(), { empty: "None." });
  fill(place, file.size > LARGEST && h("p", { class: "warn" }, `The first ${bytes(LARGEST)} of ${bytes(file.size)}.`), body);
}

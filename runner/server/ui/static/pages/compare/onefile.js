// One path of several runs, compared as its kind allows: pictures, tables by key, texts line by line.
import { artifactUrl } from "../../lib/api.js";
import { diffView } from "../../lib/diff.js";
import { fill, h } from "../../lib/dom.js";
import { bytes } from "../../lib/format.js";
import { query, show } from "../../lib/state.js";
import { isImage, seen } from "../../lib/viewers/seen.js";
import { nameOf, select } from "./parts.js";
import { pictures } from "./pictures.js";
import { READ, rows } from "./rows.js";
import { unified } from "./unified.js";

/** @typedef {{ id: string, name: string, files: { path: string, bytes: number, digest?: string }[] }} Having */

const TABLE = /\.(csv|tsv|jsonl|ndjson|parquet|arrow|feather)$/i;
const LARGEST = 1_000_000; // bytes of a text

/** @param {Having[]} all the runs, in their order @param {string} path */
export function oneFile(all, path) {
  const runs = all.filter(({ files }) => files.some((file) => file.path === path));
  const body = h("div", { class: "compare-file" }), close = h("a", { class: "soft", href: `/r/${runs[0]?.id}/artifacts?path=${encodeURIComponent(path)}` }, "Look at it");
  const section = h("section", { class: "card", "aria-label": path }, h("h3", null, path, " ", close), body);
  if (isImage(path)) fill(body, pictures(runs, path));
  else if (runs.length < 2) fill(body, h("p", { class: "soft" }, `Only ${runs[0]?.name ?? "nobody"} has it.`));
  else two(body, runs, path);
  return section;
}

/** @param {HTMLElement} body @param {Having[]} runs @param {string} path */
function two(body, runs, path) {
  const [first, ...others] = runs, second = others.find(({ id }) => id === query().get("other")) ?? others[0], view = h("div");
  if (!first || !second) return;
  const choice = others.length > 1 ? select("Against", others.map(({ id, name }) => [id, name]), second.id, (id) => (show({ other: id }), two(body, runs, path))) : nameOf(second);
  fill(body, h("div", { class: "compare-bar" }, nameOf(first), "against ", choice), view);
  fill(view, h("p", { class: "soft", "aria-busy": "true" }, "Comparing…"));
  void (TABLE.test(path) ? tables(view, first, second, path) : texts(view, first, second, path)).catch((error) => fill(view, h("p", { class: "bad" }, error.message)));
}

/** @param {HTMLElement} view @param {Having} first @param {Having} second @param {string} path */
async function tables(view, first, second, path) {
  const [a, b] = await Promise.all([first, second].map((run) => seen(shownOf(run, path), { limit: READ })));
  if (a.table && b.table) fill(view, rows(a.table, b.table));
  else fill(view, h("p", { class: "warn" }, a.missing || b.missing || "One of them is no table."));
}

/** @param {HTMLElement} view @param {Having} first @param {Having} second @param {string} path */
async function texts(view, first, second, path) {
  const [a = "", b = ""] = await Promise.all([first, second].map((run) => text(run, path)));
  if (a.includes("\0") || b.includes("\0")) return void fill(view, h("p", { class: "soft" }, "No text: compare its size and digest."));
  const part = [first, second].some((run) => sizeOf(run, path) > LARGEST), box = h("div");
  fill(view, part && h("p", { class: "warn" }, `The first ${bytes(LARGEST)} of each.`), box);
  diffView(box, unified(a.split("\n"), b.split("\n"), first.name, second.name), { empty: part ? "No line of these differs." : "No line differs." });
}

/** @param {Having} run @param {string} path */
async function text(run, path) {
  if (sizeOf(run, path) === 0) return "";
  const answer = await fetch(artifactUrl(run.id, path), { headers: { Range: `bytes=0-${LARGEST - 1}` } });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  return answer.text();
}

/** @param {Having} run @param {string} path */
const sizeOf = (run, path) => run.files.find((file) => file.path === path)?.bytes ?? 0;

/** @param {Having} run @param {string} path @returns {import("../../lib/viewer.js").Shown} */
const shownOf = (run, path) => ({ run, entry: { name: path, path }, siblings: [], url: "", go: () => undefined });

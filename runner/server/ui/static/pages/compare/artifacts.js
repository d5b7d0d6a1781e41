// Files of the same path side by side: which are the same by their digests, and how one of them differs (onefile.js).
import { artifactUrl, own } from "../../lib/api.js";
import { colourAt } from "../../lib/colour.js";
import { swatch } from "../../charts/tooltip.js";
import { fill, h } from "../../lib/dom.js";
import { bytes, counted } from "../../lib/format.js";
import { query, show } from "../../lib/state.js";
import { oneFile } from "./onefile.js";
import { check, nameOf } from "./parts.js";

/** @typedef {import("./model.js").Subject} Subject */
/** @typedef {{ path: string, bytes: number, digest?: string }} File */
/** @typedef {{ id: string, name: string, files: File[], more: boolean, trouble: string }} Files */

const MOST = 20, ROWS = 500; // runs, paths
const OURS = /^(runner|logs)\//;

/** @param {HTMLElement} container @param {Subject} subject */
export async function tab(container, { runs }) {
  fill(container, h("p", { class: "soft" }, "Looking at the files…"));
  /** @type {{ runs: Files[] }} */
  const answer = await own("/diff/files", { runs: runs.slice(0, MOST).map(({ id }) => id) });
  const draw = () => fill(container, runs.length > MOST && h("p", { class: "warn" }, `The first ${MOST} of ${runs.length} runs.`), ...drawn(answer.runs, draw));
  draw();
}

/** @param {Files[]} runs @param {() => void} again */
function drawn(runs, again) {
  const all = query().has("same"), ours = query().has("ours"), chosen = query().get("path");
  const paths = [...new Set(runs.flatMap(({ files }) => files.map(({ path }) => path)))].filter((path) => ours || !OURS.test(path)).sort();
  const rows = paths.map((path) => ({ path, files: runs.map(({ files }) => files.find((file) => file.path === path)) })).map((row) => ({ ...row, state: stateOf(row.files) }));
  const shown = rows.filter(({ state }) => all || state !== "same"), hidden = rows.length - shown.length;
  const set = (/** @type {string} */ name) => (/** @type {any} */ value) => (show({ [name]: value }), again());
  const head = h("tr", null, h("td"), runs.map((run, at) => h("th", { scope: "col", class: at === 0 ? "baseline" : null }, nameOf(run))));
  const body = shown.slice(0, ROWS).map(({ path, files, state }) => h("tr", { class: state === "same" ? "same" : null }, h("th", { scope: "row" }, h("button", { type: "button", class: "plain", "aria-expanded": String(path === chosen), onclick: () => set("path")(path === chosen ? null : path) }, path)), cells(runs, files)));
  return [
    h("div", { class: "compare-bar" }, check("the same ones too", all, set("same")), check("what runner keeps and logs", ours, set("ours")), h("span", { class: "soft" }, hidden > 0 && `${counted(hidden, "file")} the same in all runs by digest or size`)),
    runs.flatMap(({ name, trouble, more }) => [trouble && h("p", { class: "warn" }, `${name}: ${trouble}`), more && h("p", { class: "warn" }, `${name} has more files than are listed.`)]),
    chosen && paths.includes(chosen) && oneFile(runs, chosen),
    shown.length === 0 ? h("p", { class: "soft" }, rows.length > 0 ? "No files differ." : "These runs have no files of their own.") : h("div", { class: "compare-scroll", tabindex: 0, role: "region", "aria-label": "Files of the runs" }, h("table", { class: "compare-table" }, h("thead", null, head), h("tbody", null, body))),
    shown.length > ROWS && h("p", { class: "soft" }, `The first ${ROWS} of ${shown.length.toLocaleString("en")}.`),
  ];
}

/** @param {(File | undefined)[]} files */
function stateOf(files) {
  if (files.some((file) => file === undefined)) return "missing";
  if (new Set(files.map((file) => file?.bytes)).size > 1) return "differs";
  const digests = new Set(files.map((file) => file?.digest));
  return digests.has(undefined) ? "unknown" : digests.size === 1 ? "same" : "differs";
}

/** @param {Files[]} runs @param {(File | undefined)[]} files */
function cells(runs, files) {
  const kinds = [...new Set(files.flatMap((file) => (file ? [file.digest ?? `${file.bytes}`] : [])))];
  return files.map((file, at) => {
    if (!file) return h("td", { class: "soft" }, "–");
    const place = kinds.indexOf(file.digest ?? `${file.bytes}`);
    return h("td", { class: at > 0 && place !== kinds.indexOf(files[0]?.digest ?? `${files[0]?.bytes}`) ? "differs" : null, title: file.digest ?? "no digest was recorded" }, file.digest && swatch(colourAt(place)), " ", h("a", { href: artifactUrl(runs[at]?.id ?? "", file.path) }, bytes(file.bytes)), file.digest && h("span", { class: "soft mono" }, ` ${file.digest.replace("sha256:", "").slice(0, 8)}`));
  });
}

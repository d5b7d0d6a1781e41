// A file of a run, shown as well as its kind allows. Strange HTML and SVG stay in the box in which the server sends them.
import { artifactUrl, own } from "./api.js";
import { copy, copyAs } from "./command.js";
import { fill, h } from "./dom.js";
import { bytes } from "./format.js";
import { query, show } from "./state.js";
import { boxed } from "./viewers/boxed.js";
import { image } from "./viewers/image.js";
import { looked } from "./viewers/looked.js";
import { raw } from "./viewers/raw.js";
import { isImage } from "./viewers/seen.js";
import { sound } from "./viewers/sound.js";

/** @typedef {{ name: string, path: string, directory?: boolean, size?: number, digest?: string }} Entry */
/** @typedef {{ id: string, name: string }} Run */
/** @typedef {{ run: Run, entry: Entry, siblings: Entry[], url: string, go: (path: string) => void }} Shown */

const AUDIO = /\.(wav|mp3|ogg|oga|flac|m4a|aac|opus)$/i, VIDEO = /\.(mp4|webm|ogv|mov|m4v)$/i;
const PAGES = /\.(html?|xhtml)$/i, PDF = /\.pdf$/i;
const TEXTS = /(\.(csv|tsv|jsonl|ndjson|md|markdown|ipynb|json|ya?ml|toml|svg|html?|xhtml)|(^|\/)MLmodel)$/i;
const LOOKED = /(\.(csv|tsv|jsonl|ndjson|parquet|arrow|feather|npy|npz|safetensors|md|markdown|ipynb|json|ya?ml|toml)|(^|\/)MLmodel)$/i;

/**
 * Show a file.
 *
 * @param {HTMLElement} place
 * @param {Run} run
 * @param {Entry} entry
 * @param {Entry[]} siblings what is in the same directory
 * @param {(path: string) => void} go to another file
 * @returns {(() => void) | undefined} to be called when another one is shown
 */
export function viewer(place, run, entry, siblings, go) {
  const shown = { run, entry, siblings, url: artifactUrl(run.id, entry.path), go };
  const body = h("div", { class: "file-body" });
  const both = TEXTS.test(entry.path) && h("button", { onclick: () => {
    show({ as: query().get("as") === "text" ? null : "text" });
    viewer(place, run, entry, siblings, go);
  } }, query().get("as") === "text" ? "As it is meant" : "As text");
  const alone = h("a", { class: "button", href: shown.url, target: "_blank", rel: "noopener noreferrer" }, "Open alone");
  fill(place, head(shown, [both, alone]), body);
  return choose(body, shown, (url) => (alone.href = url));
}

/** @param {HTMLElement} body @param {Shown} shown @param {(url: string) => void} alone */
function choose(body, shown, alone) {
  const { path, name } = shown.entry;
  if (query().get("as") === "text") return raw(body, shown);
  if (isImage(path)) return void image(body, shown);
  if (AUDIO.test(path)) return sound(body, shown);
  if (VIDEO.test(path)) return void fill(body, h("video", { controls: true, src: shown.url, "aria-label": name, preload: "metadata" }));
  if (PAGES.test(path)) return void boxed(body, shown, alone);
  if (PDF.test(path)) return void fill(body, h("iframe", { class: "boxed", src: shown.url, title: name, referrerpolicy: "no-referrer" }));
  if (LOOKED.test(path)) return looked(body, shown);
  return raw(body, shown);
}

/** @param {Shown} shown @param {any} more */
function head({ run, entry, url }, more) {
  const absolute = new URL(url, location.href).href;
  const download = h("a", { class: "button", href: url, download: entry.name }, "Download");
  const snippet = `import mlflow\n\nmlflow.set_tracking_uri(${JSON.stringify(location.origin)})\npath = mlflow.artifacts.download_artifacts(run_id=${JSON.stringify(run.id)}, artifact_path=${JSON.stringify(entry.path)})\n`;
  return h(
    "header",
    { class: "file-head" },
    h("h2", { class: "mono" }, entry.path),
    h("span", { class: "soft" }, bytes(entry.size)),
    digest(run, entry),
    h("span", { class: "file-actions" }, more, h("button", { onclick: () => void copy(location.href) }, "Copy link"), copyAs(download, { python: snippet, curl: `curl -fO '${absolute.replaceAll("'", "%27")}'` })),
  );
}

/** What a file holds, in one word: where nobody recorded it, the server makes it when it is asked. @param {Run} run @param {Entry} entry */
function digest(run, entry) {
  const place = h("span");
  const told = (/** @type {string} */ found) => fill(place, h("button", { class: "plain digest mono", title: `Copy ${found}`, "aria-label": "Copy its digest", onclick: () => void copy(found) }, found.replace("sha256:", "").slice(0, 12)));
  const ask = async () => {
    fill(place, h("span", { class: "soft" }, "…"));
    const found = await own(`/runs/${encodeURIComponent(run.id)}/digest/${entry.path.split("/").map(encodeURIComponent).join("/")}`).catch((error) => ({ problem: error.message }));
    if (found.digest) told(found.digest);
    else fill(place, h("span", { class: "bad" }, found.problem));
  };
  if (entry.digest) told(entry.digest);
  else fill(place, h("button", { class: "plain", title: "SHA-256 of the file", onclick: () => void ask() }, "Digest"));
  return place;
}

// Artifacts: the files of a run as a tree, and beside it the one that is looked at.
import { own } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { bytes, counted } from "../../lib/format.js";
import { query, show } from "../../lib/state.js";
import { viewer } from "../../lib/viewer.js";
import { nothing } from "./facts.js";
import { hasEnded } from "./model.js";

/** @typedef {import("./model.js").Run} Run */
/** @typedef {import("../../lib/viewer.js").Entry} Entry */

/** @param {HTMLElement} place @param {Run} run */
export function open(place, run) {
  if (!run.artifacts_served) {
    fill(place, nothing("The files of this run are not with this server. They are at", h("code", null, run.artifact_uri)));
    return {};
  }
  const tab = new Artifacts(place, run);
  return { update: () => void tab.refresh(), close: () => tab.close() };
}

class Artifacts {
  #run;
  #tree = h("nav", { class: "files", "aria-label": "Artifacts" });
  #view = h("section", { class: "file", "aria-label": "File" });
  /** @type {Map<string, Entry[]>} */
  #known = new Map();
  #asked = 0;
  #closed = false;
  /** @type {(() => void) | undefined} */
  #leave;

  #back = () => void this.#show();

  /** @param {HTMLElement} place @param {Run} run */
  constructor(place, run) {
    this.#run = run;
    fill(place, h("div", { class: "artifacts" }, this.#tree, this.#view));
    addEventListener("popstate", this.#back);
    void this.#begin();
  }

  close() {
    this.#closed = true;
    removeEventListener("popstate", this.#back);
    this.#leave?.();
  }

  /** A run that goes on adds files. */
  async refresh() {
    if (!hasEnded(this.#run)) return;
    this.#known.clear();
    await this.#drawTree();
  }

  async #begin() {
    await this.#drawTree();
    await this.#show();
  }

  async #drawTree() {
    fill(this.#tree, await this.#listing("", (query().get("path") ?? "").split("/")));
  }

  /** @param {string} path @returns {Promise<Entry[]>} */
  async #list(path) {
    const known = this.#known.get(path);
    if (known) return known;
    const { entries, more } = await own(`/runs/${this.#run.id}/artifacts`, { path });
    this.#known.set(path, entries);
    if (more) entries.push({ name: "… and more", path: "", size: 0 });
    return entries;
  }

  /** @param {string} path @param {string[]} towards names of directories that are open */
  async #listing(path, towards) {
    try {
      const entries = await this.#list(path);
      if (entries.length === 0) return h("p", { class: "soft" }, path ? "Nothing." : "No files yet.");
      const sorted = [...entries].sort((a, b) => Number(!a.directory) - Number(!b.directory) || a.name.localeCompare(b.name, "en", { numeric: true }));
      return h("ul", null, await Promise.all(sorted.map(async (entry) => h("li", null, entry.directory ? await this.#directory(entry, towards) : this.#file(entry)))));
    } catch (error) {
      return h("p", { class: "bad" }, error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {Entry} entry @param {string[]} towards */
  async #directory(entry, towards) {
    const open = towards[0] === entry.name, body = h("div");
    let isFilled = open;
    const element = h("details", { open, ontoggle: async () => {
      if (!element.open || isFilled) return;
      isFilled = true;
      fill(body, await this.#listing(entry.path, []));
    } }, h("summary", null, `${entry.name}/`), body);
    if (open) fill(body, await this.#listing(entry.path, towards.slice(1)));
    return element;
  }

  /** @param {Entry} entry */
  #file(entry) {
    const isHere = query().get("path") === entry.path;
    const chosen = (/** @type {MouseEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      show({ path: entry.path, row: null, sort: null, as: null, having: null, columns: null, grid: null }, { push: true });
      void this.#show();
    };
    return h("a", { href: `/r/${this.#run.id}/artifacts?path=${encodeURIComponent(entry.path)}`, "aria-current": isHere ? "true" : null, "data-path": entry.path, onclick: chosen }, h("span", null, entry.name), h("span", { class: "soft" }, bytes(entry.size)));
  }

  async #show() {
    const path = query().get("path") ?? "", mine = ++this.#asked;
    for (const link of this.#tree.querySelectorAll("a[data-path]")) {
      if (/** @type {HTMLElement} */ (link).dataset.path === path) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    const above = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
    const siblings = path ? await this.#list(above).catch(() => []) : [];
    if (mine !== this.#asked || this.#closed) return;
    this.#leave?.();
    this.#leave = undefined;
    const entry = siblings.find((each) => each.path === path);
    if (!path) fill(this.#view, this.#summary());
    else if (!entry) fill(this.#view, nothing(`There is no file ${path}.`));
    else if (entry.directory) await this.#folder(path, mine);
    else this.#leave = viewer(this.#view, this.#run, entry, siblings, (other) => (show({ path: other }), void this.#show()));
  }

  /** What a directory holds; of a model, what it says of itself. @param {string} path @param {number} mine */
  async #folder(path, mine) {
    const entries = await this.#list(path).catch(() => []), model = entries.find(({ name }) => name === "MLmodel");
    if (mine !== this.#asked || this.#closed) return;
    const about = h("div"), size = entries.reduce((sum, each) => sum + (each.size ?? 0), 0);
    fill(this.#view, h("p", { class: "soft" }, h("span", { class: "mono" }, `${path}/ `), `${counted(entries.length, "entry").replace(/entrys$/, "entries")}, ${bytes(size)}${entries.some(({ directory }) => directory) ? " and what is below" : ""}`), about);
    if (model) this.#leave = viewer(about, this.#run, model, entries, (other) => (show({ path: other }), void this.#show()));
  }

  #summary() {
    const top = this.#known.get("") ?? [], files = this.#run.files;
    return nothing(top.length === 0 ? "This run has kept no files." : files ? `${counted(files, "file")} of the program. Choose one.` : "Choose a file.");
  }
}

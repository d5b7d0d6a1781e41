// What finds something in an output: the field, its matches one after the other, the first error.
import { own } from "../../lib/api.js";
import { h } from "../../lib/dom.js";
import { query, show } from "../../lib/state.js";
import { SOURCES } from "./lines.js";
import { LogSearch, firstError } from "./logsearch.js";
import { mood } from "./model.js";

/** @typedef {import("./model.js").Run} Run */
/** @typedef {import("./logsearch.js").Match} Match */

const PAUSE = 250; // milliseconds after the last letter

export class LogFinder {
  #run;
  #told;
  #search;
  #at = -1;
  #goes = false;
  #isBegun = false;
  #typed = 0;
  /** @type {Pick<Match, "stream" | "offset"> | undefined} */
  #here;
  #errors = new AbortController();
  #field = h("input", { type: "search", placeholder: "Search", "aria-label": "Search the output", value: query().get("find") ?? "" });
  #count = h("span", { class: "soft", role: "status" });
  #stop = h("button", { class: "plain", hidden: true, onclick: () => this.#stopped() }, "Stop");

  /** @param {Run} run @param {{ streams: () => string | undefined, goes: (match: Match) => Promise<number>, marks: (match: Match) => Promise<void>, changed: () => void }} told */
  constructor(run, told) {
    this.#run = run;
    this.#told = told;
    this.#search = new LogSearch(run.id, () => this.#heard());
    this.#field.addEventListener("input", () => {
      clearTimeout(this.#typed);
      this.#typed = window.setTimeout(() => (show({ find: this.#field.value }), void this.begin(true)), PAUSE);
    });
    this.#field.addEventListener("keydown", (event) => event.key === "Enter" && this.#next(event.shiftKey ? -1 : 1));
    this.element = h(
      "span", { class: "log-finder" }, this.#field,
      h("button", { class: "plain", "aria-label": "Match before", onclick: () => this.#next(-1) }, "↑"), h("button", { class: "plain", "aria-label": "Next match", onclick: () => this.#next(1) }, "↓"), this.#count, this.#stop,
      h("button", { title: "First error (x)", onclick: () => void this.#firstError() }, "First error"),
    );
    /** @type {Record<string, import("../../lib/keys.js").Binding>} */
    this.keys = {
      "/": ["Search the output", () => this.#field.focus()],
      n: ["Next match", () => this.#next(1)],
      N: ["Match before", () => this.#next(-1)],
      x: ["First error", () => void this.#firstError()],
    };
  }

  /** In small letters. */
  get text() {
    return this.#field.value.toLowerCase();
  }

  close() {
    clearTimeout(this.#typed);
    this.#stopped();
  }

  /** What the URL says; not where somebody was faster, and searches by now. */
  async resume() {
    if (!this.#isBegun) await this.begin();
  }

  /** @param {boolean} [goes] to the first match */
  async begin(goes) {
    this.#isBegun = true;
    this.#at = goes ? -1 : this.#at;
    this.#here = undefined;
    if (query().has("error")) return this.#firstError();
    this.#goes = goes === true;
    await this.#search.begin({ text: this.#field.value, stream: this.#told.streams() }).catch((error) => void (this.#count.textContent = error.message));
    this.#heard();
  }

  /** What has come since is searched, too. */
  more() {
    if (this.#field.value && !this.#search.isGoing) void this.#search.more().catch(() => undefined);
  }

  /** Whether the match that one is at is in that line. @param {import("./lines.js").Line} line */
  isAt(line) {
    return this.#here !== undefined && this.#here.offset === line.offset && this.#here.stream === SOURCES[line.source];
  }

  #heard() {
    if (this.#goes && this.#search.matches.length > 0) {
      this.#goes = false;
      return this.#next(1);
    }
    this.#tell();
    this.#told.changed();
  }

  #tell() {
    const { matches, isFull, progress, isGoing } = this.#search, many = `${matches.length.toLocaleString("en")}${isFull ? " or more" : ""} match${matches.length === 1 ? "" : "es"}`;
    const part = isGoing ? `, ${Math.round(progress * 100)} % searched` : "";
    this.#count.textContent = this.#field.value ? `${this.#at >= 0 && matches.length > 0 ? `${this.#at + 1} of ` : ""}${many}${part}` : "";
    this.#stop.hidden = !isGoing;
  }

  /** @param {1 | -1} step */
  #next(step) {
    const { matches } = this.#search;
    if (matches.length === 0) return;
    this.#at = (this.#at + step + matches.length) % matches.length;
    this.#here = matches[this.#at];
    this.#tell();
    const match = matches[this.#at];
    if (match) void this.#told.goes(match).then(() => this.#told.changed());
  }

  #stopped() {
    this.#search.stop();
    this.#errors.abort();
    this.#stop.hidden = true;
  }

  async #firstError() {
    this.#errors.abort();
    const { signal } = (this.#errors = new AbortController());
    this.#stop.hidden = false;
    const told = (/** @type {number} */ progress) => (this.#count.textContent = `${Math.round(progress * 100)} % searched`);
    const found = await firstError(this.#run.id, told, signal).catch(() => undefined);
    if (signal.aborted) return;
    this.#stop.hidden = true;
    const match = found ?? (mood(this.#run.status) === "bad" ? await this.#lastWord() : undefined);
    if (!match) return void (this.#count.textContent = "No line says error.");
    this.#count.textContent = "";
    show({ error: null });
    await this.#told.marks(match);
  }

  /** What a program says last is why it failed. @returns {Promise<Match | undefined>} */
  async #lastWord() {
    const page = await own(`/runs/${this.#run.id}/logs`, { before: "end", stream: "stderr" }).catch(() => undefined);
    const line = page?.lines.at(-1);
    return line && { stream: line.stream, offset: line.offset, time: line.time, text: "", at: page.previous };
  }
}

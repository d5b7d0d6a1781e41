// Locks that runs had, the last used first; those that hold a package; two of them held against each other; the cache below.
import { own } from "../../lib/api.js";
import { copyable } from "../../lib/command.js";
import { byId, fill, h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import { bind } from "../../lib/keys.js";
import { listen } from "../../lib/stream.js";
import { onBack, query, show } from "../../lib/state.js";
import { CacheView } from "./cache.js";
import { lockLink, redrawn, runsUrl, scrolled, short, since } from "./parts.js";
import { two } from "./two.js";

/** @typedef {{ digest: string, runs: number, newest: string, name: string, used?: number, kind?: string, format?: string, python?: string, image?: string, packages?: number, holds?: string }} Lock */

const PAGE = 50;
const PAUSE = 300, REST = 2000; // milliseconds after the last key, and after news

/** @param {HTMLElement} place */
export function open(place) {
  return new List(place).start();
}

class List {
  #place;
  /** @type {Lock[]} */
  #locks = [];
  #total = 0;
  #asked = 0;
  #looked = 0;
  #count = h("span", { class: "soft", role: "status" });
  #found = h("div");
  #without = h("p", { class: "soft" });
  #two = h("section", { "aria-label": "Two environments" });
  #cache = new CacheView();
  #box = h("input", { type: "search", class: "holding", placeholder: "holding torch>=2.9", "aria-label": "Environments that hold a package", title: "torch, torch 2.9 or torch>=2.9,<3" });
  #soon = 0;
  #later = 0;
  #isNew = false;

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
  }

  async start() {
    this.#box.addEventListener("input", () => this.#typed());
    fill(this.#place,
      h("div", { class: "head" }, h("h1", null, "Environments"), this.#count, h("span", { class: "push" }), this.#box),
      this.#two, this.#found, this.#without, this.#cache.element);
    bind({ "/": ["Find environments that hold a package", () => byId("main").querySelector("input")?.focus()] });
    onBack(() => void this.#asUrl());
    listen(["runs"], (news) => this.#heard(news));
    await Promise.all([this.#asUrl(), this.#cache.load()]);
  }

  async #asUrl() {
    this.#box.value = query().get("with") ?? "";
    this.#compared();
    await this.#load();
  }

  #typed() {
    clearTimeout(this.#soon);
    this.#soon = window.setTimeout(() => {
      show({ with: this.#box.value.trim() });
      void this.#load();
    }, PAUSE);
  }

  /** A run has another lock, or something may be built, or be over. @param {import("../../lib/stream.js").News} news */
  #heard({ kind, data }) {
    if (kind !== "run" && kind !== "reset") return;
    if (kind === "reset" || data.tags?.["runner.lock"]) this.#isNew = true;
    this.#later ||= window.setTimeout(() => {
      this.#later = 0;
      void this.#cache.load();
      if (this.#isNew && this.#locks.length <= PAGE) void this.#load();
      this.#isNew = false;
    }, REST);
  }

  /** @param {boolean} [more] */
  async #load(more) {
    const mine = (this.#asked += 1), wanted = query().get("with") ?? "";
    try {
      const answer = await own("/environments", { with: wanted, offset: more ? this.#locks.length : 0, limit: PAGE });
      if (mine !== this.#asked) return;
      this.#locks = [...(more ? this.#locks : []), ...answer.environments];
      this.#total = answer.total;
      this.#looked = answer.looked;
      this.#draw(wanted);
      if (!wanted && !more) await this.#tellWithout(answer.runs);
    } catch (error) {
      if (mine === this.#asked) fill(this.#found, h("p", { class: "empty", role: "alert" }, error instanceof Error ? error.message : String(error)));
    }
  }

  /** @param {number} locked */
  async #tellWithout(locked) {
    const rest = (await own("/runs/table", { limit: 0 })).total - locked;
    fill(this.#without, rest > 0 && `${counted(rest, "run")} without a lock: in the caller's environment, or recorded by another program.`);
  }

  /** @param {string} wanted */
  #draw(wanted) {
    fill(this.#count, counted(this.#total, "lock"), wanted && ` among the ${counted(this.#looked, "lock")} used last`);
    this.#without.hidden = wanted !== "";
    redrawn(this.#found, () => fill(this.#found,
      this.#locks.length > 0 ? this.#table(wanted) : wanted ? h("p", { class: "empty" }, `No lock of a run holds ${wanted}.`) : empty(),
      this.#locks.length < this.#total && h("p", null, h("button", { onclick: () => void this.#load(true) }, "More"))));
  }

  /** @param {string} wanted */
  #table(wanted) {
    const images = this.#locks.some(({ image }) => image);
    const heads = [h("th", { scope: "col", class: "tick" }, h("span", { class: "visually-hidden" }, "Compare")), "Lock", ...(wanted ? ["Holds"] : []), "Kind", "Python", "Packages", "Runs", "Newest run", "Used last", ...(images ? ["Image"] : [])];
    return scrolled("Locks of runs", heads, this.#locks.map((lock) => h("tr", null,
      h("td", null, this.#choice(lock.digest)),
      h("th", { scope: "row" }, lockLink(lock.digest)),
      wanted && h("td", { class: "mono" }, lock.holds ?? ""),
      h("td", null, lock.kind ?? "", lock.format && lock.format !== lock.kind && h("span", { class: "soft" }, ` ${lock.format}`)),
      h("td", null, lock.python ?? ""),
      h("td", { class: "number" }, lock.packages ?? ""),
      h("td", { class: "number" }, h("a", { href: runsUrl(lock.digest) }, String(lock.runs))),
      h("td", null, h("a", { href: `/r/${lock.newest}/environment` }, lock.name)),
      since(lock.used),
      images && h("td", { class: "mono image", title: lock.image ?? null }, lock.image ?? ""))));
  }

  /** Whether it is one of the two that are compared. @param {string} digest */
  #choice(digest) {
    const chosen = [query().get("a"), query().get("b")];
    return h("input", { type: "checkbox", "aria-label": `Compare ${short(digest)}`, title: "Compare two of them", checked: chosen.includes(digest), onchange: () => this.#choose(digest) });
  }

  /** @param {string} digest */
  #choose(digest) {
    const [a, b] = [query().get("a"), query().get("b")], used = (/** @type {string} */ each) => this.#locks.find((lock) => lock.digest === each)?.used ?? 0;
    if (digest === a) show({ a: b, b: null }, { push: true });
    else if (digest === b) show({ b: null }, { push: true });
    else if (a && used(a) > used(digest)) show({ a: digest, b: a }, { push: true }); // what was used before comes first
    else show(a ? { b: digest } : { a: digest }, { push: true });
    this.#draw(query().get("with") ?? "");
    this.#compared();
  }

  #compared() {
    void two(this.#two, query().get("a") ?? "", query().get("b") ?? "", (a, b) => {
      show({ a, b }, { push: true });
      this.#draw(query().get("with") ?? "");
      this.#compared();
    });
  }
}

const empty = () => h("div", { class: "empty" }, h("p", null, "No run has a lock yet. A project with an environment gets one:"), copyable("runner run . -e train"));

// What lies in the cache of the server's machine: environments, and builds that go on. For administrators, where people sign in.
import { ApiError, own } from "../../lib/api.js";
import { copyAs, copyable } from "../../lib/command.js";
import { fill, h } from "../../lib/dom.js";
import { bytes, clock, counted, lasting } from "../../lib/format.js";
import { query, show } from "../../lib/state.js";
import { freeing } from "./free.js";
import { cachedLink, lockLink, redrawn, scrolled, short, since } from "./parts.js";

/** @typedef {{ key: string, kind: string, python: string, lock: string, packages: number, bytes: number, created: number, used: number, busy?: boolean, seconds?: Record<string, number> }} Cached */
/** @typedef {{ key: string, begun?: number, lines?: string[] }} Build */
/** @typedef {{ place: string, free: number, limit: number | null, environments: Cached[], builds: Build[] }} Cache */

const AGAIN = 1500; // milliseconds between two looks while something is built
/** @type {Record<string, [title: string, rank: (each: Cached) => number]>} */
const ORDERS = { used: ["used last", (each) => each.used], size: ["size", (each) => each.bytes], created: ["built last", (each) => each.created] };

export class CacheView {
  element = h("section", { class: "cache", "aria-label": "Cache of this machine" });
  /** @type {Cache | undefined} */
  #told;
  #again = 0;

  async load() {
    clearTimeout(this.#again);
    try {
      this.#told = await own("/cache");
    } catch (error) {
      return this.#refused(error);
    }
    redrawn(this.element, () => this.#draw());
    if (this.#told?.builds.length) this.#again = window.setTimeout(() => void this.load(), AGAIN);
  }

  /** @param {unknown} error */
  #refused(error) {
    if (error instanceof ApiError && error.status === 501) return fill(this.element);
    fill(this.element, h("h2", null, "In the cache of the server's machine"), h("p", { class: "soft" }, error instanceof Error ? error.message : String(error), ". What lies in that of your own:"), copyable("runner env list"));
  }

  #draw() {
    const told = this.#told;
    if (!told) return;
    const opened = new Set([...this.element.querySelectorAll("details[open]")].map((each) => each.getAttribute("data-key")));
    fill(this.element,
      h("div", { class: "head" }, h("h2", null, "In the cache of the server's machine"), h("span", { class: "soft" }, summary(told)), h("span", { class: "push" }), told.environments.length > 1 && this.#order(), copyAs(h("button", { type: "button", onclick: () => void freeing(() => void this.load()) }, "Free unused…"), { command: "runner env gc --dry-run", curl: `curl -X POST ${location.origin}/api/runner/1/cache/free -H 'Content-Type: application/json' -d '{"dry_run": true}'` })),
      told.builds.map((build) => going(build, opened.has(build.key))),
      told.environments.length > 0 ? this.#table(told.environments) : h("p", { class: "soft" }, "Nothing lies there: a run builds what it needs, and finds it the next time."));
  }

  #order() {
    const select = h("select", { "aria-label": "Order", onchange: () => {
      show({ order: select.value === "used" ? "" : select.value });
      redrawn(this.element, () => this.#draw());
    } }, Object.entries(ORDERS).map(([name, [title]]) => h("option", { value: name }, title)));
    select.value = query().get("order") ?? "used";
    return select;
  }

  /** @param {Cached[]} environments */
  #table(environments) {
    const rank = (ORDERS[query().get("order") ?? ""] ?? ORDERS.used)?.[1] ?? (() => 0);
    const heads = ["Environment", "Kind", "Python", "Packages", "Lock", "Size", "Built", "Took", "Used last"];
    return scrolled("Environments in the cache", heads, environments.toSorted((a, b) => rank(b) - rank(a)).map((each) => h("tr", null,
      h("th", { scope: "row" }, cachedLink(each.key), each.busy && h("span", { class: "chip good" }, "in use")),
      h("td", null, each.kind),
      h("td", null, each.python),
      h("td", { class: "number" }, each.packages),
      h("td", null, each.lock && lockLink(each.lock)),
      h("td", { class: "number" }, bytes(each.bytes)),
      since(each.created),
      h("td", { class: "number", title: steps(each.seconds) }, lasting(1000 * took(each.seconds))),
      since(each.used))));
  }
}

/** @param {Cache} told */
function summary({ environments, free, limit, place }) {
  const all = environments.reduce((sum, each) => sum + each.bytes, 0);
  return h("span", { title: place }, [counted(environments.length, "environment"), `${bytes(all)}, shared files counted in each`, limit !== null && `kept below ${bytes(limit)}`, `${bytes(free)} free on the disk`].filter(Boolean).join(" · "));
}

/** A build that goes on. @param {Build} build @param {boolean} open */
function going({ key, begun, lines = [] }, open) {
  return h("details", { class: "card build", "data-key": key, open },
    h("summary", null, h("span", { class: "building" }, "Building"), " ", h("span", { class: "mono" }, short(key)), " ", h("span", { class: "soft", title: clock(begun) }, begun ? `for ${lasting(Date.now() - begun)}` : ""), " ", h("span", { class: "soft break" }, lines.at(-1)?.replace(/^\s*[\d.]+ s\s+/, "") ?? "")),
    h("pre", { class: "log", tabindex: 0 }, lines.join("\n")));
}

/** @param {Record<string, number>} [seconds] */
export const took = (seconds = {}) => Object.values(seconds).reduce((sum, each) => sum + each, 0);

/** @param {Record<string, number>} [seconds] */
const steps = (seconds = {}) => Object.entries(seconds).map(([name, each]) => `${name} ${lasting(1000 * each)}`).join(", ");

// One environment in the cache: why it was built and not another one reused, what each step took, what its build has told.
import { own } from "../../lib/api.js";
import { copyAs, copyable } from "../../lib/command.js";
import { fill, h } from "../../lib/dom.js";
import { ago, bytes, clock, counted, lasting } from "../../lib/format.js";
import { facts, section } from "../run/facts.js";
import { took } from "./cache.js";
import { pairs } from "./changes.js";
import { removing } from "./free.js";
import { packageList } from "./packages.js";
import { cachedLink, heading, lockLink, short } from "./parts.js";

/** @typedef {{ name: string, there?: string, here?: string }} Different */
/** @typedef {import("./cache.js").Cached} Cached */
/** @typedef {{ environment: Cached, place: string, interpreter?: string, tools?: Record<string, string>, inputs?: Record<string, string>, nearest?: string, inputs_differ?: Different[], packages_differ?: Different[], listed?: import("./packages.js").Package[], log?: string[] }} Explained */

/** @param {HTMLElement} place @param {string} key */
export async function open(place, key) {
  /** @type {Explained} */
  const told = await own(`/cache/${encodeURIComponent(key)}`);
  const { environment } = told, name = short(environment.key), packages = h("div"), listed = told.listed ?? [];
  document.title = `Environment ${name} · runner`;
  const remove = h("button", { type: "button", disabled: environment.busy, title: environment.busy ? "A program runs in it" : null, onclick: () => void removing(environment, () => location.assign("/envs")) }, "Remove…");
  fill(place,
    heading("Environment ", h("span", { class: "mono soft" }, name), environment.busy && h("span", { class: "chip good" }, "in use"), copyAs(remove, { command: `runner env remove ${name}` })),
    h("div", { class: "env-columns" },
      section("What it is", about(told), copyable(`runner env show ${name}`)),
      section("How it was built", building(told), h("h3", null, "Take it to another machine"), copyable(`runner env export ${name} environment.zip`))),
    section("Why it was built", why(told)),
    told.log && told.log.length > 0 && section("What its build has told", h("pre", { class: "log", tabindex: 0 }, told.log.join("\n"))),
    section("Packages", packages));
  packageList(packages, listed, { links: listed.some(({ required_by }) => required_by?.length) });
}

/** @param {Explained} told */
const about = ({ environment: of, interpreter, place }) => facts([
  ["Kind", of.kind],
  ["Python", of.python && `${of.python}${interpreter ? ` (${interpreter})` : ""}`],
  ["Packages", of.packages],
  ["Lock", of.lock && lockLink(of.lock)],
  ["Size", `${bytes(of.bytes)}, shared files counted`],
  ["Built", h("span", { title: clock(of.created) }, ago(of.created))],
  ["Used last", h("span", { title: clock(of.used) }, ago(of.used))],
  ["Lies at", h("span", { class: "mono break" }, place)],
]);

/** Its steps, each as long as it took. @param {Explained} told */
function building({ environment: { seconds = {} }, tools = {} }) {
  const steps = Object.entries(seconds), longest = Math.max(...Object.values(seconds), 0.001);
  return [
    h("ul", { class: "steps" }, steps.map(([name, each]) => {
      const bar = h("span", { class: "step-bar", "aria-hidden": "true" });
      bar.style.setProperty("--part", String(each / longest));
      return h("li", null, h("span", { class: "step-name" }, name), bar, h("span", { class: "number" }, lasting(1000 * each)));
    })),
    h("p", { class: "soft" }, `${lasting(1000 * took(seconds))} in all, with ${Object.entries(tools).map(([name, version]) => (name === "runner" ? `runner ${version}` : version)).join(" and ")}`),
  ];
}

/** @param {Explained} told */
function why({ nearest, inputs = {}, inputs_differ = [], packages_differ = [] }) {
  const decides = h("details", null, h("summary", null, "What decides whether one is reused"), facts(Object.entries(inputs).map(([name, value]) => [name, h("span", { class: "mono break" }, value)])));
  if (!nearest) return [h("p", null, "None of its kind was there before it, or is there still."), decides];
  return [
    h("p", null, "The nearest one that was there before, ", cachedLink(nearest), ", was not reused: ", reason(inputs_differ, packages_differ)),
    pairs("package", packages_differ),
    pairs("input", inputs_differ),
    decides,
  ];
}

/** @param {Different[]} inputs @param {Different[]} packages */
function reason(inputs, packages) {
  const named = inputs.map(({ name }) => name).filter((name) => name !== "lock" || packages.length === 0);
  return [packages.length > 0 && `${counted(packages.length, "package")} not the same`, named.length > 0 && `another ${named.join(", ")}`].filter(Boolean).join(", ") + ".";
}

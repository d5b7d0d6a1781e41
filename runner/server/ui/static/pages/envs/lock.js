// One lock: its packages, the runs that had it, whether it lies in the cache here, and how to have it elsewhere.
import { artifactUrl, own } from "../../lib/api.js";
import { copyable } from "../../lib/command.js";
import { fill, h } from "../../lib/dom.js";
import { ago, bytes, clock, counted } from "../../lib/format.js";
import { digest, facts, section } from "../run/facts.js";
import { mood, word } from "../run/model.js";
import { packageList } from "./packages.js";
import { cachedLink, heading, runsUrl, short } from "./parts.js";

/** @typedef {{ id: string, name: string, status: string, user?: string, start_time?: number }} Kin */
/** @typedef {import("./list.js").Lock & { path?: string, platform?: string, interpreter?: string, as_of?: string, origin?: string, pinned?: boolean, listed?: import("./packages.js").Package[], links?: boolean, last?: Kin[], problem?: string }} Told */

const OURS = new Set(["resolved", "cached"]); // origins of locks that the project does not bring

/** What makes an environment of a file, where there is no runner. @type {Record<string, string>} */
const ELSEWHERE = {
  pylock: "uv venv && uv pip sync pylock.toml",
  requirements: "python -m venv .venv && .venv/bin/pip install --require-hashes --no-deps -r requirements.txt",
  conda: "conda-lock install --name environment conda-lock.yml",
};

/** @param {HTMLElement} place @param {string} lock */
export async function open(place, lock) {
  /** @type {[Told, import("./cache.js").Cache | null]} */
  const [told, cache] = await Promise.all([own(`/environments/${encodeURIComponent(lock)}`), own("/cache").catch(() => null)]);
  const packages = h("div"), file = told.path?.split("/").at(-1) ?? "", address = artifactUrl(told.newest, told.path ?? "");
  document.title = `Environment ${short(lock)} · runner`;
  fill(place,
    heading("Environment ", h("span", { class: "mono soft" }, short(lock)), h("a", { class: "button", href: `/envs?a=${lock}` }, "Compare with…")),
    h("div", { class: "env-columns" },
      h("div", null,
        section("What it is", about(told), cache && h("p", { class: "soft" }, here(told, cache))),
        section("Runs", runs(told))),
      file && section("Have it again", again(told, file, address))),
    section("Packages", packages));
  packageList(packages, told.listed ?? [], { links: told.links, problem: told.problem, files: file ? [[file, address]] : [] });
}

/** @param {Told} told */
const about = (told) => facts([
  ["Kind", told.kind],
  ["Interpreter", told.interpreter || (told.python && `Python ${told.python}`)],
  ["Platform", told.platform],
  ["Image", told.image && h("span", { class: "mono break" }, told.image)],
  ["Packages", told.packages],
  ["Lock", [digest(told.digest), told.format && ` ${told.format}`, told.origin && !OURS.has(told.origin) && `, from ${told.origin}`, told.pinned === false && h("span", { class: "warn" }, ", not all pinned")]],
  ["As of", told.as_of],
]);

/** Whether the server's machine has it. @param {Told} told @param {import("./cache.js").Cache} cache */
function here({ digest, kind }, { environments }) {
  const found = environments.filter((each) => each.lock === digest);
  if (found.length > 0) return ["In the cache of the server's machine: ", found.map((each) => [cachedLink(each.key), ` (${bytes(each.bytes)}, used ${ago(each.used)}) `])];
  return kind === "docker" ? "Images are kept by the container engine." : "Not in the cache of the server's machine: a run there builds it.";
}

/** @param {Told} told */
function runs({ last = [], runs, digest }) {
  return [
    h("ul", { class: "env-runs" }, last.map((run) => h("li", null, h("a", { href: `/r/${run.id}` }, run.name), " ", h("span", { class: `chip ${mood(run.status)}` }, word(run.status)), " ", h("span", { class: "soft", title: clock(run.start_time) }, ago(run.start_time), run.user && ` by ${run.user}`)))),
    h("p", null, h("a", { href: runsUrl(digest) }, `All ${counted(runs, "run")} with it`)),
  ];
}

/** @param {Told} told @param {string} file @param {string} address */
function again({ newest, format = "", image }, file, address) {
  const run = newest.slice(0, 8), other = ELSEWHERE[format];
  return [
    h("p", null, "The newest run once more, in exactly this:"),
    copyable(`runner reproduce ${run}`),
    h("p", null, "Another run in it:"),
    copyable(`runner rerun RUN --env ${run}`),
    format !== "image" && h("p", null, format === "requirements" ? "Without runner:" : ["Kept beside a project, ", h("code", null, file), " is what ", h("code", null, "runner run"), " takes. Without runner:"]),
    format !== "image" && copyable(`curl -fo ${file} ${location.origin}${address}`),
    other && copyable(other),
    image && copyable(`docker pull ${image}`),
  ];
}

// What environments take of the server's disk, and what of that nobody has used for long.
import { ApiError, own } from "../../lib/api.js";
import { h } from "../../lib/dom.js";
import { bytes, counted } from "../../lib/format.js";

const LONG = 30; // days without use, after which `runner env prune` removes an environment
const DAY = 86_400_000;

/** @returns {Promise<any[]>} what a block shows; nothing where the server does not tell who asks */
export async function disk() {
  const told = await own("/cache").catch((error) => (error instanceof ApiError ? null : Promise.reject(error)));
  if (!told) return [];
  const unused = told.environments.filter((/** @type {any} */ each) => !each.busy && each.used < Date.now() - LONG * DAY);
  const room = (/** @type {any[]} */ found) => found.reduce((sum, each) => sum + each.bytes, 0);
  return [
    h("h2", null, "Disk"),
    h("ul", { class: "card rows" },
      line(counted(told.environments.length, "environment"), bytes(room(told.environments)), told.limit !== null && `of at most ${bytes(told.limit)}`),
      unused.length > 0 && line(`${unused.length} of them unused for ${LONG} days`, bytes(room(unused)), "can be freed"),
      line("Free", bytes(told.free), null),
    ),
  ];
}

/** @param {string} what @param {string} size @param {string | null | false} more */
const line = (what, size, more) =>
  h("li", null, h("span", { class: "who" }, h("a", { href: "/envs" }, what)), more && h("span", { class: "soft" }, more), h("span", { class: "soft when" }, size));

// Environments: exactly which packages runs had, by their locks; what lies in the cache of the server's machine, and what can go.
import { fill, h, main } from "../lib/dom.js";
import { query } from "../lib/state.js";

/** What the URL asks for. @returns {Promise<{ open: (place: HTMLElement, asked: string) => Promise<void> }>} */
function module() {
  if (query().has("lock")) return import("./envs/lock.js");
  if (query().has("env")) return import("./envs/cached.js");
  return import("./envs/list.js");
}

try {
  const place = main();
  await (await module()).open(place, query().get("lock") ?? query().get("env") ?? "");
} catch (error) {
  fill(main(),
    h("h1", null, "Environments"),
    h("p", { class: "empty", role: "alert" }, error instanceof Error ? error.message : String(error)),
    h("p", null, h("a", { href: "/envs" }, "All environments")));
}

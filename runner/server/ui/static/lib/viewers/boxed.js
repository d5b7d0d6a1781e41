// A page of a run in its box: an address of its own gives it the files beside it, also where people sign in, and nothing else.
import { send } from "../api.js";
import { fill, h } from "../dom.js";

const SANDBOX = "allow-scripts allow-downloads allow-popups";

/**
 * @param {HTMLElement} body @param {import("../viewer.js").Shown} shown
 * @param {(url: string) => void} alone is told where the page is by itself
 */
export function boxed(body, { run, entry }, alone) {
  fill(body, h("p", { class: "soft", "aria-busy": "true" }, "…"));
  void send(`/runs/${encodeURIComponent(run.id)}/box`, {}).then(
    ({ address }) => {
      const url = address + entry.path.split("/").map(encodeURIComponent).join("/");
      alone(url);
      fill(body, h("iframe", { class: "boxed", src: url, title: entry.name, sandbox: SANDBOX, referrerpolicy: "no-referrer" }));
    },
    (error) => void fill(body, h("p", { class: "bad" }, error.message)),
  );
}

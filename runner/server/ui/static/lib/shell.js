// What every page has around its content: where one is, whether news come, keys, clicks, the palette, light or dark.
import { byId, h } from "./dom.js";
import { clock } from "./format.js";
import { bind, showKeys } from "./keys.js";
import { choose, isDark } from "./look.js";
import { open } from "./palette.js";
import { keepClicks } from "./presses.js";
import { onLive } from "./stream.js";

for (const link of document.querySelectorAll(".top nav a")) {
  const path = link.getAttribute("href") ?? "";
  const isHere = location.pathname === path || location.pathname.startsWith(`${path}/`) || link.getAttribute("data-also") === document.body.dataset.page;
  if (isHere) link.setAttribute("aria-current", "page");
}

const dot = h("span", { class: "live", role: "status" });
onLive((live, since) => {
  dot.textContent = live ? "" : `reconnecting, data from ${clock(since).slice(11)}`;
  dot.classList.toggle("down", !live);
});

const turn = () => choose("theme", isDark() ? "light" : "dark");

byId("shell").prepend(
  dot,
  h("button", { class: "plain search", type: "button", "aria-label": "Go to… (Ctrl+K)", title: "Go to a run, experiment, model or page", onclick: open }, "Go to… ", h("kbd", null, "Ctrl K")),
  h("button", { class: "plain", type: "button", "aria-label": "Light or dark", title: "Light or dark", onclick: turn }, "◐"),
  h("button", { class: "plain", type: "button", "aria-label": "Keys", title: "Keys (?)", onclick: showKeys }, "?"),
);
bind({ "Ctrl+k": ["Go to a run, experiment, model, page, or do something", open] });
keepClicks();

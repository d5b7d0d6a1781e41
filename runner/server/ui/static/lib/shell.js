// What every page has around its content: where one is, and whether news come.
import { byId, h } from "./dom.js";
import { clock } from "./format.js";
import { onLive } from "./stream.js";

for (const link of document.querySelectorAll(".top nav a")) {
  const path = link.getAttribute("href") ?? "";
  if (location.pathname === path || location.pathname.startsWith(`${path}/`)) link.setAttribute("aria-current", "page");
}

const dot = h("span", { class: "live", role: "status" });
byId("shell").prepend(dot);
onLive((live, since) => {
  dot.textContent = live ? "" : `reconnecting, data from ${clock(since).slice(11)}`;
  dot.classList.toggle("down", !live);
});

// How pages look in this browser, who one is and where one is signed in, what the server is.
import { own, send } from "../lib/api.js";
import { copyable } from "../lib/command.js";
import { confirmed, toast } from "../lib/dialog.js";
import { fill, h, main } from "../lib/dom.js";
import { ago, clock } from "../lib/format.js";
import { CHOICES, choose, chosen } from "../lib/look.js";

/** @typedef {{ name: string, browser: string, created: number, expires: number | null, current: boolean }} Session */
/** @typedef {{ user: string, admin: boolean, signs_in: boolean, sessions: Session[] }} Me */
/** @typedef {{ version: string, may_run: boolean, proxied: boolean, store: string | null, artifacts: string | null }} Server */

const person = h("section", { class: "card" });

async function load() {
  const [me, server] = await Promise.all([own("/me"), own("/server")]);
  showPerson(me);
  fill(main(), h("h1", null, "Settings"), h("div", { class: "settings" }, looks(), person, serverCard(server), programs(me)));
}

function looks() {
  return h("section", { class: "card" },
    h("h2", null, "In this browser"),
    choices("theme", "Theme"),
    choices("density", "Density"),
  );
}

/** @param {"theme" | "density"} name @param {string} title */
function choices(name, title) {
  return h("fieldset", null,
    h("legend", null, title),
    CHOICES[name].map(([value = "", label = ""]) =>
      h("label", null, h("input", { type: "radio", name, value, checked: chosen(name) === value, onchange: () => choose(name, value) }), ` ${label}`),
    ),
  );
}

/** @param {Me} me */
function showPerson(me) {
  if (!me.signs_in) {
    fill(person, h("h2", null, "Who you are"), h("p", null, "Nobody signs in at this server: whoever reaches it may do everything. It is open to this machine alone."));
    return;
  }
  fill(person,
    h("h2", null, "Who you are"),
    h("p", null, h("strong", null, me.user), me.admin ? ", an administrator: you may do everything." : ": what you may see and change, administrators decide (runner users grant)."),
    h("h3", null, "Where you are signed in"),
    me.sessions.length === 0
      ? h("p", { class: "soft" }, "Here by a token or a password of your own, in no browser otherwise.")
      : h("div", { class: "scroll" }, h("table", null,
          h("thead", null, h("tr", null, ["Browser", "Since", "Until", ""].map((head) => h("th", { scope: "col" }, head || h("span", { class: "visually-hidden" }, "Action"))))),
          h("tbody", null, me.sessions.map(sessionRow)))),
  );
}

/** @param {Session} session */
function sessionRow(session) {
  return h("tr", null,
    h("td", null, session.browser, session.current && h("span", { class: "chip" }, "this one")),
    h("td", { title: clock(session.created) }, ago(session.created)),
    h("td", null, clock(session.expires).slice(0, 10)),
    h("td", null, h("button", { onclick: () => void end(session) }, session.current ? "Sign out" : "End")),
  );
}

/** @param {Session} session */
async function end(session) {
  if (!session.current && !(await confirmed("End this session?", `Whoever uses ${session.browser} there must sign in again.`, "End"))) return;
  const me = await send(`/me/sessions/${encodeURIComponent(session.name)}`, {}, "DELETE");
  if (session.current) return location.assign("/sign-in");
  toast("The session has ended");
  showPerson(me);
}

/** @param {Server} server */
function serverCard(server) {
  const rows = [
    ["Version", `runner ${server.version}`],
    ["Store", server.store],
    ["Artifacts", server.artifacts && `${server.artifacts} (${server.proxied ? "through this server" : "clients go there"})`],
    ["Run again", server.may_run ? "starts runs on the server's machine" : "shows the command (runner server --allow-run starts runs)"],
    ["API", h("a", { href: "/api/runner/1/openapi.json" }, "OpenAPI")],
  ];
  return h("section", { class: "card" },
    h("h2", null, "This server"),
    h("dl", null, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", null, name), h("dd", null, value)])),
  );
}

/** @param {Me} me */
function programs(me) {
  return h("section", { class: "card" },
    h("h2", null, "Programs"),
    h("p", null, "Unmodified mlflow clients record here:"),
    copyable(`export MLFLOW_TRACKING_URI=${location.origin}`),
    me.signs_in && [
      h("p", null, "with a token, which whoever runs this server makes:"),
      copyable(`runner tokens create --name laptop --user ${me.user}`),
      copyable("export MLFLOW_TRACKING_TOKEN=rnr_…"),
      h("p", null, "and takes away again:"),
      copyable(`runner tokens revoke laptop --user ${me.user}`),
    ],
  );
}

load().catch((error) => fill(main(), h("p", { class: "bad", role: "alert" }, error.message)));

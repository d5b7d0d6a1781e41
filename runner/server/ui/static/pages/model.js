// A registered model, or one of its versions: which of them is in the path.
import { ApiError } from "../lib/api.js";
import { fill, h, main } from "../lib/dom.js";
import { bind } from "../lib/keys.js";
import { onBack } from "../lib/state.js";
import { modelPage } from "./model/family.js";
import { versionPage } from "./model/version.js";
import { lookAtModel, lookAtVersion, modelUrl } from "./model/versions.js";

/** What the path names. */
function named() {
  const [, , name = "", version] = location.pathname.split("/").map(decodeURIComponent);
  return { name, version: version || undefined };
}

async function load() {
  const { name, version } = named();
  document.title = `${name}${version ? ` ${version}` : ""} · runner`;
  try {
    if (version === undefined) modelPage(main(), await lookAtModel(name), load);
    else versionPage(main(), await lookAtVersion(name, version), load);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    fill(main(), h("h1", null, name), h("p", { class: "empty", role: "alert" }, missing(error, name, version)));
  }
}

/** @param {ApiError} error @param {string} name @param {string} [version] */
function missing(error, name, version) {
  if (version === undefined || (error.status !== 404 && error.status !== 400)) return error.message;
  return [`There is no version ${version}. `, h("a", { href: modelUrl(name) }, `All versions of ${name}`)];
}

bind({ u: ["Back to the list", () => location.assign(named().version ? modelUrl(named().name) : "/models")] });
onBack(load);
// there are no events about models: whoever comes back to the page sees what is there by now
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && !main().contains(document.activeElement)) void load();
});
await load();

// Making room in the cache: first what would go, and how much room that is; then the button.
import { send } from "../../lib/api.js";
import { copyAs } from "../../lib/command.js";
import { confirmed, dialog, toast } from "../../lib/dialog.js";
import { fill, h } from "../../lib/dom.js";
import { ago, bytes, counted } from "../../lib/format.js";
import { short } from "./parts.js";

/** @typedef {import("./cache.js").Cached} Cached */
/** @typedef {{ dry_run: boolean, environments: Cached[], packages: number, leftovers: number, bytes: number, command: string, refused: Record<string, string> }} Freed */

const PAUSE = 300; // milliseconds after the last key
const GB = 1e9;

/** Ask what may go, and let it go. @param {() => void} done */
export function freeing(done) {
  const days = h("input", { type: "number", min: 0, step: 1, value: "30", class: "short", "aria-label": "Days without use" });
  const most = h("input", { type: "number", min: 0, step: "any", placeholder: "no limit", class: "short", "aria-label": "Gigabytes to keep at most" });
  const told = h("div", { class: "would-go", "aria-live": "polite" });
  const act = h("button", { class: "main", type: "button", disabled: true }, "Free");
  let command = "runner env gc", soon = 0, looked = 0;

  const asked = () => ({ older_than: Number(days.value) || 0, max_bytes: most.value.trim() === "" ? null : Math.round(Number(most.value) * GB) });
  const look = async () => {
    const mine = (looked += 1);
    act.disabled = true;
    try {
      /** @type {Freed} */
      const freed = await send("/cache/free", { ...asked(), dry_run: true });
      if (mine !== looked) return;
      command = freed.command.replace(" --dry-run", "");
      fill(told, would(freed));
      act.textContent = freed.bytes > 0 ? `Free ${bytes(freed.bytes)}` : "Free";
      act.disabled = freed.environments.length + freed.packages + freed.leftovers === 0;
    } catch (error) {
      if (mine === looked) fill(told, h("p", { class: "bad" }, message(error)));
    }
  };
  const later = () => {
    clearTimeout(soon);
    soon = window.setTimeout(() => void look(), PAUSE);
  };
  for (const field of [days, most]) field.addEventListener("input", later);
  act.addEventListener("click", async () => {
    act.disabled = true;
    const freed = await freedOf({ ...asked(), dry_run: false });
    if (freed) close();
    if (freed) done();
  });

  const { close } = dialog("Free unused", [
    h("p", { class: "free-asked" }, h("label", null, "Not used for ", days, " days"), h("label", null, "then keep at most ", most, " GB")),
    told,
    h("p", { class: "soft" }, "What is in use stays. A project that needs one again builds it again. The command also frees container images, Git mirrors and downloads."),
  ], { actions: [copyAs(act, { command: () => command })] });
  void look();
}

/** @param {Freed} freed */
function would({ environments, packages, leftovers, bytes: room }) {
  const also = [packages > 0 && `${counted(packages, "directory").replace("directorys", "directories")} of packages`, leftovers > 0 && counted(leftovers, "leftover")].filter(Boolean).join(", ");
  if (environments.length === 0 && !also) return h("p", null, "Nothing would go.");
  return [
    h("p", null, `${counted(environments.length, "environment")}${also && `, ${also}`} would go: `, h("strong", null, bytes(room)), " of room."),
    h("ul", null, environments.map((each) => h("li", null, h("span", { class: "mono" }, short(each.key)), ` ${each.kind}${each.python && `, Python ${each.python}`}, ${counted(each.packages, "package")}, ${bytes(each.bytes)}, used ${ago(each.used)}`))),
  ];
}

/** Remove one, after it was asked how much room that is. @param {Cached} cached @param {() => void} done */
export async function removing(cached, done) {
  try {
    /** @type {Freed} */
    const freed = await send("/cache/free", { keys: [cached.key], dry_run: true });
    const text = `${bytes(freed.bytes)} become free: what it shares with others stays. A project that needs it builds it again.`;
    if (await confirmed(`Remove ${short(cached.key)}?`, text, "Remove") && (await freedOf({ keys: [cached.key], dry_run: false }))) done();
  } catch (error) {
    toast(message(error), { bad: true });
  }
}

/** @param {any} asked @returns {Promise<Freed | undefined>} */
async function freedOf(asked) {
  try {
    /** @type {Freed} */
    const freed = await send("/cache/free", asked);
    const stays = Object.values(freed.refused);
    toast([`${bytes(freed.bytes)} freed: ${counted(freed.environments.length, "environment")} removed`, ...stays].join("; "), { bad: stays.length > 0 });
    return freed;
  } catch (error) {
    toast(message(error), { bad: true });
    return undefined;
  }
}

/** @param {unknown} error */
const message = (error) => (error instanceof Error ? error.message : String(error));

// Dialogs and short notices.
import { h } from "./dom.js";

/**
 * Open a dialog over the page; focus goes back to where it was. Escape and the cross close it.
 *
 * @param {string} title
 * @param {any} content children, as for `h`
 * @param {{ actions?: HTMLElement[], wide?: boolean, onClose?: () => void }} [options]
 * @returns {{ element: HTMLDialogElement, close: () => void }}
 */
export function dialog(title, content, options) {
  const before = document.activeElement;
  const close = () => element.close();
  const element = h(
    "dialog",
    { class: options?.wide ? "wide" : null, "aria-label": title },
    h("header", null, h("h2", null, title), h("button", { class: "plain", "aria-label": "Close", onclick: close }, "✕")),
    h("div", { class: "dialog-body" }, content),
    options?.actions && h("footer", null, options.actions),
  );
  element.addEventListener("close", () => {
    element.remove();
    if (before instanceof HTMLElement) before.focus();
    options?.onClose?.();
  });
  element.addEventListener("mousedown", (event) => event.target === element && close());
  document.body.append(element);
  element.showModal();
  const first = element.querySelector(".dialog-body :is(input, select, textarea), footer .main:enabled");
  if (first instanceof HTMLElement) first.focus();
  return { element, close };
}

/**
 * Ask before something that cannot be undone.
 *
 * @param {string} title
 * @param {any} content
 * @param {string} action what the button says
 * @returns {Promise<boolean>}
 */
export function confirmed(title, content, action) {
  return new Promise((resolve) => {
    let agreed = false;
    const agree = () => {
      agreed = true;
      close();
    };
    const { close } = dialog(title, content, {
      actions: [h("button", { onclick: () => close() }, "Cancel"), h("button", { class: "main", onclick: agree }, action)],
      onClose: () => resolve(agreed),
    });
  });
}

const SHOWN = 6_000; // milliseconds

/**
 * A notice that goes away by itself, read out by screen readers; with an action (undo) it stays longer.
 *
 * @param {string} text
 * @param {{ bad?: boolean, action?: [string, () => void] }} [options]
 */
export function toast(text, options) {
  const action = options?.action;
  const press = () => {
    notice.remove();
    action?.[1]();
  };
  const notice = h(
    "div",
    { class: options?.bad ? "toast bad" : "toast" },
    h("span", null, text),
    action && h("button", { onclick: press }, action[0]),
    h("button", { class: "plain", "aria-label": "Dismiss", onclick: () => notice.remove() }, "✕"),
  );
  notices().append(notice);
  setTimeout(() => notice.remove(), action || options?.bad ? 2 * SHOWN : SHOWN);
}

function notices() {
  const there = document.getElementById("toasts");
  if (there) return there;
  const made = h("div", { id: "toasts", role: "status", "aria-live": "polite" });
  document.body.append(made);
  return made;
}

// A click counts though news drew anew, while the button was down, what is clicked: browsers forget an element that has gone.

const CONTROLS = "a[href], button, input, summary, label";

/** What is pressed. @type {{ control: Element, said: string } | null} */
let pressed = null;

/** What somebody sees of it. @param {Element} control */
const said = (control) => [control.tagName, control.getAttribute("aria-label") ?? control.textContent, control.getAttribute("href")].join("\n");

/** @param {EventTarget | null} target */
const controlOf = (target) => (target instanceof Element ? target.closest(CONTROLS) : null);

/** Begin to look after clicks. */
export function keepClicks() {
  document.addEventListener("pointerdown", ({ target, button }) => {
    const control = button === 0 ? controlOf(target) : null;
    pressed = control && { control, said: said(control) };
  }, true);

  document.addEventListener("pointerup", ({ clientX, clientY, button, ctrlKey, shiftKey, altKey, metaKey }) => {
    const before = pressed;
    pressed = null;
    if (before === null || button !== 0 || before.control.isConnected) return;
    const control = controlOf(document.elementFromPoint(clientX, clientY));
    if (control === null || said(control) !== before.said) return;
    control.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, view: window, detail: 1, clientX, clientY, ctrlKey, shiftKey, altKey, metaKey }));
  }, true);
}

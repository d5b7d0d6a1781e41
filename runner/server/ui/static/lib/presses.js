// A click of the mouse counts though news drew anew, while its button was down, what is clicked: browsers forget an element that has
// gone. (A tap is theirs: they look for what is there at its end.)

const CONTROLS = "a[href], button, input, summary, label", ITEMS = "li, tr, article, [role=row]";
const FAR = 5; // pixels: then it is no click

/** What is pressed, and where. @type {{ control: Element, known: string, x: number, y: number } | null} */
let pressed = null;

/** What a control says, and what it is about: another one may stand in its place by now, of another run. @param {Element} control */
function known(control) {
  const said = control.getAttribute("aria-label") ?? (control.closest("label") ?? control).textContent;
  const about = control.closest(ITEMS)?.querySelector("a[href]")?.getAttribute("href");
  return [control.tagName, said, control.getAttribute("name"), control.getAttribute("href"), about].join("\n");
}

/** @param {EventTarget | null} target */
const controlOf = (target) => (target instanceof Element ? target.closest(CONTROLS) : null);

/** Begin to look after clicks. */
export function keepClicks() {
  document.addEventListener("pointerdown", ({ target, button, pointerType, clientX: x, clientY: y }) => {
    const control = button === 0 && pointerType === "mouse" ? controlOf(target) : null;
    pressed = control && { control, known: known(control), x, y };
  }, true);

  document.addEventListener("pointerup", ({ clientX, clientY, button, ctrlKey, shiftKey, altKey, metaKey }) => {
    const before = pressed;
    pressed = null;
    if (before === null || button !== 0 || before.control.isConnected || Math.hypot(clientX - before.x, clientY - before.y) > FAR) return;
    const control = controlOf(document.elementFromPoint(clientX, clientY));
    if (control === null || control.matches(":disabled") || known(control) !== before.known) return;
    control.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, view: window, detail: 1, clientX, clientY, ctrlKey, shiftKey, altKey, metaKey }));
  }, true);

  document.addEventListener("pointercancel", () => { pressed = null; }, true);
}

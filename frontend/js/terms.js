// What a word of the standard means opens under the pointer, and under the focus of the keyboard, too. The
// browser itself opens it when the "?" is pressed, and closes it with Escape.

const ATTENTION = 150; // milliseconds; a pointer that only passes opens nothing
const PATIENCE = 300; // until it closes: the way from the "?" to the words takes some time

function explain(term) {
  const [button, text] = term.children;
  let timer;
  let isPressed = false; // then it stays open until it is pressed again or left

  const later = (wait, act) => {
    clearTimeout(timer);
    timer = setTimeout(act, wait);
  };
  const open = () => text.matches(":popover-open") || text.showPopover();
  const close = () => isPressed || term.contains(document.activeElement) || text.hidePopover();

  term.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && later(ATTENTION, open));
  term.addEventListener("pointerleave", () => later(PATIENCE, close));
  button.addEventListener("focus", () => button.matches(":focus-visible") && open());
  term.addEventListener("focusout", (event) => term.contains(event.relatedTarget) || text.hidePopover());
  button.addEventListener("click", (event) => {
    if (!isPressed && text.matches(":popover-open")) event.preventDefault(); // it must not take it away
    isPressed = !isPressed;
  });
  text.addEventListener("toggle", (event) => {
    if (event.newState === "closed") isPressed = false;
  });
}

export function explainTerms() {
  if (!CSS.supports("position-area: block-end")) return; // it opens at the foot of the screen, out of reach
  for (const term of document.querySelectorAll(".app-term")) explain(term);
}

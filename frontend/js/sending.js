// A form with something typed is sent only while the server answers: without a connection the browser would put a page
// of its own in the place of the form, and what was typed would be gone.

const notice = document.querySelector("[data-no-connection]");
const PATIENCE = 20000; // milliseconds
const asking = new Set();
let sure = null;

async function isAnswered() {
  try {
    await fetch(notice.dataset.noConnection, { redirect: "manual", signal: AbortSignal.timeout(PATIENCE) });
    return true;
  } catch {
    return false;
  }
}

async function send(form, button) {
  asking.add(form);
  notice.hidden = true;
  if (await isAnswered()) {
    sure = form;
    form.requestSubmit(button);
    sure = null;
  } else {
    (button?.parentElement ?? form).before(notice);
    notice.hidden = false;
    notice.scrollIntoView({ block: "nearest" });
  }
  asking.delete(form);
}

export function watchSending() {
  if (!notice) return;
  // In the capture phase: before the guard against double clicks, and before what is typed counts as sent.
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (form === sure || !form.hasAttribute("data-draft")) return;
      event.preventDefault();
      event.stopPropagation();
      if (!asking.has(form)) send(form, event.submitter);
    },
    true,
  );
}

// Warns before the session ends, and sends what is typed to the server while it is being typed, so that
// nothing is lost when it does. The browser itself keeps nothing. The server decides when a session is
// over; this only asks and tells.

const box = document.querySelector("dialog[data-session]");
const { sessionUrl, draftUrl, signInUrl, person } = box?.dataset ?? {};
const idle = Number(box?.dataset.idle) * 1000;
const changed = new Set(); // forms with something typed that the server does not have yet
let ends = Date.now() + Number(box?.dataset.left) * 1000;
let sent = Date.now();
let isBusy = false;
let isLocked = false;

const part = (name) => box.querySelector(`[data-part=${name}]`);
const tokens = () => document.querySelectorAll("[name=csrfmiddlewaretoken]");

// What the server says of the session; an answer that leads elsewhere says that it is over.
async function ask(method = "GET") {
  const headers = method === "POST" ? { "X-CSRFToken": tokens()[0].value } : {};
  const answer = await fetch(sessionUrl, { method, headers, redirect: "manual" });
  const told = answer.ok ? await answer.json() : { left: 0 };
  if (told.person && told.person !== person) return leave(); // somebody else works here now
  ends = Date.now() + told.left * 1000;
  return told;
}

async function keep(form, isLast) {
  const body = new FormData(form);
  for (const [name, value] of [...body]) if (value instanceof File) body.delete(name);
  body.set("draft_act", "keep");
  body.set("draft_path", new URL(form.action).pathname);
  body.set("draft_person", person);
  changed.delete(form);
  try {
    const answer = await fetch(draftUrl, { method: "POST", body, redirect: "manual", keepalive: isLast });
    if (answer.type === "opaqueredirect") changed.add(form);
  } catch {
    changed.add(form); // the line is down; the next minute tries again
  }
}

export async function saveTyped(isLast = false) {
  if (!changed.size) return;
  sent = Date.now();
  await Promise.all([...changed].map((form) => keep(form, isLast)));
}

function leave() {
  changed.clear();
  location.replace(`${signInUrl}?next=${encodeURIComponent(location.pathname)}`);
}

// The session was over before the last words were sent, as when a lid was closed: they stay here, out of
// sight, until their person has signed in again in another tab.
function lock() {
  isLocked = true;
  document.body.classList.add("app-locked");
  for (const name of ["warning", "stay", "out"]) part(name).hidden = true;
  for (const name of ["over", "in"]) part(name).hidden = false;
  if (!box.open) box.showModal();
}

async function unlock() {
  const told = await ask();
  if (!told?.person) return;
  for (const input of tokens()) input.value = told.token;
  await saveTyped();
  if (!changed.size) location.replace(location.pathname);
}

function tell(left) {
  const [text, count] =
    left > 60 ? [box.dataset.minutes, Math.ceil(left / 60)] : [box.dataset.seconds, Math.ceil(left / 15) * 15];
  const said = text.replace("%n", count);
  if (part("left").textContent !== said) part("left").textContent = said; // read out when it changes
}

async function look() {
  const left = ends - Date.now();
  if (isLocked) return document.visibilityState === "visible" ? unlock() : undefined;
  if (left > 0 && changed.size && Date.now() - sent >= idle / 15) {
    await saveTyped();
    return ask();
  }
  if (left > (idle * 2) / 15) return box.close();
  const told = await ask();
  if (!told) return;
  if (!told.person) return changed.size ? lock() : leave();
  if (told.left * 1000 > (idle * 2) / 15) return box.close();
  part("stay").hidden = !told.can_stay;
  tell(told.left);
  if (!box.open) {
    if (told.can_stay === false) saveTyped();
    box.showModal();
  }
}

async function lookOnce() {
  if (isBusy) return;
  isBusy = true;
  try {
    await look();
  } catch {
    // no answer: the line is down, or the server starts again
  } finally {
    isBusy = false;
  }
}

async function stay(event) {
  event.preventDefault();
  if (isLocked) return;
  await ask("POST");
  lookOnce();
}

export function watchSession() {
  if (!box) return;
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form?.hasAttribute("data-draft")) changed.add(form);
  });
  document.addEventListener("submit", (event) => changed.delete(event.target));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") saveTyped(true);
    else lookOnce();
  });
  addEventListener("focus", lookOnce);
  part("stay").addEventListener("click", stay);
  box.addEventListener("cancel", stay); // Escape
  setInterval(lookOnce, Math.min(5000, idle / 60));
}

// Small conveniences of our own.

function inField(element) {
  return element.isContentEditable || /^(input|textarea|select)$/i.test(element.tagName);
}

export function startPage() {
  const account = document.querySelector(".app-account");

  document.addEventListener("keydown", (event) => {
    const search = document.getElementById("site-search");
    if (event.key === "/" && search && !inField(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
    }
    if (event.key === "Escape" && account?.open) {
      account.open = false;
      account.querySelector("summary").focus();
    }
  });

  document.addEventListener("click", (event) => {
    if (account?.open && !account.contains(event.target)) account.open = false;
  });

  // On a narrow screen the list comes first; the filter is one tap away.
  if (matchMedia("(max-width: 48em)").matches) {
    for (const filter of document.querySelectorAll("details.app-filter")) filter.open = false;
  }

  // A form posted twice registers a person twice.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 8000); // a download leaves the page where it is
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload(); // by now somebody may have signed out
    for (const form of document.forms) delete form.dataset.sent;
  });

  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
}

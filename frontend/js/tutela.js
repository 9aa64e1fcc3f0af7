// The few modules of GOV.UK Frontend that the pages use. Every page works without them.
import { Button } from "govuk-frontend/dist/govuk/components/button/button.mjs";
import { Checkboxes } from "govuk-frontend/dist/govuk/components/checkboxes/checkboxes.mjs";
import { ErrorSummary } from "govuk-frontend/dist/govuk/components/error-summary/error-summary.mjs";
import { ExitThisPage } from "govuk-frontend/dist/govuk/components/exit-this-page/exit-this-page.mjs";
import { Radios } from "govuk-frontend/dist/govuk/components/radios/radios.mjs";
import { ServiceNavigation } from "govuk-frontend/dist/govuk/components/service-navigation/service-navigation.mjs";
import { SkipLink } from "govuk-frontend/dist/govuk/components/skip-link/skip-link.mjs";
import { startPage } from "./page.js";
import { startPasskeys } from "./passkey.js";
import { watchSending } from "./sending.js";
import { saveTyped, watchSession } from "./session.js";
import { explainTerms } from "./terms.js";
import { trustHtmx } from "./trusted.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");

// What scripts tell whoever does not see it, in the one live region of the page.
const told = document.createElement("p");
told.className = "govuk-visually-hidden";
const bringTold = () => told.isConnected || document.getElementById("messages")?.append(told);
bringTold();

// Whoever leaves in a hurry is signed out: what is typed goes first, and is not waited for.
class QuickExit extends ExitThisPage {
  initUpdateSpan() {
    this.$updateSpan = told;
  }

  exitPage() {
    saveTyped(true);
    super.exitPage();
  }
}

const modules = [Button, Checkboxes, ErrorSummary, QuickExit, Radios, ServiceNavigation, SkipLink];

function start(root) {
  for (const Module of modules) {
    const selector = `[data-module="${Module.moduleName}"]:not([data-${Module.moduleName}-init])`;
    for (const element of root.querySelectorAll(selector)) {
      try {
        new Module(element, element.dataset.module === "govuk-button" ? { preventDoubleClick: true } : {});
      } catch (error) {
        console.warn(error.message); // one broken part must not stop the others
      }
    }
  }
}

start(document);
// What htmx swaps in brings its own parts, and whoever does not see it is told what came.
document.addEventListener("htmx:after:swap", () => {
  start(document);
  bringTold(); // a part that was changed in its place comes with a new region
  told.textContent = document.querySelector("[data-told]")?.textContent ?? "";
});
startPage();
explainTerms();
trustHtmx();
startPasskeys();
watchSession();
watchSending();

// Passkeys. A form with data-passkey="create" or "get" is sent when the browser has made or found one.
// Its options stand in data-options, or are fetched from the address in data-options-from.

// Browsers know passkeys of host names only, not of bare addresses such as 127.0.0.1.
const possible = Boolean(window.PublicKeyCredential) && !/^([\d.]+|\[.*)$/.test(location.hostname);

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

const opened = (list) => list?.map((one) => ({ ...one, id: bytes(one.id) }));

async function optionsOf(form) {
  if (form.dataset.options) return JSON.parse(form.dataset.options).publicKey;
  const answer = await fetch(form.dataset.optionsFrom, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(answer.status);
  return (await answer.json()).request_options.publicKey;
}

async function ask(form) {
  const options = await optionsOf(form);
  options.challenge = bytes(options.challenge);
  if (form.dataset.passkey === "create") {
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = opened(options.excludeCredentials);
    return navigator.credentials.create({ publicKey: options });
  }
  options.allowCredentials = opened(options.allowCredentials);
  return navigator.credentials.get({ publicKey: options });
}

function told(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  });
}

function startForm(form) {
  const field = form.elements.credential;
  const problem = form.querySelector("[data-passkey-problem]");
  for (const hidden of form.querySelectorAll("[data-passkey-possible]")) hidden.hidden = !possible;
  for (const hidden of form.querySelectorAll("[data-passkey-impossible]")) hidden.hidden = possible;
  let asking = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (asking) return;
    asking = true;
    problem.textContent = "";
    try {
      field.value = told(await ask(form));
      form.submit();
    } catch (error) {
      problem.textContent = error.name === "InvalidStateError" ? problem.dataset.known : problem.dataset.failed;
    }
    asking = false;
  });
}

export function startPasskeys() {
  for (const form of document.querySelectorAll("form[data-passkey]")) startForm(form);
}

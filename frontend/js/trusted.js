// The page's policy lets no script turn text into markup (Trusted Types), and htmx does just that with
// what our own server answered. The one policy there may be is made here and handed to htmx alone.
// It makes no scripts: an answer of ours that holds one is not shown.

export function trustHtmx() {
  if (!globalThis.trustedTypes || !globalThis.htmx) return;
  const policy = trustedTypes.createPolicy("tutela", { createHTML: (answer) => answer });
  htmx.registerExtension("trusted", { init: (inner) => inner.initSecurity(policy) });
}

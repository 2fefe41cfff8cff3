// Helpers for all views: finding an element, showing one view, announcing a text, waiting.

/** Returns the element with this id. Throws if there is none, since that is a mistake in the page. */
export function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no ${id}`);
  return found;
}

/** Shows one of the views and hides the others. */
export function show(view) {
  for (const section of document.querySelectorAll("main > section")) {
    section.hidden = section.id !== `view-${view}`;
  }
}

/** Announces a text to screen readers, once. The same text can be announced again. */
export function announce(text) {
  const region = element("said");
  region.textContent = "";
  // A screen reader does not notice a region that is emptied and filled in the same frame.
  requestAnimationFrame(() => {
    region.textContent = text;
  });
}

/** Waits; resolves early when the network comes back or `signal` is aborted. */
export function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      window.removeEventListener("online", end);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    window.addEventListener("online", end);
    signal?.addEventListener("abort", end);
    if (signal?.aborted) end();
  });
}

// What all parts of the page share: finding an element, showing one view of many, saying something aloud.

/** The element with this id. One that is not there is a mistake in the page, and is told at once. */
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

/** Says a text to a screen reader, once. The same text again is said again. */
export function say(text) {
  const said = element("said");
  said.textContent = "";
  // A region that is emptied and filled in one go has not changed for a screen reader.
  requestAnimationFrame(() => {
    said.textContent = text;
  });
}

/** Waits; ends early when the network comes back, or when `signal` is set off. */
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

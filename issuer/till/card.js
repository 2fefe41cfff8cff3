// The till card, which the shopper's app scans to make codes for this till alone.

import { card, isRevoked } from "./api.js";
import { storage } from "./storage.js";
import { element, show } from "./page.js";
import { translate } from "./translations.js";

let message = null;
let handleRevocation = () => {};

/** Sets up the view; `onRevoked` is called when the service says that this till was revoked. */
export function begin(onRevoked) {
  handleRevocation = onRevoked;
}

/** Shows the view and fetches the card. */
export async function open() {
  show("card");
  render();
  const picture = element("card-picture");
  try {
    const image = await card();
    URL.revokeObjectURL(picture.src);
    picture.src = URL.createObjectURL(image);
    picture.hidden = false;
    message = null;
  } catch (error) {
    if (isRevoked(error)) return handleRevocation();
    message = "card.unreachable";
  }
  render();
}

/** Renders what changes. */
export function render() {
  element("card-title").textContent = storage.till?.shop ?? "";
  element("card-till").textContent = storage.till?.till ?? "";
  element("card-says").textContent = message ? translate(message) : "";
}

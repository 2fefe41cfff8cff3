// The till card: what the shopper's app reads to make codes for this till alone.

import { card, isRevoked } from "./api.js";
import { kept } from "./kept.js";
import { element, show } from "./page.js";
import { word } from "./words.js";

let says = null;
let revoked = () => {};

/** `onRevoked` is called when the service knows this till no more. */
export function begin(onRevoked) {
  revoked = onRevoked;
}

/** Shows the card. */
export async function open() {
  show("card");
  write();
  const picture = element("card-picture");
  try {
    const drawn = await card();
    URL.revokeObjectURL(picture.src);
    picture.src = URL.createObjectURL(drawn);
    picture.hidden = false;
    says = null;
  } catch (error) {
    if (isRevoked(error)) return revoked();
    says = "card.unreachable";
  }
  write();
}

/** Writes what changes into the page. */
export function write() {
  element("card-title").textContent = kept.till?.shop ?? "";
  element("card-till").textContent = kept.till?.till ?? "";
  element("card-says").textContent = says ? word(says) : "";
}

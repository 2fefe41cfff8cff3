// References for receipts.

import { randomKey } from "./retry.js";

const two = (number) => String(number).padStart(2, "0");

/** Returns a reference: the shop's local date and time at which the sale began, and four random hex digits. */
export function makeReference(now = new Date(Date.now())) {
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join("");
  return `${day}-${time}-${randomKey().slice(0, 4)}`;
}

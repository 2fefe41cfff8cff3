// What is typed by people and by scanners, told apart without a clock: a scanner types 24 digits and Enter, and no
// amount is that long.

/** Digits that an amount can have, in minor units. Thirteen, as on a packet of noodles, are none. */
const LONGEST = 7;

/** Digits of a payment code. */
export const CODE = 24;

/** The digits in a text, full-width ones included: a Japanese keyboard may give those. */
export function digitsIn(text) {
  return text.normalize("NFKC").replace(/\D/g, "");
}

/** Whether a text holds something else than digits and the gaps that people put between them. */
export function hasOther(text) {
  return /[^\d\s-]/.test(text.normalize("NFKC"));
}

/** In groups of four, as the wallet shows them. */
export function inGroups(digits) {
  return digits.replace(/\d{4}(?=\d)/g, "$& ");
}

/**
 * What a run of digits says that ended with Enter: an amount; a code, scanned at once after an amount (none: 0); or
 * neither, if it is too long for one and too short for the other.
 */
export function readRun(run) {
  const code = run.length >= CODE ? run.slice(-CODE) : null;
  const rest = code ? run.slice(0, -CODE) : run;
  const digits = rest.replace(/^0+/, "");
  if (digits.length > LONGEST) return null;
  return { amount: Number(digits), code };
}

/** The amount that a run shows while it is typed; what comes after the longest amount is not shown. */
export function amountShown(run) {
  return Number(run.replace(/^0+/, "").slice(0, LONGEST));
}

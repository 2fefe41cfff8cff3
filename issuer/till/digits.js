// Tells digits typed by people from those typed by scanners, without a clock: a scanner types 24 digits and Enter, and
// no amount is that long.

/** Most digits of an amount in minor units. The 13 digits of a product's barcode are no amount. */
const AMOUNT_DIGITS = 7;

/** Number of digits of a payment code. */
export const CODE_DIGITS = 24;

/** Returns the digits in a text, with full-width digits of a Japanese keyboard converted. */
export function digitsIn(text) {
  return text.normalize("NFKC").replace(/\D/g, "");
}

/** Whether a text has characters other than digits, spaces and hyphens. */
export function hasNonDigits(text) {
  return /[^\d\s-]/.test(text.normalize("NFKC"));
}

/** Groups digits by four, as the wallet shows them. */
export function groupDigits(digits) {
  return digits.replace(/\d{4}(?=\d)/g, "$& ");
}

/**
 * Parses digits that ended with Enter: an amount, a code, or a code scanned right after an amount (0 if there is none).
 * Returns null if they are too long for an amount and too short for a code.
 */
export function parseEntry(entry) {
  const code = entry.length >= CODE_DIGITS ? entry.slice(-CODE_DIGITS) : null;
  const rest = code ? entry.slice(0, -CODE_DIGITS) : entry;
  const digits = rest.replace(/^0+/, "");
  if (digits.length > AMOUNT_DIGITS) return null;
  return { amount: Number(digits), code };
}

/** Returns the amount to show while digits are typed; digits beyond the longest amount are ignored. */
export function previewAmount(entry) {
  return Number(entry.replace(/^0+/, "").slice(0, AMOUNT_DIGITS));
}

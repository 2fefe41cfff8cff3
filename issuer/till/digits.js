// Digits and control characters in what is typed.

/** Number of digits of a payment code. */
export const CODE_DIGITS = 24;

/** Returns a text in the characters of a plain keyboard: full-width ones of a Japanese keyboard are converted. */
export function plain(text) {
  return text.normalize("NFKC");
}

/** Returns the digits in a text, with full-width digits converted. */
export function digitsIn(text) {
  return plain(text).replace(/\D/g, "");
}

/** Whether a text has characters other than digits, spaces and hyphens. */
export function hasNonDigits(text) {
  return /[^\d\s-]/.test(plain(text));
}

/** Groups digits by four, as the wallet shows them. */
export function groupDigits(digits) {
  return digits.replace(/\d{4}(?=\d)/g, "$& ");
}

/** Removes the control characters that scanners send around what they read. */
export function withoutControls(text) {
  return text.replace(/\p{Cc}/gu, "");
}

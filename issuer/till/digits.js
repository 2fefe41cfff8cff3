// Digits and control characters in what is typed.

/** Number of digits of a payment code. */
export const CODE_DIGITS = 24;

/** How far the full-width forms (U+FF01 to U+FF5E) are behind the characters of ASCII. */
const FULL_WIDTH = 0xfee0;

/**
 * Returns a text in the characters of a plain keyboard: full-width ones of a Japanese keyboard are converted, and no others.
 * NFKC would make digits of a superscript, which is a key of its own on French keyboards.
 */
export function plain(text) {
  const narrow = (character) => String.fromCharCode(character.charCodeAt(0) - FULL_WIDTH);
  return text.replace(/[\uff01-\uff5e]/g, narrow).replace(/\u3000/g, " ");
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

// Amounts are whole minor units: 1200 is ¥1,200, or $12.00.

import { storage } from "./storage.js";
import { language } from "./translations.js";

/** Formats an amount for the chosen language. */
export function formatAmount(amount, currency) {
  // The service decides how many decimals the currency has.
  const { decimals } = storage.till;
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const style = { style: "currency", currency, currencyDisplay: "narrowSymbol", ...digits };
  return new Intl.NumberFormat(language(), style).format(amount / 10 ** decimals);
}

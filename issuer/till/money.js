// Money is whole minor units: 1200 is ¥1,200, and $12.00.

import { language } from "./words.js";

/** An amount as a person reads it. */
export function money(amount, currency) {
  const format = new Intl.NumberFormat(language(), { style: "currency", currency, currencyDisplay: "narrowSymbol" });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

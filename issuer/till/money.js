// Money is whole minor units: 1200 is ¥1,200, and $12.00.

import { kept } from "./kept.js";
import { language } from "./words.js";

/** An amount as a person reads it. */
export function money(amount, currency) {
  // How many digits are behind the point is the service's word, as the amount is.
  const { decimals } = kept.till;
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const style = { style: "currency", currency, currencyDisplay: "narrowSymbol", ...digits };
  return new Intl.NumberFormat(language(), style).format(amount / 10 ** decimals);
}

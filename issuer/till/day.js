// The day's payments of this till, as far as this browser knows them: the service lists only the last ones.

import { storage } from "./storage.js";

/** Returns the shop's local date of a Unix time in seconds, as YYYY-MM-DD. */
export function localDate(seconds) {
  const date = new Date(seconds * 1000);
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Merges listed payments into those known of `today`; the status that was seen last counts. Other days are dropped. */
export function merge(known, listed, today) {
  const payments = known?.date === today ? { ...known.payments } : {};
  for (const { id, amount, status, time } of listed) {
    if (id && localDate(time) === today) payments[id] = { amount, status };
  }
  return { date: today, payments };
}

/** Returns the sum and number of paid payments. */
export function sumOf({ payments }) {
  const paid = Object.values(payments).filter(({ status }) => status === "approved");
  return { sum: paid.reduce((sum, { amount }) => sum + amount, 0), count: paid.length };
}

/** Notes payments that the service named. */
export function note(payments) {
  storage.day = merge(storage.day, payments, localDate(Date.now() / 1000));
}

/** Whether a payment is what was searched for: a part of its reference, or its amount with or without marks. */
export function matches({ reference, amount }, query, decimals) {
  const sought = query.normalize("NFKC").trim().toLowerCase();
  if (sought === "" || reference.toLowerCase().includes(sought)) return true;
  const digits = sought.replace(/[,\s¥$€£]/g, "");
  return digits === String(amount) || digits === (amount / 10 ** decimals).toFixed(decimals);
}

// The day's payments of this till, as far as this browser knows them: the service lists only the last ones.

import { storage } from "./storage.js";

/** Seconds of a day. */
const DAY = 86_400;

/** Returns the shop's local date of a Unix time in seconds, as YYYY-MM-DD. */
export function localDate(seconds) {
  const date = new Date(seconds * 1000);
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/**
 * Merges listed payments into those known; the status that was seen last counts. What is of another day than `now`, and
 * not of the shift, is dropped; so is a shift that began more than a day ago.
 */
export function merge(known, listed, now) {
  const isRecent = (time) => now - time < DAY;
  const shift = known?.shift && isRecent(known.shift.began) ? known.shift : null;
  const isOfShift = (id, time) => shift !== null && isRecent(time) && !shift.earlier.includes(id);
  const seen = listed.filter(({ id }) => id).map(({ id, amount, status, time }) => [id, { amount, status, time }]);
  const all = [...Object.entries(known?.payments ?? {}), ...seen];
  const kept = all.filter(([id, { time }]) => localDate(time) === localDate(now) || isOfShift(id, time));
  return { payments: Object.fromEntries(kept), shift, date: localDate(now) };
}

function paid(payments) {
  const those = payments.filter(({ status }) => status === "approved");
  return { sum: those.reduce((sum, { amount }) => sum + amount, 0), count: those.length };
}

/** Returns the sum and number of the day's paid payments. */
export function sumOf({ payments, date }) {
  return paid(Object.values(payments).filter(({ time }) => localDate(time) === date));
}

/** Returns the same of the shift, and when it began; null if none was begun. */
export function shiftOf({ payments, shift }) {
  if (!shift) return null;
  const own = Object.entries(payments).filter(([id]) => !shift.earlier.includes(id));
  return { ...paid(own.map(([, payment]) => payment)), began: shift.began };
}

/** Returns the day with a shift that begins at `now`: what is known or listed until then is not of it. */
export function withShift(day, listed, now) {
  const earlier = [...Object.keys(day.payments), ...listed.map(({ id }) => id)];
  return { ...day, shift: { began: now, earlier: [...new Set(earlier)] } };
}

const seconds = () => Math.floor(Date.now() / 1000);

/** Notes payments that the service named. */
export function note(payments) {
  storage.day = merge(storage.day, payments, seconds());
}

/** Begins a shift behind the payments that are listed. */
export function beginShift(listed) {
  storage.day = withShift(merge(storage.day, listed, seconds()), listed, seconds());
}

/** Whether a payment is what was searched for: a part of its reference, or its amount with or without marks. */
export function matches({ reference, amount }, query, decimals) {
  const sought = query.normalize("NFKC").trim().toLowerCase();
  if (sought === "" || reference.toLowerCase().includes(sought)) return true;
  const digits = sought.replace(/[,\s¥$€£]/g, "");
  return digits === String(amount) || digits === (amount / 10 ** decimals).toFixed(decimals);
}

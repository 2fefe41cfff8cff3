// Retrying until there is an answer. A repeated request has the same idempotency key, so it is carried out once.

import { UnknownOutcomeError, authorisation, authorise, voidPayment } from "./api.js";
import { withManager } from "./manager.js";
import { pause } from "./page.js";

/** Milliseconds between two attempts: short at first, then five seconds. */
const DELAYS = [1000, 2000, 3000, 5000];

/** Final statuses of a void. */
const FINAL_STATUSES = ["voided", "refunded", "declined"];

/** Returns 128 random bits in hex. */
export function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Repeats `request` until its outcome is known. `onFailure` is called after each attempt without an answer. */
async function retry(request, onFailure, signal) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await request();
    } catch (error) {
      if (signal?.aborted || !(error instanceof UnknownOutcomeError)) throw error;
    }
    onFailure();
    await pause(DELAYS[Math.min(attempt, DELAYS.length - 1)], signal);
    if (signal?.aborted) throw new UnknownOutcomeError();
  }
}

/**
 * Pays `sale`. `onUpdate` is called with each interim answer: "offline", or the state of the payment. Returns the final one.
 */
export async function requestPayment(sale, onUpdate, signal) {
  const { key, code, amount, currency, reference } = sale;
  const offline = () => onUpdate({ status: "offline" });
  const body = { code, amount, currency, reference };
  let answer = await retry(() => authorise(key, body, signal), offline, signal);
  for (let attempt = 0; ["pending", "reversing"].includes(answer.status); attempt += 1) {
    onUpdate(answer);
    await pause(DELAYS[Math.min(attempt, DELAYS.length - 1)], signal);
    if (signal.aborted) throw new UnknownOutcomeError();
    const { id, repeated } = answer;
    answer = { ...(await retry(() => authorisation(id, signal), offline, signal)), repeated };
  }
  return answer;
}

/**
 * Voids `sale`, whether or not it arrived, and returns the final answer. `onProgress` is called once the service has taken
 * over: a charge that has begun ends before it is voided.
 */
export async function requestVoid(sale, onProgress, signal) {
  const voids = withManager((manager) => voidPayment({ key: sale.key, manager }, signal));
  const request = () => retry(voids, () => {}, signal);
  let answer = await request();
  for (let attempt = 0; !FINAL_STATUSES.includes(answer.status); attempt += 1) {
    onProgress(answer);
    await pause(DELAYS[Math.min(attempt, DELAYS.length - 1)], signal);
    if (signal.aborted) throw new UnknownOutcomeError();
    answer = await request();
  }
  return answer;
}

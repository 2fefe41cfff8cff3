// Asking until there is an answer. What is asked again is the very same, under the same key: it is done once.

import { Unclear, authorisation, authorise, voidIt } from "./api.js";
import { pause } from "./page.js";

/** Milliseconds between two questions: soon at first, then every five seconds. */
const WAITS = [1000, 2000, 3000, 5000];

/** How a void ends. */
const ENDS = ["voided", "refunded", "declined"];

/** A number that nobody guesses and nobody has: 128 bits. */
export function fresh() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Asks `question` until it is answered. `unclear` is told each time that it was not. */
async function ask(question, unclear, signal) {
  for (let turn = 0; ; turn += 1) {
    try {
      return await question();
    } catch (error) {
      if (signal?.aborted || !(error instanceof Unclear)) throw error;
    }
    unclear();
    await pause(WAITS[Math.min(turn, WAITS.length - 1)], signal);
    if (signal?.aborted) throw new Unclear();
  }
}

/**
 * Has `sale` paid. Each news is told: "offline", or what the service says of the payment; the last one is returned.
 */
export async function settle(sale, news, signal) {
  const { key, code, amount, currency, reference } = sale;
  const offline = () => news({ status: "offline" });
  const body = { code, amount, currency, reference };
  let answer = await ask(() => authorise(key, body, signal), offline, signal);
  for (let turn = 0; ["pending", "reversing"].includes(answer.status); turn += 1) {
    news(answer);
    await pause(WAITS[Math.min(turn, WAITS.length - 1)], signal);
    if (signal.aborted) throw new Unclear();
    const { id } = answer;
    answer = await ask(() => authorisation(id, signal), offline, signal);
  }
  return answer;
}

/**
 * Takes `sale` back, whether it arrived or not; asks until it is known how that ended. `underWay` is told when the service
 * has it in hand: a charge that has begun ends before it is taken back.
 */
export async function takeBack(sale, underWay, signal) {
  const question = () => ask(() => voidIt({ key: sale.key }, signal), () => {}, signal);
  let answer = await question();
  for (let turn = 0; !ENDS.includes(answer.status); turn += 1) {
    underWay(answer);
    await pause(WAITS[Math.min(turn, WAITS.length - 1)], signal);
    if (signal.aborted) throw new Unclear();
    answer = await question();
  }
  return answer;
}

// The payment service, as this till uses it. Whether an answer came is told apart from what it says.

import { kept } from "./kept.js";

/** Milliseconds that an answer is waited for: longer than the service waits for the card company before it gives one. */
const PATIENCE = 30_000;

/** No answer, or one that does not say whether it was done: the same has to be asked again. */
export class Unclear extends Error {}

/** An answer that says no, and why. */
export class Refused extends Error {
  constructor(status) {
    super(`refused: ${status}`);
    this.status = status;
  }
}

/** What it says when this till is none any more. */
export function isRevoked(error) {
  return error instanceof Refused && error.status === 401;
}

async function call(method, path, { body, key, signal } = {}) {
  const headers = {};
  if (kept.token) headers.Authorization = `Bearer ${kept.token}`;
  if (key) headers["Idempotency-Key"] = key;
  if (body) headers["Content-Type"] = "application/json";
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), PATIENCE);
  const signals = [late.signal, ...(signal ? [signal] : [])];
  let answer;
  try {
    const options = { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.any(signals) };
    answer = await fetch(path, { ...options, cache: "no-store", credentials: "omit", redirect: "error" });
    if (answer.ok) return await (path.endsWith(".svg") ? answer.blob() : answer.json());
  } catch {
    throw new Unclear();
  } finally {
    clearTimeout(timer);
  }
  const isUnclear = answer.status >= 500 || answer.status === 408 || answer.status === 429;
  throw isUnclear ? new Unclear() : new Refused(answer.status);
}

/** Makes this browser a till: its token, id and shop. */
export const enrol = (code) => call("POST", "/v1/tills", { body: { code } });

/** Which till this is: its id, its shop and its card. */
export const till = () => call("GET", "/v1/till");

/** The till's card, as a picture. */
export const card = () => call("GET", "/v1/till/card.svg");

/** Asks for a payment; the same key again gets the same answer. */
export const authorise = (key, body, signal) => call("POST", "/v1/authorisations", { key, body, signal });

/** How a payment stands. */
export const authorisation = (id, signal) => call("GET", `/v1/authorisations/${encodeURIComponent(id)}`, { signal });

/** The till's last payments. */
export const authorisations = () => call("GET", "/v1/authorisations");

/** Takes a payment back: `{ reference }`, or `{ key }` of one that may not have arrived. The same again is done once. */
export const voidIt = (body, signal) => call("POST", "/v1/voids", { body, signal });

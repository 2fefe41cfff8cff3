// Client of the payment service. A missing answer and a rejection are different errors.

import { storage } from "./storage.js";

/** Request timeout in milliseconds: longer than the service itself waits for the card company. */
const TIMEOUT = 30_000;

/** No answer, or one that leaves open whether the request was carried out: it has to be repeated. */
export class UnknownOutcomeError extends Error {}

/**
 * The service rejected the request; `status` is the HTTP status, `problem` the name of the problem, if it has one, `wait`
 * the seconds to wait before the next.
 */
export class RejectionError extends Error {
  constructor(status, problem, wait) {
    super(`rejected: ${status}`);
    this.status = status;
    this.problem = problem;
    this.wait = wait;
  }
}

/** Returns the name of the problem that an answer describes, or null. */
async function problemOf(answer) {
  try {
    return (await answer.json()).type.split(":").at(-1);
  } catch {
    return null;
  }
}

/** Whether an error says that this till was revoked. */
export function isRevoked(error) {
  return error instanceof RejectionError && error.status === 401;
}

async function call(method, path, { body, key, signal } = {}) {
  const headers = {};
  if (storage.token) headers.Authorization = `Bearer ${storage.token}`;
  if (key) headers["Idempotency-Key"] = key;
  if (body) headers["Content-Type"] = "application/json";
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), TIMEOUT);
  const signals = [timeout.signal, ...(signal ? [signal] : [])];
  let answer;
  try {
    const options = { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.any(signals) };
    answer = await fetch(path, { ...options, cache: "no-store", credentials: "omit", redirect: "error" });
    if (answer.ok) return await (path.endsWith(".svg") ? answer.blob() : answer.json());
  } catch {
    throw new UnknownOutcomeError();
  } finally {
    clearTimeout(timer);
  }
  const problem = await problemOf(answer);
  const isBusy = answer.status === 429 && problem !== "manager-wait";
  const isUnknown = answer.status >= 500 || answer.status === 408 || isBusy;
  const wait = Number(answer.headers.get("Retry-After"));
  throw isUnknown ? new UnknownOutcomeError() : new RejectionError(answer.status, problem, wait);
}

/** Enrols this browser as a till: returns its token, id and shop. */
export const enrol = (code) => call("POST", "/v1/tills", { body: { code } });

/** Fetches this till's id, shop and card. */
export const till = () => call("GET", "/v1/till");

/** Fetches the till card as an SVG image. */
export const card = () => call("GET", "/v1/till/card.svg");

/** Requests a payment. The same idempotency key gets the same answer. */
export const authorise = (key, body, signal) => call("POST", "/v1/authorisations", { key, body, signal });

/** Fetches the state of a payment. */
export const authorisation = (id, signal) => call("GET", `/v1/authorisations/${encodeURIComponent(id)}`, { signal });

/** Fetches the till's recent payments. */
export const authorisations = () => call("GET", "/v1/authorisations");

/**
 * Voids a payment by `{ reference }`, or by `{ key }` if it may not have arrived, with the code of a `manager` where the till
 * has any. Repeating it has no further effect.
 */
export const voidPayment = (body, signal) => call("POST", "/v1/voids", { body, signal });

// Data in local storage: the till's token, its description, the current sale, the day's payments, and the cashier's
// preferences. Where the browser stores nothing, or no more, they last as long as the page.
//
// Scripts of this origin can read the token, and only ours run here. Why it is not in a cookie that scripts cannot read:
// docs/adr, "The till's token".

const NAMES = ["token", "till", "sale", "day", "language", "camera", "sound"];

/** Texts that could not be stored, by name. */
const memory = new Map();

let fault = null;
let handleFault = () => {};

/** Persistent fields: reading one returns the stored value or null, writing null removes it. */
export const storage = {};

/** Returns "blocked" or "full" if something could not be stored, or null. */
export function storageFault() {
  return fault;
}

/** Sets what is called when the fault changes. */
export function onStorageFault(handler) {
  handleFault = handler;
}

function setFault(next) {
  if (fault === next) return;
  fault = next;
  handleFault();
}

function read(key) {
  if (memory.has(key)) return memory.get(key);
  try {
    return localStorage.getItem(key);
  } catch {
    setFault("blocked");
    return null;
  }
}

function write(key, text) {
  try {
    if (text === null) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
    memory.delete(key);
    if (memory.size === 0) setFault(null);
  } catch (error) {
    memory.set(key, text);
    setFault(error.name === "QuotaExceededError" ? "full" : "blocked");
  }
}

for (const name of NAMES) {
  const key = `tegata.till.${name}`;
  Object.defineProperty(storage, name, {
    get: () => JSON.parse(read(key) ?? "null"),
    set: (value) => write(key, value === null ? null : JSON.stringify(value)),
  });
}

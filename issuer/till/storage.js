// Data in local storage: the till's token, its description, the current sale, and the cashier's preferences.
//
// Scripts of this origin can read the token, and only ours run here. Why it is not in a cookie that scripts cannot read:
// docs/adr, "The till's token".

const NAMES = ["token", "till", "sale", "language", "camera", "sound"];

/** Persistent fields: reading one returns the stored value or null, writing null removes it. */
export const storage = {};

for (const name of NAMES) {
  const key = `tegata.till.${name}`;
  Object.defineProperty(storage, name, {
    get: () => JSON.parse(localStorage.getItem(key) ?? "null"),
    set: (value) => {
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify(value));
    },
  });
}

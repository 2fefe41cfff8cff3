// What this browser keeps: the till's token, what the till is, the sale under way, and how the cashier likes the page.
//
// The token lies where scripts of this origin can read it, and there are none but ours. Why not in a cookie that scripts
// cannot read: docs/adr, "The till's token".

const NAMES = ["token", "till", "sale", "language", "camera", "sound"];

/** Fields that outlive the page: reading one gives what was put there, or null. Writing null takes it out. */
export const kept = {};

for (const name of NAMES) {
  const key = `tegata.till.${name}`;
  Object.defineProperty(kept, name, {
    get: () => JSON.parse(localStorage.getItem(key) ?? "null"),
    set: (value) => {
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify(value));
    },
  });
}

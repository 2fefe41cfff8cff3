// One tab sells: two would overwrite each other's sale. The lock ends with its page.

const LOCK = "tegata.till";

/** Resolves when this tab is the one that sells; calls `onWait` if another one is. */
export async function waitForTurn(onWait) {
  try {
    if (await acquire({ ifAvailable: true })) return;
    onWait();
    await acquire({});
  } catch {
    // Browsers have no locks outside of HTTPS or without storage.
  }
}

function acquire(options) {
  return new Promise((resolve, reject) => {
    const hold = (lock) => {
      resolve(lock !== null);
      return lock && new Promise(() => {});
    };
    navigator.locks.request(LOCK, options, hold).catch(reject);
  });
}

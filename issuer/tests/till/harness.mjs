// What the tests of the page share: one test bed, the pages that a test opened, and what cashiers and scanners do.

import assert from "node:assert/strict";
import { after, afterEach, before } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { TestBed } from "./testbed.mjs";

export let bed;
let open = [];

before(async () => {
  bed = await TestBed.make();
});

after(() => bed?.end());

// A page that broke its content security policy or threw an error fails any test.
afterEach(async () => {
  const wrong = open.flatMap((page) => page.wrong);
  await Promise.all(open.map((page) => page.context().close()));
  open = [];
  await bed.issuer.ask({ do: "processor", says: "done" });
  await bed.showNothing();
  assert.deepEqual(wrong, []);
});

let number = 0;

/** Opens the page of a new enrolled till. */
export async function till(options) {
  number += 1;
  const page = await bed.till(`till-${number}`, options);
  open.push(page);
  return Object.assign(page, { till: `till-${number}` });
}

export async function freshPage(options) {
  const page = await bed.page(options);
  open.push(page);
  return page;
}

/** Waits until the page shows an answer with this title. */
export async function waitForAnswer(page, title) {
  await page.locator("#answer-title", { hasText: new RegExp(`^${title}$`) }).waitFor();
}

/** Types digits and Enter, as a hand scanner does. */
export async function scan(page, code) {
  await page.keyboard.type(code);
  await page.keyboard.press("Enter");
}

/** Types as a person does, and rests. */
export async function typeByHand(page, characters) {
  await page.keyboard.type(characters, { delay: 90 });
  await pause(400);
}

/** Types an amount by hand and a code with a scanner, without Enter between. */
export async function sell(page, amount, code) {
  await typeByHand(page, amount);
  await scan(page, code);
}

/** Presses Enter as a cashier does, who has looked first: sooner it would be the Enter before. */
export async function pressEnter(page) {
  await pause(600);
  await page.keyboard.press("Enter");
}

/** Enters an amount. */
export async function amount(page, digits) {
  // A page that was just opened fetches its texts first.
  await page.locator("#amount").waitFor();
  await page.keyboard.type(digits);
  await page.keyboard.press("Enter");
  await page.locator("#code").waitFor();
}

export const text = (page, id) => page.locator(`#${id}`).textContent();

export const focused = (page) => page.evaluate(() => document.activeElement.id);

/** Records the texts that a screen reader announces from now on. */
export async function listen(page) {
  await page.evaluate(() => {
    window.heard = [];
    const said = document.getElementById("said");
    const note = () => said.textContent !== "" && window.heard.push(said.textContent);
    new MutationObserver(note).observe(said, { childList: true, characterData: true, subtree: true });
  });
  return () => page.evaluate(() => window.heard);
}

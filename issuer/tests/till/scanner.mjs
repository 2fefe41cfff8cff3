// Tests of what scanners and hands type: imported by till.test.mjs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { amount, bed, pressEnter, scan, sell, text, till, typeByHand, waitForAnswer } from "./harness.mjs";
import { keys } from "./testbed.mjs";

const charged = (page) => bed.issuer.ask({ do: "charged", till: page.till });

/** Types digits and two Enters, as a scanner with the suffix CR LF does. */
async function scanTwoEnters(page, digits) {
  await page.keyboard.type(digits);
  // Both at once: before the page is drawn again, the field that it hides still has the focus.
  await Promise.all([page.keyboard.press("Enter"), page.keyboard.press("Enter")]);
}

const amountError = (page, hasText) => page.locator("#amount-error", { hasText }).waitFor();

/** Returns the text in the amount field once the keys have settled. */
async function amountShown(page) {
  await pause(450);
  return page.locator("#amount").inputValue();
}

test("two Enters behind amount and code make one charge", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  await typeByHand(page, "1200");
  await scanTwoEnters(page, await shopper.code());
  await waitForAnswer(page, "Paid");
  await pause(1000);
  assert.equal(await text(page, "answer-title"), "Paid");
  assert.equal(await page.locator("#view-answer").isVisible(), true);
  assert.equal(keys(page).length, 1);
  assert.deepEqual(await charged(page), { amounts: [1200] });
  // In the scan view as well, and with a key that is held down.
  await pressEnter(page);
  await amount(page, "300");
  await page.keyboard.type(await shopper.code());
  for (let turn = 0; turn < 4; turn += 1) await page.keyboard.down("Enter");
  await page.keyboard.up("Enter");
  await waitForAnswer(page, "Paid");
  assert.equal(keys(page).length, 2);
  assert.deepEqual(await charged(page), { amounts: [1200, 300] });
});

test("forms that are not shown take no submit", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  const submit = (id) => page.evaluate((id) => document.getElementById(id).requestSubmit(), id);
  await sell(page, "700", await shopper.code());
  for (let turn = 0; turn < 3; turn += 1) for (const id of ["amount-form", "scan-form"]) await submit(id);
  await waitForAnswer(page, "Paid");
  for (const id of ["amount-form", "scan-form"]) await submit(id);
  await page.evaluate(() => document.querySelector(".keypad button").click());
  assert.equal(await page.locator("#view-answer").isVisible(), true);
  assert.equal(keys(page).length, 1);
  assert.deepEqual(await charged(page), { amounts: [700] });
});

test("a second reading leaves the answer until someone looked", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  const code = await shopper.code();
  await typeByHand(page, "800");
  await scanTwoEnters(page, code);
  await waitForAnswer(page, "Paid");
  for (const wait of [0, 1000, 400]) {
    await pause(wait);
    await scanTwoEnters(page, code);
    await page.keyboard.type(code); // no suffix
    await pause(450);
    await page.keyboard.press("Tab");
    assert.equal(await page.locator("#view-answer").isVisible(), true);
    assert.equal(await text(page, "answer-title"), "Paid");
  }
  await page.locator("#answer-first").focus();
  await pause(600);
  await page.keyboard.press("Enter");
  await page.locator("#view-amount").waitFor();
  assert.deepEqual(await charged(page), { amounts: [800] });
});

test("a scanner that sends identifiers pays in both steps", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  await sell(page, "120", `]C0${await shopper.code()}`);
  await waitForAnswer(page, "Paid");
  assert.equal(await text(page, "answer-amount"), "¥120");
  await pressEnter(page);
  await amount(page, "130");
  await page.locator("#sound").focus();
  await scan(page, `]Q1${await shopper.code()}`);
  await waitForAnswer(page, "Paid");
  assert.deepEqual(await charged(page), { amounts: [120, 130] });
});

test("other signs within a run that holds a code refuse it", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  const code = await shopper.code();
  for (const sent of [`]E0${code}`, `x${code}`, `${code}]C0`]) {
    await sell(page, "120", sent);
    await amountError(page, "Nothing was charged");
    assert.equal(await amountShown(page), "¥0", sent);
  }
  await amount(page, "140");
  await scan(page, `x${code}`);
  await page.locator("#code-error", { hasText: "Nothing was charged" }).waitFor();
  assert.equal(keys(page).length, 0);
  await scan(page, code); // in place of what was refused
  await waitForAnswer(page, "Paid");
  assert.deepEqual(await charged(page), { amounts: [140] });
});

test("a code needs no Enter, and Tab is as good as one", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  // Right behind the amount, without a rest.
  await page.keyboard.type("150", { delay: 200 });
  await page.keyboard.type(await shopper.code());
  await waitForAnswer(page, "Paid");
  await pressEnter(page);
  await typeByHand(page, "160");
  await page.keyboard.type(`]C0${await shopper.code()}`);
  await page.keyboard.press("Tab");
  await waitForAnswer(page, "Paid");
  await pressEnter(page);
  for (const suffix of [null, "Tab"]) {
    await amount(page, "170");
    await page.keyboard.type(`]Q2${await shopper.code()}`);
    if (suffix) await page.keyboard.press(suffix);
    await waitForAnswer(page, "Paid");
    await pressEnter(page);
  }
  // Without an amount before it, nothing of the code is left.
  const code = await shopper.code();
  for (const suffix of [null, "Tab", "Enter"]) {
    await page.keyboard.type(code);
    if (suffix) await page.keyboard.press(suffix);
    await amountError(page, "Enter the amount first");
    assert.equal(await amountShown(page), "¥0");
  }
  assert.deepEqual(await charged(page), { amounts: [150, 160, 170, 170] });
});

test("what is no amount is said and never becomes one", async () => {
  const page = await till();
  for (const [typed, says] of [
    ["1200.00", "“1200.00” is not an amount"],
    ["-500", "“-500” is not an amount"],
    ["5e3", "“5e3” is not an amount"],
    ["01234565", "article’s barcode"],
    ["49012345", "article’s barcode"],
    ["4901234567894", "article’s barcode"],
    ["]E04901234567894", "not a payment code"],
  ]) {
    await scan(page, typed);
    await amountError(page, says);
    assert.equal(await amountShown(page), "¥0", typed);
    assert.equal(await page.locator("#view-amount").isVisible(), true);
  }
  // Without an Enter, nothing of a barcode is left standing either.
  await page.keyboard.type(`]E0${"0".repeat(24)}`);
  await amountError(page, "Nothing was charged");
  assert.equal(await amountShown(page), "¥0");
  // While typing, before any Enter, and until it is corrected.
  await page.keyboard.type("12345678", { delay: 100 });
  await amountError(page, "too long for an amount");
  assert.equal(await amountShown(page), "12345678");
  await page.keyboard.press("Backspace");
  assert.equal(await amountShown(page), "¥1,234,567");
  assert.equal(await text(page, "amount-error"), "");
  await page.keyboard.press("Escape");
  await page.keyboard.type("5x");
  await amountError(page, "“5x” is not an amount");
  await page.keyboard.press("Backspace");
  await page.keyboard.insertText("，０００");
  assert.equal(await amountShown(page), "¥5,000");
});

test("digits behind a paid sale begin the next one", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  await sell(page, "200", await shopper.code());
  await waitForAnswer(page, "Paid");
  await page.keyboard.type("21", { delay: 200 });
  assert.equal(await amountShown(page), "¥21");
  await page.keyboard.press("Enter");
  await scan(page, await shopper.code());
  await waitForAnswer(page, "Paid");
  assert.equal(await text(page, "answer-amount"), "¥21");
  await sell(page, "220", await shopper.code());
  await page.locator("#answer-amount", { hasText: "¥220" }).waitFor();
  await waitForAnswer(page, "Paid");
  assert.deepEqual(await charged(page), { amounts: [200, 21, 220] });
});

/** Labels of GS1 and other barcodes of more digits than an article's number, some of them with a code's 24 at the end. */
const LABELS = [
  "01049012345678941726123110", // (01) and (17), and two digits of (10): 26 digits
  "0".repeat(16),
  "00349012345600000016".padEnd(20, "0"), // an SSCC
  ...[25, 28, 31, 34, 48].map((length) => "0104901234567894".padEnd(length, "3103000250")),
];

test("a longer barcode is no amount and no code, in any step", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  for (const suffix of [null, "Enter", "Tab"]) {
    for (const label of LABELS) {
      await page.keyboard.type(label);
      if (suffix) await page.keyboard.press(suffix);
      await amountError(page, "not a payment code");
      assert.equal(await amountShown(page), "¥0", `${label} ${suffix}`);
      await page.keyboard.press("Escape");
    }
  }
  await amount(page, "180");
  for (const label of LABELS) {
    await scan(page, label);
    await page.locator("#code-error", { hasText: "24 digits" }).waitFor();
    assert.equal(await page.locator("#view-scan").isVisible(), true, label);
    await pause(350);
  }
  // While the answer is waited for, up to its arrival.
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const hold = async (route) => {
    await held;
    await route.continue();
  };
  await page.route("**/v1/authorisations", hold, { times: 1 });
  await scan(page, await shopper.code());
  await pause(400);
  await page.keyboard.type("0104901234567894");
  release();
  // The rest of the label comes behind the answer, and would be an amount.
  for (let turn = 0; turn < 40; turn += 1) await page.keyboard.type("3", { delay: 50 });
  await waitForAnswer(page, "Paid");
  await pause(450);
  for (const label of LABELS) {
    await page.keyboard.type(label);
    await pause(450);
    assert.equal(await page.locator("#view-answer").isVisible(), true, label);
  }
  assert.deepEqual(await charged(page), { amounts: [180] });
});

test("an amount and a code that arrive at once are one sale", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  const amounts = [];
  for (const [number, suffix] of [["Enter", "Enter"], ["Tab"], []].entries()) {
    amounts.push(1200 + number);
    await page.keyboard.type(`${1200 + number}${await shopper.code()}`);
    for (const key of suffix) await page.keyboard.press(key);
    await waitForAnswer(page, "Paid");
    assert.deepEqual(await charged(page), { amounts });
    await pressEnter(page);
    await page.locator("#view-amount").waitFor();
  }
});

test("a GS1 label is no payment code, whatever its length", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  const code = await shopper.code();
  const control = async () => page.keyboard.press("Control+]"); // how scanners send the separator
  const labels = {
    "]C1": () => page.keyboard.type(`]C1${code}`),
    "]Q3": () => page.keyboard.type(`]Q3${code}`),
    "a separator before it": async () => {
      await control();
      await page.keyboard.type(code);
    },
    "a separator within it": async () => {
      await page.keyboard.type(code.slice(0, 16));
      await control();
      await page.keyboard.type(code.slice(16));
    },
  };
  for (const [name, read] of Object.entries(labels)) {
    await typeByHand(page, "190");
    await read();
    await amountError(page, "Nothing was charged");
    assert.equal(await amountShown(page), "¥0", name);
    await amount(page, "190");
    await read();
    await page.locator("#code-error:not(:empty)").waitFor();
    assert.equal(await page.locator("#view-scan").isVisible(), true, name);
    await page.locator("#scan-back").click();
    await page.keyboard.press("Escape");
  }
  assert.deepEqual(keys(page), []);
  await sell(page, "190", code);
  await waitForAnswer(page, "Paid");
  assert.deepEqual(await charged(page), { amounts: [190] });
});

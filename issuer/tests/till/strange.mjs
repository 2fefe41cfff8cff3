// Tests of input that no keyboard of ours sends: other layouts, input methods, what browsers fill in, longer barcodes,
// history, zoom. Imported by till.test.mjs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { amount, bed, pressEnter, scan, sell, text, till, typeByHand, waitForAnswer } from "./harness.mjs";
import { keys } from "./testbed.mjs";

const charged = (page) => bed.issuer.ask({ do: "charged", till: page.till });

const amountError = (page, hasText) => page.locator("#amount-error", { hasText }).waitFor();

test("digits of other scripts and raised ones are said to be no amount", async () => {
  const page = await till();
  for (const typed of ["²1200", "12①", "١٢٠٠", "१२००", "𝟏𝟐"]) {
    await page.keyboard.insertText(typed);
    await page.keyboard.press("Enter");
    await amountError(page, "is not an amount");
    assert.equal(await page.locator("#view-amount").isVisible(), true, typed);
    await page.keyboard.press("Escape");
    await pause(350);
  }
  assert.deepEqual(keys(page), []);
});

test("a longer barcode behind an amount changes nothing", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  // (01) and (17) of a GS1-128 with two digits of (10): 26 digits, with the identifier and without.
  for (const label of ["01049012345678941726123110", "]C101049012345678941726123110"]) {
    await typeByHand(page, "1200");
    await scan(page, label);
    await amountError(page, "Nothing was charged");
    assert.equal(await page.locator("#amount").inputValue(), "¥0", label);
    await pause(350);
  }
  assert.deepEqual(keys(page), []);
  await typeByHand(page, "1200");
  await scan(page, `]C0${await shopper.code()}`);
  await waitForAnswer(page, "Paid");
  assert.deepEqual(await charged(page), { amounts: [1200] });
});

test("what the browser fills in is what is charged", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  const fill = (id, value) =>
    page.evaluate(
      ([id, value]) => {
        const field = document.getElementById(id);
        field.dispatchEvent(new Event("keydown", { bubbles: true }));
        field.value = value;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      },
      [id, value],
    );
  await typeByHand(page, "500");
  await fill("amount", "1210");
  assert.equal(await page.locator("#amount").inputValue(), "¥1,210");
  await pressEnter(page);
  await page.locator("#code").waitFor();
  assert.equal(await text(page, "scan-amount"), "¥1,210");
  await fill("code", await shopper.code());
  await pressEnter(page);
  await waitForAnswer(page, "Paid");
  assert.deepEqual(await charged(page), { amounts: [1210] });
});

test("an input method's text counts once, however the browser tells it", async () => {
  const page = await till();
  const composer = await page.context().newCDPSession(page);
  await composer.send("Input.imeSetComposition", { text: "１２", selectionStart: 2, selectionEnd: 2 });
  await composer.send("Input.imeSetComposition", { text: "１２３", selectionStart: 3, selectionEnd: 3 });
  await composer.send("Input.insertText", { text: "１２３" });
  await page.waitForFunction(() => document.getElementById("amount").value === "¥123");
  await page.keyboard.press("Escape");
  // As Safari does: what was composed is deleted, inserted, and only then over.
  await page.evaluate(() => {
    const field = document.getElementById("amount");
    const tell = (inputType, data) => {
      const event = new InputEvent("beforeinput", { data, bubbles: true, cancelable: true });
      // Chromium does not know the names of Safari's.
      Object.defineProperty(event, "inputType", { value: inputType });
      field.dispatchEvent(event);
    };
    field.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
    tell("insertCompositionText", "45");
    tell("deleteCompositionText", null);
    tell("insertFromComposition", "45");
    field.dispatchEvent(new CompositionEvent("compositionend", { data: "45", bubbles: true }));
  });
  assert.equal(await page.locator("#amount").inputValue(), "¥45");
});

test("AltGr types the bracket of an identifier", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  await page.keyboard.type("120", { delay: 90 });
  // Windows: Control and Alt. Within a run, a control character alone is kept from the browser.
  const isKept = await page.evaluate(() => {
    const press = (more) => {
      const options = { ctrlKey: true, bubbles: true, cancelable: true, ...more };
      return !document.activeElement.dispatchEvent(new KeyboardEvent("keydown", options));
    };
    return [press({ key: "]", altKey: true, modifierAltGraph: true }), press({ key: "b" })];
  });
  assert.deepEqual(isKept, [false, true]);
  await page.keyboard.type(`]Q1${await shopper.code()}`);
  await page.keyboard.press("Enter");
  await waitForAnswer(page, "Paid");
  assert.deepEqual(await charged(page), { amounts: [120] });
});

test("a barcode with spaces leaves the answer and the list alone", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  await sell(page, "1220", await shopper.code());
  await waitForAnswer(page, "Paid");
  await pause(600);
  await scan(page, "LOT 7 B 12");
  await pause(600);
  assert.equal(await page.locator("#view-answer").isVisible(), true);
  await page.locator("[data-view=payments]").click();
  await page.locator("#payments tbody button", { hasText: "Void" }).first().focus();
  await scan(page, "LOT 7 B 12");
  assert.equal(await page.locator("#void").isVisible(), false);
  // By itself, the space bar presses a button as ever.
  await pause(600);
  await page.keyboard.press("Space");
  await page.locator("#void[open]").waitFor();
});

test("what is typed behind a paid sale is never read in part", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  await sell(page, "1230", await shopper.code());
  await waitForAnswer(page, "Paid");
  await pause(600);
  // Each key by itself, as from a keyboard of another layout.
  for (const key of ["1", "²", "0", "0"]) {
    await page.evaluate((key) => {
      document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    }, key);
    await pause(90);
  }
  await amountError(page, "is not an amount");
});

test("back and forward lose no sale and make no second one", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  await typeByHand(page, "1240");
  await page.goto("about:blank");
  await page.goBack();
  await page.locator("#amount").waitFor();
  assert.equal(await page.locator("#amount").inputValue(), "¥0");
  await bed.issuer.ask({ do: "processor", says: "pending" });
  await sell(page, "1240", await shopper.code());
  await waitForAnswer(page, "Payment pending");
  await page.goto("about:blank");
  await page.goBack();
  await waitForAnswer(page, "Payment pending");
  await bed.issuer.ask({ do: "processor", says: "done" });
  await bed.issuer.ask({ do: "wait", seconds: 31 });
  await waitForAnswer(page, "Paid");
  assert.equal(new Set(keys(page)).size, 1);
  await page.goto("about:blank");
  await page.goBack();
  await page.locator("#view-amount").waitFor();
  assert.deepEqual(await charged(page), { amounts: [1240] });
});

test("enlarged four times, every view is reached without scrolling sideways", async () => {
  const page = await till({ screen: { width: 320, height: 256 } });
  const reach = async (view, button) => {
    const width = await page.evaluate(() => document.scrollingElement.scrollWidth);
    assert.ok(width <= 320, `${view} is ${width} wide`);
    await page.locator(button).scrollIntoViewIfNeeded();
    const box = await page.locator(button).boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 320 && box.y >= 0 && box.y + box.height <= 256, `${view}: ${button}`);
  };
  const shopper = await bed.shopper();
  await reach("amount", "#amount-go");
  await amount(page, "9999999");
  await reach("scan", "#scan-form .strong");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await sell(page, "1250", await shopper.code());
  await waitForAnswer(page, "Paid");
  await reach("answer", "#answer-first");
  await reach("answer", "#answer-second");
  await page.locator("[data-view=payments]").click();
  await page.locator("#payments tbody tr").first().waitFor();
  await reach("payments", "#payments-search");
  await reach("payments", "#payments tbody tr:first-child .act button:last-child");
  await page.locator("[data-view=card]").click();
  await page.locator("#card-picture").waitFor();
  await reach("card", "#card-till");
});

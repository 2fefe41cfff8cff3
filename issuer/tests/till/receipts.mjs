// Tests of the receipt and of the shift's sum. Imported by till.test.mjs.

import assert from "node:assert/strict";
import { test } from "node:test";

import { bed, pressEnter, scan, sell, text, till, waitForAnswer } from "./harness.mjs";

/** Opens a till whose printing is only counted. */
async function printingTill(options) {
  const page = await till(options);
  await page.evaluate(() => {
    window.printed = 0;
    window.print = () => (window.printed += 1);
  });
  return page;
}

/** Waits until `times` receipts were printed, and returns the parts of the last one. */
async function receipt(page, times = 1) {
  await page.waitForFunction((times) => window.printed === times, times);
  return page.evaluate(() => {
    const parts = [...document.querySelectorAll("#receipt-parts dt")];
    return Object.fromEntries(parts.map((part) => [part.textContent, part.nextSibling.textContent]));
  });
}

test("a paid sale has a receipt with the card", async () => {
  const cases = [
    ["en", "Paid", "Print receipt", { Amount: "¥1,530", Status: "Paid", Card: "Visa, ending in 4242" }],
    ["ja", "支払い完了", "レシートを印刷", { 金額: "￥1,530", 状態: "支払い済み", カード: "Visa（末尾4242）" }],
  ];
  for (const [language, title, button, expected] of cases) {
    const [page, shopper] = [await printingTill({ language, shop: "Corner <shop>" }), await bed.shopper()];
    await sell(page, "1530", await shopper.code());
    await waitForAnswer(page, title);
    await page.locator("#answer-second", { hasText: button }).click();
    const parts = await receipt(page);
    for (const [name, value] of Object.entries(expected)) assert.equal(parts[name], value);
    assert.equal(await text(page, "receipt-shop"), "Corner <shop>");
    const [reference, number] = language === "en" ? ["Reference", "Payment number"] : ["参照番号", "決済番号"];
    assert.match(parts[reference], /^\d{8}-\d{6}-[0-9a-f]{4}$/);
    assert.match(parts[number], /^[0-9a-f]{32}$/);
    // Enter begins the next sale, as before.
    await pressEnter(page);
    await page.locator("#view-amount").waitFor();
  }
});

test("paper has the receipt and nothing else, on one page", async () => {
  const [page, shopper] = [await printingTill({ colorScheme: "dark" }), await bed.shopper("pm_card_jcb")];
  await sell(page, "1540", await shopper.code());
  await waitForAnswer(page, "Paid");
  assert.equal(await page.locator("#receipt").isVisible(), false);
  await page.locator("#answer-second").click();
  assert.equal((await receipt(page)).Card, "JCB, ending in 0505");
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("#receipt").isVisible(), true);
  for (const id of ["bar", "main", "answer-title"]) assert.equal(await page.locator(`#${id}`).isVisible(), false, id);
  const colours = await page.evaluate(() => {
    const { color } = getComputedStyle(document.getElementById("receipt"));
    return [color, getComputedStyle(document.body).backgroundColor];
  });
  assert.deepEqual(colours, ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]);
  const roll = (await page.pdf({ width: "80mm", height: "200mm" })).toString("latin1");
  assert.equal(roll.match(/\/Type\s*\/Page\b/g).length, 1);
});

test("the list prints receipts of what was paid, and asks for the card", async () => {
  const [page, shopper] = [await printingTill(), await bed.shopper()];
  const declining = await bed.shopper("pm_card_chargeCustomerFail");
  await sell(page, "1550", await shopper.code());
  await waitForAnswer(page, "Paid");
  await pressEnter(page);
  await sell(page, "1560", await declining.code());
  await waitForAnswer(page, "Not paid");
  await pressEnter(page);
  await page.locator("[data-view=payments]").click();
  const row = (amount) => page.locator("#payments tbody tr", { hasText: amount });
  await row("¥1,560").waitFor();
  const print = (amount) => row(amount).locator("button", { hasText: "Receipt" });
  assert.equal(await print("¥1,560").count(), 0);
  await print("¥1,550").click();
  assert.equal((await receipt(page)).Card, "Visa, ending in 4242");
  // Voided, it says so. Without the network it is not printed.
  await row("¥1,550").locator("button", { hasText: "Void" }).click();
  await page.locator("#void button[value=yes]").click();
  await row("¥1,550").filter({ hasText: "Refunded" }).waitFor();
  await print("¥1,550").click();
  assert.equal((await receipt(page, 2)).Status, "Refunded");
  await page.route("**/v1/authorisations/*", (route) => route.abort());
  await print("¥1,550").click();
  await page.locator("#payments-says", { hasText: "cannot be reached" }).waitFor();
  assert.equal(await page.evaluate(() => window.printed), 2);
});

test("a shift has a sum of its own", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  const list = page.locator("[data-view=payments]");
  const sellAndList = async (amount) => {
    await page.locator("[data-view=sale]").click();
    await sell(page, amount, await shopper.code());
    await waitForAnswer(page, "Paid");
    await pressEnter(page);
    await list.click();
    await page.locator("#payments tbody tr").first().waitFor();
  };
  await sellAndList("1000");
  assert.equal(await text(page, "payments-shift"), "");
  await page.locator("#shift-begin").click();
  assert.match(await text(page, "payments-shift"), /^This shift, since \d\d:\d\d:\d\d: ¥0 \(0\)$/);
  await sellAndList("200");
  await page.reload();
  await page.locator("#amount").waitFor();
  await sellAndList("30");
  assert.match(await text(page, "payments-shift"), /¥230 \(2\)$/);
});

test("an amount that no card can be charged with is said so", async () => {
  const cases = [["en", "Request rejected", /cannot charge exactly/], ["ja", "受け付けできませんでした", /末尾が0/]];
  for (const [language, title, says] of cases) {
    const [page, shopper] = [await till({ language }), await bed.shopper()];
    const problem = { type: "urn:tegata:problem:amount-indivisible", title: "", status: 422, detail: "" };
    const answer = { status: 422, contentType: "application/problem+json", body: JSON.stringify(problem) };
    await page.route("**/v1/authorisations", (route) => route.fulfill(answer), { times: 1 });
    await sell(page, "1571", await shopper.code());
    await waitForAnswer(page, title);
    assert.match(await text(page, "answer-text"), says);
    // Enter leads back to the amount, which is there to be changed.
    await pressEnter(page);
    await page.locator("#view-amount").waitFor();
    assert.match(await page.locator("#amount").inputValue(), /1,571$/);
    await page.keyboard.press("Backspace");
    await page.keyboard.press("0");
    // Sooner, the digit would be of the run.
    await page.waitForTimeout(400);
    await scan(page, await shopper.code());
    await waitForAnswer(page, language === "en" ? "Paid" : "支払い完了");
    assert.match(await text(page, "answer-amount"), /1,570$/);
  }
});

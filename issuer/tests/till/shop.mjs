// Tests of what is around the sale: storage, tabs, the list, the camera, colours. Imported by till.test.mjs.

import assert from "node:assert/strict";
import { test } from "node:test";

import { amount, bed, pressEnter, scan, sell, text, till, waitForAnswer } from "./harness.mjs";
import { axe } from "./testbed.mjs";

test("a till without storage sells and says so", async () => {
  const first = () =>
    Object.defineProperty(window, "localStorage", {
      get: () => {
        throw new DOMException("denied", "SecurityError");
      },
    });
  for (const [language, says, paid] of [["en", /does not let the page store/, "Paid"], ["ja", /保存できません/, "支払い完了"]]) {
    const [page, shopper] = [await till({ first, language }), await bed.shopper()];
    assert.match(await text(page, "notice"), says);
    await sell(page, "410", await shopper.code());
    await waitForAnswer(page, paid);
    assert.deepEqual(await bed.issuer.ask({ do: "charged", till: page.till }), { amounts: [410] });
  }
});

test("a till whose storage is full sells and says so", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  assert.equal(await page.locator("#notice").isVisible(), false);
  await page.evaluate(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
  });
  await sell(page, "420", await shopper.code());
  await waitForAnswer(page, "Paid");
  assert.match(await text(page, "notice"), /storage is full/);
  await pressEnter(page);
  await page.locator("#view-amount").waitFor();
});

test("one tab sells, the other says so and takes over", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  const other = await page.context().newPage();
  await other.goto(`${bed.url}/till`);
  await other.locator("#elsewhere-title", { hasText: "open in another tab" }).waitFor();
  await sell(other, "430", await shopper.code());
  assert.equal(await other.locator("#view-elsewhere").isVisible(), true);
  assert.deepEqual(await bed.issuer.ask({ do: "charged", till: page.till }), { amounts: [] });
  await page.close();
  await other.locator("#view-amount").waitFor();
  await sell(other, "430", await shopper.code());
  await waitForAnswer(other, "Paid");
});

test("the list has dates, a search and the day's sum", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  const rows = page.locator("#payments tbody tr");
  for (const digits of ["1440", "450"]) {
    await sell(page, digits, await shopper.code());
    await waitForAnswer(page, "Paid");
    await pressEnter(page);
  }
  // The sum is of the browser's day, and the issuer's clock is its own.
  const token = await page.evaluate(() => JSON.parse(localStorage.getItem("tegata.till.token")));
  const listed = await page.request.get(`${bed.url}/v1/authorisations`, { headers: { authorization: `Bearer ${token}` } });
  await page.clock.setFixedTime((await listed.json()).authorisations[0].time * 1000);
  await page.locator("[data-view=payments]").click();
  await rows.nth(1).waitFor();
  assert.match(await rows.first().locator("td").first().textContent(), /\d{4}.* \d\d:\d\d:\d\d$/);
  await page.locator("#payments-search").fill("1,440");
  assert.equal(await rows.count(), 1);
  const reference = await rows.first().locator(".reference").textContent();
  await page.locator("#payments-search").fill("99999");
  assert.equal(await text(page, "payments-says"), "No payment in this list matches.");
  await page.locator("#payments-search").fill(reference.slice(-4));
  await rows.filter({ hasText: "¥1,440" }).waitFor();
  assert.match(await text(page, "payments-sum"), /¥1,890 \(2\)/);
});

test("without a camera there is no pane", async () => {
  const page = await till();
  await page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("none", "NotFoundError"));
  });
  await amount(page, "460");
  await page.locator("#camera-says", { hasText: "No camera is available" }).waitFor();
  assert.equal(await page.locator("#video").isVisible(), false);
  const [pane, form] = [await page.locator("#camera").boundingBox(), await page.locator("#scan-form").boundingBox()];
  assert.ok(pane.height < 100 && pane.y > form.y, JSON.stringify({ pane, form }));
});

test("a decline that the next code cannot change offers none", async () => {
  const page = await till();
  for (const [reason, isOffered] of [["limit", false], ["held", false], ["stopped", false], ["card", true], ["used", true]]) {
    const answer = { id: null, status: "declined", reason, time: 0 };
    await page.route("**/v1/authorisations", (route) => route.fulfill({ json: answer }), { times: 1 });
    await sell(page, "470", "0".repeat(24));
    await waitForAnswer(page, "Not paid");
    const again = page.locator("#answer-buttons button:visible", { hasText: "Scan the next code" });
    assert.equal(await again.count(), isOffered ? 1 : 0, reason);
    await page.locator("#answer-buttons button:visible", { hasText: "End sale" }).click();
  }
});

test("the dark scheme has no accessibility fault", async () => {
  const [page, shopper] = [await till({ colorScheme: "dark" }), await bed.shopper()];
  const check = async (view) => {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run(document));
    assert.deepEqual(violations.map(({ id, nodes }) => `${view}: ${id}: ${nodes.map((it) => it.html)}`), []);
  };
  await check("amount");
  await amount(page, "480");
  await check("scan");
  await scan(page, await shopper.code());
  await waitForAnswer(page, "Paid");
  await check("paid");
  await pressEnter(page);
  await page.locator("[data-view=payments]").click();
  await page.locator("#payments tbody tr").first().waitFor();
  await check("payments");
});

test("a sale that was paid earlier is shown in amber", async () => {
  for (const [language, title, says] of [["en", "Paid earlier", /already paid.*not charged again/], ["ja", "支払い済みです", /請求していません/]]) {
    const page = await till({ language });
    const answer = { id: "a", status: "approved", amount: 490, currency: "JPY", repeated: true, time: 1_800_000_000 };
    await page.route("**/v1/authorisations", (route) => route.fulfill({ json: answer }));
    await sell(page, "490", "0".repeat(24));
    await waitForAnswer(page, title);
    assert.match(await text(page, "answer-text"), says);
    assert.equal(await page.locator("#answer").getAttribute("data-tone"), "wait");
    assert.deepEqual(await page.evaluate(() => window.tones.slice(-1)), [440]);
  }
});

test("a void from the list asks for a manager's code where one is set", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  await sell(page, "500", await shopper.code());
  await waitForAnswer(page, "Paid");
  await pressEnter(page);
  const { code } = await bed.issuer.ask({ do: "manager", till: page.till, name: "Hanako" });
  await page.locator("[data-view=payments]").click();
  const row = page.locator("#payments tbody tr").first();
  const ask = async () => {
    await row.locator("button", { hasText: "Void" }).click();
    await page.locator("#void button[value=yes]").click();
    await page.locator("#manager[open]").waitFor();
  };
  await ask();
  await page.locator("#manager button[value=no]").click();
  await row.filter({ hasText: "Paid" }).waitFor();
  await ask();
  await page.keyboard.type("123");
  await page.keyboard.press("Enter");
  assert.equal(await text(page, "manager-error"), "A manager’s code has 8 digits.");
  const enter = async (digits) => {
    await page.locator("#manager-code").fill(digits);
    await page.locator("#manager button[value=yes]").click();
  };
  await enter(code === "00000000" ? "00000001" : "00000000");
  await page.locator("#manager-error", { hasText: "not valid here" }).waitFor();
  await enter(`${code.slice(0, 4)} ${code.slice(4)}`);
  await row.filter({ hasText: "Refunded" }).waitFor();
  assert.equal(await page.locator("#manager").isVisible(), false);
  const kept = await page.evaluate(() => JSON.stringify(localStorage));
  assert.ok(!kept.includes(code));
});

test("a till waits after too many wrong manager's codes", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  await sell(page, "510", await shopper.code());
  await waitForAnswer(page, "Paid");
  await pressEnter(page);
  await bed.issuer.ask({ do: "manager", till: page.till, name: "Hanako" });
  await page.locator("[data-view=payments]").click();
  const problem = { type: "urn:tegata:problem:manager-wait", title: "", status: 429, detail: "" };
  const headers = { "Retry-After": "121", "Content-Type": "application/problem+json" };
  await page.route("**/v1/voids", (route) => route.fulfill({ status: 429, headers, body: JSON.stringify(problem) }));
  await page.locator("#payments tbody tr").first().locator("button", { hasText: "Void" }).click();
  await page.locator("#void button[value=yes]").click();
  await page.locator("#manager-error", { hasText: "Try again in 3 minutes." }).waitFor();
  await page.locator("#manager button[value=no]").click();
  await page.locator("#payments tbody tr", { hasText: "Paid" }).first().waitFor();
});

test("a payment of yesterday is left to the operator", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  await sell(page, "520", await shopper.code());
  await waitForAnswer(page, "Paid");
  await pressEnter(page);
  await page.locator("[data-view=payments]").click();
  const row = page.locator("#payments tbody tr").first();
  await row.waitFor();
  await bed.issuer.ask({ do: "wait", seconds: 86_400 });
  await row.locator("button", { hasText: "Void" }).click();
  await page.locator("#void button[value=yes]").click();
  await page.locator("#payments-says", { hasText: "too old to be voided at a till" }).waitFor();
});

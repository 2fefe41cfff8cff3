// The till page in a real browser, against a real issuer. `cargo xtask test till` runs it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { amount, bed, focused, freshPage, listen, pressEnter, scan, sell, text, till, waitForAnswer } from "./harness.mjs";
import "./scanner.mjs";
import "./receipts.mjs";
import "./shop.mjs";
import "./strange.mjs";
import { axe, keys } from "./testbed.mjs";

// Enrolment.

test("an enrolment code enrols one till, once", async () => {
  const code = await bed.enrolment("once", "Corner <b>shop</b> & son");
  const page = await freshPage();
  await page.keyboard.press("Enter");
  assert.match(await text(page, "enrol-error"), /Enter the code first/);
  await page.keyboard.type("not-a-code");
  await page.keyboard.press("Enter");
  await page.locator("#enrol-error", { hasText: "not valid" }).waitFor();
  await page.keyboard.type(code); // replaces the wrong one, which is selected
  await page.keyboard.press("Enter");
  await page.locator("#amount").waitFor();
  await page.locator("#shop", { hasText: "Corner <b>shop</b> & son" }).waitFor();
  await page.reload();
  await page.locator("#amount").waitFor();

  const other = await freshPage();
  await other.keyboard.type(code);
  await other.keyboard.press("Enter");
  await other.locator("#enrol-error", { hasText: "used already or have expired" }).waitFor();
});

test("an expired enrolment code is rejected", async () => {
  const code = await bed.enrolment("late");
  await bed.issuer.ask({ do: "wait", seconds: 3600 });
  const page = await freshPage();
  await page.keyboard.type(code);
  await page.keyboard.press("Enter");
  await page.locator("#enrol-error", { hasText: "have expired" }).waitFor();
});

test("a revoked till says so and takes no payment", async () => {
  const page = await till();
  await amount(page, "500");
  await bed.issuer.ask({ do: "revoke", till: page.till });
  await scan(page, await (await bed.shopper()).code());
  await page.locator("#enrol-why", { hasText: "turned off by the operator" }).waitFor();
  await page.reload();
  await page.locator("#enrol-code").waitFor();
});

// Reading a code.

for (const [columns, shows] of [[80, "its QR code"], [96, "both its symbols"]]) {
  test(`the camera reads the wallet's screen with ${shows}, once`, async () => {
    await bed.issuer.ask({ do: "set-clock" });
    const page = await till();
    const wallet = (await bed.shopper()).wallet();
    const screen = wallet.pays(columns, 24);
    // The wallet uses this computer's clock; the issuer's stands still from here on.
    await bed.issuer.ask({ do: "set-clock" });
    await bed.holdUp(screen);
    await amount(page, "1280");
    await waitForAnswer(page, "Paid");
    assert.equal(await text(page, "answer-amount"), "¥1,280");
    assert.deepEqual(await bed.issuer.ask({ do: "charged", till: page.till }), { amounts: [1280] });
    await pressEnter(page);
    await amount(page, "1280");
    await waitForAnswer(page, "Not paid");
    assert.match(await text(page, "answer-text"), /already been used/);
    assert.deepEqual(await bed.issuer.ask({ do: "charged", till: page.till }), { amounts: [1280] });
  });
}

test("the camera reads a Code 128 alone", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  await bed.show(await shopper.code(), "code128");
  await amount(page, "1380");
  await waitForAnswer(page, "Paid");
  assert.deepEqual(await bed.issuer.ask({ do: "charged", till: page.till }), { amounts: [1380] });
});

test("the camera is on only while a code is expected", async () => {
  const page = await till();
  const isOn = () =>
    page.evaluate(() => {
      window.seen ??= document.getElementById("video").srcObject;
      return window.seen?.active ?? false;
    });
  assert.equal(await isOn(), false);
  await amount(page, "100");
  await page.locator("#camera-says", { hasText: "Looking for a code" }).waitFor();
  assert.equal(await isOn(), true);
  await page.keyboard.press("Escape");
  assert.equal(await isOn(), false);
  await page.keyboard.press("Enter");
  await page.locator("#camera-switch", { hasText: "off" }).click();
  await page.reload();
  await amount(page, "100");
  await page.locator("#camera-says", { hasText: "The camera is off" }).waitFor();
});

test("another kind of code is not taken for a payment code", async () => {
  const page = await till();
  await bed.show("4901234567894", "code128");
  await amount(page, "100");
  await page.locator("#camera-says", { hasText: "not a payment code" }).waitFor();
});

test("a hand scanner works in every step", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  // Without an amount.
  await scan(page, await shopper.code());
  assert.match(await text(page, "amount-error"), /Enter the amount first/);
  // Right after the amount.
  await sell(page, "1200", await shopper.code());
  await waitForAnswer(page, "Paid");
  assert.equal(await text(page, "answer-amount"), "¥1,200");
  // Scanned again: the digits are ignored, and Enter does not close the answer.
  await scan(page, await shopper.code());
  assert.equal(await page.locator("#view-answer").isVisible(), true);
  await pressEnter(page);
  // When a code is expected and the focus is elsewhere.
  await amount(page, "300");
  await page.locator("#sound").focus();
  await scan(page, await shopper.code());
  await waitForAnswer(page, "Paid");
  assert.equal(await text(page, "answer-amount"), "¥300");
  assert.deepEqual(await bed.issuer.ask({ do: "charged", till: page.till }), { amounts: [1200, 300] });
});

test("a product's barcode is no amount", async () => {
  const page = await till();
  await scan(page, "4901234567894");
  assert.match(await text(page, "amount-error"), /article’s barcode, not an amount/);
  assert.equal(await page.locator("#amount").inputValue(), "¥0");
});

test("a code can be typed by hand, grouped or in full width", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  await amount(page, "80");
  const code = await shopper.code();
  await page.keyboard.type(code.slice(0, 10));
  assert.equal(await page.locator("#code").inputValue(), code.slice(0, 10).replace(/(.{4})(.{4})/, "$1 $2 "));
  assert.equal(await text(page, "code-count"), "14 to go");
  await page.keyboard.press("Enter");
  assert.match(await text(page, "code-error"), /24 digits/);
  const wide = Array.from(code, (digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0)).join("");
  await page.locator("#code").fill(wide);
  await page.keyboard.press("Enter");
  await waitForAnswer(page, "Paid");
});

test("a sale works with the keyboard alone", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  assert.equal(await focused(page), "amount");
  await page.keyboard.type("12345");
  await page.keyboard.press("Backspace");
  assert.equal(await page.locator("#amount").inputValue(), "¥1,234");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#amount").inputValue(), "¥0");
  await amount(page, "50");
  assert.equal(await focused(page), "code");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#amount").inputValue(), "¥50");
  await page.keyboard.press("Enter");
  await scan(page, await shopper.code());
  await waitForAnswer(page, "Paid");
  assert.equal(await focused(page), "answer-first");
  await pressEnter(page);
  assert.equal(await focused(page), "amount");
  // Backwards from the field: each focus is visible, and the list of payments is reached.
  const stops = [];
  for (let turn = 0; turn < 5; turn += 1) {
    await page.keyboard.press("Shift+Tab");
    const outline = await page.evaluate(() => {
      const { outlineStyle, boxShadow } = getComputedStyle(document.activeElement);
      return outlineStyle !== "none" || boxShadow !== "none";
    });
    assert.ok(outline, "the focus cannot be seen");
    stops.push(await page.evaluate(() => document.activeElement.id || document.activeElement.dataset.view));
  }
  assert.deepEqual(stops, ["language", "sound", "card", "payments", "sale"]);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.locator("#payments-title").waitFor();
  assert.equal(await focused(page), "payments-again");
});

test("a void works with the keyboard alone", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  const isInside = (id) => page.evaluate((id) => document.getElementById(id).contains(document.activeElement), id);
  // The dialog traps the focus and begins on the button that changes nothing.
  const confirm = async () => {
    await page.locator("#void").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.value), "no");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.value), "yes");
    await page.keyboard.press("Enter");
    await page.locator("#void").waitFor({ state: "hidden" });
  };
  await bed.issuer.ask({ do: "processor", says: "pending" });
  await sell(page, "3300", await shopper.code());
  await waitForAnswer(page, "Payment pending");
  assert.equal(await focused(page), "answer-first");
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "answer-second");
  // Cancelled with Escape: the payment and the focus stay.
  await page.keyboard.press("Enter");
  await page.locator("#void").waitFor();
  await page.keyboard.press("Escape");
  await page.locator("#void").waitFor({ state: "hidden" });
  assert.equal(await focused(page), "answer-second");
  await pressEnter(page);
  await confirm();
  await waitForAnswer(page, "Void in progress");
  await bed.issuer.ask({ do: "processor", says: "done" });
  await bed.issuer.ask({ do: "finish" });
  await waitForAnswer(page, "Voided");
  assert.equal(await focused(page), "answer-first");
  await pressEnter(page);
  // The next sale is paid and voided from the list.
  await sell(page, "3400", await shopper.code());
  await waitForAnswer(page, "Paid");
  await pressEnter(page);
  for (let turn = 0; turn < 4; turn += 1) await page.keyboard.press("Shift+Tab");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.view), "payments");
  await pressEnter(page);
  const row = page.locator("#payments tbody tr", { hasText: "¥3,400" });
  await row.locator(".badge", { hasText: "Paid" }).waitFor();
  assert.equal(await focused(page), "payments-again");
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "payments-search");
  await page.keyboard.press("Tab");
  assert.equal(await isInside("payments"), true);
  assert.match(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), /Void: ¥3,400/);
  await page.keyboard.press("Enter");
  await confirm();
  await row.locator(".badge", { hasText: /Voided|Refunded/ }).waitFor();
  assert.equal(await focused(page), "payments-again");
  assert.deepEqual(await bed.issuer.ask({ do: "charged", till: page.till }), { amounts: [] });
});

test("the number pad types and leaves the focus in the field", async () => {
  const page = await till();
  for (const key of ["1", "00", "5"]) await page.locator(`.keypad [data-digits="${key}"]`).click();
  await page.locator("#amount-back").click();
  assert.equal(await page.locator("#amount").inputValue(), "¥100");
  assert.equal(await focused(page), "amount");
});

// Outcomes.

test("each outcome is announced once, in text, colour and sound", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  const poor = await bed.shopper("pm_card_visa_chargeDeclinedInsufficientFunds");
  const heard = await listen(page);
  const tone = () => page.locator("#answer").getAttribute("data-tone");
  await bed.issuer.ask({ do: "processor", says: "pending" });
  await sell(page, "700", await shopper.code());
  await waitForAnswer(page, "Payment pending");
  assert.equal(await tone(), "wait");
  assert.equal(await page.locator("#tabs").evaluate((tabs) => tabs.inert), true);
  // Asked again and still pending: nothing is announced twice.
  const polls = () => page.asked.filter((it) => /authorisations\/.+/.test(it.url())).length;
  const before = polls();
  await page.waitForRequest(/authorisations\/.+/);
  await page.waitForRequest(/authorisations\/.+/);
  assert.ok(polls() > before);
  await bed.issuer.ask({ do: "processor", says: "done" });
  await bed.issuer.ask({ do: "finish" });
  await waitForAnswer(page, "Paid");
  assert.equal(await tone(), "good");
  await pressEnter(page);
  await sell(page, "900", await poor.code());
  await waitForAnswer(page, "Not paid");
  assert.equal(await tone(), "bad");
  // The announcement follows in the next frame.
  await page.waitForFunction(() => window.heard.at(-1)?.startsWith("Not paid"));
  const said = (await heard()).filter((text) => !text.startsWith("Processing"));
  assert.equal(said.length, 3, said.join("\n"));
  assert.match(said[0], /^Payment pending\. ¥700\. .*do not scan again/);
  assert.match(said[1], /^Paid\. ¥700\./);
  assert.match(said[2], /^Not paid\. ¥900\./);
  assert.deepEqual(await page.evaluate(() => window.tones), [440, 659.26, 987.77, 311.13, 207.65]);
});

test("sound stays off after a reload", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  await page.locator("#sound").click();
  await page.reload();
  await page.locator('#sound[aria-pressed="false"]').waitFor();
  await page.locator("#amount").waitFor();
  await sell(page, "10", await shopper.code());
  await waitForAnswer(page, "Paid");
  assert.deepEqual(await page.evaluate(() => window.tones), []);
});

test("after an invalid code the next one is for the same sale", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  await sell(page, "640", "0".repeat(24));
  await waitForAnswer(page, "Not paid");
  assert.match(await text(page, "answer-text"), /new code/);
  assert.equal(await text(page, "answer-first"), "Scan the next code");
  await pressEnter(page);
  await scan(page, await shopper.code());
  await waitForAnswer(page, "Paid");
  assert.equal(await text(page, "answer-amount"), "¥640");
  const posts = page.asked.filter((it) => it.method() === "POST" && it.url().endsWith("/v1/authorisations"));
  const references = new Set(posts.map((it) => it.postDataJSON().reference));
  assert.equal(references.size, 1);
  assert.equal(new Set(keys(page)).size, 2);
});

test("a stopped till tells the cashier what to do", async () => {
  const cases = [
    ["en", "Not paid", /another till.*person in charge/],
    ["ja", "決済できませんでした", /別のレジ.*担当者/],
  ];
  for (const [language, title, doing] of cases) {
    const [page, shopper] = [await till({ language }), await bed.shopper()];
    // The service answers the same if all tills are stopped or this one; the page must not tell them apart either.
    const stopped = { id: null, status: "declined", reason: "stopped", reference: "a", time: 0 };
    await page.route("**/v1/authorisations", (route) => route.fulfill({ json: stopped }));
    await sell(page, "640", await shopper.code());
    await waitForAnswer(page, title);
    assert.match(await text(page, "answer-text"), doing);
    assert.doesNotMatch(await text(page, "answer-text"), /everyone|すべて/);
  }
});

test("the language can change in a sale and stays", async () => {
  const [page, shopper] = [await till({ language: "ja" }), await bed.shopper()];
  assert.equal(await text(page, "amount-label"), "金額");
  await sell(page, "1500", await shopper.code());
  await waitForAnswer(page, "支払い完了");
  await page.locator("#language").click();
  await waitForAnswer(page, "Paid");
  assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
  await page.reload();
  await page.locator("#amount-label", { hasText: "Amount" }).waitFor();
});

// The network.

test("the page waits for a slow answer and says so", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  // The page's clock is simulated: the test does not wait half a minute.
  await page.clock.install();
  await amount(page, "1900");
  let answers;
  const held = new Promise((resolve) => (answers = resolve));
  await page.route("**/v1/authorisations", async (route) => {
    await held;
    return route.continue();
  });
  const asked = page.waitForRequest("**/v1/authorisations");
  await scan(page, await shopper.code());
  await asked;
  await waitForAnswer(page, "Processing");
  await page.clock.fastForward(6_000);
  await waitForAnswer(page, "Still waiting");
  assert.match(await text(page, "answer-text"), /do not scan again/);
  assert.equal(await text(page, "answer-second"), "Void sale");
  assert.equal(await page.locator("#answer-first").isVisible(), false);
  // Longer than three requests to the card company of eight seconds each.
  await page.clock.fastForward(20_000);
  assert.equal(await text(page, "answer-title"), "Still waiting");
  assert.equal(keys(page).length, 1, "it has not given up");
  answers();
  await waitForAnswer(page, "Paid");
  assert.deepEqual(await bed.issuer.ask({ do: "charged", till: page.till }), { amounts: [1900] });
});

test("a request without an answer is repeated", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  await page.clock.install();
  await amount(page, "1950");
  // The first request is never answered, the next one is.
  await page.route("**/v1/authorisations", () => {}, { times: 1 });
  const asked = page.waitForRequest("**/v1/authorisations");
  await scan(page, await shopper.code());
  await asked;
  await page.clock.fastForward(31_000);
  await waitForAnswer(page, "No response yet");
  await page.clock.fastForward(1_000);
  await waitForAnswer(page, "Paid");
  assert.equal(keys(page).length, 2);
  assert.equal(new Set(keys(page)).size, 1);
});

test("after a network failure the same key is sent again", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  await amount(page, "2000");
  await page.context().setOffline(true);
  await scan(page, await shopper.code());
  await waitForAnswer(page, "No response yet");
  assert.match(await text(page, "answer-text"), /never charged twice/);
  await page.context().setOffline(false);
  await waitForAnswer(page, "Paid");
  assert.ok(keys(page).length >= 2);
  assert.equal(new Set(keys(page)).size, 1);
  assert.deepEqual(await bed.issuer.ask({ do: "charged", till: page.till }), { amounts: [2000] });
});

test("a lost answer leads to no second payment", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  let isLost = false;
  await page.route("**/v1/authorisations", async (route) => {
    if (isLost || route.request().method() !== "POST") return route.continue();
    isLost = true;
    await route.fetch(); // it arrives and is carried out
    return route.abort();
  });
  await sell(page, "2100", await shopper.code());
  await waitForAnswer(page, "Paid");
  assert.equal(isLost, true);
  assert.deepEqual(await bed.issuer.ask({ do: "charged", till: page.till }), { amounts: [2100] });
});

test("a closed page continues its sale", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  await amount(page, "2200");
  await page.route("**/v1/authorisations", (route) => route.abort());
  await scan(page, await shopper.code());
  await waitForAnswer(page, "No response yet");
  await page.unroute("**/v1/authorisations");
  await page.reload();
  await waitForAnswer(page, "Paid");
  assert.equal(await text(page, "answer-amount"), "¥2,200");
  assert.equal(new Set(keys(page)).size, 1);
  await page.reload();
  await page.locator("#amount").waitFor();
  assert.deepEqual(await bed.issuer.ask({ do: "charged", till: page.till }), { amounts: [2200] });
});

test("a sale that may not have arrived is voided by its key", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  await amount(page, "2300");
  let late;
  await page.route("**/v1/authorisations", (route) => {
    late ??= { headers: route.request().headers(), data: route.request().postData() };
    return route.abort();
  });
  await scan(page, await shopper.code());
  await waitForAnswer(page, "No response yet");
  // Enter voids nothing: the button is there, and is not the lit one.
  await pressEnter(page);
  assert.equal(await page.locator("#void").isVisible(), false);
  await page.locator("#answer-second").click();
  await page.locator("#void-text", { hasText: "If it was paid" }).waitFor();
  await pressEnter(page); // the focus is on the button that keeps the payment
  await waitForAnswer(page, "No response yet");
  await page.locator("#answer-second").click();
  await page.locator("#void [value=yes]").click();
  await waitForAnswer(page, "Voided");
  const answer = await page.request.post(`${bed.url}/v1/authorisations`, late);
  assert.notEqual((await answer.json()).status, "approved");
  assert.deepEqual(await bed.issuer.ask({ do: "charged", till: page.till }), { amounts: [] });
});

test("a slow void does not hold up the cashier", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  const row = page.locator("#payments tbody tr", { hasText: "¥2,400" });
  const continues = async () => {
    await waitForAnswer(page, "Void in progress");
    assert.match(await text(page, "answer-text"), /finishes automatically/);
    assert.equal(await text(page, "answer-first"), "Next sale, check later");
  };
  // The processor is still charging the card, so the void cannot complete yet.
  await bed.issuer.ask({ do: "processor", says: "pending" });
  await sell(page, "2400", await shopper.code());
  await waitForAnswer(page, "Payment pending");
  await page.locator("#answer-second").click();
  await page.locator("#void [value=yes]").click();
  await continues();
  await pressEnter(page);
  await page.locator("#amount").waitFor();
  assert.equal(await page.locator("#tabs").evaluate((tabs) => tabs.inert), false);
  // A reloaded page does not return to it either: the service completes it.
  await page.reload();
  await page.locator("#amount").waitFor();
  await page.locator("[data-view=payments]").click();
  await row.locator(".badge", { hasText: "Void in progress" }).waitFor();
  await bed.issuer.ask({ do: "processor", says: "done" });
  await bed.issuer.ask({ do: "finish" });
  await page.locator("#payments-again").click();
  await row.locator(".badge", { hasText: /Voided|Refunded/ }).waitFor();
  assert.deepEqual(await bed.issuer.ask({ do: "charged", till: page.till }), { amounts: [] });
});

test("a cashier who waits sees the void complete", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  await bed.issuer.ask({ do: "processor", says: "pending" });
  await sell(page, "2450", await shopper.code());
  await waitForAnswer(page, "Payment pending");
  await page.locator("#answer-second").click();
  await page.locator("#void [value=yes]").click();
  await waitForAnswer(page, "Void in progress");
  await bed.issuer.ask({ do: "processor", says: "done" });
  await bed.issuer.ask({ do: "finish" });
  await waitForAnswer(page, "Voided");
  assert.equal(await text(page, "answer-first"), "Next sale");
});

// The other views.

test("a payment is voided from the list after confirmation", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  await sell(page, "3100", await shopper.code());
  await waitForAnswer(page, "Paid");
  await pressEnter(page);
  await page.locator("[data-view=payments]").click();
  const row = page.locator("#payments tbody tr", { hasText: "¥3,100" });
  await row.locator(".badge", { hasText: "Paid" }).waitFor();
  await row.locator("button", { hasText: "Void" }).click();
  await page.locator("#void-text", { hasText: "¥3,100" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator("#payments-again").click();
  await row.locator(".badge", { hasText: "Paid" }).waitFor();
  assert.ok(!page.asked.some((it) => it.url().endsWith("/v1/voids")));
  await row.locator("button", { hasText: "Void" }).click();
  await page.locator("#void [value=yes]").click();
  await row.locator(".badge", { hasText: /Voided|Refunded/ }).waitFor();
  assert.equal(await row.locator("button", { hasText: "Void" }).count(), 0);
});

test("the till card is drawn and readable", async () => {
  const page = await till({ shop: "手形青果店 渋谷" });
  await page.locator("[data-view=card]").click();
  await page.locator("#card-picture").waitFor();
  assert.equal(await text(page, "card-title"), "手形青果店 渋谷");
  const read = await page.evaluate(async () => {
    const picture = document.getElementById("card-picture");
    await picture.decode();
    const canvas = new OffscreenCanvas(600, 600);
    const paper = canvas.getContext("2d");
    paper.drawImage(picture, 0, 0, 600, 600);
    const symbols = await window.ZXingWASM.readBarcodes(paper.getImageData(0, 0, 600, 600), { formats: ["QRCode"] });
    return symbols.map((symbol) => symbol.text);
  });
  const token = await page.evaluate(() => JSON.parse(localStorage.getItem("tegata.till.token")));
  const answer = await page.request.get(`${bed.url}/v1/till`, { headers: { authorization: `Bearer ${token}` } });
  assert.deepEqual(read, [(await answer.json()).card]);
});

test("no view has an accessibility fault in either language", async () => {
  const [page, shopper] = [await till(), await bed.shopper()];
  const check = async (view) => {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run(document));
    const faults = violations.map(({ id, nodes }) => `${view}: ${id}: ${nodes.map((it) => it.html).join(" ")}`);
    assert.deepEqual(faults, []);
  };
  for (const language of ["en", "ja"]) {
    await check("amount");
    await amount(page, "10");
    await check("scan");
    await scan(page, await shopper.code());
    await page.locator('#answer[data-tone="good"]').waitFor();
    await check("paid");
    await pressEnter(page);
    await sell(page, "10", "0".repeat(24));
    await page.locator('#answer[data-tone="bad"]').waitFor();
    await check("not paid");
    await page.locator("#answer-second").click();
    await page.locator("[data-view=payments]").click();
    await page.locator("#payments tbody tr").first().waitFor();
    await check("payments");
    await page.locator("#payments button").first().click();
    await check("void");
    await page.keyboard.press("Escape");
    await page.locator("[data-view=card]").click();
    await page.locator("#card-picture").waitFor();
    await check("card");
    await page.locator("[data-view=sale]").click();
    if (language === "en") await page.locator("#language").click();
    await page.locator("#amount").focus();
  }
  const other = await freshPage();
  await other.evaluate(axe);
  const { violations } = await other.evaluate(() => window.axe.run(document));
  assert.deepEqual(violations.map(({ id }) => id), []);
});

test("every view fits into the window of a till or tablet", async () => {
  for (const screen of [{ width: 1024, height: 768 }, { width: 768, height: 1024 }, { width: 1280, height: 800 }]) {
    for (const language of ["en", "ja"]) {
      const page = await till({ screen, language });
      const fits = async (view) => {
        const size = await page.evaluate(() => {
          const { scrollWidth, scrollHeight } = document.scrollingElement;
          return { width: scrollWidth, height: scrollHeight };
        });
        assert.deepEqual(size, screen, `${view} at ${screen.width} x ${screen.height} in ${language}`);
      };
      await fits("amount");
      await amount(page, "9999999");
      await fits("scan");
      await scan(page, "000000000000000000000000");
      await page.locator('#answer[data-tone="bad"]').waitFor();
      await fits("answer");
    }
  }
});

// Browser policy.

test("the page runs only its own unchanged files", async () => {
  const page = await freshPage();
  const answer = await page.request.get(`${bed.url}/till`);
  const policy = answer.headers()["content-security-policy"];
  for (const word of ["unsafe-inline", "'unsafe-eval'", "http:", "https:", "data:", "*"]) {
    assert.ok(!policy.includes(word), `${word} in ${policy}`);
  }
  assert.match(answer.headers()["permissions-policy"], /camera=\(self\), microphone=\(\)/);
  const hosts = new Set(page.asked.map((it) => new URL(it.url()).origin));
  assert.deepEqual([...hosts], [bed.url]);

  // One file is changed in transit: the browser does not run it.
  const changed = await freshPage();
  await changed.route("**/sale.js", async (route) => {
    const real = await route.fetch();
    await route.fulfill({ response: real, body: `${await real.text()}\nwindow.changed = true;` });
  });
  await changed.reload();
  await changed.waitForLoadState("networkidle");
  assert.equal(await changed.evaluate(() => window.changed), undefined);
  assert.equal(await changed.locator("#view-enrol").isVisible(), false);
  assert.match(changed.wrong.join("\n"), /integrity/);
  changed.wrong = [];
});

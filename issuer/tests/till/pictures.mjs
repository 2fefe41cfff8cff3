// Takes pictures of every view of the till page; run by `cargo xtask pictures`.

import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { TestBed } from "./testbed.mjs";

const folder = process.argv[2];
const LOOKS = {
  till: { screen: { width: 1024, height: 768 } },
  tablet: { screen: { width: 768, height: 1024 } },
  dark: { screen: { width: 1024, height: 768 }, colorScheme: "dark" },
};
const SHOPS = { en: "Tegata Greens, Shibuya", ja: "手形青果店 渋谷" };

/** Takes pictures of a sale and of the other views. */
async function take(bed, language, look) {
  const shot = async (view) => {
    const file = join(folder, `till-${view}-${language}-${look}.png`);
    await page.screenshot({ path: file });
  };
  const sell = async (amount, code) => {
    // By hand: what comes at a scanner's speed is one barcode.
    await page.keyboard.type(amount, { delay: 90 });
    await page.keyboard.type(code);
    await page.keyboard.press("Enter");
  };
  const answer = (tone) => page.locator(`#answer[data-tone=${tone}]`).waitFor();
  const page = await bed.page({ language, ...LOOKS[look] });
  const shopper = await bed.shopper();
  await shot("enrol");
  await page.keyboard.type(await bed.enrolment(`shibuya-${language}-${look}`, SHOPS[language]));
  await page.keyboard.press("Enter");
  await page.locator("#amount").waitFor();
  await page.keyboard.type("1280.00");
  await page.locator("#amount-error:not(:empty)").waitFor();
  await shot("no-amount");
  await page.keyboard.press("Escape");
  await page.keyboard.type("1280");
  await shot("amount");
  await bed.show("4901234567894", "qr"); // another kind of code for the camera
  await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.getElementById("video").videoWidth > 0);
  await shot("scan");
  await page.locator("#camera-switch").click();
  await shot("scan-without-camera");
  await page.locator("#code").fill(await shopper.code());
  await page.keyboard.press("Enter");
  await answer("good");
  await shot("paid");
  await sell("540", "0".repeat(24));
  await answer("bad");
  await shot("not-paid");
  await page.locator("#answer-second").click();
  // A slow answer: held back, then made up.
  await page.clock.install();
  let stopped;
  const held = new Promise((resolve) => (stopped = resolve));
  const answers = async (route) => {
    await held;
    await route.fulfill({ json: { id: null, status: "declined", reason: "stopped", time: Math.floor(Date.now() / 1000) } });
  };
  await page.route("**/v1/authorisations", answers, { times: 1 });
  await sell("320", await shopper.code());
  await answer("quiet");
  await page.clock.fastForward(6_000);
  await answer("wait");
  await shot("still-waiting");
  stopped();
  await answer("bad");
  await shot("stopped");
  await page.locator("#answer-first").click();
  await bed.issuer.ask({ do: "processor", says: "pending" });
  await sell("860", await shopper.code());
  await answer("wait");
  await shot("not-known-yet");
  await page.locator("#answer-second").click();
  await page.locator("#void [value=yes]").click();
  await answer("quiet");
  await page.locator("#answer-first:visible").waitFor();
  await shot("being-taken-back");
  await page.locator("#answer-first").click();
  await bed.issuer.ask({ do: "processor", says: "done" });
  await page.locator("[data-view=payments]").click();
  await page.locator("#payments tbody tr").first().waitFor();
  await shot("payments");
  await page.locator("#payments tbody button").last().click();
  await shot("void");
  await page.keyboard.press("Escape");
  await page.locator("[data-view=card]").click();
  await page.locator("#card-picture").waitFor();
  await shot("card");
  if (page.wrong.length > 0) throw new Error(page.wrong.join("\n"));
  await page.context().close();
}

mkdirSync(folder, { recursive: true });
const bed = await TestBed.make();
try {
  for (const language of Object.keys(SHOPS)) {
    for (const look of Object.keys(LOOKS)) await take(bed, language, look);
  }
} finally {
  await bed.end();
}

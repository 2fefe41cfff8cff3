// What the tests stand on: a real issuer in a process of its own, people who have accounts and payment credentials there,
// the wallet's own program, and a Chromium whose camera sees what we show it.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { NOTHING, film } from "./camera.mjs";

/** A variable that `cargo xtask test till` sets. */
function given(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: cargo xtask test till sets it`);
  return value;
}

const require = createRequire(join(given("TILL_PACKAGES"), "package.json"));
const { chromium } = require("playwright-core");

/** The accessibility checker, as a script. */
export const axe = require("axe-core").source;

/** The window of a till's screen. */
export const SCREEN = { width: 1024, height: 768 };

/** The issuer's process: a line of JSON in, a line of JSON out. */
class Issuer {
  constructor() {
    this.process = spawn(given("TILL_ISSUER"), { stdio: ["pipe", "pipe", "inherit"] });
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
    this.turn = Promise.resolve();
  }

  async next() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error("the issuer has ended");
    return JSON.parse(value);
  }

  /** Asks for something to be done at the issuer; one at a time. */
  ask(what) {
    const answer = this.turn.then(() => {
      this.process.stdin.write(`${JSON.stringify(what)}\n`);
      return this.next();
    });
    this.turn = answer.catch(() => {});
    return answer;
  }

  stop() {
    this.process.stdin.end();
  }
}

/** Someone with an account, a card and a payment credential. */
class Shopper {
  constructor(bed, { shopper, seed, prefix }) {
    Object.assign(this, { bed, shopper, seed, prefix });
  }

  /** A code: the first of the next half minute, which comes at the issuer at that moment. */
  async code() {
    return (await this.bed.issuer.ask({ do: "code", shopper: this.shopper })).code;
  }

  /** A wallet of hers that holds the credential; `pays` takes a picture of what it shows at the till, now. */
  wallet() {
    const file = (name) => join(this.bed.folder, `${this.shopper}.${name}`);
    writeFileSync(file("passphrase"), "nine quiet herons stand here\n");
    writeFileSync(file("seed"), this.seed);
    const hers = ["wallet", "--vault", file("vault"), "--passphrase", `@${file("passphrase")}`];
    this.bed.tegata(...hers, "init");
    const seed = ["--prefix", this.prefix, "--seed", `@${file("seed")}`];
    this.bed.tegata(...hers, "add", "payment", "--label", "Card", ...seed);
    const pays = (columns, lines) => {
      const picture = file("png");
      const screen = [String(columns), String(lines), picture, given("TEGATA")];
      execFileSync(given("TILL_SCREEN"), [...screen, ...hers, "pay"]);
      return picture;
    };
    return { pays };
  }
}

export class Bed {
  static async make() {
    const bed = new Bed();
    bed.folder = mkdtempSync(join(tmpdir(), "till-"));
    bed.video = join(bed.folder, "camera.mjpeg");
    bed.issuer = new Issuer();
    ({ url: bed.url } = await bed.issuer.next());
    const paper = await chromium.launch({ executablePath: given("CHROMIUM"), args: ["--no-sandbox"] });
    bed.paper = paper;
    await film(paper, bed.video, NOTHING);
    bed.browser = await chromium.launch({
      executablePath: given("CHROMIUM"),
      args: [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        `--use-file-for-fake-video-capture=${bed.video}`,
      ],
    });
    return bed;
  }

  async end() {
    await this.browser.close();
    await this.paper.close();
    this.issuer.stop();
    rmSync(this.folder, { recursive: true });
  }

  /** Runs our program; what it says on standard output. */
  tegata(...what) {
    return execFileSync(given("TEGATA"), what, { encoding: "utf8" });
  }

  /** Somebody whose account is charged with this card of the sandbox's. */
  async shopper(card = "pm_card_visa") {
    return new Shopper(this, await this.issuer.ask({ do: "shopper", card }));
  }

  /** Shows the camera a picture until it is shown something else. */
  async holdUp(picture) {
    await film(this.paper, this.video, picture);
  }

  /** Shows the camera a symbol of these digits, as our program draws it, until it is shown something else. */
  async show(digits, format) {
    const picture = join(this.folder, "symbol.png");
    this.tegata("symbol", digits, "--format", format, "--module", "6", "--out", picture);
    await this.holdUp(picture);
  }

  async showNothing() {
    await this.holdUp(NOTHING);
  }

  /** A till's page that is not enrolled. What goes wrong in it is kept in `wrong`, what it asks in `asked`. */
  async page({ language = "en", screen = SCREEN } = {}) {
    const context = await this.browser.newContext({ viewport: screen, locale: language, reducedMotion: "reduce" });
    await context.addInitScript(countTones);
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.wrong = [];
    page.asked = [];
    page.on("pageerror", (error) => page.wrong.push(error.message));
    page.on("console", (message) => {
      // An answer that says no is no mistake of the page.
      const isAnswer = /^Failed to load resource/.test(message.text());
      if (["error", "warning"].includes(message.type()) && !isAnswer) page.wrong.push(message.text());
    });
    page.on("request", (request) => page.asked.push(request));
    await page.goto(`${this.url}/till`);
    // It fetches its texts before it takes a key.
    await page.locator("#enrol-code").waitFor();
    return page;
  }

  /** A code that makes a page a till. */
  async enrolment(till, shop = "Tegata Greens, Shibuya") {
    return (await this.issuer.ask({ do: "till", till, shop })).code;
  }

  /** The page of an enrolled till. */
  async till(name, options) {
    const page = await this.page(options);
    await page.locator("#enrol-code").fill(await this.enrolment(name, options?.shop));
    await page.keyboard.press("Enter");
    await page.locator("#amount").waitFor();
    return page;
  }
}

/** Runs in the page: notes the tones that are played. The real ones play all the same. */
function countTones() {
  window.tones = [];
  const real = window.OscillatorNode;
  window.OscillatorNode = function tone(context, options) {
    window.tones.push(options.frequency);
    return new real(context, options);
  };
}

/** The keys under which payments were asked for. */
export function keys(page) {
  const posts = page.asked.filter((it) => it.method() === "POST" && it.url().endsWith("/v1/authorisations"));
  return posts.map((it) => it.headers()["idempotency-key"]);
}

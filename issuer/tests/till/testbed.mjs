// The test environment: a real issuer in its own process, shoppers with accounts and payment credentials, the wallet's
// program, and a Chromium whose camera shows a given picture.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { NOTHING, film } from "./camera.mjs";

/** Returns an environment variable that `cargo xtask test till` sets. */
function variable(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: cargo xtask test till sets it`);
  return value;
}

const require = createRequire(join(variable("TILL_PACKAGES"), "package.json"));
const { chromium } = require("playwright-core");

/** The source of the accessibility checker. */
export const axe = require("axe-core").source;

/** The window size of a till's screen. */
export const SCREEN = { width: 1024, height: 768 };

/** The issuer's process: a line of JSON in, a line of JSON out. */
class TestIssuer {
  constructor() {
    this.process = spawn(variable("TILL_ISSUER"), { stdio: ["pipe", "pipe", "inherit"] });
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
    this.turn = Promise.resolve();
  }

  async next() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error("the issuer has ended");
    return JSON.parse(value);
  }

  /** Sends a command to the issuer and returns its answer; one at a time. */
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

/** A shopper with an account, a card and a payment credential. */
class TestShopper {
  constructor(bed, { shopper, seed, prefix }) {
    Object.assign(this, { bed, shopper, seed, prefix });
  }

  /** Returns the first code of the next half minute and advances the issuer's clock to it. */
  async code() {
    return (await this.bed.issuer.ask({ do: "code", shopper: this.shopper })).code;
  }

  /** Creates a wallet that holds the credential; `pays` takes a picture of its payment screen. */
  wallet() {
    const file = (name) => join(this.bed.folder, `${this.shopper}.${name}`);
    writeFileSync(file("passphrase"), "nine quiet herons stand here\n");
    writeFileSync(file("seed"), this.seed);
    const wallet = ["wallet", "--vault", file("vault"), "--passphrase", `@${file("passphrase")}`];
    this.bed.tegata(...wallet, "init");
    const seed = ["--prefix", this.prefix, "--seed", `@${file("seed")}`];
    this.bed.tegata(...wallet, "add", "payment", "--label", "Card", ...seed);
    const pays = (columns, lines) => {
      const picture = file("png");
      const screen = [String(columns), String(lines), picture, variable("TEGATA")];
      execFileSync(variable("TILL_SCREEN"), [...screen, ...wallet, "pay"]);
      return picture;
    };
    return { pays };
  }
}

export class TestBed {
  static async make() {
    const bed = new TestBed();
    bed.folder = mkdtempSync(join(tmpdir(), "till-"));
    bed.video = join(bed.folder, "camera.mjpeg");
    bed.issuer = new TestIssuer();
    ({ url: bed.url } = await bed.issuer.next());
    const drawing = await chromium.launch({ executablePath: variable("CHROMIUM"), args: ["--no-sandbox"] });
    bed.drawing = drawing;
    await film(drawing, bed.video, NOTHING);
    bed.browser = await chromium.launch({
      executablePath: variable("CHROMIUM"),
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
    await this.drawing.close();
    this.issuer.stop();
    rmSync(this.folder, { recursive: true });
  }

  /** Runs `tegata` and returns its standard output. */
  tegata(...args) {
    return execFileSync(variable("TEGATA"), args, { encoding: "utf8" });
  }

  /** Creates a shopper with this card of the sandbox. */
  async shopper(card = "pm_card_visa") {
    return new TestShopper(this, await this.issuer.ask({ do: "shopper", card }));
  }

  /** Shows the camera a picture until the next one. */
  async holdUp(picture) {
    await film(this.drawing, this.video, picture);
  }

  /** Shows the camera a symbol of these digits, drawn by `tegata`, until the next picture. */
  async show(digits, format) {
    const picture = join(this.folder, "symbol.png");
    this.tegata("symbol", digits, "--format", format, "--module", "6", "--out", picture);
    await this.holdUp(picture);
  }

  async showNothing() {
    await this.holdUp(NOTHING);
  }

  /**
   * Opens the page of a till that is not enrolled. `wrong` collects its errors, `asked` its requests; `first` runs in the
   * page before its scripts.
   */
  async page({ language = "en", screen = SCREEN, colorScheme = "light", first = () => {} } = {}) {
    const options = { viewport: screen, locale: language, reducedMotion: "reduce", colorScheme };
    const context = await this.browser.newContext(options);
    await context.addInitScript(recordTones);
    await context.addInitScript(first);
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.wrong = [];
    page.asked = [];
    page.on("pageerror", (error) => page.wrong.push(error.message));
    page.on("console", (message) => {
      // A rejected request is not an error of the page.
      const isAnswer = /^Failed to load resource/.test(message.text());
      if (["error", "warning"].includes(message.type()) && !isAnswer) page.wrong.push(message.text());
    });
    page.on("request", (request) => page.asked.push(request));
    await page.goto(`${this.url}/till`);
    // The page fetches its texts before it accepts input.
    await page.locator("#enrol-code").waitFor();
    return page;
  }

  /** Returns an enrolment code for a till. */
  async enrolment(till, shop = "Tegata Greens, Shibuya") {
    return (await this.issuer.ask({ do: "till", till, shop })).code;
  }

  /** Opens the page of an enrolled till. */
  async till(name, options) {
    const page = await this.page(options);
    await page.locator("#enrol-code").fill(await this.enrolment(name, options?.shop));
    await page.keyboard.press("Enter");
    await page.locator("#amount").waitFor();
    return page;
  }
}

/** Runs in the page: records the tones that are played. */
function recordTones() {
  window.tones = [];
  const real = window.OscillatorNode;
  window.OscillatorNode = function tone(context, options) {
    window.tones.push(options.frequency);
    return new real(context, options);
  };
}

/** Returns the idempotency keys of the page's payment requests. */
export function keys(page) {
  const posts = page.asked.filter((it) => it.method() === "POST" && it.url().endsWith("/v1/authorisations"));
  return posts.map((it) => it.headers()["idempotency-key"]);
}

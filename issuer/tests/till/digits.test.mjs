// What keys bring, from people and from scanners; no browser is needed.

import assert from "node:assert/strict";
import { test } from "node:test";

import { isUnfinished, parseAmount } from "../../till/amount.js";
import { localDate, matches, merge, shiftOf, sumOf, withShift } from "../../till/day.js";
import { digitsIn, groupDigits, hasNonDigits } from "../../till/digits.js";
import { codeLength, parseCode, parseEntry } from "../../till/entry.js";
import { makeReference } from "../../till/reference.js";
import { Run } from "../../till/run.js";

const CODE = "010168606235459802301338";

const IDENTIFIERS = ["]C0", "]Q0", "]Q1", "]Q2"];

/** Parses a text that a scanner typed. */
const scanned = (text, decimals) => parseEntry(text, { decimals, fast: text.length });

/** Parses a text that a person typed and what a scanner typed behind it. */
const behind = (typed, sent) => parseEntry(typed + sent, { fast: sent.length });

test("an amount, a code, both, or neither", () => {
  assert.deepEqual(parseEntry("1280"), { amount: 1280, code: null });
  assert.deepEqual(parseEntry(""), { amount: 0, code: null });
  assert.deepEqual(parseEntry(CODE), { amount: 0, code: CODE });
  assert.deepEqual(parseEntry(`1280${CODE}`), { amount: 1280, code: CODE });
  assert.deepEqual(parseEntry(`9999999${CODE}`), { amount: 9_999_999, code: CODE });
  assert.deepEqual(parseEntry(`1,280${CODE}`), { amount: 1280, code: CODE });
  assert.deepEqual(parseEntry(`12.80${CODE}`, { decimals: 2 }), { amount: 1280, code: CODE });
  assert.deepEqual(parseEntry("49012347"), { problem: "amount.notone" });
  assert.deepEqual(parseEntry(`4901234567894${CODE}`), { problem: "amount.notone" });
  assert.deepEqual(parseEntry(`120${CODE}${CODE}`), { problem: "amount.notone" });
});

test("identifiers and control characters come off a code whole", () => {
  for (const before of ["", "\x02", ...IDENTIFIERS, ...IDENTIFIERS.map((it) => `\x02${it}\x10`)]) {
    for (const suffix of ["", "\r", "\r\n", "\t", "\x03"]) {
      const run = `${before}${CODE}${suffix}`;
      assert.deepEqual(behind("120", run), { amount: 120, code: CODE }, JSON.stringify(run));
      assert.deepEqual(parseCode(run), { code: CODE }, JSON.stringify(run));
    }
  }
});

test("any other sign refuses a run that holds a code", () => {
  for (const before of ["x", "-", "C0", "0]", "#", "1,200", "12]C0"]) {
    assert.deepEqual(behind("120", before + CODE), { problem: "amount.mixed" }, before);
    assert.ok(parseCode(`${before}x${CODE}`).problem, before);
  }
  // An identifier of another kind, or the separator, tells what it is.
  for (const before of ["]C", "]C00", "]E0", "]d2", "]C1", "]Q3", "]Q4", "]Q5", "]Q6", "]Q7", "]C0]C0", "\x1d", "]C0\x1d", "\x02]C1"]) {
    assert.deepEqual(behind("120", before + CODE), { problem: "amount.barcode" }, before);
    assert.ok(parseCode(before + CODE).problem, before);
  }
  for (const suffix of ["x", "]C0", "-", " "]) {
    assert.deepEqual(behind("120", CODE + suffix), { problem: "amount.mixed" }, suffix);
  }
  assert.deepEqual(behind("120", `${CODE}\x1d`), { problem: "amount.barcode" });
  assert.deepEqual(behind("120", `${CODE.slice(0, 16)}\x1d${CODE.slice(16)}`), { problem: "amount.barcode" });
  assert.deepEqual(parseCode(`${CODE.slice(0, 16)}\x1d${CODE.slice(16)}`), { problem: "scan.notone" });
  assert.deepEqual(parseCode(`]E0${CODE}`), { problem: "scan.mixed" });
  assert.deepEqual(parseCode(`${CODE}x`), { problem: "scan.mixed" });
  assert.deepEqual(parseCode(`]C0${CODE}0`), { problem: "scan.notone" });
});

test("a sign that an amount does not have is a problem", () => {
  for (const text of ["1200.00", "-500", "5e3", "1 200", "¥500", "1,20", "1,2000", ",500", "1..2", "+5", "0x10", "五百", "5\u{0}00"]) {
    assert.deepEqual(parseEntry(text), { problem: "amount.sign" }, text);
  }
  for (const text of ["12.8", "12.805", "12,80", "1,200", ".", ".50", "12.80.00", "-1.00"]) {
    assert.deepEqual(parseEntry(text, { decimals: 2 }), { problem: "amount.sign" }, text);
  }
  assert.deepEqual(parseAmount("1.234", 3), { amount: 1234 });
  assert.deepEqual(parseAmount("1,200", 0), { amount: 1200 });
  assert.deepEqual(parseAmount("1,200.00", 2), { amount: 120_000 });
  assert.deepEqual(parseAmount("12.80", 2), { amount: 1280 });
  assert.deepEqual(parseAmount("0012", 0), { amount: 12 });
  assert.deepEqual(parseAmount("１，２００", 0), { amount: 1200 });
  assert.deepEqual(parseAmount("12345678", 0), { problem: "amount.notone" });
});

test("an amount that is not finished is told from one that cannot be", () => {
  for (const text of ["1,", "1,2", "1,20"]) assert.equal(isUnfinished(text, 0), true, text);
  for (const text of ["12.", "12.8", "1,200", "1,2"]) assert.equal(isUnfinished(text, 2), true, text);
  for (const text of ["12.", "-5", "12345678"]) assert.equal(isUnfinished(text, 0), false, text);
});

test("digits of other scripts and raised ones are no digits", () => {
  for (const text of ["²1200", "12①", "1½", "١٢٠٠", "१२००", "𝟏𝟐", "１²"]) {
    assert.deepEqual(parseEntry(text), { problem: "amount.sign" }, text);
  }
  assert.deepEqual(parseCode(`${CODE.slice(1)}²`), { problem: "scan.notone" });
});

test("a longer barcode is no amount, and none with a code behind it", () => {
  const lengths = [15, 16, 18, 19, 20, 22, ...Array.from({ length: 24 }, (_, number) => 25 + number)];
  for (const length of lengths) {
    const label = "0104901234567894".padEnd(length, "17261231").slice(0, length);
    for (const before of ["", "1", "1200", "1,200"]) {
      for (const sent of [label, `]C0${label}`, `${label}\r`, `\x02${label}\t`]) {
        assert.deepEqual(behind(before, sent), { problem: "amount.barcode" }, JSON.stringify([before, sent]));
      }
    }
    assert.ok(parseCode(label).problem, label);
  }
  for (const sent of [CODE, `]C0${CODE}`, `\x02]Q1${CODE}\t`]) {
    assert.deepEqual(behind("1200", sent), { amount: 1200, code: CODE }, sent);
  }
  // What makes 24 digits together is no code.
  assert.deepEqual(behind("1200", CODE.slice(4)), { problem: "amount.barcode" });
  assert.deepEqual(scanned(`1200${CODE}`), { problem: "amount.barcode" });
  // Those of this issuer are known by what they begin with, with an amount of a register before them.
  const sent = (text, decimals) => parseEntry(text, { decimals, fast: text.length, prefixes: ["4960", "010168"] });
  for (const text of [`1200${CODE}`, `1,200${CODE}`, `1200]C0${CODE}\r`, `1200\x02]Q1${CODE}\t`]) {
    assert.deepEqual(sent(text), { amount: 1200, code: CODE }, JSON.stringify(text));
  }
  assert.deepEqual(sent(`12.80${CODE}`, 2), { amount: 1280, code: CODE });
  for (const text of [`0${CODE}`, `12345678${CODE}`, `1200${CODE}0`, `1200]C1${CODE}`.slice(4), "01049012345678941726123117"]) {
    assert.deepEqual(sent(text), { problem: "amount.barcode" }, JSON.stringify(text));
  }
  for (const text of [`12.80${CODE}`, `-500${CODE}`, `1200]C1${CODE}`]) {
    assert.deepEqual(sent(text), { problem: "amount.mixed" }, JSON.stringify(text));
  }
  // What has no more digits than an amount can be one, such as a text that is pasted.
  assert.deepEqual(scanned("1,234,567"), { amount: 1_234_567, code: null });
  assert.deepEqual(scanned("12345.67", 2), { amount: 1_234_567, code: null });
});

test("an article's barcode is no amount at a scanner's speed", () => {
  for (const digits of ["01234565", "49012347", "49012345", "012345678905", "4901234567894", "14901234567891"]) {
    assert.deepEqual(scanned(digits), { problem: "amount.article" }, digits);
    assert.deepEqual(scanned(`${digits}\r`), { problem: "amount.article" }, digits);
  }
  // Behind something that was there before.
  assert.deepEqual(parseEntry("001234565", { fast: 8 }), { problem: "amount.article" });
  assert.deepEqual(scanned("]E04901234567894"), { problem: "amount.barcode" });
  // By hand it is an amount if it is short enough for one.
  assert.deepEqual(parseEntry("01234565"), { amount: 1_234_565, code: null });
  assert.deepEqual(scanned("1200"), { amount: 1200, code: null });
});

test("a run is fast if its keys come at a scanner's speed", () => {
  const type = (run, text, from, gap) => Array.from(text).forEach((it, number) => run.add(it, from + number * gap));
  const scan = new Run();
  type(scan, "12", 0, 120);
  type(scan, CODE, 1000, 20);
  assert.equal(scan.fast(), 24);
  assert.equal(scan.text, `12${CODE}`);
  scan.removeLast();
  assert.equal(scan.fast(), 0);
  const hand = new Run();
  type(hand, CODE, 0, 90);
  assert.equal(hand.fast(), 0);
});

test("a scanner's run begins where a person's keys end", () => {
  const fastOf = (...parts) => {
    const run = new Run();
    let time = 0;
    for (const [text, gap] of parts) for (const character of text) run.add(character, (time += gap));
    return run.fast(codeLength(run.text));
  };
  // By hand, then at once the scanner, which needs as long as a key.
  assert.equal(fastOf(["1200", 100], ["0", 100], [CODE.slice(1), 8]), 24);
  assert.equal(fastOf(["1", 100], ["2", 40], ["00", 130], ["0", 200], [CODE.slice(1), 30]), 24);
  assert.equal(fastOf(["9999999", 250], ["0", 250], [CODE.slice(1), 1]), 24);
  // The scanner alone, steady, uneven, or held up once.
  assert.equal(fastOf([`01${CODE}`, 8]), 26);
  assert.equal(fastOf([CODE.slice(1), 55]), 23);
  for (let place = 4; place < 26; place += 1) {
    const label = `01${CODE}`;
    assert.equal(fastOf([label.slice(0, place), 8], [label[place], 150], [label.slice(place + 1), 8]), 26, String(place));
  }
  // Held up within a code, as by its radio.
  const [head, tail] = [CODE.slice(1, 9), CODE.slice(9)];
  assert.equal(fastOf(["1200", 100], ["0", 150], [head, 8], [tail[0], 400], [tail.slice(1), 8]), 24);
  assert.equal(fastOf(["0", 0], [head, 8], [tail[0], 400], [tail.slice(1), 8]), 24);
  // A key of the pad that brings two digits, and a text that arrives at once.
  const pad = new Run();
  pad.add("12", 0);
  pad.add(CODE, 150);
  assert.equal(pad.fast(), 24);
});

test("full-width digits are digits, shown in groups", () => {
  assert.equal(digitsIn("０１２ 3-4"), "01234");
  assert.equal(hasNonDigits("０１２ 3-4"), false);
  assert.equal(hasNonDigits("O1"), true);
  assert.equal(groupDigits(CODE), "0101 6860 6235 4598 0230 1338");
  assert.deepEqual(parseEntry("１２８０"), { amount: 1280, code: null });
  assert.deepEqual(parseCode("0101-6860 6235 4598 0230 1338"), { code: CODE });
});

test("references and days have the shop's local date", () => {
  process.env.TZ = "Asia/Tokyo";
  const lateInLondon = new Date("2026-11-29T15:05:09Z");
  assert.match(makeReference(lateInLondon), /^20261130-000509-[0-9a-f]{4}$/);
  assert.equal(localDate(lateInLondon / 1000), "2026-11-30");
});

test("the day's sum counts what is paid, once, and today", () => {
  const time = new Date("2026-11-30T01:00:00Z") / 1000;
  const paid = { id: "a", amount: 1200, status: "approved", time };
  const declined = { id: null, amount: 5, status: "declined", time };
  let day = merge(null, [paid, declined, { ...paid, id: "b", amount: 300 }, { ...paid, id: "c", time: time - 86_400 }], time);
  assert.deepEqual(sumOf(day), { sum: 1500, count: 2 });
  // Seen again, and voided; what is no longer listed still counts.
  day = merge(day, [{ ...paid, status: "voided" }], time);
  assert.deepEqual(sumOf(day), { sum: 300, count: 1 });
  assert.deepEqual(sumOf(merge(day, [], time + 86_400)), { sum: 0, count: 0 });
});

test("a shift's sum counts what came behind its beginning, past midnight, too", () => {
  process.env.TZ = "Asia/Tokyo";
  const evening = new Date("2026-11-30T13:00:00Z") / 1000; // 22:00 in the shop
  const paid = (id, amount, time) => ({ id, amount, status: "approved", time });
  let day = merge(null, [paid("a", 100, evening - 60)], evening);
  assert.equal(shiftOf(day), null);
  // Yesterday's payment is listed, and is of no shift; the service's clock may be behind.
  day = withShift(day, [paid("a", 100, evening - 60), paid("z", 7, evening - 80_000)], evening);
  day = merge(day, [paid("z", 7, evening - 80_000), paid("b", 200, evening - 1)], evening);
  assert.deepEqual(shiftOf(day), { sum: 200, count: 1, began: evening });
  assert.deepEqual(sumOf(day), { sum: 300, count: 2 });
  const night = evening + 3 * 3600;
  day = merge(day, [paid("c", 400, night)], night);
  assert.deepEqual(shiftOf(day), { sum: 600, count: 2, began: evening });
  assert.deepEqual(sumOf(day), { sum: 400, count: 1 });
  assert.equal(shiftOf(merge(day, [], evening + 86_400)), null);
});

test("payments are found by reference and by amount", () => {
  const payment = { reference: "20261130-000509-ab12", amount: 1200 };
  for (const query of ["", " AB12 ", "0005", "1200", "1,200", "¥1,200", "１２００"]) {
    assert.equal(matches(payment, query, 0), true, query);
  }
  for (const query of ["12.00", "12000", "ab13"]) assert.equal(matches(payment, query, 0), false, query);
  for (const query of ["12.00", "$12.00", "1200"]) assert.equal(matches(payment, query, 2), true, query);
});

// Digits typed by people and by scanners; no browser is needed.

import assert from "node:assert/strict";
import { test } from "node:test";

import { digitsIn, groupDigits, hasNonDigits, parseEntry, previewAmount } from "../../till/digits.js";

const CODE = "010168606235459802301338";

test("an amount, a code, both, or neither", () => {
  assert.deepEqual(parseEntry("1280"), { amount: 1280, code: null });
  assert.deepEqual(parseEntry(""), { amount: 0, code: null });
  assert.deepEqual(parseEntry(CODE), { amount: 0, code: CODE });
  assert.deepEqual(parseEntry(`1280${CODE}`), { amount: 1280, code: CODE });
  assert.deepEqual(parseEntry(`9999999${CODE}`), { amount: 9_999_999, code: CODE });
  assert.equal(parseEntry("4901234567894"), null); // EAN-13
  assert.equal(parseEntry("49012347"), null); // EAN-8
  assert.equal(parseEntry(`4901234567894${CODE}`), null);
});

test("the preview of an amount never exceeds the maximum", () => {
  assert.equal(previewAmount("0012"), 12);
  assert.equal(previewAmount(`1280${CODE}`), 1_280_010);
});

test("full-width digits are digits, shown in groups", () => {
  assert.equal(digitsIn("０１２ 3-4"), "01234");
  assert.equal(hasNonDigits("０１２ 3-4"), false);
  assert.equal(hasNonDigits("O1"), true);
  assert.equal(groupDigits(CODE), "0101 6860 6235 4598 0230 1338");
});

// Runs of keys: a scanner types faster than people do, and without a pause.

/** Milliseconds without a key after which a run has ended. */
export const PAUSE = 300;

/** Milliseconds after which nothing more of a barcode comes, of which a part has come. */
export const REST = 1000;

/** Longest mean time in milliseconds between two keys of a scanner. */
const SCANNER_MEAN = 60;

/** A text that is typed, and the speed of its keys. */
export class Run {
  #keys = []; // the times in milliseconds, and how many characters each brought

  constructor(text = "") {
    this.text = text;
  }

  /** Adds characters that arrived at this time in milliseconds. */
  add(characters, time) {
    if (characters === "") return;
    this.text += characters;
    this.#keys.push({ time, length: characters.length });
  }

  /** Removes the last character, which a person does. */
  removeLast() {
    this.text = this.text.slice(0, -1);
    this.#keys = [];
  }

  /**
   * Returns the number of characters at the end that a scanner typed, without what a person typed before them. `whole` is
   * the number of those that would be a code: within it a scanner may be held up, since the person's pause is before it.
   */
  fast(whole = 0) {
    const code = this.#keys.findIndex((_, first) => this.#lengthFrom(first) === whole);
    if (code >= 0 && this.#isFast(code) && this.#isHandover(code, 0)) return whole;
    const begin = this.#keys.findLastIndex((_, number) => number === 0 || this.#mean(number - 1, number) > PAUSE);
    let first = this.#keys.length - 1;
    while (first > begin && !this.#isHandover(first, begin)) first -= 1;
    return this.#lengthFrom(first) > 1 && this.#isFast(first) ? this.#lengthFrom(first) : 0;
  }

  #lengthFrom(first) {
    return this.#keys.slice(Math.max(first, 0)).reduce((sum, key) => sum + key.length, 0);
  }

  /** The mean time between the keys of these numbers. */
  #mean(from, to) {
    return to > from ? (this.#keys[to].time - this.#keys[from].time) / (to - from) : 0;
  }

  /** Whether the keys from this one on came at a scanner's speed. One may bring a whole text. */
  #isFast(first) {
    const time = this.#keys.at(-1).time - this.#keys[first].time;
    return time / (this.#lengthFrom(first) - 1) <= SCANNER_MEAN;
  }

  /**
   * Whether a person's keys, from `begin` on, end before the scanner's `first`. A person is slower in all of them, up to
   * the scanner's, than the scanner is in its own: one slow key of a scanner is no person.
   */
  #isHandover(first, begin) {
    if (first === begin) return true;
    const slow = Math.max(SCANNER_MEAN, 2 * this.#mean(first, this.#keys.length - 1));
    return this.#mean(first - 1, first) > slow && this.#mean(begin, first) > slow;
  }
}

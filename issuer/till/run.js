// Runs of keys: a scanner types faster than people do, and without a pause.

/** Milliseconds without a key after which a run has ended: longer than the page is ever busy reading a picture. */
export const PAUSE = 300;

/** Longest mean time in milliseconds between two keys of a scanner. */
const SCANNER_MEAN = 60;

/** A text that is typed, and the speed of its last run. */
export class Run {
  constructor(text = "") {
    this.text = text;
    this.length = 0;
  }

  /** Adds characters that arrived at this time in milliseconds. */
  add(characters, time) {
    if (this.length === 0 || time - this.last > PAUSE) {
      this.first = time;
      this.length = 0;
    }
    this.text += characters;
    this.length += characters.length;
    this.last = time;
  }

  /** Removes the last character, which a person does. */
  removeLast() {
    this.text = this.text.slice(0, -1);
    this.length = 0;
  }

  /** The number of characters at the end that were typed at a scanner's speed. */
  get fast() {
    return this.length > 1 && (this.last - this.first) / (this.length - 1) <= SCANNER_MEAN ? this.length : 0;
  }
}

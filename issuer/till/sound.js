// A short sound for each answer, made here: paid rises, not paid falls, not known yet stays.

import { kept } from "./kept.js";

/** Hertz, one tone after the other. */
const TONES = { good: [659.26, 987.77], bad: [311.13, 207.65], wait: [440] };

/** Seconds of one tone. */
const LENGTH = 0.16;

let context;

/** Plays the sound of a tone of answer, if sounds are on. */
export function play(tone) {
  if (kept.sound === false || !TONES[tone]) return;
  // A page that nobody has touched since it was loaded may not play anything yet.
  if (navigator.userActivation && !navigator.userActivation.hasBeenActive) return;
  try {
    context ??= new AudioContext();
    context.resume();
  } catch {
    return; // A computer without loudspeakers: the answer is in colour and in words as well.
  }
  TONES[tone].forEach((hertz, number) => {
    const [from, to] = [context.currentTime + number * LENGTH, context.currentTime + (number + 1) * LENGTH];
    const source = new OscillatorNode(context, { frequency: hertz, type: tone === "bad" ? "triangle" : "sine" });
    const volume = new GainNode(context, { gain: 0 });
    volume.gain.setValueAtTime(0, from);
    volume.gain.linearRampToValueAtTime(0.35, from + 0.015);
    volume.gain.linearRampToValueAtTime(0, to);
    source.connect(volume).connect(context.destination);
    source.start(from);
    source.stop(to);
  });
}

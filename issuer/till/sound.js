// A short sound for each outcome, synthesised here: paid rises, declined falls, pending stays level.

import { storage } from "./storage.js";

/** Frequencies in hertz, played one after the other. */
const TONES = { good: [659.26, 987.77], bad: [311.13, 207.65], wait: [440] };

/** Duration of one tone in seconds. */
const LENGTH = 0.16;

let context;

/** Plays the sound of an outcome's tone, unless sound is off. */
export function play(tone) {
  if (storage.sound === false || !TONES[tone]) return;
  // Browsers play nothing before the first interaction with the page.
  if (navigator.userActivation && !navigator.userActivation.hasBeenActive) return;
  try {
    context ??= new AudioContext();
    context.resume();
  } catch {
    return; // No audio device: the outcome is shown in colour and text as well.
  }
  TONES[tone].forEach((hertz, number) => {
    const from = context.currentTime + number * LENGTH;
    const to = from + LENGTH;
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

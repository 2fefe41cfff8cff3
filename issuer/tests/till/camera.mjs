// A video for Chromium's camera: a picture, held in front of it as a hand holds a phone.
//
// The file is Motion JPEG, one picture after the other; Chromium plays it in a loop.

import { readFileSync, renameSync, writeFileSync } from "node:fs";

/** Shows no phone. */
export const NOTHING = null;

const SIZE = { width: 1280, height: 720 };

/** The phone's position in each picture, in degrees and pixels to the right: a hand is never still. */
const HOLDS = [
  [2.0, 0],
  [2.4, 3],
  [2.9, 5],
  [2.5, 2],
];

/** Writes a video of `picture` (a PNG file, or nothing) to `file`. */
export async function film(browser, file, picture) {
  const page = await browser.newPage({ viewport: SIZE });
  const frames = [];
  for (const hold of picture ? HOLDS : HOLDS.slice(0, 1)) {
    await page.setContent(scene(picture && readFileSync(picture), hold));
    await page.evaluate(() => Promise.all(Array.from(document.images, (it) => it.decode())));
    frames.push(await page.screenshot({ type: "jpeg", quality: 80 }));
  }
  await page.close();
  // Replaced atomically: the camera may be reading it.
  writeFileSync(`${file}.new`, Buffer.concat(frames));
  renameSync(`${file}.new`, file);
}

function scene(png, [degrees, right]) {
  const shown = png ? `<div class="phone"><img src="data:image/png;base64,${png.toString("base64")}"></div>` : "";
  return `<!DOCTYPE html><style>
    body { margin: 0; height: 100vh; overflow: hidden; display: grid; place-items: center;
      background: radial-gradient(#9a958a, #4d4a45); }
    .phone { background: #fff; padding: 26px; border: 14px solid #17181a; border-radius: 38px; max-width: 1080px;
      box-shadow: 0 20px 60px #000a; filter: blur(0.6px) brightness(0.92);
      transform: perspective(1400px) rotateY(7deg) rotate(${degrees}deg) translateX(${right}px); }
    img { display: block; max-width: 1000px; max-height: 560px; }
  </style>${shown}`;
}

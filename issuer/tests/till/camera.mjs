// A video for Chromium's camera: a picture, held in front of it as a hand holds a phone.
//
// The file is what a cheap camera sends: JPEG pictures one after the other. Chromium plays it again and again.

import { readFileSync, renameSync, writeFileSync } from "node:fs";

/** An empty shop. */
export const NOTHING = null;

const SIZE = { width: 1280, height: 720 };

/** How the phone is held in each picture: degrees, and pixels to the right. A hand is never still. */
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
  // Whole, or not at all: the camera may be looking.
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

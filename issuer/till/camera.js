// The camera, and what zxing reads in its pictures. It is on while a code is waited for, and at no other time.

/* global ZXingWASM */
import { element } from "./page.js";
import { kept } from "./kept.js";
import { word } from "./words.js";

/** Milliseconds between two looks: quick enough for a hand, and the computer has time for the rest. */
const REST = 80;

/** Pixels from left to right that are looked at. A finer picture takes longer and shows no more of a barcode. */
const WIDTH = 960;

const OPTIONS = { formats: ["QRCode", "Code128"], tryHarder: true, tryInvert: false, maxNumberOfSymbols: 4 };

let says = "camera.isoff";
let stream = null;
let turn = 0;
let readerIsReady = null;

/** Fetches the reader's program: from this service and nowhere else, whole or not at all. */
export function prepareReader() {
  const prepare = async () => {
    const link = element("reader-wasm");
    const answer = await fetch(link.href, { integrity: link.integrity });
    const wasmBinary = await answer.arrayBuffer();
    await ZXingWASM.prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true });
  };
  readerIsReady ??= prepare().catch((error) => {
    readerIsReady = null;
    throw error;
  });
  return readerIsReady;
}

function tell(name) {
  says = name;
  write();
}

/** Writes what the camera does into the page. */
export function write() {
  element("camera-says").textContent = word(says);
  element("camera-switch").textContent = word(stream ? "camera.off" : "camera.on");
  element("camera").dataset.state = stream ? "on" : "off";
}

/** Whether the cashier wants the camera. */
export function isWanted() {
  return kept.camera !== false;
}

/** Looks for a payment code and gives its digits to `found`, once; then, or at `stop`, the camera is off. */
export async function look(found) {
  stop();
  const mine = turn;
  if (!isWanted()) return;
  if (!navigator.mediaDevices) return tell("camera.none");
  tell("camera.starting");
  try {
    const wanted = { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } };
    const opened = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    if (mine !== turn) return opened.getTracks().forEach((track) => track.stop());
    stream = opened;
    await prepareReader();
  } catch (error) {
    if (mine !== turn) return;
    stop();
    return tell(error.name === "NotAllowedError" ? "camera.denied" : "camera.none");
  }
  if (mine !== turn) return;
  const video = element("video");
  video.dataset.facing = stream.getVideoTracks()[0].getSettings().facingMode ?? "";
  video.srcObject = stream;
  await video.play().catch(() => {});
  if (mine !== turn) return;
  tell("camera.looking");
  const code = await read(video, () => mine === turn);
  if (code === null) return;
  stop();
  found(code);
}

/** Turns the camera off. */
export function stop() {
  turn += 1;
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  element("video").srcObject = null;
  tell("camera.isoff");
}

async function read(video, isWaitedFor) {
  const canvas = new OffscreenCanvas(1, 1);
  const paper = canvas.getContext("2d", { willReadFrequently: true });
  while (isWaitedFor()) {
    if (video.videoWidth > 0) {
      const scale = Math.min(1, WIDTH / video.videoWidth);
      canvas.width = Math.round(video.videoWidth * scale);
      canvas.height = Math.round(video.videoHeight * scale);
      paper.drawImage(video, 0, 0, canvas.width, canvas.height);
      const picture = paper.getImageData(0, 0, canvas.width, canvas.height);
      const texts = (await ZXingWASM.readBarcodes(picture, OPTIONS)).map((symbol) => symbol.text);
      const code = texts.find((text) => /^[0-9]{24}$/.test(text));
      if (code && isWaitedFor()) return code;
      if (texts.length > 0 && isWaitedFor()) tell("camera.other");
    }
    await new Promise((resolve) => setTimeout(resolve, REST));
  }
  return null;
}

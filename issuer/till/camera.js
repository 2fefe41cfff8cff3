// The camera, and reading barcodes in its pictures with zxing. It is on only while a code is waited for.

/* global ZXingWASM */
import { parseCode } from "./entry.js";
import { element } from "./page.js";
import { storage } from "./storage.js";
import { translate } from "./translations.js";

/** Milliseconds between two pictures: quick enough for a hand, and the processor is free in between. */
const INTERVAL = 80;

/** Width in pixels of the picture that is searched. A larger one takes longer and shows no more of a barcode. */
const WIDTH = 960;

const OPTIONS = { formats: ["QRCode", "Code128"], tryHarder: true, tryInvert: false, maxNumberOfSymbols: 4 };

let message = "camera.isoff";
let stream = null;
let session = 0;
let readerIsReady = null;

/** Fetches the barcode reader's WebAssembly from this service, checked against its hash. */
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

function showMessage(name) {
  message = name;
  render();
}

/** Renders the camera's state. */
export function render() {
  element("camera-says").textContent = translate(message);
  element("camera-switch").textContent = translate(stream ? "camera.off" : "camera.on");
  element("camera-switch").hidden = message === "camera.none";
  element("camera").dataset.state = stream || message === "camera.starting" ? "on" : "off";
}

/** Whether the cashier has the camera switched on. */
export function isEnabled() {
  return storage.camera !== false;
}

/** Whether the camera is on now. */
export function isOn() {
  return stream !== null;
}

/** Scans for a payment code and calls `onCode` with its digits, once; then, or at `stop`, the camera is off. */
export async function scan(onCode) {
  stop();
  const own = session;
  if (!isEnabled()) return;
  if (!navigator.mediaDevices) return showMessage("camera.none");
  showMessage("camera.starting");
  try {
    const constraints = { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } };
    const opened = await navigator.mediaDevices.getUserMedia({ video: constraints, audio: false });
    if (own !== session) return opened.getTracks().forEach((track) => track.stop());
    stream = opened;
    await prepareReader();
  } catch (error) {
    if (own !== session) return;
    stop();
    return showMessage(error.name === "NotAllowedError" ? "camera.denied" : "camera.none");
  }
  if (own !== session) return;
  const video = element("video");
  video.dataset.facing = stream.getVideoTracks()[0].getSettings().facingMode ?? "";
  video.srcObject = stream;
  await video.play().catch(() => {});
  if (own !== session) return;
  showMessage("camera.looking");
  const code = await read(video, () => own === session);
  if (code === null) return;
  stop();
  onCode(code);
}

/** Turns the camera off. */
export function stop() {
  session += 1;
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  element("video").srcObject = null;
  showMessage("camera.isoff");
}

/** Returns the payment code of a symbol, if it is one: a hand scanner that tells the kind of symbol is heard the same way. */
function codeOf({ symbologyIdentifier, text }) {
  return /^\d+$/.test(text) ? parseCode(symbologyIdentifier + text).code : undefined;
}

async function read(video, isCurrent) {
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  while (isCurrent()) {
    if (video.videoWidth > 0) {
      const scale = Math.min(1, WIDTH / video.videoWidth);
      canvas.width = Math.round(video.videoWidth * scale);
      canvas.height = Math.round(video.videoHeight * scale);
      context.drawImage(video, 0, 0, canvas.width, canvas.height);
      const picture = context.getImageData(0, 0, canvas.width, canvas.height);
      const symbols = await ZXingWASM.readBarcodes(picture, OPTIONS);
      const code = symbols.map(codeOf).find(Boolean);
      if (code && isCurrent()) return code;
      if (symbols.length > 0 && isCurrent()) showMessage("camera.other");
    }
    await new Promise((resolve) => setTimeout(resolve, INTERVAL));
  }
  return null;
}

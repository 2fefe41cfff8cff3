// Enrolling this browser as a till with the operator's one-time code.

import { RejectionError, enrol } from "./api.js";
import { storage } from "./storage.js";
import { element, show } from "./page.js";
import { translate } from "./translations.js";

let notice = null;
let problem = null;
let isBusy = false;

/** Shows the form; `reason` is the key of a text that says why it is shown again. */
export function open(reason = null) {
  notice = reason;
  problem = null;
  render();
  show("enrol");
  element("enrol-code").focus();
}

/** Renders what changes. */
export function render() {
  element("enrol-why").hidden = !notice;
  element("enrol-why").textContent = notice ? translate(notice) : "";
  element("enrol-error").textContent = problem ? translate(problem) : "";
  element("enrol-code").setAttribute("aria-invalid", String(problem !== null));
}

/** Sets up the view; `onEnrolled` is called when this browser has become a till. */
export function begin(onEnrolled) {
  element("enrol").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isBusy) return;
    const field = element("enrol-code");
    const code = field.value.normalize("NFKC").trim();
    if (code === "") return fail("enrol.empty");
    isBusy = true;
    try {
      const { token } = await enrol(code);
      storage.token = token;
      field.value = "";
      onEnrolled();
    } catch (error) {
      fail(error instanceof RejectionError ? "enrol.wrong" : "enrol.unreachable");
    } finally {
      isBusy = false;
    }
  });
}

function fail(name) {
  problem = name;
  render();
  element("enrol-code").select();
}

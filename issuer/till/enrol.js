// Making this browser a till, once, with the operator's code.

import { Refused, enrol } from "./api.js";
import { kept } from "./kept.js";
import { element, show } from "./page.js";
import { word } from "./words.js";

let why = null;
let problem = null;
let isBusy = false;

/** Shows the form; `reason` is the name of a text that says why it is back. */
export function open(reason = null) {
  [why, problem] = [reason, null];
  write();
  show("enrol");
  element("enrol-code").focus();
}

/** Writes what changes into the page. */
export function write() {
  element("enrol-why").hidden = !why;
  element("enrol-why").textContent = why ? word(why) : "";
  element("enrol-error").textContent = problem ? word(problem) : "";
  element("enrol-code").setAttribute("aria-invalid", String(problem !== null));
}

/** Listens; `done` is called when this is a till. */
export function begin(done) {
  element("enrol").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isBusy) return;
    const field = element("enrol-code");
    const code = field.value.normalize("NFKC").trim();
    if (code === "") return fail("enrol.empty");
    isBusy = true;
    try {
      const { token } = await enrol(code);
      kept.token = token;
      field.value = "";
      done();
    } catch (error) {
      fail(error instanceof Refused ? "enrol.wrong" : "enrol.unreachable");
    } finally {
      isBusy = false;
    }
  });
}

function fail(name) {
  problem = name;
  write();
  element("enrol-code").select();
}

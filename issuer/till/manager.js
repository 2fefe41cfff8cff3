// A manager's code, which voids ask for where the operator has set managers. It is not stored.

import { RejectionError } from "./api.js";
import { element } from "./page.js";
import { translate } from "./translations.js";

/** Texts for the problems that another code may solve. */
const PROBLEMS = { "manager-needed": null, "manager-wrong": "manager.wrong", "manager-wait": "manager.wait" };

/** The cashier has no manager's code. */
export class NoManagerError extends Error {}

/** Whether a manager's code is asked for now. */
export function isAsking() {
  return element("manager").open;
}

/**
 * Returns a function that calls `request` with the manager's code, once it is known: it asks for one, and again while it is
 * wrong. The code lasts as long as the function. It throws NoManagerError if the cashier gives up.
 */
export function withManager(request) {
  let code;
  return async () => {
    for (;;) {
      try {
        return await request(code);
      } catch (error) {
        if (!(error instanceof RejectionError) || !Object.hasOwn(PROBLEMS, error.problem)) throw error;
        code = await ask(error);
      }
    }
  };
}

/** Asks for a code; resolves to its eight digits. */
function ask({ problem, wait }) {
  const [dialog, field] = [element("manager"), element("manager-code")];
  const text = PROBLEMS[problem];
  const minutes = Math.max(1, Math.ceil(wait / 60));
  element("manager-error").textContent = text ? translate(text, { minutes }) : "";
  field.value = "";
  dialog.returnValue = "no";
  dialog.showModal();
  field.focus();
  return new Promise((resolve, reject) => {
    const submit = (event) => {
      if (event.submitter?.value === "no") return;
      field.value = field.value.normalize("NFKC").replace(/[\s-]/g, "");
      if (/^\d{8}$/.test(field.value)) return;
      event.preventDefault();
      element("manager-error").textContent = translate("manager.form");
      field.select();
    };
    dialog.addEventListener("submit", submit);
    const close = () => {
      dialog.removeEventListener("submit", submit);
      const code = field.value;
      field.value = "";
      if (dialog.returnValue === "yes") resolve(code);
      else reject(new NoManagerError());
    };
    dialog.addEventListener("close", close, { once: true });
  });
}

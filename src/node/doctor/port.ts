/**
 * Whether the HTTP port can be had, or who has it.
 *
 * @module
 */

import { toPlasmdError } from "../../lib/errors.ts";
import { type Finding, ok, warning, wrong } from "./finding.ts";

/** The port to look at, and how. */
export interface PortProbe {
  readonly host: string;
  readonly port: number;
  /** This machine's keyid, where it has a key. */
  readonly keyid: string | undefined;
  /** Listens on the port for a moment; throws where that can't be done. */
  listen(): void;
  /** The keyid of the provider that answers on the port; throws where none does. */
  ask(): Promise<string>;
}

/** A free port is good, and so is one that our own provider has. */
export async function checkPort(probe: PortProbe): Promise<Finding> {
  const { host, port } = probe;
  const where = `port ${port} on "${host}"`;
  if (port === 0) return ok("any free port is taken at the start");
  try {
    probe.listen();
    return ok(`${where} is free`);
  } catch (thrown) {
    const { code, message } = toPlasmdError(thrown);
    if (code === "address_in_use") return await whoHas(probe, where);
    if (code === "permission") {
      return wrong(`${where} is forbidden to this user`, "choose one of 1024 or more with --port");
    }
    return wrong(`Cannot listen on ${where}: ${message}`, "choose another address with --host");
  }
}

async function whoHas({ ask, keyid }: PortProbe, where: string): Promise<Finding> {
  let answered: string;
  try {
    answered = await ask();
  } catch {
    return wrong(
      `${where} is taken by another program`,
      "see which one with ss -ltnp (macOS: lsof -iTCP -sTCP:LISTEN), or choose another with --port",
    );
  }
  if (answered === keyid) return ok(`${where} is answered by this machine's plasmd`);
  return warning(
    `${where} is answered by a plasmd with another key, ${answered}`,
    "it is another user's or a service's: run doctor as that user, or choose another --port",
  );
}

/**
 * What the rest of the program uses of multicast DNS, as a part that is loaded when it is needed
 * (lib/part.ts).
 *
 * @module
 */

export { announceMdns } from "./announce.ts";
export { browseMdns } from "./browse.ts";

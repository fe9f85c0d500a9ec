/**
 * The word, hidden from people, with which this program becomes a job process.
 *
 * @module
 */

/** The first argument of a job process. */
export const jobProcessCommand = "__job";

/**
 * Every figure of `/metrics`: what it means, and the labels that it has. Names follow Prometheus:
 * the unit and, for counters, `_total` at the end. Labels have values of our own tables and
 * configuration only, so that nobody can make figures up by asking for them.
 *
 * @module
 */

/** One figure. */
export interface Figure {
  readonly name: string;
  readonly kind: "counter" | "gauge";
  readonly help: string;
  readonly labels: readonly string[];
}

const image = ["channel", "arch"];
const artifact = [...image, "artifact"];

/** The figures, in the order in which they are printed. */
export const figures: readonly Figure[] = [
  gauge("plasmd_build_info", "The program, as labels", ["version", "commit", "target"]),
  counter("plasmd_http_requests_total", "Requests that were answered", ["route", "status"]),
  counter("plasmd_http_sent_bytes_total", "Bytes of bodies that were sent"),
  counter("plasmd_http_errors_total", "Requests that failed for a reason of ours", ["code"]),
  counter("plasmd_http_cut_total", "Answers that ended before they were whole", ["code"]),
  counter("plasmd_http_ranges_total", "Requests for a range of an artifact", ["result"]),
  gauge("plasmd_http_connections", "Connections that are open"),
  counter(
    "plasmd_http_connections_refused_total",
    "Connections above a limit: full is the one in all, too_many that of an address",
    ["limit"],
  ),
  counter("plasmd_artifact_sent_bytes_total", "Bytes of an artifact that were sent", artifact),
  gauge("plasmd_artifact_size_bytes", "Size of an artifact that is served", artifact),
  counter("plasmd_hashed_bytes_total", "Bytes of files that were hashed"),
  counter("plasmd_hash_seconds_total", "Time in which files were hashed, summed over files"),
  gauge("plasmd_snapshot_age_seconds", "Time since an image was made or taken over", image),
  gauge(
    "plasmd_manifest_expiry_timestamp_seconds",
    "When the manifest of an image expires, in seconds since 1970",
    image,
  ),
  gauge("plasmd_jobs", "Jobs for others, by where they are", ["state"]),
  counter("plasmd_jobs_submitted_total", "Jobs that were taken"),
  counter("plasmd_jobs_ended_total", "Jobs that ended, by how", ["state"]),
  counter("plasmd_jobs_run_seconds_total", "Time for which jobs ran that are done"),
  gauge("plasmd_jobs_input_bytes", "Bytes of input that are kept for jobs"),
  gauge("plasmd_jobs_output_bytes", "Bytes of output that are kept of jobs"),
  counter("process_cpu_seconds_total", "Processor time of the process"),
  gauge("process_resident_memory_bytes", "Memory that the process holds"),
  gauge("process_start_time_seconds", "When it was started, in seconds since 1970"),
];

function counter(name: string, help: string, labels: readonly string[] = []): Figure {
  return { name, kind: "counter", help, labels };
}

function gauge(name: string, help: string, labels: readonly string[] = []): Figure {
  return { name, kind: "gauge", help, labels };
}

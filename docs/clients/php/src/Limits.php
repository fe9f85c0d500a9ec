<?php

declare(strict_types=1);

namespace Plasmd;

/** Every bound of this client, with its unit. Those of the formats are the same in every program. */
final class Limits
{
    /** Levels of JSON inside of each other. */
    public const JSON_DEPTH = 16;
    /** Bytes of a signed job, of a cancel and of a receipt. */
    public const SPEC_BYTES = 262_144;
    public const CANCEL_BYTES = 4096;
    public const RECEIPT_BYTES = 8192;
    /** Arguments, variables and files of one job, each. */
    public const SPEC_ENTRIES = 256;
    /** UTF-16 units of a file's name. */
    public const FILE_NAME_UNITS = 1024;
    /** Milliseconds that a job may ask to run for. */
    public const WALL_MS = 86_400_000;
    /** Bytes of memory that a job may ask for, at least: a page of WebAssembly. */
    public const MEMORY_MIN_BYTES = 65_536;
    /** Bytes of memory or output that a job may ask for. */
    public const ASKED_BYTES = 1_099_511_627_776;
    /** Seconds until a job expires, at most. */
    public const LIFETIME_SECONDS = 86_400;
    /** Seconds by which a worker's clock may be ahead of ours. */
    public const SKEW_SECONDS = 600;
    /** Whole numbers that every JSON program reads as the same: 2^53 either way. */
    public const WHOLE = 9_007_199_254_740_992;

    /** Bytes of an answer that is no output, and of its head. */
    public const ANSWER_BYTES = 262_144;
    public const HEADER_BYTES = 16_384;
    /** Seconds for a connection, for an answer, and for input or output on its way. */
    public const CONNECT_SECONDS = 5.0;
    public const ANSWER_SECONDS = 10.0;
    public const BLOB_SECONDS = 600.0;
    /** Seconds without a byte after which a stream of events is dead: a sign of life comes each 15. */
    public const SILENT_SECONDS = 45;
    /** Seconds for which a worker lets a request wait for the end of a job. */
    public const WAIT_SECONDS = 60;
    /** Bytes of one event: 256 KiB of output in base64, with room to spare. */
    public const EVENT_BYTES = 1_048_576;
    /** Times that a call is made, seconds before the second (it doubles), and what Retry-After may ask. */
    public const ATTEMPTS = 4;
    public const BACKOFF_SECONDS = 0.1;
    public const RETRY_AFTER_SECONDS = 60;
    /** Workers and addresses of one that an answer may name. */
    public const WORKERS = 64;
    public const ORIGINS = 8;
    /** Characters of a stranger's text that are shown. */
    public const SHOWN_CHARACTERS = 200;
}

<?php

declare(strict_types=1);

namespace Plasmd;

/** A job's result, after every check. */
final class JobResult
{
    public function __construct(
        /** The job as the worker got it. */
        public readonly JobSpec $job,
        /** What the worker signed; `$receipt->bytes` can be kept and verified again. */
        public readonly Receipt $receipt,
        public readonly string $stdout,
        public readonly string $stderr,
    ) {
    }
}

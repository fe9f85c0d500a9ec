<?php

declare(strict_types=1);

namespace Plasmd;

/** One stream of a job's output, as the worker kept it. */
final class ReceiptStream
{
    public function __construct(
        /** `sha256:` of the kept bytes. */
        public readonly string $hash,
        /** How many they are. */
        public readonly int $size,
        /** Whether the limit on output ended the job, so that bytes may be missing. */
        public readonly bool $truncated,
    ) {
    }
}

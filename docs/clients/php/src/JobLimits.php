<?php

declare(strict_types=1);

namespace Plasmd;

/** How much a job may use; a worker refuses one that asks for more than it gives. */
final class JobLimits
{
    public function __construct(
        /** Milliseconds. */
        public readonly int $wallMs = 60_000,
        /** Bytes. */
        public readonly int $memoryBytes = 268_435_456,
        /** Bytes of stdout and stderr together. */
        public readonly int $outputBytes = 16_777_216,
    ) {
    }
}

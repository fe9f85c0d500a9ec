<?php

declare(strict_types=1);

namespace Plasmd;

/** What happens to a job: a new state, or output. Output is unproved until the receipt was checked. */
final class JobEvent
{
    private function __construct(
        /** The state, where it is one. */
        public readonly ?JobStatus $status,
        /** The stream, where it is output. */
        public readonly ?Stream $stream,
        /** Where in the stream the data start; 0 again where the job was started again. */
        public readonly int $offset,
        public readonly string $data,
    ) {
    }

    /** A new state. */
    public static function state(JobStatus $status): self
    {
        return new self($status, null, 0, '');
    }

    /** Some output. */
    public static function output(Stream $stream, int $offset, string $data): self
    {
        return new self(null, $stream, $offset, $data);
    }
}

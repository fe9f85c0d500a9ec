<?php

declare(strict_types=1);

namespace Plasmd\Exception;

/** A worker's refusal, as its problem details (RFC 9457) give it. */
final class RefusedException extends PlasmdException
{
    public function __construct(
        /** The HTTP status. */
        public readonly int $status,
        string $problem,
        /** The worker's reason, printable. */
        public readonly string $detail,
        /** Seconds after which it may be asked again, where it said so. */
        public readonly ?int $retryAfter = null,
    ) {
        parent::__construct($problem, "The worker refused ($status $problem): $detail");
    }
}

<?php

declare(strict_types=1);

namespace Plasmd\Exception;

/**
 * What goes wrong with a job, a receipt or a worker. The code says what to do about it; it is one
 * of those that workers put into their problem details.
 */
abstract class PlasmdException extends \RuntimeException
{
    public function __construct(
        /** A word like "malformed", "untrusted" or "too_many". */
        public readonly string $problem,
        string $message,
        ?\Throwable $previous = null,
    ) {
        parent::__construct($message, 0, $previous);
    }
}

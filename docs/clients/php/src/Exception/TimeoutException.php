<?php

declare(strict_types=1);

namespace Plasmd\Exception;

/** The job has not ended in the time that its submitter gave it. */
final class TimeoutException extends PlasmdException
{
    public function __construct(string $message, ?\Throwable $previous = null)
    {
        parent::__construct('timeout', $message, $previous);
    }
}

<?php

declare(strict_types=1);

namespace Plasmd\Exception;

/** Bytes or values that are not canonical, or don't fit their format. */
final class MalformedException extends PlasmdException
{
    public function __construct(string $message, ?\Throwable $previous = null)
    {
        parent::__construct('malformed', $message, $previous);
    }
}

<?php

declare(strict_types=1);

namespace Plasmd\Exception;

/** Nobody answered in time: another worker may. */
final class UnreachableException extends PlasmdException
{
    public function __construct(string $message, ?\Throwable $previous = null)
    {
        parent::__construct('unreachable', $message, $previous);
    }
}

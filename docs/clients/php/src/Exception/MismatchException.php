<?php

declare(strict_types=1);

namespace Plasmd\Exception;

/** A receipt that is about another job or another output. */
final class MismatchException extends PlasmdException
{
    public function __construct(string $message, ?\Throwable $previous = null)
    {
        parent::__construct('mismatch', $message, $previous);
    }
}

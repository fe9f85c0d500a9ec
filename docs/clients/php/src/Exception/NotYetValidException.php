<?php

declare(strict_types=1);

namespace Plasmd\Exception;

/** A receipt from the future. */
final class NotYetValidException extends PlasmdException
{
    public function __construct(string $message, ?\Throwable $previous = null)
    {
        parent::__construct('not_yet_valid', $message, $previous);
    }
}

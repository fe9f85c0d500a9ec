<?php

declare(strict_types=1);

namespace Plasmd\Exception;

/** A key file that must not be used. */
final class IdentityException extends PlasmdException
{
    public function __construct(string $message, ?\Throwable $previous = null)
    {
        parent::__construct('identity', $message, $previous);
    }
}

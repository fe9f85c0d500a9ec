<?php

declare(strict_types=1);

namespace Plasmd\Exception;

/** A signature that isn't valid, or that of another key than the pinned one. */
final class UntrustedException extends PlasmdException
{
    public function __construct(string $message, ?\Throwable $previous = null)
    {
        parent::__construct('untrusted', $message, $previous);
    }
}

<?php

declare(strict_types=1);

namespace Plasmd\Exception;

/** An answer that no worker in order gives: another worker may do better. */
final class BadAnswerException extends PlasmdException
{
    public function __construct(string $message, ?\Throwable $previous = null)
    {
        parent::__construct('bad_source', $message, $previous);
    }
}

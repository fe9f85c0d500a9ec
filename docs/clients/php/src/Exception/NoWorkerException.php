<?php

declare(strict_types=1);

namespace Plasmd\Exception;

/** No worker did the job; it has the reason of each. */
final class NoWorkerException extends PlasmdException
{
    /** @param array<string, PlasmdException> $failures keyid of the worker => what went wrong */
    public function __construct(
        public readonly array $failures,
    ) {
        $reasons = [];
        foreach ($failures as $worker => $failure) {
            $reasons[] = "$worker: {$failure->getMessage()}";
        }
        $why = $reasons === [] ? 'there is none whose key is pinned' : implode('; ', $reasons);
        parent::__construct('nothing_found', "No worker did the job: $why");
    }
}

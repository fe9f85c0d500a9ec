<?php

declare(strict_types=1);

namespace Plasmd\Exception;

use Plasmd\JobStatus;

/** A job that ended without a receipt: refused, or lost. */
final class JobEndedException extends PlasmdException
{
    public function __construct(
        /** The last status. */
        public readonly JobStatus $status,
    ) {
        $reason = $status->problemDetail ?? 'no reason given';
        parent::__construct($status->problemCode ?? 'failed', "The job was {$status->state->value}: $reason");
    }
}

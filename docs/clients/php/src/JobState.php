<?php

declare(strict_types=1);

namespace Plasmd;

/** Where a job is; only one that is done has a receipt. */
enum JobState: string
{
    case Waiting = 'waiting';
    case Queued = 'queued';
    case Running = 'running';
    case Done = 'done';
    case Refused = 'refused';
    case Lost = 'lost';

    /** Whether the job has ended. */
    public function isFinal(): bool
    {
        return match ($this) {
            self::Done, self::Refused, self::Lost => true,
            default => false,
        };
    }
}
